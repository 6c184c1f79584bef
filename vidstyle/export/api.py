"""The Python API to export a network. It imports torch when it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from vidstyle.disk.pending import write_whole
from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.export.networks import any_style_net, check_network, style_net
from vidstyle.fields import Between, check, documented
from vidstyle.media.inputs import check_input
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.moments import find_moments
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.runtime.padding import MULTIPLE
from vidstyle.selection import StyleSource, model_for
from vidstyle.stylize.style import StyleOptions

LEAST_SIDE = 2 * MULTIPLE + 1
"""Pixels of a frame, each way: with fewer the network could not reflect at its own borders."""

_MOMENTS = 16
"""Frames of a clip by which its statistics are known."""


@documented
@dataclass(frozen=True)
class OnnxOptions:
    """What the graph is fixed to.

    Raises:
        UsageError: a value is out of its range.
    """

    size: tuple[int, int] | None = None
    """Width and height of the frames, each 17 or more. None: any."""
    statistics: Path | None = None
    """A clip with whose mean statistics all frames are painted, for steadiness. None: each frame's own."""
    share: Annotated[float, Between(0, 1)] = NETWORK_FOLLOWING.share
    """Share of the clip's statistics; the rest is the frame's own. With 1 each pixel depends on its neighborhood alone, so tiles match."""
    opset: Annotated[int, Between(13, 20)] = 17
    """Version of ONNX's operators."""

    def __post_init__(self) -> None:
        check(self)
        if self.size and min(self.size) < LEAST_SIDE:
            raise UsageError(
                f"expected a `size` of {LEAST_SIDE} pixels or more each way, got {self.size[0]}x{self.size[1]}"
            )
        if self.statistics is None and self.share != NETWORK_FOLLOWING.share:
            raise UsageError("a `share` is one of `statistics` of a clip; give both")


def export_onnx(
    style: StyleSource | Sequence[StyleSource] | None,
    output: str | Path,
    *,
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    size: tuple[int, int] | None = None,
    statistics: str | Path | None = None,
    share: float = NETWORK_FOLLOWING.share,
    opset: int = 17,
    reading: Reading | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a network as ONNX, for ONNX Runtime and all that reads such files.

    The graph takes `frame` (1, 3, H, W), float32 RGB from 0 to 1, and gives `painted`, likewise; it pads, crops and clamps by
    itself, and knows nothing of other frames.

    Args:
        style: see `StyleSource`; or several pictures, which are mixed; None: an input of the graph, `style` (1, S), which
            takes the `values` of a `Style` of the model "arbitrary".
        output: the file to write.
        style_scale: see `Model.style`.
        style_weights: of several pictures, of any sum.
        size: width and height of the frames, 17 pixels or more each; None: any.
        statistics: a clip whose mean statistics all frames are painted with; None: each frame's own.
        share: 0 to 1, of the clip's statistics; the rest is the frame's own.
        opset: version of ONNX's operators, 13 to 20.
        reading: which part of the clip is looked at, and how it is read.
        overwrite: replace an output that exists.

    Returns:
        The path of the file.

    Raises:
        UsageError: the styles do not go together or have no network, an option is out of its range, or the output exists.
        InputError: a style or clip that cannot be read.
        MissingPackageError: torch or onnx is missing.
        OutputError: the file cannot be written.
    """
    options = OnnxOptions(size, Path(statistics) if statistics else None, share, opset)
    how = StyleOptions(style_scale, tuple(style_weights) if style_weights is not None else None)
    return write_onnx(style, Path(output), options, how, reading, overwrite=overwrite)


def write_onnx(
    style: StyleSource | Sequence[StyleSource] | None,
    output: Path,
    options: OnnxOptions,
    how: StyleOptions,
    reading: Reading | None = None,
    *,
    overwrite: bool,
    stop: Callable[[], None] | None = None,
) -> Path:
    """Write a network as ONNX; see `export_onnx`."""
    name, pictures = ("arbitrary", []) if style is None else model_for(style)
    _check(style, name, output, options, how, overwrite=overwrite)
    try:
        from vidstyle.export.graph import Filter, mean_statistics, to_onnx
    except ImportError as error:
        raise MissingPackageError(
            "an export needs torch and onnx: pip install 'vidstyle[onnx]'"
        ) from error
    net, vector = (any_style_net(name), None) if style is None else style_net(name, pictures, how)
    statistics = None
    if options.statistics and vector is not None:
        with Video.open(options.statistics, reading, stop=stop) as video:
            moments = find_moments(video, _MOMENTS, stop=stop)
        statistics = mean_statistics(net, vector, (m.frame.pixels for m in moments))
    paint = Filter(net, vector, statistics, options.share)
    data = to_onnx(paint, options.size, options.opset, _notes(style, options))
    write_whole(output, data, overwrite=overwrite)
    return output


def _check(
    style: StyleSource | Sequence[StyleSource] | None,
    name: str | Path,
    output: Path,
    options: OnnxOptions,
    how: StyleOptions,
    *,
    overwrite: bool,
) -> None:
    """Refuse what cannot be exported, before any work is done."""
    check_network(name)
    if style is None and options.statistics:
        raise UsageError("`statistics` of a clip are those of one style; name the `style`")
    if style is None and how != StyleOptions():
        raise UsageError("a style that is an input is read elsewhere; leave its options out")
    if output.suffix.lower() != ".onnx":
        raise UsageError(f"expected an `output` that ends in .onnx, got {output.name}")
    if options.statistics:
        check_input(options.statistics)
    check_replaceable(output, overwrite=overwrite)
    check_apart(output, [p for p in (options.statistics,) if p])


def _notes(
    style: StyleSource | Sequence[StyleSource] | None, options: OnnxOptions
) -> dict[str, str]:
    """Return what the file says of itself."""
    several = style if isinstance(style, list | tuple) else [style]
    named = [Path(s).name if isinstance(s, str | Path) else "a picture" for s in several]
    own = "each frame's own"
    return {
        "style": "an input" if style is None else ", ".join(named),
        "pixels": f"RGB from 0 to 1, planes (1, 3, height, width), {LEAST_SIDE} pixels or more each way",
        "statistics": f"of a clip, share {options.share:g}" if options.statistics else own,
    }
