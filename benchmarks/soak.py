"""Long runs: does memory stay flat, and does live come back? `python benchmarks/soak.py [--frames N] [--minutes M]`.

The film has 200,000 frames of 64x64 in 500 scenes, 64 sound streams and 5,000 chapters, and is run once with
`identity` and once with a network of one style. Memory is the resident set of the process, MiB, after so
many frames. Then `vidstyle live` paints and records a stream for an hour whose sender, in a round of 40 seconds,
changes the size of the picture, pauses, goes silent, and goes away and comes back with another size.
Writes benchmarks/results/soak.json; `--part` runs one of the three.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from common import machine, write

SIDE, RATE = 64, 100
"""Of the film; at a high rate there is little sound to a frame."""
SOUNDS, SCENES, CHAPTERS = 64, 500, 5000
STYLE = "starry_night"
PARTS = ("identity", STYLE, "live")
SIZES = ((320, 180), (192, 144), (426, 240))
"""That the live source goes through."""
LIVE_RATE, SENDING = 15, 10
"""Its frames a second, and the seconds between two troubles."""

_RUN = """
import json, sys
import vidstyle
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
marks = [int(n) for n in sys.argv[4].split(",")]
rows = {}
def look(progress):
    while marks and progress.frames >= marks[0]:
        rows[marks.pop(0)] = resident()
done = vidstyle.stylize(*sys.argv[1:4], device="cpu", on_progress=look)
print(json.dumps({"frames": done.summary.frames, "damaged": done.summary.damaged, "resident_mib": rows}))
"""


def scene(number: int, index: int, width: int = SIDE, height: int = SIDE) -> np.ndarray:
    """Return a frame (H, W, 3): each scene has colors and waves of its own, which move with the index."""
    chance = np.random.default_rng(number)
    color, slope = chance.integers(40, 215, 3), chance.uniform(-0.4, 0.4, 2)
    y, x = np.mgrid[:height, :width]
    wave = 40 * np.sin(slope[0] * x + slope[1] * y + index / 5)
    return (color + wave[..., None]).clip(0, 255).astype(np.uint8)


def make_film(path: Path, frames: int) -> Path:
    """Write the film."""
    length = max(1, frames // SCENES)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv420p"
        sounds = [output.add_stream("aac", rate=8000, layout="mono") for _ in range(SOUNDS)]
        step = Fraction(frames, RATE) / CHAPTERS
        output.set_chapters(
            [
                {
                    "id": number,
                    "start": int(1000 * step * number),
                    "end": int(1000 * step * (number + 1)),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": f"Chapter {number}"},
                }
                for number in range(CHAPTERS)
            ]
        )
        tones = _tone(sounds[0])
        heard = Fraction(0)
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(scene(index // length, index), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, RATE)
            output.mux(video.encode(picture))
            while heard <= Fraction(index, RATE):
                tone = next(tones)
                heard = tone.pts * tone.time_base
                content = bytes(tone)
                for sound in sounds:
                    packet = av.Packet(content)
                    packet.pts = packet.dts = tone.pts
                    packet.duration, packet.time_base = tone.duration, tone.time_base
                    packet.stream = sound
                    output.mux(packet)
        output.mux(video.encode(None))
    return path


def _tone(stream: Any) -> Iterator[Any]:
    """Yield packets of a tone without an end; each stream gets copies of them."""
    for block in itertools.count():
        phase = 2 * np.pi * 440 / 8000 * (np.arange(1024) + 1024 * block)
        samples = (8000 * np.sin(phase)).astype(np.float32)[None] / 2**15
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, 1024 * block, Fraction(1, 8000)
        yield from stream.encode(frame)


def film_run(film: Path, style: str, frames: int) -> dict[str, Any]:
    """Run the film through one style, and say what memory it took and what came out."""
    marks = [frames * tenth // 20 for tenth in (1, *range(2, 21, 2))]
    out = film.with_name("out.mkv")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _RUN, film, style, out, ",".join(map(str, marks))],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    with av.open(str(out)) as container:
        found |= {
            "seconds": time.monotonic() - began,
            "sounds_out": len(container.streams.audio),
            "chapters_out": len(container.chapters()),
        }
    out.unlink()
    return found


class Sender:
    """Serves a stream over TCP on this machine, as a bad camera would; counts what it sends."""

    def __init__(self) -> None:
        """Begin to listen, in a thread."""
        self.frames = self.resized = self.silences = self.left = 0
        self._ended = threading.Event()
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]
        self._sizes = itertools.cycle(SIZES)
        self._round = itertools.cycle((self._resize, self._pause, self._go_silent, self._leave))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        listener.settimeout(0.5)
        return listener

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                peer, _ = self._listener.accept()
            except TimeoutError:
                continue
            with peer:
                peer.settimeout(10)
                # A receiver that hangs up is what the silences are for.
                try:
                    self._speak(peer)
                except (OSError, av.FFmpegError):
                    continue

    def _speak(self, peer: socket.socket) -> None:
        """Send for a while, with something unpleasant behind it, again and again."""
        with av.open(peer.makefile("wb", buffering=0), "w", format="mpegts") as output:
            stream = output.add_stream("libx264", rate=LIVE_RATE)
            size = next(self._sizes)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            count = 0
            while not self._ended.is_set():
                count = self._send(output, stream, size, count)
                act = next(self._round)
                if act == self._resize:
                    size = next(self._sizes)
                    self.resized += 1
                elif not act():
                    return

    def _send(self, output: Any, stream: Any, size: tuple[int, int], count: int) -> int:
        """Send for a while, with an encoder of its own; return frames sent in all."""
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
        encoder.time_base, encoder.framerate = Fraction(1, LIVE_RATE), Fraction(LIVE_RATE)
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(2 * LIVE_RATE)}
        began = time.monotonic()
        for index in range(SENDING * LIVE_RATE):
            if self._ended.wait(max(0, began + index / LIVE_RATE - time.monotonic())):
                break
            picture = av.VideoFrame.from_ndarray(scene(count // 50, count, *size), format="rgb24")
            picture.pts, picture.time_base = count, encoder.time_base
            for packet in encoder.encode(picture):
                packet.stream = stream
                packet.time_base = encoder.time_base
                output.mux(packet)
            count += 1
            self.frames += 1
        return count

    def _resize(self) -> bool:
        return True  # done by `_speak`, which knows the sizes

    def _pause(self) -> bool:
        """Wait for less than a receiver should."""
        self._ended.wait(1.5)
        return True

    def _go_silent(self) -> bool:
        """Wait until the receiver hangs up, with the connection open."""
        self.silences += 1
        self._ended.wait(5)
        return False

    def _leave(self) -> bool:
        """Close the connection and the door for a while."""
        self.left += 1
        self._listener.close()
        self._ended.wait(4)
        self._listener = self._listen(self.port)
        return False

    def close(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
        self._listener.close()


def live_run(folder: Path, minutes: float) -> dict[str, Any]:
    """Paint and record the sender's stream for so many minutes."""
    sender = Sender()
    out = folder / "live.mkv"
    args = [sys.executable, "-m", "vidstyle", "live", f"tcp://127.0.0.1:{sender.port}"]
    args += ["--from", "mpegts", "-s", STYLE, "-o", str(out), "--json"]
    args += ["--seconds", str(60 * minutes)]
    began = time.monotonic()
    process = subprocess.Popen(
        args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said: list[tuple[float, str]] = []

    def listen() -> None:
        for line in process.stderr or ():
            said.append((round(time.monotonic() - began, 1), line.strip()))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    memory: dict[int, float] = {}
    every = max(5.0, 3 * minutes)
    while process.poll() is None:
        time.sleep(0.5)
        seconds = time.monotonic() - began
        if seconds >= every * (len(memory) + 1):
            memory[round(seconds)] = _resident(process.pid)
        if seconds > 60 * minutes + 120:
            process.kill()
    listener.join()
    out_text = process.stdout.read() if process.stdout else ""
    sender.close()
    found: dict[str, Any] = {
        "exit_code": process.returncode,
        "sent": {
            "frames": sender.frames,
            "size_changes": sender.resized,
            "silences": sender.silences,
            "went_away": sender.left,
        },
        "status": json.loads(out_text) if out_text.strip() else None,
        "times_lost": sum("was lost" in line for _, line in said),
        "times_back": sum("is back" in line for _, line in said),
        "resident_mib": memory,
    }
    if out.exists():
        with av.open(str(out)) as container:
            found["recorded_frames"] = sum(p.size > 0 for p in container.demux(video=0))
            found["recorded_seconds"] = float((container.duration or 0) / av.time_base)
    if process.returncode:
        found["last_lines"] = said[-20:]
    return found


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0  # it has just ended
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    """Run the parts, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--part", choices=PARTS, action="append")
    options = parser.parse_args()
    parts = options.part or PARTS
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: dict[str, Callable[[], dict[str, Any]]] = {}
        if set(parts) != {"live"}:
            film = make_film(folder / "film.mkv", options.frames)
            for style in ("identity", STYLE):
                runs[style] = partial(film_run, film, style, options.frames)
        runs["live"] = lambda: live_run(folder, options.minutes)
        for part in parts:
            results[part] = runs[part]()
            print(part, json.dumps(results[part], indent=1), flush=True)
    print(machine())
    print(write("soak", {"frames": options.frames, "minutes": options.minutes, **results}))


if __name__ == "__main__":
    main()
