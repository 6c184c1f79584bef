"""How near the shipped networks are to style and content, by the outside judge: `python benchmarks/judged.py DATA PEERS`.

PEERS and DATA are those of `quality.py`, which measures steadiness, too, and takes an hour; this takes minutes. Frames are painted in
f32, each with its own statistics, at the size of the peers' clips. PEERS/one_style holds clips of classical networks of one style. `--beside NAME=FILE` adds another any-style
network. Writes benchmarks/results/outside_any.json, outside_first.json (styles with pairs) and outside_later.json (those without).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from common import write
from outside import Judge, Seen
from pipeline import ROOT
from quality import UNSEEN_CLIPS, frames_of

import vidstyle
from vidstyle import Look
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.zoo import catalog

EVERY = 24
"""Frames from one that is measured to the next."""

NAMES = ("style", "vector", "content")

LATER = {
    "woman_in_peasant_dress": "red_chalk_woman_in_peasant_dress",
    "camille_mauclair": "camille_mauclair_woodcut",
}
"""Files of style pictures that are not named as the network."""

Painter = Callable[[Pixels, Path], Pixels]


class Case(NamedTuple):
    """A frame that is to look like a picture."""

    picture: Path
    frame: Pixels
    peer: Pixels | None = None
    """What another network made of it."""


def scaled(frame: Pixels, width: int, height: int) -> Pixels:
    """Scale a frame by area."""
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def pairs(data: Path, peers: Path, picture: Callable[[str], Path]) -> Iterator[Case]:
    """Yield the frames of clips that a peer painted."""
    for path in sorted(peers.glob("*+*.mp4")):
        clip, style = path.stem.split("+")
        for frame, peer in zip(
            frames_of(data / "video" / f"{clip}.mp4", EVERY), frames_of(path, EVERY), strict=False
        ):
            height, width, _ = peer.shape
            yield Case(picture(style), scaled(frame, width, height), peer)


def first_frames(data: Path, clips: tuple[str, ...], side: int = 360) -> list[Pixels]:
    """Return the first frame of each clip, its short side scaled to `side`."""
    found = []
    for clip in clips:
        with av.open(str(data / "video" / f"{clip}.mp4")) as video:
            frame = next(video.decode(video=0)).to_ndarray(format="rgb24")
        scale = side / min(frame.shape[:2])
        found.append(scaled(frame, round(frame.shape[1] * scale), round(frame.shape[0] * scale)))  # type: ignore[arg-type]
    return found


def each_on(pictures: list[Path], frames: list[Pixels], clips: int) -> list[Case]:
    """Return each picture on so many of some frames, in turn."""
    return [
        Case(picture, frames[(number + step) % len(frames)])
        for number, picture in enumerate(pictures)
        for step in range(clips)
    ]


class Distances:
    """The judge's distances; a style picture is seen once."""

    def __init__(self) -> None:
        self._judge = Judge()
        self._seen: dict[Path, Seen] = {}

    def figures(self, cases: list[Case], paint: Painter) -> dict[str, float]:
        """Return the mean distances, and the mean style distance of the worst quarter of the styles."""
        found: dict[Path, list[tuple[float, ...]]] = defaultdict(list)
        for case in cases:
            if case.picture not in self._seen:
                self._seen[case.picture] = self._judge.see(read_picture(case.picture))
            style = self._seen[case.picture]
            painted, frame = map(self._judge.see, (paint(case.frame, case.picture), case.frame))
            found[case.picture].append(
                (
                    self._judge.style(painted, frame, style),
                    self._judge.vector(painted, frame, style),
                    self._judge.content(painted, frame),
                )
            )
        mean = np.mean([row for rows in found.values() for row in rows], 0)
        by_style = np.sort([np.mean(rows, 0)[0] for rows in found.values()])
        worst = by_style[-max(1, len(by_style) // 4) :].mean()
        values = {**dict(zip(NAMES, mean, strict=True)), "worst quarter": worst}
        return {name: round(float(value), 3) for name, value in values.items()}


def painter(model: vidstyle.Model) -> Painter:
    """Return what paints a frame like a picture, or in a network's own style."""
    looks: dict[Path, Look] = {}

    def paint(frame: Pixels, picture: Path) -> Pixels:
        if picture not in looks:
            looks[picture] = Look(model.style(picture)) if model.takes_pictures else Look()
        return model(frame, looks[picture])

    return paint


def load(name: str | Path) -> vidstyle.Model:
    """Load a network in f32."""
    return vidstyle.load(name, device="torch-cpu", precision="f32")


def peers_of(cases: list[Case]) -> Painter:
    """Return what gives the frames of cases as the peer painted them."""
    known = {(id(case.frame), case.picture): case.peer for case in cases}

    def paint(frame: Pixels, picture: Path) -> Pixels:
        peer = known[id(frame), picture]
        assert peer is not None
        return peer

    return paint


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("peers", type=Path)
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--any", action="store_true", help="leave the networks of one style out")
    given = parser.parse_args()
    hero = given.data / "style_hero"

    def picture(style: str) -> Path:
        return hero / f"{LATER.get(style, style)}.jpg"

    distances = Distances()
    clips = first_frames(given.data, UNSEEN_CLIPS)
    sets = {
        "pairs": list(pairs(given.data, given.peers, picture)),
        "unseen": each_on(sorted((given.data / "style_val").glob("*.jpg")), clips, 2),
        "samples": each_on(sorted((ROOT / "samples" / "styles").glob("*.jpg")), clips, 2),
    }

    def shown(name: str, found: dict[str, float]) -> dict[str, float]:
        print(f"{name:44}", "  ".join(f"{n} {v:.3f}" for n, v in found.items()), flush=True)
        return found

    networks: dict[str, dict[str, dict[str, float]]] = {}
    for name, weights in (("this one", "arbitrary"), *(b.split("=", 1) for b in given.beside)):
        with load(weights) as model:
            paint = painter(model)
            networks[name] = {
                key: shown(f"{name}, {key}", distances.figures(cases, paint))
                for key, cases in sets.items()
            }
    published = distances.figures(sets["pairs"], peers_of(sets["pairs"]))
    networks["published network (27,800)"] = {"pairs": shown("published", published)}
    how = (
        "Frames 0 and 24 of each of sixteen pairs of clip and style; two first frames of clips in each of twelve styles that no training saw, "
        "and in each of the six drawn samples; f32, each frame with its own statistics."
    )
    print(write("outside_any", {"how": how, "networks": networks}))
    if given.any:
        return
    classical = list(pairs(given.data, given.peers / "one_style", picture))
    kinds: dict[str, dict[str, Any]] = {"first": {}, "later": {}}
    with load("arbitrary") as model:
        any_style = painter(model)
        for name in catalog.styles():
            rivals = {
                "classical": [c for c in classical if c.picture == picture(name)],
                "published, any style": [c for c in sets["pairs"] if c.picture == picture(name)],
            }
            cases = rivals["published, any style"] or rivals["classical"]
            kind = "first" if cases else "later"
            cases = cases or each_on([picture(name)], clips, len(clips))
            with load(name) as own:
                rows = {"this one": distances.figures(cases, painter(own))}
            rows["any style"] = distances.figures(cases, any_style)
            rows |= {side: distances.figures(of, peers_of(of)) for side, of in rivals.items() if of}
            for row, found in rows.items():
                shown(f"{name}: {row}", found)
            kinds[kind][name] = {"frames": len(cases), "networks": rows}
    hows = {
        "first": "Frames 0 and 24 of the clips that a rival painted; f32.",
        "later": "The first frame of each of four clips; f32.",
    }
    for kind, how in hows.items():
        print(write(f"outside_{kind}", {"how": how, "styles": kinds[kind]}))


if __name__ == "__main__":
    main()
