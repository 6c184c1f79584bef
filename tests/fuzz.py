"""Damaged and hostile files, run through the whole pipeline.

    python -m tests.fuzz --cases 2000
    python -m tests.fuzz --structured --cases 1000
    python -m tests.fuzz --structured --first 312 --cases 1 --keep folder

The first flips, cuts and splices bytes of ten seeds; the second changes what `tests.structures` finds in
others: sizes, tables, times, dimensions, whole boxes, elements and packets, texts of subtitles. The third
runs one case again; files that fail are kept in the folder.

Each case must end as a user may expect: done, done with damage, or refused; never a traceback, a crash
signal, a hang, too much memory, a failure of the output, or a file under the final name after a failure.
Whatever Debian's ffmpeg decodes without a word must be done without damage ("decoders differ" counts where
the newer FFmpeg inside PyAV could not decode a packet that Debian's could), and what is done without damage
holds as many frames as Debian's ffmpeg finds, at the same times. Cases run in a few worker processes; a
worker that dies is a finding, and the next one goes on behind the case that killed it.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import itertools
import json
import logging
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 30
"""For one case."""
MEMORY = 3 * 2**30
"""Address space of a worker, bytes."""
RESIDENT = 2**30
"""Memory that a case may take, bytes: its frames have two megapixels at most."""

FINE = ("done", "damaged", "refused", "decoders differ")
"""Ends that a damaged file may come to; the command's exit codes 0, 3, 2, and 3 or 2."""


def plain_seeds(folder: Path) -> list[Path]:
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


def damage(seeds: list[bytes], case: int) -> tuple[int, bytes, str]:
    """Return which seed a case is made from, its bytes, and what was done: the same for the same number."""
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
    return which, bytes(data), kind


def structured_damage(seeds: list[Path]) -> Callable[[int], tuple[int, bytes, str]]:
    """Return what `damage` is for changes of numbers and parts."""
    from tests.structures.mutation import anatomy, mutate

    contents = [seed.read_bytes() for seed in seeds]
    anatomies = [anatomy(*pair) for pair in zip(contents, (s.suffix for s in seeds), strict=True)]

    def damaged(case: int) -> tuple[int, bytes, str]:
        which = case % len(seeds)
        chance = random.Random(case)
        data, done = mutate(contents[which], anatomies[which], seeds[which].suffix, chance)
        return which, data, "; ".join(done)

    return damaged


def work(
    folder: Path, seeds: list[Path], first: int, last: int, structured: bool, keep: Path | None
) -> None:
    """Run cases in this process; print one line of JSON before and after each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable(logging.CRITICAL)
    if structured:
        damaged = structured_damage(seeds)
    else:
        contents = [s.read_bytes() for s in seeds]

        def damaged(case: int) -> tuple[int, bytes, str]:
            return damage(contents, case)

    for case in range(first, last):
        print(json.dumps({"case": case}), flush=True)
        which, data, done = damaged(case)
        kept = (
            keep and keep / f"{'structured' if structured else 'case'}{case}{seeds[which].suffix}"
        )
        if kept:
            kept.write_bytes(data)  # before it is run, which may kill this process
        end, reason = run_case(folder, seeds[which].suffix, data, case)
        if kept and end in FINE:
            kept.unlink()
        line = {"case": case, "seed": seeds[which].name, "did": done[:300], "end": end}
        print(json.dumps({**line, "reason": reason[-200:]}), flush=True)


def run_case(folder: Path, suffix: str, data: bytes, case: int) -> tuple[str, str]:
    """Run one file through the pipeline; return how it ended, and why."""
    import vidstyle
    from vidstyle import Encoding, Reading, UsageError, VidstyleError

    def late(*_):
        raise TimeoutError(f"more than {SECONDS} s")

    source = folder / f"case{suffix}"
    source.write_bytes(data)
    # Subtitles are converted for the one and copied into the other.
    out = folder / f"out{'.mp4' if suffix == '.mkv' and case // 2 % 2 else '.mkv'}"
    before = peak()
    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    # A signal does not end what hangs outside Python: this does, and the worker.
    faulthandler.dump_traceback_later(SECONDS + 15, exit=True)
    reading = Reading(hdr="passthrough", max_pixels=2**21)
    encoding = Encoding("libx264", preset="ultrafast")
    try:
        done = vidstyle.stylize(source, "identity", out, reading=reading, encoding=encoding)
        end, reason = "damaged" if done.summary.damaged else "done", ""
    except VidstyleError as error:
        end, reason = "refused" if error.exit_code == 2 else "failed", str(error)
        # A file may ask for more than the encoder's largest size.
        if isinstance(error, UsageError) and "refused a size" not in reason:
            end = "usage"
    except BaseException as error:
        end, reason = "BUG", repr(error)
    signal.alarm(0)
    faulthandler.cancel_dump_traceback_later()
    left = [p.name for p in folder.iterdir() if p not in (source, out)]
    if left or out.exists() != (end in {"done", "damaged"}):
        end, reason = "BUG", f"{end}, but there lie {left} and out is {out.exists()}; {reason}"
    if end in {"done", "damaged", "refused", "failed", "usage"}:
        end, reason = judged(source, out, end, reason)
    if peak() > max(RESIDENT, before):
        end, reason = "MEMORY", f"{peak() / 2**20:.0f} MiB, {end}; {reason}"
    for path in folder.iterdir():
        path.unlink()
    return end, reason


def peak() -> int:
    """Return the most memory that this process has had, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def judged(source: Path, out: Path, end: str, reason: str) -> tuple[str, str]:
    """Compare with what Debian's ffmpeg makes of the file."""
    judge = Verdict.of(source)
    if end == "done":
        times = written_times(out)
        if len(times) < len(judge.times):
            return "LOST", f"{len(times)} of {len(judge.times)} frames, without a word"
        if len(times) == len(judge.times) and judge.grows:
            off = farthest(times, judge.times)
            if off > _TOLERANCE:
                # One wrong time moves all that ffmpeg's command reads behind it, unless it keeps the file's times.
                kept = Verdict.of(source, "-copyts").times
                off = min(off, farthest(times, kept)) if len(times) == len(kept) else off
            if off > _TOLERANCE:
                return "TIMES", f"as many frames, but up to {float(off):.3f} s off"
        return end, reason
    if judge.silent and not any(
        w in reason for w in ("changes its size", "pixels that are", "size")
    ):
        # By definition a file that is cut off is damaged, which ffmpeg passes over. And two
        # builds of FFmpeg do not always find the same packets undecodable.
        other = "decoders differ" if end == "damaged" else f"ffmpeg finds nothing, here {end}"
        return (end if is_short(source) else other), reason
    return end, reason


_TOLERANCE = Fraction(2, 1000)
"""Seconds by which rounding moves a frame."""


def farthest(times: list[Fraction], others: list[Fraction]) -> Fraction:
    """Return by how much two lists of times differ at most, each counted from its first, seconds."""
    return max(abs(a - times[0] - b + others[0]) for a, b in zip(times, others, strict=True))


@dataclass(frozen=True)
class Verdict:
    """What Debian's ffmpeg finds in a file's video."""

    times: list[Fraction]
    """Of all frames that it decodes, seconds."""
    silent: bool
    """It decodes frames, without a word."""

    @property
    def grows(self) -> bool:
        """Whether the times are those of a video."""
        return all(a < b for a, b in itertools.pairwise(self.times))

    @classmethod
    def of(cls, path: Path, *options: str) -> Verdict:
        """Decode a file with ffmpeg's options; one that takes too long is not judged."""
        try:
            done = subprocess.run(
                ["ffmpeg", "-v", "warning", "-nostdin", *options, "-i", path, "-map", "0:v:0"]
                + ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framemd5", "-"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return cls([], silent=False)
        base = Fraction(1)
        times = []
        for line in done.stdout.splitlines():
            if line.startswith("#tb 0: "):
                base = Fraction(line.removeprefix("#tb 0: "))
            elif not line.startswith("#"):
                times.append(int(line.split(",")[2]) * base)
        silent = done.returncode == 0 and not done.stderr.strip() and len(times) > 0
        return cls(times, silent)


def written_times(path: Path) -> list[Fraction]:
    """Return the times of the frames that were written, seconds."""
    import av

    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        return sorted(p.pts * p.time_base for p in packets)


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


def run_cases(
    first: int, last: int, workers: int = 2, *, structured: bool = False, keep: Path | None = None
) -> tuple[collections.Counter, list[str]]:
    """Run cases; return how often each end came, and what must not be.

    Args:
        first: number of the first case.
        last: number behind the last.
        workers: processes at a time.
        structured: change numbers and parts, not bytes.
        keep: a folder for the files of findings.
    """
    counts: collections.Counter = collections.Counter()
    findings: list[str] = []
    with tempfile.TemporaryDirectory() as top:
        place = Path(top)
        (place / "seeds").mkdir()
        if structured:
            from tests.structures.seeds import make_seeds
        else:
            make_seeds = plain_seeds
        seeds = make_seeds(place / "seeds")
        bounds = [first + (last - first) * i // workers for i in range(workers + 1)]
        jobs = list(itertools.pairwise(bounds))

        def start(number: int, begin: int, end: int) -> subprocess.Popen:
            folder = place / f"worker{number}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            args = [
                sys.executable,
                "-X",
                "faulthandler",
                "-m",
                "tests.fuzz",
                "--worker",
                str(folder),
            ]
            args += ["--first", str(begin), "--cases", str(end - begin), *map(str, seeds)]
            args += ["--structured"] * structured + (["--keep", str(keep)] if keep else [])
            env = os.environ | {"PYTHONPATH": str(ROOT)}
            return subprocess.Popen(
                args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
            )

        running = {i: start(i, *job) for i, job in enumerate(jobs) if job[0] < job[1]}
        while running:
            for number, process in list(running.items()):
                out, _ = process.communicate()
                lines = [json.loads(line) for line in out.splitlines()]
                for line in lines:
                    if "end" in line:
                        counts[line["end"]] += 1
                        if line["end"] not in FINE:
                            findings.append(
                                "case {case} ({seed}; {did}): {end} {reason}".format(**line)
                            )
                del running[number]
                begun = lines[-1]["case"] if lines else jobs[number][0]
                if process.returncode:
                    counts["CRASH"] += 1
                    findings.append(f"case {begun}: the worker ended with {process.returncode}")
                    if begun + 1 < jobs[number][1]:
                        running[number] = start(number, begun + 1, jobs[number][1])
    return counts, findings


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--structured", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the files that fail")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("seeds", nargs="*", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    last = options.first + options.cases
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    if options.worker:
        work(
            *(options.worker, options.seeds, options.first, last),
            *(options.structured, options.keep),
        )
        return 0
    counts, findings = run_cases(
        *(options.first, last, options.workers), structured=options.structured, keep=options.keep
    )
    print(dict(counts))
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
