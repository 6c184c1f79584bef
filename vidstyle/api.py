"""One call for one video: `stylize` and `stylize_frames`, thin on top of `Model`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidstyle.comparison import Comparison
from vidstyle.errors import UsageError
from vidstyle.fields import brief
from vidstyle.files import Filler, Job, Result, paint_file
from vidstyle.frame import Pixels, StreamInfo
from vidstyle.images.arrays import PictureT
from vidstyle.masks import Masks, mask_files
from vidstyle.media.address import Location, Place, located, placed
from vidstyle.media.codecs import Encoding
from vidstyle.media.inputs import check_input
from vidstyle.media.overwriting import check_apart
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.model import Model
from vidstyle.naming import default_place
from vidstyle.pipeline import Progress
from vidstyle.regions import check_regions, read_map, region_layers
from vidstyle.runtime.compute import Compute
from vidstyle.selection import (
    Readers,
    StyleSource,
    check_method,
    load_for,
    model_for,
    read_style,
    several_of,
)
from vidstyle.staging import staged
from vidstyle.stylize.look import Look
from vidstyle.stylize.painter import Painter
from vidstyle.stylize.style import StyleOptions
from vidstyle.stylize.timeline import Timeline
from vidstyle.timelines import Clip, check_source, ready, strip
from vidstyle.training.fitted import check_fit, fit_clip
from vidstyle.training.fitting import Fitting
from vidstyle.training.report import Report
from vidstyle.zoo.fits import Fit
from vidstyle.zoo.names import IDENTITY


def stylize(
    source: str | Path,
    style: StyleSource | Sequence[StyleSource] | None = None,
    output: str | Path | None = None,
    *,
    timeline: Timeline | None = None,
    method: str = "network",
    strength: float = 1.0,
    blend: float = 1.0,
    stroke: float | None = None,
    colors: str = "style",
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    patch_size: int | None = None,
    patch_stride: int | None = None,
    regions: str | None = None,
    mask: str | Path | Sequence[str | Path] = (),
    invert: bool = False,
    feather: float = 0.0,
    keep: str | None = None,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    odd: str = "pad",
    compare: str | None = None,
    low_latency: bool = False,
    device: str = "auto",
    precision: str = "auto",
    batch: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
    keep_partial: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file like a picture; sound and time stay as they are.

    Args:
        source: the video, a sequence of pictures such as frames/%05d.png, an address (http, https, or of a kind that
            fsspec reads: s3://bucket/in.mp4), or "-" for standard input.
        style: see `StyleSource`; or several pictures to be mixed. None: the timeline begins with a style.
        output: the file to make, or its address, of a kind that fsspec writes; its ending chooses the container. By default
            `naming.default_place`. "-" is standard output, whose container `encoding` names.
        timeline: how style and numbers change over time; None: not at all.
        method: one of `METHODS`.
        strength: see `Look`.
        blend: see `Look`.
        stroke: see `Look`.
        colors: see `Look`.
        stability: see `Look`.
        flow: see `Look`.
        style_scale: 0.25 to 4, by which the style pictures are enlarged before they are read.
        style_weights: shares of several styles, of any sum; None: equal ones.
        patch_size: of swap; see `StyleOptions`.
        patch_stride: likewise.
        regions: of photoreal; see `StyleOptions`.
        mask: paint where it is white: a picture, a clip or numbered pictures, of any size. One for all styles, which are
            mixed, or one for each; later ones lie on top. What no mask covers stays as it is, to the bit.
        invert: paint where the masks are black.
        feather: pixels to both sides of a mask's edge over which it becomes soft; soft edges follow those of the picture.
        keep: what stays as it is: the name of a `mask` that is found, such as person or sky; the same as that mask with `invert`.
        reading: what to read of the video, and how: start, end, fps, size, ...
        encoding: codec and quality; by default what suits the container, mostly H.264 at crf 18.
        odd: what to do with an odd width or height that the encoder cannot hold: pad, crop, 444.
        compare: before and after in one clip: split, side or wipe; see `comparison.Comparison`.
        low_latency: hand every frame on as soon as can be, at the price of speed and size.
        device: auto, cpu, cuda, cuda:N, mps or torch-cpu; of the network, and of raft.
        precision: of the network: auto, int8, bf16, f16 or f32; each device offers some.
        batch: frames per call of the network; None: what suits the device and the size.
        overwrite: replace an output that exists.
        resume: keep finished pieces in a folder beside the output until it is whole, and go on after those of a run
            with the same arguments that was cut off: the result is the same.
        keep_partial: when `stop` raises `Interrupted`, finish what there is as out.partial.mp4.
        on_progress: called after every batch.
        stop: called often; what it raises stops the run, and nothing is left behind.

    Raises:
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    return run(
        source,
        style,
        output,
        Look(
            strength=strength,
            blend=blend,
            stroke=stroke,
            colors=colors,
            stability=stability,
            flow=flow,
        ),
        timeline=timeline,
        styles=StyleOptions(
            style_scale=style_scale,
            style_weights=None if style_weights is None else tuple(style_weights),
            patch_size=patch_size,
            patch_stride=patch_stride,
            regions=regions,
        ),
        masks=Masks(
            mask_files(mask),
            *(invert, feather, keep),
        ),
        compute=Compute(device, precision, batch, low_latency),
        method=method,
        reading=reading,
        encoding=encoding,
        odd=odd,
        comparison=Comparison(compare),
        overwrite=overwrite,
        resume=resume,
        keep_partial=keep_partial,
        on_progress=on_progress,
        stop=stop,
    )


def run(
    source: str | Location,
    style: StyleSource | Sequence[StyleSource] | None,
    output: str | Place | None,
    look: Look,
    *,
    timeline: Timeline | None = None,
    styles: StyleOptions,
    compute: Compute,
    masks: Masks | None = None,
    method: str = "network",
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    odd: str = "pad",
    comparison: Comparison | None = None,
    fitting: Fitting | None = None,
    overwrite: bool = False,
    resume: bool = False,
    keep_partial: bool = False,
    fill: Filler | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_fit_report: Callable[[Report], None] | None = None,
    on_fit: Callable[[Fit], None] | None = None,
    learned: Callable[[], Path] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file as `stylize` does, with its options by the dataclasses that declare them.

    `fill` is that of `paint_file`. With `fitting` the network is fitted first, or the fit that is kept is taken: `on_fit_report` is called after every step of it,
    `on_fit` with the fit. `learned` makes the network that paints, when all else is checked; `style` only names the output then.
    """
    masks = masks or Masks()
    fitting = fitting or Fitting()
    if not isinstance(timeline, Timeline | None):
        raise UsageError(f"expected a Timeline, got {brief(timeline)}")
    source = located(source, stored=True)
    several, source = _checked(source, style, look, timeline, styles, compute, method, masks)
    if output is None and is_pipe(source):
        raise UsageError("name the output: `output` FILE, or `output` - for standard output")
    if fitting.fit is not None:
        _check_fit(several, source, fitting, timeline, masks, method, overwrite=overwrite)
    target = placed(output) if output is not None else default_place(source, several or "timeline")
    check_apart(target, [*style_files(several, timeline), *styles.files])
    regions = read_map(several[0], styles) if styles.files else None
    job = Job(
        *(source, target, reading or Reading(), encoding or Encoding(), odd, compute),
        comparison=comparison or Comparison(),
        overwrite=overwrite,
        resume=resume,
        keep_partial=keep_partial,
        masks=masks,
    )
    with staged(job, stop) as here, ExitStack() as opened:
        source = here.source
        readers = Readers(opened, styles, compute, method, look.stroke, learned)

        def prepare(info: StreamInfo) -> list[Painter[Any]]:
            if styles.regions:
                layers = region_layers(several[0], regions, look, opened)
                if layers:
                    return [layers]
                readers.options = replace(styles, regions=None)
            if timeline:
                clip = Clip(source, job.reading, info)
                return [ready(timeline, several, look, readers, clip, stop)]
            parts = [[style] for style in several] if len(masks.mask) > 1 else [several]
            if fitting.fit is not None:
                fit = fit_clip(
                    *(source, several[0], fitting),
                    scale=styles.style_scale,
                    reading=job.reading,
                    device=compute.device,
                    overwrite=overwrite,
                    on_report=on_fit_report,
                    stop=stop,
                )
                if on_fit:
                    on_fit(fit)
                parts, readers.options = [[fit.weights]], StyleOptions()
            for part in parts:
                readers.check(part)
            read = [readers.read(part, info) for part in parts]
            return [stylizer.bind(replace(look, style=own)) for stylizer, own in read]

        exact = (
            timeline is None and isinstance(several[0], str | Path) and str(several[0]) == IDENTITY
        )
        result = paint_file(
            here, prepare, exact=exact, fill=fill, on_progress=on_progress, stop=stop
        )
    return replace(result, output=target)


def preview(
    source: str | Location,
    style: StyleSource | Sequence[StyleSource] | None,
    look: Look,
    *,
    timeline: Timeline,
    styles: StyleOptions,
    compute: Compute,
    method: str = "network",
    reading: Reading | None = None,
    stop: Callable[[], None] | None = None,
) -> Pixels:
    """Return a picture (H, W, 3) uint8 of moments of a timeline, and paint nothing else; the options are those of `run`.

    Raises:
        UsageError: `run` would refuse it.
        InputError: the input cannot be read, or not a second time.
    """
    several, source = _checked(source, style, look, timeline, styles, compute, method, Masks())
    reading = reading or Reading()
    with ExitStack() as opened:
        with Video.open(source, reading, stop=stop) as video:
            clip = Clip(source, reading, video.info)
        readers = Readers(opened, styles, compute, method, look.stroke)
        return strip(ready(timeline, several, look, readers, clip, stop), clip)


def _checked(
    source: str | Location,
    style: StyleSource | Sequence[StyleSource] | None,
    look: Look,
    timeline: Timeline | None,
    styles: StyleOptions,
    compute: Compute,
    method: str,
    masks: Masks,
) -> tuple[list[StyleSource], Location]:
    """Return the styles and the input, checked as far as nothing is opened; no style where a timeline names them."""
    several = [] if style is None and timeline else several_of([] if style is None else style)
    masks.check_count(len(several) or 1, weighted=bool(styles.style_weights))
    if several and len(masks.mask) > 1:
        if timeline:
            raise UsageError("a timeline changes one style; with it give one `mask`")
    elif several or styles.style_weights:
        styles.shares(len(several))
    check_method(method, compute, look)
    if styles.regions is not None:
        if timeline or masks.mask:
            raise UsageError("`regions` do not go with a timeline or a `mask`")
        check_regions(method, several, styles.regions)
    source = located(source)
    check_input(source)
    if timeline:
        check_source(timeline, source)
        timeline.check_beginning(has_style=bool(several))
    return several, source


def _check_fit(
    several: Sequence[StyleSource],
    source: Location,
    fitting: Fitting,
    timeline: Timeline | None,
    masks: Masks,
    method: str,
    *,
    overwrite: bool,
) -> None:
    """Refuse what cannot be fitted, as far as nothing is opened."""
    if timeline or len(masks.mask) > 1 or len(several) != 1 or method != "network":
        raise UsageError(
            "`fit` tunes one network to one picture: leave a timeline, other styles, a `mask` for each and other "
            "methods out"
        )
    _, pictures = model_for(several, method=method)
    if not pictures:
        raise UsageError(
            f"`fit` learns a picture, and {several[0]} is a network: give its picture, or leave `fit` out"
        )
    check_fit(source, several[0], fitting, overwrite=overwrite)


def style_files(several: Sequence[StyleSource], timeline: Timeline | None) -> list[Path]:
    """Return the files that styles may be, those of a timeline too."""
    cues = timeline.cues if timeline else ()
    of_cues = (s for cue in cues for s in cue.sources)
    return [Path(s) for s in (*several, *of_cues) if isinstance(s, str | Path)]


def stylize_frames(
    frames: Iterable[PictureT],
    style: StyleSource | Sequence[StyleSource],
    *,
    method: str = "network",
    strength: float = 1.0,
    blend: float = 1.0,
    stroke: float | None = None,
    colors: str = "style",
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    patch_size: int | None = None,
    patch_stride: int | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Iterator[PictureT]:
    """Paint frames of one size lazily, as `Model.stream` does; the model lives as long as the iterator.

    The options are those of `stylize`; they are checked, and the model is loaded, at the call.

    Raises:
        VidstyleError: see `vidstyle.errors`.
        ValueError: a frame of another dtype or shape than the first; when it comes.
    """
    look = Look(
        strength=strength, blend=blend, stroke=stroke, colors=colors, stability=stability, flow=flow
    )
    compute = Compute(device, precision)
    options = StyleOptions(
        style_scale=style_scale,
        style_weights=None if style_weights is None else tuple(style_weights),
        patch_size=patch_size,
        patch_stride=patch_stride,
    )
    check_method(method, compute, look)
    model, pictures = load_for(style, compute, method=method, options=options)
    look = replace(look, style=read_style(model, pictures, options))
    return _closing(model, model.stream(frames, look))


def _closing(model: Model, painted: Iterator[PictureT]) -> Iterator[PictureT]:
    with model:
        yield from painted
