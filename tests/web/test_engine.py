"""The thread that paints: what it calls first, and how it ends."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from vidstyle.web.engine import PICTURE, RENDER, TILE, Engine


@pytest.fixture
def engine():
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def held(engine):
    """Hold the thread up; the event lets it go on."""
    begun, released = threading.Event(), threading.Event()
    engine.call(lambda: (begun.set(), released.wait(10)), PICTURE)
    assert begun.wait(10)
    return released


def test_the_most_urgent_comes_first_and_the_first_among_equals(engine, held):
    called: list[str] = []
    for name, urgency in (
        ("r1", RENDER),
        ("t1", TILE),
        ("p1", PICTURE),
        ("r2", RENDER),
        ("p2", PICTURE),
    ):
        last = engine.call(lambda name=name: called.append(name), urgency)
    held.set()
    last.result(10)
    engine.call(lambda: None, RENDER).result(10)
    assert called == ["p1", "p2", "t1", "r1", "r2"]


def test_a_render_lets_pictures_in_and_no_other_render(engine):
    called: list[str] = []

    def render():
        engine.call(lambda: called.append("other render"), RENDER)
        engine.call(lambda: called.append("tile"), TILE)
        engine.call(lambda: called.append("picture"), PICTURE)
        engine.breathe()
        called.append("end")

    engine.call(render, RENDER).result(10)
    engine.call(lambda: None, RENDER).result(10)
    assert called == ["picture", "tile", "end", "other render"]


def test_everything_is_called_in_one_thread(engine):
    urgencies = (RENDER, TILE, PICTURE, TILE)
    threads = {engine.call(threading.get_ident, urgency).result(10) for urgency in urgencies}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_what_nobody_waits_for_is_not_called(engine, held):
    called: list[str] = []
    dropped = engine.call(lambda: called.append("dropped"), PICTURE)
    dropped.cancel()
    kept = engine.call(lambda: called.append("kept"), TILE)
    held.set()
    kept.result(10)
    assert called == ["kept"]


def test_an_error_reaches_who_waits_and_does_not_end_it(engine):
    with pytest.raises(ZeroDivisionError):
        engine.call(lambda: 1 / 0, PICTURE).result(10)
    assert engine.call(lambda: 7, PICTURE).result(10) == 7


def test_the_end_drops_what_is_due(engine, held):
    due = engine.call(lambda: None, RENDER)
    threading.Timer(0.1, held.set).start()
    engine.close()
    with pytest.raises(CancelledError):
        due.result(10)
    with pytest.raises(CancelledError):
        engine.call(lambda: None, PICTURE).result(10)
