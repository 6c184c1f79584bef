"""Files that appear under their names when they are whole, and what they may replace."""
