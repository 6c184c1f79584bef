"""Everything that vidstyle raises on purpose; each error knows the exit code of the command line.

VidstyleError                1  a bug of ours: please report
├── UsageError (ValueError)  2  an option or a combination that cannot work
├── InputError (ValueError)  2  an input that is missing, unreadable, or not what it should be
├── MissingPackageError      2  an optional package that this feature needs (ImportError)
├── DamagedInputError        3  the output is finished, but the input was damaged or truncated
├── OutputError (OSError)    4  the output could not be written: disk, permission, encoder
│   └── ClosedPipeError    141  whoever read standard output is gone; the command line says nothing
├── TrainingError            4  the training diverged
└── Interrupted            130  stopped by a signal: 128 + its number (143 for SIGTERM)
"""

from __future__ import annotations


class VidstyleError(Exception):
    """Base of all; its text is one line: what was expected, what came, the way out."""

    exit_code = 1


class UsageError(VidstyleError, ValueError):
    """An option, or a combination of options, that cannot work."""

    exit_code = 2


class InputError(VidstyleError, ValueError):
    """An input that is missing, cannot be opened, or is not what it should be."""

    exit_code = 2


class MissingPackageError(VidstyleError, ImportError):
    """An optional package is missing; the text holds the pip line that brings it."""

    exit_code = 2


class DamagedInputError(VidstyleError):
    """The output is complete, but some of the input could not be decoded."""

    exit_code = 3


class OutputError(VidstyleError, OSError):
    """The output could not be written."""

    exit_code = 4


class ClosedPipeError(OutputError):
    """Whoever read standard output has gone, as `head` does: no failure of ours."""

    exit_code = 141


class TrainingError(VidstyleError):
    """The training diverged and was stopped."""

    exit_code = 4


class Interrupted(VidstyleError):
    """A signal asked to stop; nothing was left under the final name."""

    def __init__(self, signal_number: int) -> None:
        super().__init__("interrupted")
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
