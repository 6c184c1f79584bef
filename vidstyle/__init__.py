"""Make a video look like a painting: `vidstyle.stylize("in.mp4", style="starry.jpg")`."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidstyle.api import stylize, stylize_frames
    from vidstyle.batch.report import Outcome, Report
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
    from vidstyle.evaluation.report import Metrics, measure
    from vidstyle.export.api import export_onnx
    from vidstyle.export.web import export_web
    from vidstyle.files import Result
    from vidstyle.frame import ColorTags, Frame, StreamInfo
    from vidstyle.keyframes.painted import Painted
    from vidstyle.many import stylize_many
    from vidstyle.masks import Masks
    from vidstyle.media.codecs import Encoding
    from vidstyle.media.probe import Probe, probe
    from vidstyle.media.reading import Reading
    from vidstyle.model import Model, load
    from vidstyle.optimize.api import paint
    from vidstyle.pipeline import Progress, Summary
    from vidstyle.sheet.contact import sheet
    from vidstyle.stylize.cues import Cue
    from vidstyle.stylize.look import Look
    from vidstyle.stylize.state import State
    from vidstyle.stylize.style import Style, mix
    from vidstyle.stylize.timeline import Timeline
    from vidstyle.training.api import train_style

__version__ = "0.1.0"

__all__ = [
    "ColorTags",
    "Cue",
    "DamagedInputError",
    "Encoding",
    "Frame",
    "InputError",
    "Interrupted",
    "Look",
    "Masks",
    "Metrics",
    "MissingPackageError",
    "Model",
    "Outcome",
    "OutputError",
    "Painted",
    "Probe",
    "Progress",
    "Reading",
    "Report",
    "Result",
    "State",
    "StreamInfo",
    "Style",
    "Summary",
    "Timeline",
    "TrainingError",
    "UsageError",
    "VidstyleError",
    "__version__",
    "export_onnx",
    "export_web",
    "load",
    "measure",
    "mix",
    "paint",
    "probe",
    "sheet",
    "stylize",
    "stylize_frames",
    "stylize_many",
    "train_style",
]

_ROOMS = {
    "api": "stylize stylize_frames",
    "batch.report": "Outcome Report",
    "errors": "DamagedInputError InputError Interrupted MissingPackageError OutputError TrainingError UsageError VidstyleError",
    "evaluation.report": "Metrics measure",
    "export.api": "export_onnx",
    "export.web": "export_web",
    "files": "Result",
    "keyframes.painted": "Painted",
    "frame": "ColorTags Frame StreamInfo",
    "many": "stylize_many",
    "masks": "Masks",
    "media.codecs": "Encoding",
    "media.probe": "Probe probe",
    "media.reading": "Reading",
    "model": "Model load",
    "optimize.api": "paint",
    "pipeline": "Progress Summary",
    "sheet.contact": "sheet",
    "stylize.cues": "Cue",
    "stylize.look": "Look",
    "stylize.state": "State",
    "stylize.style": "Style mix",
    "stylize.timeline": "Timeline",
    "training.api": "train_style",
}
_HOME = {name: f"{__name__}.{room}" for room, names in _ROOMS.items() for name in names.split()}
"""Name -> module that is imported when the name is first asked for. So nothing is waited for that is not used, and the command
begins before its libraries are loaded, which may not find the memory they need."""


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """This package, where `stylize` is the function, never the room of the same name that an import would put there."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
