"""Make a video look like a painting: `vidstyle.stylize("in.mp4", style="starry.jpg")`."""

from __future__ import annotations

from vidstyle.api import Result, stylize, stylize_frames
from vidstyle.errors import (
    DamagedInputError,
    InputError,
    Interrupted,
    MissingPackageError,
    OutputError,
    TrainingError,
    UsageError,
    VidstyleError,
)
from vidstyle.frame import ColorTags, Frame, StreamInfo
from vidstyle.media.codecs import Encoding
from vidstyle.media.reading import Reading
from vidstyle.pipeline import Progress, Summary

__version__ = "0.1.0"

__all__ = [
    "ColorTags",
    "DamagedInputError",
    "Encoding",
    "Frame",
    "InputError",
    "Interrupted",
    "MissingPackageError",
    "OutputError",
    "Progress",
    "Reading",
    "Result",
    "StreamInfo",
    "Summary",
    "TrainingError",
    "UsageError",
    "VidstyleError",
    "__version__",
    "stylize",
    "stylize_frames",
]
