"""A state as arrays, so that a run can go on from a file what it kept, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels
from vidstyle.runtime.engine import Following, Painting, Vector
from vidstyle.stylize.look import Look
from vidstyle.stylize.pooling import Pool
from vidstyle.stylize.recolor import restored
from vidstyle.stylize.shots import Shot
from vidstyle.stylize.stabilizer import MotionState
from vidstyle.stylize.state import State

Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, repr=False)
class _Described:
    """The statistics of a call whose frames were taken; see `runtime.engine.Painting`."""

    described: tuple[Vector | None, ...]

    def frames(self) -> list[Pixels]:
        """Return none: they are in the output."""
        return []

    def statistics(self) -> tuple[Vector | None, ...]:
        """Return them."""
        return self.described


def pack(state: State) -> Arrays:
    """Return a state as arrays; wait for statistics and pictures that are in flight."""
    arrays: dict[str, NDArray[np.generic]] = {
        "counts": np.array([state.frames, state.begun, state.settling], np.int64),
        "styled": np.array(state.style is not None),
    }
    if state.shot:
        arrays["shot.last"] = state.shot.last
        arrays["shot.levels"] = np.array([state.shot.change, state.shot.contrast], np.float64)
    if state.pool:
        arrays["pool.counts"] = np.array([state.pool.described, state.pool.frames])
        for name, vector in (("mean", state.pool.mean), ("shown", state.pool.shown)):
            if vector is not None:
                arrays[f"pool.{name}"] = vector
    for index, (painting, count) in enumerate(state.calls):
        described = painting.statistics()
        arrays[f"call.{index}.count"] = np.array(count, np.int64)
        arrays[f"call.{index}.known"] = np.array([own is not None for own in described], np.bool_)
        known = [own for own in described if own is not None]
        if known:
            arrays[f"call.{index}.statistics"] = np.stack(known)
    if state.motion:
        arrays["motion.frame"] = state.motion.frame
        arrays["motion.size"] = np.array(state.motion.size, np.int64)
        arrays["motion.last"] = state.motion.last()
    if state.colors:
        pool = state.colors.pool()
        arrays["colors.described"] = np.array(pool.described, np.float64)
        if pool.mean is not None:
            arrays["colors.mean"] = pool.mean
    return arrays


def unpack(arrays: Arrays, following: Following | None, look: Look) -> State:
    """Return the state that `pack` made arrays of.

    Args:
        arrays: as `pack` returned them.
        following: of the engine that goes on.
        look: of the calls, which does not change.
    """
    frames, begun, settling = arrays["counts"].tolist()
    shot = pool = motion = None
    if "shot.last" in arrays:
        change, contrast = arrays["shot.levels"].tolist()
        shot = Shot(_floats(arrays["shot.last"]), change, contrast)
    if following and "pool.counts" in arrays:
        described, counted = arrays["pool.counts"].tolist()
        mean, shown = (_vector(arrays, f"pool.{name}") for name in ("mean", "shown"))
        pool = Pool(following, mean, shown, described, int(counted))
    calls: list[tuple[Painting, int]] = []
    while f"call.{len(calls)}.count" in arrays:
        name = f"call.{len(calls)}"
        known = iter(arrays.get(f"{name}.statistics", np.empty(0)))
        own = tuple(_floats(next(known)) if has else None for has in arrays[f"{name}.known"])
        calls.append((_Described(own), int(arrays[f"{name}.count"])))
    if "motion.frame" in arrays:
        height, width = arrays["motion.size"].tolist()
        last = _floats(arrays["motion.last"])
        frame = np.asarray(arrays["motion.frame"], np.uint8)
        motion = MotionState(frame, (height, width), lambda: last)
    style = look.style if arrays["styled"] else None
    colors = None
    if "colors.mean" in arrays:
        mean = _floats(arrays["colors.mean"])
        colors = restored(look.colors, mean, float(arrays["colors.described"]))
    return State(shot, pool, tuple(calls), motion, frames, begun, style, settling, colors)


def _floats(array: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.asarray(array, np.float32)


def _vector(arrays: Arrays, name: str) -> Vector | None:
    return _floats(arrays[name]) if name in arrays else None
