"""`vidstyle doctor` and `vidstyle bench`."""

from __future__ import annotations

import json

import pytest

from tests.conftest import vidstyle as command


def test_the_doctor_says_what_and_why():
    done = command("doctor", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "paints on   OpenVINO CPU" in done.stdout
    assert "because" in done.stdout
    found = json.loads(command("doctor", "--json").stdout)
    assert found["cores"] >= 1
    assert {"av", "numpy", "openvino"} <= set(found["packages"])
    assert found["faster"]


def test_the_doctor_tells_what_would_be_faster():
    slow = json.loads(command("doctor", "--device", "cpu", "--precision", "f32", "--json").stdout)
    assert slow["engine"] == "OpenVINO CPU f32"
    assert any(advice.startswith("--precision auto") for advice in slow["faster"])


@pytest.mark.slow
def test_bench_measures():
    done = command("bench", "--sizes", "64x48,96x64", "--repeats", "1", "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(s["width"], s["height"]) for s in found["speeds"]] == [(64, 48), (96, 64)]
    for speed in found["speeds"]:
        assert all(speed[kind]["median"] > 0 for kind in ("network", "files", "whole"))
        # The whole is not faster than its slowest part, but for the noise of a short run.
        slowest = min(speed["network"]["median"], speed["files"]["median"])
        assert speed["whole"]["median"] < 2 * slowest


@pytest.mark.parametrize(
    "arguments",
    [
        ("bench", "--sizes", "large"),
        ("bench", "--sizes", "8x8"),
        ("doctor", "--device", "gpu"),
        ("doctor", "--precision", "f8"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments):
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("vidstyle: ")
    assert len(done.stderr.strip().splitlines()) == 1
