"""Make a video look like a painting: `vidstyle.stylize("in.mp4", style="starry.jpg")`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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
from vidstyle.media.probe import Probe, probe
from vidstyle.media.reading import Reading
from vidstyle.model import Model, load
from vidstyle.pipeline import Progress, Summary
from vidstyle.stylize.look import Look
from vidstyle.stylize.state import State
from vidstyle.stylize.style import Style, mix

if TYPE_CHECKING:
    from vidstyle.evaluation.report import Metrics, measure
    from vidstyle.optimize.api import paint
    from vidstyle.training.api import train_style

__version__ = "0.1.0"

__all__ = [
    "ColorTags",
    "DamagedInputError",
    "Encoding",
    "Frame",
    "InputError",
    "Interrupted",
    "Look",
    "Metrics",
    "MissingPackageError",
    "Model",
    "OutputError",
    "Probe",
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
    "measure",
    "mix",
    "paint",
    "probe",
    "stylize",
    "stylize_frames",
    "train_style",
]

_LATER = {
    "Metrics": "vidstyle.evaluation.report",
    "measure": "vidstyle.evaluation.report",
    "paint": "vidstyle.optimize.api",
    "train_style": "vidstyle.training.api",
}
"""Name -> module that is imported when the name is first asked for: who paints a video waits for none of them."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
