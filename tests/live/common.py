"""What the tests of `live` share: a camera of a filter graph, and a painter of sample styles."""

from __future__ import annotations

import time

from tests.conftest import ROOT
from vidstyle import Look
from vidstyle.live.painter import LivePainter
from vidstyle.media.capture import address
from vidstyle.runtime.compute import Compute

SWIRLS, WOODCUT = (str(ROOT / "samples" / "styles" / f"{n}.jpg") for n in ("swirls", "woodcut"))


def paced(size="128x96", rate=30):
    """A camera: a test picture, paced in real time."""
    return address(f"testsrc2=size={size}:rate={rate},realtime", "lavfi")


def painter(*styles, **more):
    return LivePainter.of(styles or (SWIRLS,), Compute("cpu"), look=Look(**more))


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
