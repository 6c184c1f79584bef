"""Painting while it happens: the newest frame in, at once out; controls while it runs."""
