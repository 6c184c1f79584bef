"""Networks in files: the shipped ones, a user's own, and the perceptual ones that losses look through."""
