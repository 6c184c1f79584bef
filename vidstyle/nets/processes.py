"""Several processes that train one network together, as `torchrun` starts them: each has a part of every batch.

Where a process is alone, all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from vidstyle.errors import UsageError


@contextmanager
def together(device: str) -> Iterator[str]:
    """Meet the other processes, if there are any, work with them, and part.

    Args:
        device: of all; "cuda" becomes one GPU for each process of a machine.

    Returns:
        The device of this process.

    Raises:
        UsageError: they do not meet.
    """
    started = {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys()
    if not started or dist.is_initialized():
        yield device
        return
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    gpu = torch.device(device).type == "cuda"
    try:
        if gpu:
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if gpu else "gloo")
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"the processes of this training do not meet: {reason}; start them by torchrun"
        ) from error
    try:
        yield device
        dist.barrier()  # the first may still be writing
    finally:
        dist.destroy_process_group()


def count() -> int:
    """Return how many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Return whether this is the process that writes and reports."""
    return not dist.is_initialized() or dist.get_rank() == 0


def part(size: int) -> slice:
    """Return this process's part of a batch of `size`, which is a multiple of their number."""
    each = size // count()
    rank = dist.get_rank() if dist.is_initialized() else 0
    return slice(rank * each, (rank + 1) * each)


def mean(value: Tensor) -> Tensor:
    """Return the mean of a tensor, of any shape, over all processes; it has no gradient where there are several."""
    if count() == 1:
        return value
    value = value.detach().clone()
    dist.all_reduce(value)
    return value / count()


@torch.no_grad()
def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Let each gradient be its mean over all processes, in place."""
    if count() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    averages = mean(torch.cat([g.flatten() for g in gradients]))
    for gradient, averaged in zip(
        gradients, torch.split(averages, [g.numel() for g in gradients]), strict=True
    ):
        gradient.copy_(averaged.view_as(gradient))
