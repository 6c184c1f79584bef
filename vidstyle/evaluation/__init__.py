"""Metrics of a painted clip beside its input: steadiness, likeness to the style, what is kept."""
