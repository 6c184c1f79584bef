"""Playback: frames that were painted before, as a stylizer, so that the pipeline writes them to a file.

The only file of the room that knows the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vidstyle import pipeline
from vidstyle.frame import Frame, Pixels
from vidstyle.optimize.album import Album, to_bytes
from vidstyle.pipeline import Arrays, ConvertedT, Sink, Source, Summary
from vidstyle.stylize.layers import Layer, Layers, MaskSource
from vidstyle.stylize.strength import blend
from vidstyle.stylize.stylizer import Lookahead


class Playback:
    """A stylizer that paints nothing: it gives the next pictures of an album."""

    depth = 0
    name = "optimization"

    def __init__(
        self,
        album: Album,
        finish: Callable[[Pixels, Pixels], Pixels],
        shares: Sequence[float],
    ) -> None:
        """Take the pictures.

        Args:
            album: the pictures.
            finish: of one and its frame, both uint8 (H, W, 3), that finishes it.
            shares: of each in what is shown; at 0 the frame stays as it is, to the bit.
        """
        self._album, self._finish, self._shares = album, finish, shares

    def batch(self, height: int, width: int) -> int:
        """Return 1: nothing is gained by waiting for more."""
        return 1

    def start(
        self, frames: Sequence[Frame], state: int | None
    ) -> tuple[Callable[[], Sequence[Pixels]], int]:
        """Return a function that returns the pictures in the depth of their frames; the state counts them."""
        first = state or 0

        def shown() -> list[Pixels]:
            found = []
            for number, frame in enumerate(frames, first):
                pixels, share = frame.pixels, self._shares[number]
                if not share:
                    found.append(pixels)
                    continue
                painted = self._finish(self._album[number], to_bytes(pixels))
                if pixels.dtype != np.uint8:
                    painted = painted.astype(pixels.dtype) * 257
                found.append(blend(pixels, painted, share))
            return found

        return shown, first + len(frames)

    def ahead(self, lookahead: Lookahead | None) -> Playback:
        """Return it: all is painted."""
        return self

    def settings(self) -> dict[str, str]:
        """Return nothing: it goes on from nowhere."""
        return {}

    def pack(self, state: int) -> Arrays:
        """Return the count."""
        return {"frames": np.array(state)}

    def unpack(self, arrays: Arrays) -> int:
        """Return the count."""
        return int(arrays["frames"])


def play(
    source: Source,
    playbacks: Sequence[Playback],
    masks: Sequence[MaskSource],
    sink: Sink[ConvertedT],
    *,
    stop: Callable[[], None] | None,
) -> Summary:
    """Write the paintings of a source's frames to a sink, each where its mask is; see `pipeline.run`.

    Args:
        source: the frames.
        playbacks: one; or one for each mask.
        masks: none: everywhere.
        sink: takes them.
        stop: called often; what it raises stops the run.
    """
    if not masks:
        return pipeline.run(source, playbacks[0], sink, stop=stop)
    return pipeline.run(source, Layers(tuple(map(Layer, playbacks, masks))), sink, stop=stop)
