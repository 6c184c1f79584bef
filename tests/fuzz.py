"""Damaged and hostile files: flips, cuts and splices of ten seeds, run through the whole pipeline.

    python -m tests.fuzz --cases 2000

Each case must end as a user may expect: done, done with damage, or refused; never a traceback, a crash
signal, a hang, too much memory, or a file under the final name after a failure. Whatever Debian's ffmpeg
decodes without a word must be done without damage ("decoders differ" counts where the newer FFmpeg inside
PyAV could not decode a packet that Debian's could). Cases run in a few worker processes; a worker that
dies is a finding, and the next one goes on behind the case that killed it.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 30
"""For one case."""
MEMORY = 3 * 2**30
"""Address space of a worker, bytes."""


FINE = ("done", "damaged", "refused", "failed")
"""Ends that a damaged file may come to; the command's exit codes 0, 3, 2 and 4."""


def make_seeds(folder: Path) -> list[Path]:
    """Make ten small files of different kinds."""
    from tests.media.media import ffmpeg, make_media

    made = make_media(folder)
    source = made["base"]
    extra = {
        "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
        "webm": ("-c:v", "libvpx", "-c:a", "libvorbis"),
        "gif": ("-an",),
        "webp": ("-an", "-c:v", "libwebp_anim"),
        "ts": ("-c:v", "mpeg2video", "-c:a", "mp2"),
    }
    for ending, options in extra.items():
        made[ending] = folder / f"seed.{ending}"
        ffmpeg("-i", source, *options, made[ending])
    names = ("base", "full", "alpha", "odd", "hdr", *extra)
    return [made[name] for name in names]


def damage(seeds: list[bytes], case: int) -> tuple[int, bytes]:
    """Return which seed a case is made from, and its bytes: the same for the same number."""
    chance = random.Random(case)
    which = case % len(seeds)
    data = bytearray(seeds[which])
    kind = chance.choice(["flips", "flips", "header", "cut", "hole", "splice", "repeat"])
    somewhere = chance.randrange(len(data))
    length = chance.randrange(1, max(2, len(data) // 4))
    if kind == "flips":
        for _ in range(chance.choice([1, 3, 10, 40, 200])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "header":
        for _ in range(chance.choice([1, 2, 5])):
            data[chance.randrange(min(len(data), 600))] = chance.randrange(256)
    elif kind == "cut":
        del data[somewhere:]
    elif kind == "hole":
        del data[somewhere : somewhere + length]
    elif kind == "splice":
        other = chance.choice(seeds)
        begin = chance.randrange(len(other))
        data[somewhere : somewhere + length] = other[begin : begin + length]
    else:
        data[somewhere:somewhere] = data[somewhere : somewhere + length]
    return which, bytes(data)


def work(folder: Path, seeds: list[Path], first: int, last: int) -> None:
    """Run cases in this process; print one line of JSON before and after each."""
    import vidstyle
    from vidstyle import Encoding, Reading, UsageError, VidstyleError

    def late(*_):
        raise TimeoutError(f"more than {SECONDS} s")

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, late)
    logging.disable(logging.CRITICAL)
    contents = [s.read_bytes() for s in seeds]
    reading = Reading(hdr="passthrough", max_pixels=2**21)
    for case in range(first, last):
        print(json.dumps({"case": case}), flush=True)
        which, data = damage(contents, case)
        source = folder / f"case{seeds[which].suffix}"
        source.write_bytes(data)
        out = folder / "out.mkv"
        out.unlink(missing_ok=True)
        signal.alarm(SECONDS)
        try:
            encoding = Encoding("libx264", preset="ultrafast")
            done = vidstyle.stylize(source, "identity", out, reading=reading, encoding=encoding)
            end = "damaged" if done.summary.damaged else "done"
            reason = ""
        except VidstyleError as error:
            end, reason = "refused" if error.exit_code == 2 else "failed", str(error)
            if isinstance(error, UsageError):
                end = "usage"
        except BaseException as error:
            end, reason = "BUG", repr(error)
        signal.alarm(0)
        left = [p.name for p in folder.iterdir() if p not in (source, out)]
        if left or out.exists() != (end in {"done", "damaged"}):
            end, reason = "BUG", f"{end}, but there lie {left} and out is {out.exists()}; {reason}"
        clean = end != "done" and is_clean(source)
        if clean and not any(w in reason for w in ("changes its size", "pixels that are", "size")):
            # By definition a file that is cut off is damaged, which ffmpeg passes over. And two
            # builds of FFmpeg do not always find the same packets undecodable.
            other = "decoders differ" if end == "damaged" else f"ffmpeg finds nothing, here {end}"
            end = end if is_short(source) else other
        source.unlink()
        print(json.dumps({"case": case, "end": end, "reason": reason[-200:]}), flush=True)


def is_clean(path: Path) -> bool:
    """Tell whether Debian's ffmpeg decodes the video without a word."""
    done = subprocess.run(
        ["ffmpeg", "-v", "warning", "-nostdin", "-i", path, "-map", "0:v:0", "-f", "framemd5", "-"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
    )
    frames = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    return done.returncode == 0 and not done.stderr.strip() and len(frames) > 0


def is_short(path: Path) -> bool:
    """Tell whether the last frame ends more than half a second before the promised end."""
    done = subprocess.run(
        ["ffprobe", "-v", "quiet", "-show_packets", "-show_format", "-of", "json", path],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
    )
    found = json.loads(done.stdout) if not done.returncode else {}
    promised = float(found.get("format", {}).get("duration", 0))
    ends = [
        float(p["pts_time"]) + float(p.get("duration_time", 0))
        for p in found.get("packets", [])
        if "pts_time" in p
    ]
    return promised - max(ends, default=0) > 0.5


def run_cases(first: int, last: int, workers: int = 2) -> tuple[collections.Counter, list[str]]:
    """Run cases; return how often each end came, and what must not be."""
    counts: collections.Counter = collections.Counter()
    findings: list[str] = []
    with tempfile.TemporaryDirectory() as top:
        place = Path(top)
        (place / "seeds").mkdir()
        seeds = make_seeds(place / "seeds")
        bounds = [first + (last - first) * i // workers for i in range(workers + 1)]
        jobs = [[begin, end, None] for begin, end in itertools.pairwise(bounds)]

        def start(number: int, begin: int, end: int) -> subprocess.Popen:
            folder = place / f"worker{number}"
            folder.mkdir(exist_ok=True)
            for left in folder.iterdir():
                left.unlink()
            args = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz", "--worker"]
            args += [str(folder), str(begin), str(end), *map(str, seeds)]
            env = os.environ | {"PYTHONPATH": str(ROOT)}
            return subprocess.Popen(
                args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
            )

        running = {i: start(i, begin, end) for i, (begin, end, _) in enumerate(jobs)}
        while running:
            for number, process in list(running.items()):
                out, _ = process.communicate()
                lines = [json.loads(line) for line in out.splitlines()]
                for line in lines:
                    if "end" in line:
                        counts[line["end"]] += 1
                        if line["end"] not in {*FINE, "decoders differ"}:
                            findings.append(f"case {line['case']}: {line['end']} {line['reason']}")
                del running[number]
                begun = lines[-1]["case"] if lines else jobs[number][0]
                if process.returncode:
                    counts["CRASH"] += 1
                    findings.append(f"case {begun}: the worker ended with {process.returncode}")
                    if begun + 1 < jobs[number][1]:
                        running[number] = start(number, begun + 1, jobs[number][1])
    return counts, findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        folder, first, last, *seeds = options.worker
        work(Path(folder), [Path(s) for s in seeds], int(first), int(last))
        return 0
    counts, findings = run_cases(options.first, options.first + options.cases)
    print(dict(counts))
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
