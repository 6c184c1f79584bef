"""Imports OpenVINO without its telemetry; the only place that imports it.

By its source (2026.4), `import openvino` imports its converter, which sends a usage event at once.
Where its telemetry package cannot be imported the converter falls back on a stub that does nothing:
so the import is refused for a moment, and nothing that others do with the package is touched.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

_TELEMETRY = "openvino_telemetry"

if _TELEMETRY in sys.modules or "openvino" in sys.modules:
    import openvino as ov  # somebody else's choice, made before us
else:
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        import openvino as ov
    finally:
        del sys.modules[_TELEMETRY]


@cache
def core() -> Any:
    """Return the runtime of the process, which lives as long as that.

    The thread that makes the CPU plugin gets an alternate signal stack, which goes with the plugin (2026.4). Where another thread let go of
    the last use of the plugin, the first one would keep the address, and the next signal, a Ctrl-C, would end the process by SIGSEGV.
    """
    return ov.Core()


__all__ = ["core", "ov"]
