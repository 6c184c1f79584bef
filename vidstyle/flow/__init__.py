"""Optical flow between two frames, and what can be done with it."""
