"""Choose the engine: CUDA, then MPS, where torch is installed and finds them; else the CPU.

Nothing here imports torch unless it has to: the CPU path starts without it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.runtime.compute import Compute
from vidstyle.runtime.engine import Engine
from vidstyle.zoo import catalog

if TYPE_CHECKING:
    from vidstyle.runtime.swap import SwapEngine

log = logging.getLogger(__name__)


def _may_have_accelerator() -> bool:
    """Return whether there may be an accelerator: importing torch only to hear "no" takes seconds."""
    if sys.platform == "darwin":
        return True  # MPS
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        # No NVIDIA driver. PyTorch for AMD cards calls itself CUDA and brings no driver of its own.
        return Path("/dev/kfd").exists()
    return True


def find_accelerator() -> tuple[str | None, str]:
    """Return the torch device that is at hand, and what it is; or None, and why there is none."""
    if not _may_have_accelerator():
        return None, "no driver of a GPU is installed"
    if any(importlib.util.find_spec(name) is None for name in ("torch", "safetensors")):
        return None, "there may be a GPU, but torch is missing: pip install 'vidstyle[torch]'"
    try:
        import torch
    except (ImportError, OSError) as error:
        log.warning("torch is installed but cannot be used (%s); painting on the CPU", error)
        return None, f"torch is installed but cannot be used: {error}"
    if torch.cuda.is_available():
        return "cuda", torch.cuda.get_device_name()
    if torch.backends.mps.is_available():
        return "mps", "Apple GPU"
    return None, f"torch {torch.__version__} finds no GPU that it can use"


def _torch_engine(model: catalog.ModelFiles, device: str, precision: str) -> Engine:
    try:
        from vidstyle.runtime.torch_engine import TorchEngine
    except ImportError as error:
        raise MissingPackageError(
            f"`device` {device} needs torch: pip install 'vidstyle[torch]'"
        ) from error
    weights = model.verified(model.weights)
    try:
        return TorchEngine(weights, device, precision, takes_pictures=model.takes_pictures)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"`device` {device} cannot be used: {reason}; try cpu") from error


def select_engine(
    device: str = "auto",
    precision: str = "auto",
    model: catalog.ModelFiles | None = None,
    *,
    low_latency: bool = False,
) -> Engine:
    """Make the engine of a network, the any-style one by default, for a device and a precision.

    Args:
        device: one of `runtime.compute.DEVICES`.
        precision: one of `runtime.compute.PRECISIONS`.
        model: the network.
        low_latency: paint a frame as soon as can be, at the price of frames a second.

    Raises:
        UsageError: no such device or precision here.
        MissingPackageError: the device needs a package that is not installed.
    """
    model = model or catalog.find()
    Compute(device, precision)
    if device == "auto":
        device = find_accelerator()[0] or "cpu"
    if device != "cpu":
        return _torch_engine(model, device.removeprefix("torch-"), precision)
    from vidstyle.runtime.openvino import OpenVinoEngine

    return OpenVinoEngine(model, precision, low_latency=low_latency)


def select_swap(device: str, precision: str, patch_size: int, patch_stride: int) -> SwapEngine:
    """Make the engine that swaps patches, for a device; see `select_engine`.

    Args:
        device: likewise.
        precision: auto or f32.
        patch_size: see `SwapEngine`.
        patch_stride: likewise.

    Raises:
        UsageError: no such device or precision here.
        MissingPackageError: torch is missing.
        InputError: the weights are missing or damaged.
    """
    if precision not in ("auto", "f32"):
        raise UsageError(f"expected `precision` auto or f32 for `method` swap, got {precision}")
    try:
        from vidstyle.runtime.swap import SwapEngine
    except ImportError as error:
        raise MissingPackageError(
            "`method` swap needs torch: pip install 'vidstyle[torch]'"
        ) from error
    if device == "auto":
        device = find_accelerator()[0] or "cpu"
    try:
        return SwapEngine(
            device.removeprefix("torch-"), patch_size=patch_size, patch_stride=patch_stride
        )
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"`device` {device} cannot be used: {reason}; try cpu") from error
