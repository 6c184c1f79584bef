"""Contact sheets: moments of a video in many styles, to choose from before the work."""
