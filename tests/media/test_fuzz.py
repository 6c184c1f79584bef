"""A first part of `python -m tests.fuzz`, which see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import run_case, run_cases
from tests.structures.anatomy import Anatomy
from tests.structures.mutation import anatomy, repaired
from tests.structures.seeds import make_seeds

Run = tuple[dict[str, int], list[str]]
BYTES, NUMBERS = 60, 30
"""Cases of each kind that are always run; those after them are slow."""
LOSSES = ("LOST", "TIMES")


@pytest.fixture(scope="module")
def damaged(judge) -> Run:
    return run_cases(0, BYTES)


@pytest.fixture(scope="module")
def structured(judge) -> Run:
    return run_cases(0, NUMBERS, structured=True)


def _are_as_they_should(run: Run, cases: int) -> None:
    counts, findings = run
    others = [line for line in findings if not any(f": {loss} " in line for loss in LOSSES)]
    assert not others, "\n".join(others)
    assert sum(counts.values()) == cases
    assert counts["done"] > cases // 5
    assert counts["decoders differ"] <= max(2, cases // 50)


def test_damaged_files_end_as_they_should(damaged):
    _are_as_they_should(damaged, BYTES)


def test_files_with_wrong_numbers_end_as_they_should(structured):
    _are_as_they_should(structured, NUMBERS)


@pytest.mark.parametrize("name", ["damaged", "structured"])
def test_no_frame_is_lost_without_a_word(request, name):
    _, findings = request.getfixturevalue(name)
    losses = [line for line in findings if any(f": {loss} " in line for loss in LOSSES)]
    assert not losses, "\n".join(losses)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "cases", "structured"),
    [(BYTES, 2000 - BYTES, False), (NUMBERS, 1000 - NUMBERS, True)],
    ids=["bytes", "numbers"],
)
def test_many_files_end_as_they_should(judge, first, cases, structured):
    _are_as_they_should(run_cases(first, first + cases, structured=structured), cases)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, judge) -> list[Path]:
    return make_seeds(tmp_path_factory.mktemp("seeds"))


def test_seeds_are_whole_and_the_same_each_time(seeds, tmp_path):
    """What a case changes is all that is wrong with it, and its number tells it."""
    again = tmp_path / "again"
    work = tmp_path / "work"
    again.mkdir()
    work.mkdir()
    for seed, other in zip(seeds, make_seeds(again), strict=True):
        assert seed.read_bytes() == other.read_bytes(), seed.name
        assert run_case(work, seed.suffix, seed.read_bytes(), 0) == ("done", ""), seed.name


def test_what_is_written_back_leaves_a_file_as_it_was(seeds):
    for seed in seeds:
        data = seed.read_bytes()
        changed = bytearray(data)
        for number in anatomy(data, seed.suffix).numbers:
            number.put(changed, number.get(changed))
        assert repaired(changed, seed.suffix) == data, seed.name


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("h264.mp4", {"sps264 width": 3, "sps264 height": 2, "tkhd width": 64 << 16}),
        ("h264.mp4", {"mdhd timescale": 10240, "stsz count": 14, "sps264 profile": 100}),
        ("fragments.mp4", {"trun count": 5, "tfdt time": 0}),
        ("hevc.mp4", {"sps265 width": 64, "sps265 height": 48, "vps265 layers": 0}),
        ("texts.mkv", {"sps264 width": 3, "b0 value": 64, "ba value": 48}),
        ("dvb.ts", {"sps265 width": 64, "pmt stream type": 36, "dvb segment": 16}),
        ("mpeg2.ts", {"mpeg2 width": 64, "mpeg2 height": 48, "pat pid": 4096}),
        ("a.avi", {"avih width": 64, "bitmap height": 48, "strh rate": 10}),
        ("a.gif", {"gif width": 64, "picture height": 48}),
        ("a.webp", {"VP8X width": 63, "ANMF duration": 100}),
        ("a.apng", {"IHDR width": 64, "acTL frames": 14}),
    ],
)
def test_numbers_are_found_where_they_are(seeds, name, numbers):
    data = next(seed for seed in seeds if seed.name == name).read_bytes()
    found: Anatomy = anatomy(data, Path(name).suffix)
    for wanted, value in numbers.items():
        values = [number.get(data) for number in found.numbers if number.name == wanted]
        assert value in values, (wanted, values)
