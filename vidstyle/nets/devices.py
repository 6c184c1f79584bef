"""The device that torch computes on, and the precision that is fast there."""

from __future__ import annotations

from typing import Any

import torch

from vidstyle.errors import UsageError


def choose_device(name: str) -> str:
    """Resolve "auto": CUDA, then MPS, then the CPU.

    Raises:
        UsageError: there is no device of that name here.
    """
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
    """Return whether a device has native bf16: a CPU without it emulates it, many times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities: dict[str, Any] = getattr(
            torch.cpu, "get_capabilities", dict
        )()  # not in older releases
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return a context in which convolutions compute in bf16 where that is fast, and else in f32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device))
