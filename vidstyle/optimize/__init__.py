"""Pictures made by optimization: slow, and what the fast networks are judged by."""
