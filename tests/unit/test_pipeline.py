"""The loop, with fakes on all three sides."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest

from vidstyle import ColorTags, Frame, Interrupted, StreamInfo
from vidstyle.pipeline import Progress, run

TAGS = ColorTags(1, 1, 1, 1)


INFO = StreamInfo(8, 8, Fraction(1, 25), Fraction(25), None, TAGS, Fraction(1), "yuv420p")


@dataclass
class ListSource:
    count: int = 10
    fail_at: int | None = None
    damage: int = 0
    info: StreamInfo = INFO
    produced: int = 0
    given_up: bool = False

    def give_up(self):
        self.given_up = True

    def __iter__(self):
        for i in range(self.count):
            if i == self.fail_at:
                raise OSError("the source broke")
            self.produced += 1
            yield Frame(
                np.full((8, 8, 3), i % 256, np.uint8), 3 * i + i * i, Fraction(1, 1000), TAGS
            )


@dataclass
class MemorySink:
    fail_at: int | None = None
    misconvert_at: int | None = None
    delay: float = 0.0
    frames: list[Frame] = field(default_factory=list)
    committed: bool = False

    def give_up(self):
        pass

    def convert(self, frame):
        if frame.pixels[0, 0, 0] == 255 - (self.misconvert_at or 1000):
            raise OSError("the conversion broke")
        return frame

    def write(self, frame):
        time.sleep(self.delay)
        if len(self.frames) == self.fail_at:
            raise OSError("the sink broke")
        self.frames.append(frame)

    def commit(self):
        self.committed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Invert:
    depth = 2

    def __init__(self):
        self.batches = []

    def batch(self, height, width):
        return 4

    def start(self, frames, prepared, state):
        self.batches.append(len(frames))
        return lambda: [255 - f for f in frames], (state or 0) + len(frames)


def test_frames_keep_order_and_time():
    source, stylizer, sink, seen = ListSource(), Invert(), MemorySink(), []
    summary = run(source, stylizer, None, sink, batch=4, on_progress=seen.append)
    assert [f.pixels[0, 0, 0] for f in sink.frames] == [255 - i for i in range(10)]
    assert [f.pts for f in sink.frames] == [3 * i + i * i for i in range(10)]
    assert stylizer.batches == [4, 4, 2]
    assert summary.frames == 10
    assert sink.committed
    assert [p.frames for p in seen] == [4, 8, 10]
    assert all(isinstance(p, Progress) for p in seen)


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        (ListSource(fail_at=5), MemorySink()),
        (ListSource(), MemorySink(fail_at=3)),
        (ListSource(), MemorySink(misconvert_at=3)),
    ],
)
def test_an_error_on_any_side_is_raised_and_nothing_is_committed(source, sink):
    with pytest.raises(OSError, match="broke"):
        run(source, Invert(), None, sink)
    assert not sink.committed
    assert threading.active_count() == 1


def test_a_stop_ends_the_threads():
    sink = MemorySink(delay=0.01)
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls > 20:
            raise Interrupted(2)

    with pytest.raises(Interrupted):
        run(ListSource(count=10_000), Invert(), None, sink, stop=stop)
    assert not sink.committed
    assert threading.active_count() == 1


def test_a_slow_sink_holds_the_source_back():
    """Memory does not grow with the clip: the source is never far ahead of the sink."""
    ahead = []

    class Slow(MemorySink):
        def write(self, frame):
            super().write(frame)
            ahead.append(source.produced - len(self.frames))

    source = ListSource(count=300)
    run(source, Invert(), None, Slow(delay=0.001), batch=2)
    # Three queues of eight frames; one batch at hand, two under way and one being taken; one frame in
    # each of three hands.
    assert max(ahead) <= 3 * 8 + 4 * 2 + 3


class Lazy(Invert):
    """Paints when it is asked for the frames; remembers how many calls were under way."""

    def __init__(self, delay=0.0):
        super().__init__()
        self.delay = delay
        self.under_way = self.most = 0

    def start(self, frames, prepared, state):
        time.sleep(self.delay)
        painted, state = super().start(frames, prepared, state)
        self.under_way += 1
        self.most = max(self.most, self.under_way)

        def finish():
            self.under_way -= 1
            return painted()

        return finish, state


def test_as_many_calls_are_under_way_as_the_stylizer_likes():
    stylizer, sink = Lazy(delay=0.005), MemorySink()  # slower than its source, as networks are
    run(ListSource(count=40), stylizer, None, sink, batch=1)
    assert stylizer.most == stylizer.depth + 1
    assert len(sink.frames) == 40


def test_no_frame_waits_for_a_slow_source():
    """A frame reaches the sink before the next one is made, however many calls may be under way."""
    sink = MemorySink()
    seen = []

    @dataclass
    class Slow(ListSource):
        def __iter__(self):
            for frame in super().__iter__():
                yield frame
                deadline = time.monotonic() + 5
                while len(sink.frames) < self.produced and time.monotonic() < deadline:
                    time.sleep(0.005)
                seen.append(len(sink.frames))

    run(Slow(count=4), Lazy(), None, sink, batch=1)
    assert seen == [1, 2, 3, 4]


def test_damage_is_counted():
    assert run(ListSource(damage=3), Invert(), None, MemorySink()).damaged == 3


def test_no_frames_still_commit_so_that_the_sink_can_refuse():
    sink = MemorySink()
    assert run(ListSource(count=0), Invert(), None, sink).frames == 0
    assert sink.committed
