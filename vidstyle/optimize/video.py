"""Video by optimization (Ruder, Dosovitskiy and Brox 2016, "Artistic Style Transfer for Videos").

Each frame begins with the painted frame before it, moved along the optical flow, and pays for what differs from
it where the flow is reliable. What was hidden for a while is compared with frames from before (long-term
consistency). More passes go back and forth, so that what comes later reaches what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from vidstyle.flow.finder import flow_finder
from vidstyle.flow.types import Floats
from vidstyle.flow.warp import reliable, warp_bicubic
from vidstyle.frame import Pixels
from vidstyle.losses.energies import temporal_energy
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.album import Album
from vidstyle.optimize.clipregions import ClipRegions
from vidstyle.optimize.config import VideoConfig
from vidstyle.optimize.descent import (
    Objective,
    StepResult,
    descend,
    scaled,
    to_pixels,
    to_tensor,
)
from vidstyle.optimize.gatys import GramObjective
from vidstyle.optimize.painting import (
    Region,
    Scene,
    paint_picture,
    recolored,
    scene_regions,
    style_sides,
)
from vidstyle.optimize.plan import Moment
from vidstyle.optimize.shots import find_shots
from vidstyle.stylize.strength import blend

_SHARE = 0.5
"""Share of a neighbor in the picture that a frame begins a further pass with (delta of the multi-pass algorithm)."""


@dataclass(frozen=True)
class FrameStep:
    """The result of one step of the optimizer on one frame."""

    number: int
    """Number of the frame, from 0."""
    frames: int
    pass_number: int
    """The pass, from 1."""
    passes: int
    step: StepResult
    painting: int = 1
    """The painting of the clip, from 1: there is one for each style that has a mask of its own."""
    paintings: int = 1

    @property
    def done(self) -> float:
        """Share of the clip's work that is done, 0 to 1: a further pass takes half of the first."""
        return (self.painting - 1 + self._done) / self.paintings

    @property
    def _done(self) -> float:
        """Share of the painting."""
        whole = self.frames * (1 + (self.passes - 1) / 2)
        place = self.number if self.pass_number % 2 else self.frames - 1 - self.number
        if self.pass_number == 1:
            return (place + self.step.done) / whole
        return (self.frames * self.pass_number + place + self.step.done) / 2 / whole


class TemporalObjective:
    """An objective, and a penalty on differences from other frames that are painted already."""

    def __init__(
        self, inner: Objective, targets: Sequence[tuple[Tensor, Tensor]], weight: float
    ) -> None:
        """Take pictures (1, 3, H, W), moved to the frame, and the certainty (1, 1, H, W) of that motion."""
        self._inner, self._targets, self._weight = inner, targets, weight

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W), and its energies."""
        loss, energies = self._inner(picture)
        if not self._targets:
            return loss, energies
        moved = torch.stack([temporal_energy(picture, *t) for t in self._targets]).sum()
        return loss + self._weight * moved, {**energies, "temporal": moved.item()}

    def renew(self, picture: Tensor, step: int) -> bool:
        """Ask the inner one."""
        return self._inner.renew(picture, step)


def long_term(certainties: Sequence[Floats]) -> list[Floats]:
    """Return each certainty (H, W) less those of nearer frames, nearest first (c_long)."""
    taken = np.zeros_like(certainties[0])
    found = []
    for certainty in certainties:
        found.append(cast(Floats, np.maximum(certainty - taken, 0)))
        taken = taken + certainty
    return found


class _Clip:
    """A run over the frames of one clip."""

    def __init__(
        self,
        frames: Album,
        painted: Album,
        pictures: Sequence[Pixels],
        moments: Sequence[Moment],
        perceptual: Perceptual,
        config: VideoConfig,
        device: torch.device | str,
        regions: ClipRegions | None,
    ) -> None:
        self.regions = regions
        self.frames, self.painted = frames, painted
        self.pictures, self.moments = pictures, moments
        self.perceptual = perceptual.to(device)
        self.config, self.device = config, device
        self.flow = flow_finder(config.flow, device)
        self.count = len(frames)
        self.recolored_styles: tuple[int, list[Pixels]] = -1, []
        self.shots: list[int] = []
        """Of each frame the first of those that it goes on from."""
        for number, cut in enumerate(find_shots(frames[n] for n in range(self.count))):
            goes_on = not cut and moments[number].goes_on(moments[number - 1])
            self.shots.append(self.shots[-1] if goes_on else number)

    def moved(self, number: int, other: int) -> tuple[Pixels, Floats]:
        """Return another frame's painting (H, W, 3), moved to a frame, and the mask (H, W) where that is reliable.

        One of a larger strength comes nearer to the frame: its strokes would never go by themselves.
        """
        now, then = self.frames[number], self.frames[other]
        flow, back = self.flow(now, then), self.flow(then, now)
        picture, mask = warp_bicubic(self.painted[other], flow), reliable(flow, back)
        strength, before = self.moments[number].strength, self.moments[other].strength
        if strength < before:
            picture = blend(self.shown(number)[0], picture, strength / before)
        return picture, mask.astype(np.float32)

    def shown(self, number: int) -> tuple[Pixels, list[Pixels], list[float]]:
        """Return a frame and its styles in the colors that they are compared in, those of a shot's first; and their shares."""
        first, moment = self.frames[self.shots[number]], self.moments[number]
        if self.recolored_styles[0] != self.shots[number]:
            sides = style_sides(self.config, max(first.shape[:2]), len(self.pictures))
            small = [scaled(style, n) for style, n in zip(self.pictures, sides, strict=True)]
            self.recolored_styles = (
                self.shots[number],
                recolored(first, small, self.config.colors)[1],
            )
        frame, _ = recolored(self.frames[number], [], self.config.colors)
        styles = [self.recolored_styles[1][n] for n, _ in moment.pictures]
        shares = [share for _, share in moment.pictures]
        if moment.own:
            return frame, [*styles, frame], [*shares, moment.own]
        return frame, styles, shares

    def places(self, number: int, styles: Sequence[Pixels]) -> list[Region]:
        """Return the regions of a frame and its styles, those of `shown`; none: each style is everywhere."""
        if self.regions is None:
            return []
        moment = self.moments[number]
        pictures = [*(n for n, _ in moment.pictures), *[None] * bool(moment.own)]
        return self.regions.at(number, list(zip(pictures, styles, strict=True)))

    def objective(self, number: int) -> tuple[Tensor, Objective]:
        """Return a frame (1, 3, H, W), and the loss it has by itself."""
        shown, styles, shares = self.shown(number)
        content = to_tensor(shown, self.device)
        scene = Scene(
            content,
            [to_tensor(style, self.device) for style in styles],
            [],
        )
        scene.regions.extend(scene_regions(self.places(number, styles), shares, scene))
        return content, GramObjective(self.perceptual, scene, self.config)

    def scales(self, number: int) -> tuple[float, ...]:
        """Return the `style_scale` of the styles of a frame."""
        given, moment = self.config.style_scale, self.moments[number]
        scales = given * (len(self.pictures) // len(given))
        return tuple(scales[n] for n, _ in moment.pictures) + (1.0,) * bool(moment.own)

    def compared(
        self, number: int, others: Sequence[int]
    ) -> tuple[Tensor | None, list[tuple[Tensor, Tensor]]]:
        """Return the nearest other (1, 3, H, W), moved to a frame; and all, each with its weights (1, 1, H, W)."""
        if not others:
            return None, []
        moved = [self.moved(number, other) for other in others]
        weights = long_term([certainty for _, certainty in moved])
        targets = [
            (to_tensor(picture, self.device), torch.from_numpy(w).to(self.device)[None, None])
            for (picture, _), w in zip(moved, weights, strict=True)
        ]
        return targets[0][0], targets

    def paint(self, number: int, pass_number: int, callback: Callable[[FrameStep], None]) -> None:
        """Paint a frame in a pass, from 1: the first forward, the next backward."""
        config, first = self.config, self.shots[number]

        def on_step(step: StepResult) -> None:
            callback(FrameStep(number, self.count, pass_number, config.passes, step))

        if not self.moments[number].pictures:
            self.painted[number] = self.frames[number]
            return
        if pass_number == 1 and number == first:
            shown, styles, shares = self.shown(number)
            size, scales = max(shown.shape[:2]), self.scales(number)
            self.painted[number] = paint_picture(
                shown,
                styles,
                self.perceptual,
                replace(config, size=size, colors="style", style_scale=scales),
                shares=shares,
                regions=self.places(number, styles),
                device=self.device,
                on_step=on_step,
            )
            return
        direction = 1 if pass_number % 2 else -1
        others = [
            n
            for n in (number - direction * j for j in config.reach)
            if 0 <= n < self.count and self.shots[n] == first
        ]
        nearest, targets = self.compared(number, others)
        if pass_number > 1 and nearest is None:
            return  # nothing comes from this side
        content, own = self.objective(number)
        if pass_number == 1:
            begin = content
            if nearest is not None:  # what comes into sight begins as what it is
                begin = targets[0][1] * nearest + (1 - targets[0][1]) * content
            steps = config.later_steps or config.steps
        else:
            assert nearest is not None  # noqa: S101 - returned above
            share = _SHARE * targets[0][1]
            begin = share * nearest + (1 - share) * to_tensor(self.painted[number], self.device)
            steps = max(1, (config.later_steps or config.steps) // 2)

        def report(step: int, loss: float, energies: dict[str, float], now: Tensor) -> None:
            size = now.shape[2], now.shape[3]
            on_step(StepResult(step, steps, loss, energies, size, now, step / steps))

        objective = TemporalObjective(own, targets, config.temporal)
        made = descend(objective, begin, replace(config, steps=steps), report)
        self.painted[number] = to_pixels(made)


def paint_frames(
    frames: Album,
    painted: Album,
    pictures: Sequence[Pixels],
    moments: Sequence[Moment],
    perceptual: Perceptual,
    config: VideoConfig,
    *,
    regions: ClipRegions | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[FrameStep], None],
    begun: int = 0,
    on_frame: Callable[[int], None] | None = None,
) -> None:
    """Paint the frames of a clip, in as many passes as there shall be: the first forward, the next backward.

    Args:
        frames: all of one size.
        painted: an album, which is filled.
        pictures: that they are painted like, (H, W, 3) uint8 RGB, of any size.
        moments: of each frame what it is painted like.
        perceptual: the perceptual network.
        config: the knobs; its size is not used.
        regions: in which they are painted like regions of the pictures; None: everywhere like all of these.
        device: a torch device.
        on_step: called after every step; an exception of it ends the run.
        begun: go on after so many paintings, which the album holds already.
        on_frame: called after every painting of a frame, with their number so far, over all passes.

    Raises:
        UsageError: scales that do not fit.
        TrainingError: the loss is not finite.
    """
    clip = _Clip(frames, painted, pictures, moments, perceptual, config, device, regions)
    order = range(clip.count)
    works = [
        (number, pass_number)
        for pass_number in range(1, config.passes + 1)
        for number in (order if pass_number % 2 else reversed(order))
    ]
    for done, (number, pass_number) in enumerate(works[begun:], begun + 1):
        clip.paint(number, pass_number, on_step)
        if on_frame:
            on_frame(done)
