"""How soon a clip follows a painter: `python benchmarks/along.py [CLIP]`.

`vidstyle paint-along` paints a clip of 320x180 anew, in a file, while two paintings of one of its frames take turns under one name:
the work of the painter of `keyframes.py`, and the same with its colors swapped. From each save to the first whole file that is nearer to
what the painter would have made of another frame than to the painting before. Writes benchmarks/results/along.json.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from common import write
from keyframes import CLIP, frames_of, painted, psnr

SAVES = 4
SIZE = "320x180"
LIMIT = 300.0


def main() -> None:
    """Measure and write."""
    clip = Path(sys.argv[1]).resolve() if sys.argv[1:] else CLIP
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        small = at / "small.mkv"
        words = ["run", clip, "-s", "identity", "--size", SIZE, "--end", "3", "-o", small]
        subprocess.run([sys.executable, "-m", "vidstyle", *map(str, words), "-q"], check=True)
        frames = frames_of(small)
        number, other = len(frames) // 4, len(frames) // 2
        seen = painted(frames[other].pixels)
        truths = [seen, seen[..., ::-1]]
        works = [painted(frames[number].pixels), painted(frames[number].pixels)[..., ::-1]]
        picture, output = at / "painted.png", at / "out.mp4"

        def save(turn: int) -> float:
            """Save a painting as a program does, and return when."""
            cv2.imwrite(str(at / "new.png"), np.ascontiguousarray(works[turn % 2][..., ::-1]))
            (at / "new.png").replace(picture)
            return time.monotonic()

        began = save(0)
        second = float(frames[number].pts * frames[number].time_base)
        words = ["paint-along", small, "--keyframe", f"{second:.3f}={picture}", "-o", output]
        process = subprocess.Popen([sys.executable, "-m", "vidstyle", *map(str, words), "-q"])
        took, seen_at = [], 0
        try:
            for turn in range(SAVES):
                saved = save(turn) if turn else began
                while True:
                    time.sleep(0.05)
                    if process.poll() is not None or time.monotonic() - saved > LIMIT:
                        raise SystemExit("the clip does not follow")
                    if not output.exists() or output.stat().st_mtime_ns == seen_at:
                        continue
                    seen_at = output.stat().st_mtime_ns
                    now = time.monotonic()
                    shown = frames_of(output)[other].pixels
                    own, before = (psnr(shown, truths[(turn + n) % 2]) for n in (0, 1))
                    if own > before:
                        took.append({"seconds": now - saved, "psnr": own})
                        print(f"save {turn + 1}: {now - saved:.1f} s, {own:.1f} dB", flush=True)
                        break
                time.sleep(5)  # a painter does not save twice in a moment
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    write("along", {"clip": clip.name, "frames": len(frames), "size": SIZE, "saves": took})


if __name__ == "__main__":
    main()
