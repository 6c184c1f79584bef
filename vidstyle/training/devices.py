"""Where to train, and in what precision."""

from __future__ import annotations

from typing import Any

import torch

from vidstyle.errors import UsageError


def choose_device(name: str) -> str:
    """Resolve "auto": CUDA, then MPS, then the CPU; "torch-cpu" is "cpu", for all is torch here.

    Raises:
        UsageError: there is no device of that name here.
    """
    name = name.removeprefix("torch-")
    if name != "auto":
        try:
            torch.empty(1, device=name)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"`device` {name} cannot be used: {reason}; try cpu") from error
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def has_fast_bf16(device: torch.device) -> bool:
    """Tell whether bf16 is native: on a CPU without it, it is emulated and many times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities: dict[str, Any] = getattr(
            torch.cpu, "get_capabilities", dict
        )()  # not in older releases
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False
