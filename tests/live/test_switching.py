"""One style fades into another of another network, which is loaded while the stream goes on."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from vidstyle.errors import InputError
from vidstyle.live.controls import FADE, Command
from vidstyle.live.switching import SwitchingPainter

SIZE = 4, 6
FRAME = np.zeros((*SIZE, 3), np.uint8)


class Painter:
    """Paints everything in one level."""

    def __init__(self, level: int, strength: float, stability: float) -> None:
        self.level, self.strength, self.stability = level, strength, stability
        self.closed = 0
        self.model = SimpleNamespace(close=self._close)

    def _close(self) -> None:
        self.closed += 1

    def forget(self) -> None:
        pass

    def expect(self, height: int, width: int) -> None:
        pass

    def ready(self, height: int, width: int) -> bool:
        return True

    def paint(self, pixels, size, now):
        return np.full_like(pixels, self.level)

    def obey(self, command: Command, now: float) -> str:
        setattr(self, command.what, command.value)
        return f"{command.what} {command.value}"


@pytest.fixture
def made():
    """Return a painter, those that were loaded, and what an event lets be loaded."""
    loaded: dict[str, Painter] = {}
    errors: list[str] = []
    may_load = threading.Event()
    may_load.set()

    def load(name: str, strength: float, stability: float) -> Painter:
        may_load.wait(10)
        if not name.isdecimal():
            raise InputError(f"{name} is no picture")
        loaded[name] = Painter(int(name), strength, stability)
        return loaded[name]

    painter = SwitchingPainter("0", load, lambda error: errors.append(str(error)), strength=0.5)
    yield SimpleNamespace(painter=painter, loaded=loaded, errors=errors, may_load=may_load)
    may_load.set()
    painter.close()
    assert all(one.closed == 1 for one in loaded.values())


def level(made, now: float) -> int:
    return int(made.painter.paint(FRAME, SIZE, now)[0, 0, 0])


def style(made, name: str, now: float) -> None:
    """Wish a style, and paint until its loading is over."""
    made.painter.obey(Command("style", name), now)
    level(made, now)
    while made.painter._loading:
        time.sleep(0.01)
        level(made, now)


def test_one_fades_into_the_other(made):
    style(made, "200", 1.0)
    found = [level(made, 1.0 + share * FADE) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, 200)
    assert 90 < found[2] < 110
    assert level(made, 9.0) == 200


def test_the_stream_goes_on_while_one_is_loaded_and_the_last_wish_counts(made):
    made.may_load.clear()
    made.painter.obey(Command("style", "50"), 1.0)
    assert level(made, 1.0) == 0
    made.painter.obey(Command("strength", 0.9), 1.1)
    made.painter.obey(Command("style", "100"), 1.2)
    assert level(made, 1.2) == 0
    made.may_load.set()
    style(made, "100", 2.0)
    assert level(made, 3.0) == 100
    assert level(made, 4.0) == 100
    assert {one.strength for one in made.loaded.values()} == {0.9}


def test_what_cannot_be_loaded_is_told_and_the_style_stays(made):
    style(made, "nothing", 1.0)
    assert made.errors == ["nothing is no picture"]
    assert level(made, 5.0) == 0
    style(made, "70", 6.0)
    level(made, 7.0)
    assert level(made, 8.0) == 70


def test_few_are_kept(made):
    for number, now in enumerate(range(1, 30, 3), 1):
        style(made, str(number), now)
        level(made, now + 1)
        assert level(made, now + 2) == number
        assert sum(not one.closed for one in made.loaded.values()) <= 5
