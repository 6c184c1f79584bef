"""What holds after every test of `live`."""

from __future__ import annotations

import threading
import time

import pytest

from vidstyle.media import capture


@pytest.fixture(autouse=True)
def no_thread_is_left():
    """No thread goes on reading what was closed; one waits for a packet until it is told that none comes."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + capture._OPENING + 2
    while left := [t for t in threading.enumerate() if t not in before and t.name == "capture"]:
        assert time.monotonic() < end, left
        time.sleep(0.05)
