"""Less than all painting: the painted frames, mixed with the frames themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import cv2

from vidstyle.frame import Pixels
from vidstyle.pipeline import Stylizer
from vidstyle.stylize.wrapper import Wrapper


class StrengthStylizer(Wrapper):
    """Mixes what another stylizer paints with the frames, the last thing that is done to them."""

    def __init__(self, inner: Stylizer, strength: float) -> None:
        """Take the stylizer and the share of its painting, 0 (the frames themselves) to 1."""
        super().__init__(inner)
        self._strength = strength

    def start(
        self, frames: Sequence[Pixels], prepared: Any, state: Any = None
    ) -> tuple[Callable[[], list[Pixels]], Any]:
        """Begin to paint frames (H, W, 3) of one size, in order."""
        paint, state = self.inner.start(frames, prepared, state)
        share = self._strength

        def finish() -> list[Pixels]:
            pairs = zip(frames, paint(), strict=True)
            return [cast(Pixels, cv2.addWeighted(f, 1 - share, p, share, 0)) for f, p in pairs]

        return finish, state
