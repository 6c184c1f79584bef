"""The methods of optical flow, by name: dis or raft."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import cv2

from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.flow.dis import find_flow
from vidstyle.flow.types import Finder, Floats, Gray
from vidstyle.frame import Pixels

FLOWS = "auto", "dis", "raft"


def _raft_at_hand(device: Any) -> bool:
    """Return whether RAFT is quick on a device, and has its weights here."""
    if str(device).startswith("cpu"):
        return False
    try:
        from vidstyle.flow.raft import has_weights
    except ImportError:
        return False
    return has_weights()


def flow_finder(name: str, device: Any = "cpu", *, quick: bool = False) -> Finder:
    """Return a function that finds the flow between two frames, by a name of `FLOWS`.

    "dis" is `find_flow`, `quick` or not; "raft" RAFT (Teed and Deng 2020), the small one of torchvision, with
    its weights, which it downloads when they are first asked for; "auto" is "raft" on a GPU where they have
    been downloaded, else "dis".

    Raises:
        UsageError: there is none of that name.
        InputError: the weights cannot be had.
        MissingPackageError: torch or torchvision is missing.
    """
    if name == "auto":
        name = "raft" if _raft_at_hand(device) else "dis"
    if name == "raft":
        try:
            from vidstyle.flow.raft import load_raft
        except ImportError as error:
            raise MissingPackageError(
                "flow by raft needs torch: pip install 'vidstyle[torch]' torchvision"
            ) from error
        return load_raft(device)
    if name != "dis":
        raise UsageError(f"expected flow {' or '.join(FLOWS)}, got {name}")

    def find(now: Pixels, before: Pixels) -> Floats:
        gray = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (now, before))
        return find_flow(*cast(Iterator[Gray], gray), quick=quick)

    return find
