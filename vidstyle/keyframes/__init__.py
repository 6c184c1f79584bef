"""Painted frames of a clip: taken out for a painter, read again, and learned, so that the clip follows."""
