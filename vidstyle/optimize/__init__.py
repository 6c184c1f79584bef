"""Pictures made by optimisation: slow, and what the fast networks are judged by."""
