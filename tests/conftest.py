"""Fixtures that all tests share: clips that the tests make themselves, and the independent judge."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import clips, commands, missing

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two of torch's thread pools on the same cores wait for each other in busy loops.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-formats", action="store_true", help="write docs/formats.md")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this machine lacks for the tests that were skipped."""
    if told := missing.lines(terminalreporter.stats.get("skipped", [])):
        terminalreporter.section("skipped, and what brings them")
        for line in told:
            terminalreporter.line(line)


def needs_judge() -> None:
    if shutil.which("ffprobe") is None or shutil.which("ffmpeg") is None:
        # Without the judge half of the promises go untested: CI must not call that green.
        assert "CI" not in os.environ, "CI needs ffmpeg and ffprobe"
        pytest.skip("the independent judge, ffmpeg and ffprobe, is not installed")


class Judge:
    """Debian's ffmpeg and ffprobe: another build than the one that PyAV brings."""

    def times(self, path: Path) -> list[str]:
        out = subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-select_streams",
                "v:0",
                "-show_entries",
                "frame=pts_time",
                "-of",
                "json",
                str(path),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return [f["pts_time"] for f in json.loads(out)["frames"]]

    def stream(self, path: Path, kind: str = "v:0") -> dict[str, str]:
        out = subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-select_streams",
                kind,
                "-show_streams",
                "-of",
                "json",
                str(path),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return json.loads(out)["streams"][0]

    def packets_md5(self, path: Path, kind: str = "a") -> str:
        return subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-i",
                str(path),
                "-map",
                f"0:{kind}",
                "-c",
                "copy",
                "-f",
                "md5",
                "-",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def luma_psnr(self, one: Path, other: Path) -> float:
        """Of frames paired by number: Matroska rounds times, which must not shift the pairs."""
        raw = "setpts=N/TB/25,scale=in_range=full:out_range=full,format=yuv444p"
        pairs = f"[0:v]{raw}[a];[1:v]{raw}[b];[a][b]psnr"
        log = subprocess.run(
            [
                "ffmpeg",
                "-hide_banner",
                "-i",
                str(one),
                "-i",
                str(other),
                "-lavfi",
                pairs,
                "-f",
                "null",
                "-",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stderr
        return float(log.split("PSNR y:")[1].split()[0])


@pytest.fixture(scope="session")
def judge() -> Judge:
    needs_judge()
    return Judge()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of moving pattern, 128x96 at 30 fps, B-frames, AAC sound."""
    return clips.make_clip(tmp_path_factory.mktemp("media") / "base.mp4")


@pytest.fixture(scope="session")
def vfr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with uneven times."""
    times = [*range(20), *range(21, 60, 3)]
    return clips.make_clip(tmp_path_factory.mktemp("media") / "vfr.mp4", times=times)


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style picture."""
    return clips.make_picture(tmp_path_factory.mktemp("media") / "style.png")


def vidstyle(
    *args: str | Path, cwd: Path | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return commands.run(list(map(str, args)), cwd=cwd, environment=environment, timeout=timeout)


def shared(name: str) -> Path:
    """Return a file of the team's data, or skip where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip("the team's data are not here")
    return path
