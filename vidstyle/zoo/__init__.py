"""Networks in files: the shipped ones, a user's own, and the perceptual ones whose features losses compare."""
