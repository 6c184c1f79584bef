"""A clip of VapourSynth, painted: `vidstyle.vapoursynth.stylize(clip, "starry.jpg")` in a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.frame import Pixels
from vidstyle.runtime.compute import Compute
from vidstyle.selection import StyleSource, load_for, read_style
from vidstyle.stylize.anyorder import AnyOrder
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions

if TYPE_CHECKING:
    import vapoursynth as vs

_UNKNOWN_MATRIX = 2
_BT709, _BT601 = 1, 6
_HD = 720
"""Rows from which on colors that say nothing are BT.709."""


def stylize(
    clip: vs.VideoNode,
    style: StyleSource | Sequence[StyleSource],
    *,
    strength: float = 1.0,
    blend: float = 1.0,
    colors: str = "style",
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    method: str = "network",
    device: str = "auto",
    precision: str = "auto",
    section: int = 250,
) -> vs.VideoNode:
    """Paint a clip, which comes back in its own format, whatever the order in which its frames are asked for.

    Args:
        clip: RGB or YUV of one size and format. More than 8 bits are painted in 16.
        style: see `StyleSource`; or several pictures to be mixed.
        strength: see `Look`.
        blend: see `Look`.
        colors: see `Look`.
        stability: see `Look`.
        flow: see `Look`.
        style_scale: see `vidstyle.stylize`.
        style_weights: see `vidstyle.stylize`.
        method: see `vidstyle.stylize`.
        device: see `vidstyle.stylize`.
        precision: see `vidstyle.stylize`.
        section: frames that are painted one after the other; to jump to a frame paints those before it in its section. What
            is remembered of a shot ends with it. 0: the whole clip, for outputs from end to end.

    Raises:
        UsageError: a clip without one size and format, or of another color family; or an option out of its range.
        InputError: a style that cannot be read.
        MissingPackageError: VapourSynth is missing.
    """
    try:
        import vapoursynth as vs
    except ImportError as error:
        raise MissingPackageError(
            "this needs VapourSynth and Python 3.12 or later: pip install vapoursynth"
        ) from error
    if section < 0:
        raise UsageError(f"expected a section of 0 or more frames, got {section}")
    known = clip.format
    if known is None or not clip.width or not clip.height:
        raise UsageError("expected a clip of one size and format; resize it before")
    if known.color_family not in (vs.RGB, vs.YUV):
        raise UsageError(f"expected a clip of RGB or YUV, got {known.name}")
    wanted = vs.RGB24 if known.bits_per_sample <= 8 else vs.RGB48
    rgb, back = _conversions(clip, vs.YUV, wanted)
    shares = None if style_weights is None else tuple(style_weights)
    try:
        model, pictures = load_for(style, Compute(device, precision), method=method)
    except MissingPackageError:
        raise
    except ImportError as error:  # two OpenVINOs of one version, and other builds
        raise UsageError(
            "OpenVINO does not go with the one of a plugin such as vapoursynth-mlrt-ov in one program; install "
            "vidstyle where that is not, take `device` torch-cpu, or give the plugin an exported network"
        ) from error
    read = read_style(model, pictures, StyleOptions(style_scale, shares))
    painted = AnyOrder(
        model.stylizer,
        Look(
            read,
            strength=strength,
            blend=blend,
            colors=colors,
            stability=stability,
            flow=flow,
        ),
        lambda n: _pixels(rgb.get_frame(n)),
        clip.num_frames,
        rate=float(clip.fps) or 25.0,
        section=section,
    )

    def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        pixels, made = painted(n), f.copy()
        for plane in range(3):
            np.copyto(np.asarray(made[plane]), pixels[..., plane])
        return made

    result = rgb.std.ModifyFrame(rgb, paint)
    return result.resize.Bicubic(format=known.id, **back) if wanted != known.id else result


def _conversions(clip: vs.VideoNode, yuv: Any, wanted: Any) -> tuple[vs.VideoNode, dict[str, int]]:
    """Return a clip in RGB, and what turns it back into colors as they were."""
    known = clip.format
    if known.id == wanted:
        return clip, {}
    if known.color_family != yuv:
        return clip.resize.Bicubic(format=wanted), {}
    props = clip.get_frame(0).props
    matrix = int(props.get("_Matrix", _UNKNOWN_MATRIX))
    if matrix == _UNKNOWN_MATRIX:
        matrix = _BT709 if clip.height >= _HD else _BT601
        rgb = clip.resize.Bicubic(format=wanted, matrix_in=matrix)
    else:
        rgb = clip.resize.Bicubic(format=wanted)
    full = props.get("_Range", 1 - int(props.get("_ColorRange", 1)))
    return rgb, {"matrix": matrix, "range": int(full)}


def _pixels(frame: vs.VideoFrame) -> Pixels:
    return np.stack([np.asarray(frame[plane]) for plane in range(3)], axis=-1)
