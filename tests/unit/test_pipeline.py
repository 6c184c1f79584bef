"""The loop, with fakes on all three sides."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from vidstyle import Interrupted, pipeline
from vidstyle.pipeline import Progress, run
from vidstyle.testing import ListSource, MemorySink


class Invert:
    depth = 2

    def __init__(self):
        self.batches = []

    def batch(self, height, width):
        return 4

    def start(self, frames, state):
        self.batches.append(len(frames))
        return lambda: [255 - f.pixels for f in frames], (state or 0) + len(frames)

    def pack(self, state):
        return {"frames": np.array(state)}

    def unpack(self, arrays):
        return int(arrays["frames"])


def test_frames_keep_order_and_time():
    source, stylizer, sink, seen = ListSource(), Invert(), MemorySink(), []
    summary = run(source, stylizer, sink, batch=4, on_progress=seen.append)
    assert [f.pixels[0, 0, 0] for f in sink.frames] == [255 - i for i in range(10)]
    assert [f.pts for f in sink.frames] == [3 * i + i * i for i in range(10)]
    assert stylizer.batches == [4, 4, 2]
    assert summary.frames == 10
    assert sink.committed
    assert [p.frames for p in seen] == [4, 8, 10]
    assert all(isinstance(p, Progress) for p in seen)


def test_the_rate_is_of_painting_alone_and_known_when_it_has_settled(monkeypatch):
    """What comes before the first painted frames, and what an earlier run had painted, is of no pace."""
    told = []
    monkeypatch.setattr(pipeline, "_Rate", lambda: lambda *facts: told.append(facts[0]))
    begin = pipeline.Checkpoint(4, dict)
    monkeypatch.setattr(Invert, "unpack", lambda *_: 4)
    run(ListSource(), Invert(), MemorySink(), batch=2, begin=begin, on_progress=lambda _: None)
    assert told == [6, 8, 10]
    monkeypatch.undo()
    rate = pipeline._Rate()
    assert [rate(1, 4.0), rate(3, 4.4), rate(21, 6.0), rate(41, 8.0)] == [None, None, 10.0, 10.0]


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        ((50, 150, 6.0, 0, 20.0), 5.0),
        ((150, 150, 9.0, 0, 20.0), 0.0),
        ((160, 150, 9.0, 0, 20.0), 0.0),
        ((1, 150, 0.3), None),
        ((50, None, 6.0, 0, 20.0), None),
        ((50, 150, 6.0, 0, 0.0), None),
    ],
)
def test_what_is_left_follows_from_the_rate(facts, left):
    assert Progress(*facts).left == left


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        (ListSource(fail_at=5), MemorySink()),
        (ListSource(), MemorySink(fail_at=3)),
        (ListSource(), MemorySink(misconvert_at=3)),
    ],
)
def test_an_error_on_any_side_is_raised_and_nothing_is_committed(source, sink):
    before = threading.active_count()  # other tests' libraries may have threads
    with pytest.raises(OSError, match="broke"):
        run(source, Invert(), sink)
    assert not sink.committed
    assert threading.active_count() == before


def test_a_stop_ends_the_threads():
    sink = MemorySink(delay=0.01)
    calls = 0

    def stop():
        nonlocal calls
        calls += 1
        if calls > 20:
            raise Interrupted(2)

    before = threading.active_count()
    with pytest.raises(Interrupted):
        run(ListSource(count=10_000), Invert(), sink, stop=stop)
    assert not sink.committed
    assert threading.active_count() == before


def test_a_slow_sink_holds_the_source_back():
    """Memory does not grow with the clip: the source is never far ahead of the sink."""
    ahead = []

    class Slow(MemorySink):
        def write(self, frame):
            super().write(frame)
            ahead.append(source.produced - len(self.frames))

    source = ListSource(count=300)
    run(source, Invert(), Slow(delay=0.001), batch=2)
    # Three queues of eight frames; one batch at hand, two in flight and one being taken; one frame in
    # each of three hands.
    assert max(ahead) <= 3 * 8 + 4 * 2 + 3


class Lazy(Invert):
    """Paints when it is asked for the frames; remembers how many calls were in flight."""

    def __init__(self, delay=0.0):
        super().__init__()
        self.delay = delay
        self.in_flight = self.most = 0

    def start(self, frames, state):
        time.sleep(self.delay)
        painted, state = super().start(frames, state)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)

        def finish():
            self.in_flight -= 1
            return painted()

        return finish, state


def test_as_many_calls_are_in_flight_as_the_stylizer_likes():
    stylizer, sink = Lazy(delay=0.005), MemorySink()  # slower than its source, as networks are
    run(ListSource(count=40), stylizer, sink, batch=1)
    assert stylizer.most == stylizer.depth + 1
    assert len(sink.frames) == 40


def test_no_frame_waits_for_a_slow_source():
    """A frame reaches the sink before the next one is made, however many calls may be in flight."""
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

    run(Slow(count=4), Lazy(), sink, batch=1)
    assert seen == [1, 2, 3, 4]


def test_damage_is_counted():
    assert run(ListSource(damage=3), Invert(), MemorySink()).damaged == 3


def test_no_frames_still_commit_so_that_the_sink_can_refuse():
    sink = MemorySink()
    assert run(ListSource(count=0), Invert(), sink).frames == 0
    assert sink.committed


def test_a_run_goes_on_from_a_checkpoint():
    whole = MemorySink(checkpoint_frames=5)
    run(ListSource(), Invert(), whole, batch=2)
    # Between two calls, five frames apart at least.
    assert [c.frames for c in whole.checkpoints] == [6]
    assert whole.checkpoints[0].state() == {"frames": 6}
    stylizer, rest = Invert(), MemorySink(checkpoint_frames=5)
    seen = []
    begin = whole.checkpoints[0]
    summary = run(ListSource(), stylizer, rest, batch=2, begin=begin, on_progress=seen.append)
    assert stylizer.batches == [2, 2]
    assert (summary.frames, summary.resumed) == (10, 6)
    assert [(p.frames, p.resumed) for p in seen] == [(2, 2), (4, 4), (6, 6), (8, 6), (10, 6)]
    assert [f.pts for f in rest.frames] == [f.pts for f in whole.frames]
    # The sink has the earlier ones: it gets them as they are, for their times.
    assert [f.pixels[0, 0, 0] for f in rest.frames[:6]] == list(range(6))
    assert [f.pixels[0, 0, 0] for f in rest.frames[6:]] == [255 - i for i in range(6, 10)]
