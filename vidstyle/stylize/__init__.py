"""From pictures to painted frames: styles are prepared once, frames are stepped many times."""
