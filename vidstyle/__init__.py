"""Make a video look like a painting: `vidstyle.stylize("in.mp4", style="starry.jpg")`."""

from __future__ import annotations

from vidstyle.api import stylize, stylize_frames
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
from vidstyle.files import Result
from vidstyle.frame import ColorTags, Frame, StreamInfo
from vidstyle.media.codecs import Encoding
from vidstyle.media.reading import Reading
from vidstyle.model import Model, load
from vidstyle.pipeline import Progress, Summary
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style, mix
from vidstyle.stylize.stylizer import State

__version__ = "0.1.0"

__all__ = [
    "ColorTags",
    "DamagedInputError",
    "Encoding",
    "Frame",
    "InputError",
    "Interrupted",
    "Look",
    "MissingPackageError",
    "Model",
    "OutputError",
    "Progress",
    "Reading",
    "Result",
    "State",
    "StreamInfo",
    "Style",
    "Summary",
    "TrainingError",
    "UsageError",
    "VidstyleError",
    "__version__",
    "load",
    "mix",
    "stylize",
    "stylize_frames",
]
