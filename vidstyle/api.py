"""One call for one video: `stylize` and `stylize_frames`, thin on top of `Model`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from vidstyle.errors import UsageError
from vidstyle.files import Job, Result, paint_file
from vidstyle.frame import StreamInfo
from vidstyle.images.arrays import PictureT
from vidstyle.images.files import PictureSource
from vidstyle.masks import Masks
from vidstyle.media.address import Address, Location, located
from vidstyle.media.codecs import Encoding
from vidstyle.media.containers import CONTAINERS, ONLY_READ, PICTURES, is_sequence
from vidstyle.media.inputs import check_input
from vidstyle.media.overwriting import check_apart
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.model import IDENTITY, PHOTOREAL, Model, load
from vidstyle.pipeline import Progress
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style, StyleOptions, mix
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.zoo import catalog

METHODS = ("network", PHOTOREAL)
"""How a video is painted: by a network; or it gets a picture's colors alone, and stays a photo."""

StyleSource: TypeAlias = PictureSource
"""A picture, as a file or in memory; the name of a shipped network of one style, such as "starry_night", or the
weights of a trained one (.safetensors); or "identity", which changes nothing."""


def default_output(source: Location, style: StyleSource | Sequence[StyleSource]) -> Path:
    """Return the name beside the input: in.mp4 with starry.jpg gives in.starry.mp4; of an address in this folder.

    Several styles are joined by +, pixels are "styled". Containers that are only read, such as in.wmv, become .mp4, such
    pictures .png.
    """
    if isinstance(source, Address):
        source = Path(source.name)
    suffix = source.suffix
    if suffix.lower() in ONLY_READ or (is_sequence(source) and suffix.lower() not in PICTURES):
        suffix = ".png"
    elif suffix.lower() not in {*CONTAINERS, *PICTURES}:
        suffix = ".mp4"
    names = (Path(s).stem if isinstance(s, str | Path) else "styled" for s in _several(style))
    return source.with_name(f"{source.stem}.{'+'.join(names)}{suffix}")


def _several(style: StyleSource | Sequence[StyleSource]) -> list[StyleSource]:
    several = isinstance(style, list | tuple)
    styles: list[StyleSource] = [*style] if several else [style]  # type: ignore[list-item, misc]
    if not styles:
        raise UsageError("expected a style, got none")
    return styles


def load_for(
    style: StyleSource | Sequence[StyleSource], compute: Compute, *, method: str = "network"
) -> tuple[Model, list[StyleSource]]:
    """Load the model that some styles ask for.

    Returns:
        The model, and the pictures that it is to read: none where its style is its own.

    Raises:
        UsageError: the styles do not go together.
        VidstyleError: as `load`.
    """
    name, pictures = _model_for(_several(style), method)
    return _load(name, compute), pictures


def _model_for(styles: list[StyleSource], method: str) -> tuple[str | Path, list[StyleSource]]:
    """Return the name of the model that some styles ask for, and the pictures that it is to read."""
    if method not in METHODS:
        raise UsageError(f"no method is called {method}; expected {' or '.join(METHODS)}")
    named = [s for s in styles if isinstance(s, str | Path)]
    networks = [s for s in named if catalog.find_style(str(s))]
    if any(str(s) == IDENTITY for s in named):
        if len(styles) > 1:
            raise UsageError("identity does not mix with other styles; use a lower `strength`")
        return IDENTITY, []
    if networks:
        if len(styles) > 1:
            raise UsageError(
                "a network of one style does not mix with others; give its picture instead"
            )
        if method == PHOTOREAL:
            raise UsageError("photoreal takes the colors of pictures, of no network")
        return networks[0], []
    return (PHOTOREAL if method == PHOTOREAL else "arbitrary"), styles


def _load(name: str | Path, compute: Compute) -> Model:
    return load(
        name,
        device=compute.device,
        precision=compute.precision,
        low_latency=compute.low_latency,
    )


def _read(model: Model, pictures: Sequence[StyleSource], options: StyleOptions) -> Style | None:
    if pictures:
        read = [model.style(picture, scale=options.style_scale) for picture in pictures]
        return mix(read, options.style_weights)
    if options.style_scale != 1 and model.name != IDENTITY:
        raise UsageError("the strokes of a network of one style have the size it was trained with")
    return None


def _check_method(method: str, compute: Compute, look: Look) -> None:
    if method == PHOTOREAL and not (look.flow == "raft" or compute.device in {"auto", "cpu"}):
        raise UsageError("photoreal asks no network: leave `device` out")


def stylize(
    source: str | Path,
    style: StyleSource | Sequence[StyleSource],
    output: str | Path | None = None,
    *,
    method: str = "network",
    strength: float = 1.0,
    colors: str = "style",
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    mask: str | Path | Sequence[str | Path] = (),
    invert: bool = False,
    feather: float = 0.0,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    odd: str = "pad",
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
        source: the video, a sequence of pictures such as frames/%05d.png, an address (http, https), or "-" for
            standard input.
        style: see `StyleSource`; or several pictures to be mixed.
        output: the file to make; its ending chooses the container. By default `default_output`. "-" is
            standard output, whose container `encoding` names.
        method: one of `METHODS`.
        strength: see `Look`.
        colors: see `Look`.
        stability: see `Look`.
        flow: see `Look`.
        style_scale: 0.25 to 4, by which the style pictures are enlarged before they are read.
        style_weights: shares of several styles, of any sum; None: equal ones.
        mask: paint where it is white: a picture, a clip or numbered pictures, of any size. One for all styles, which are
            mixed, or one for each; later ones lie on top. What no mask covers stays as it is, to the bit.
        invert: paint where the masks are black.
        feather: pixels to both sides of a mask's edge over which it becomes soft; soft edges follow those of the picture.
        reading: what to read of the video, and how: start, end, fps, size, ...
        encoding: codec and quality; by default what suits the container, mostly H.264 at crf 18.
        odd: what to do with an odd width or height that the encoder cannot hold: pad, crop, 444.
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
        Look(strength=strength, colors=colors, stability=stability, flow=flow),
        styles=StyleOptions(
            style_scale=style_scale,
            style_weights=None if style_weights is None else tuple(style_weights),
        ),
        masks=Masks(
            (str(mask),) if isinstance(mask, str | Path) else tuple(map(str, mask)), invert, feather
        ),
        compute=Compute(device, precision, batch, low_latency),
        method=method,
        reading=reading,
        encoding=encoding,
        odd=odd,
        overwrite=overwrite,
        resume=resume,
        keep_partial=keep_partial,
        on_progress=on_progress,
        stop=stop,
    )


def run(
    source: str | Location,
    style: StyleSource | Sequence[StyleSource],
    output: str | Path | None,
    look: Look,
    *,
    styles: StyleOptions,
    compute: Compute,
    masks: Masks | None = None,
    method: str = "network",
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    odd: str = "pad",
    overwrite: bool = False,
    resume: bool = False,
    keep_partial: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file as `stylize` does, with its options by the dataclasses that declare them."""
    several = _several(style)
    masks = masks or Masks()
    masks.check_count(len(several))
    styles.shares(len(several))
    apart = len(masks.mask) > 1
    if apart and styles.style_weights:
        raise UsageError("`style_weights` mix styles; with a `mask` for each they are not mixed")
    _check_method(method, compute, look)
    source = located(source)
    check_input(source)
    if output is None and is_pipe(source):
        raise UsageError("name the output: `output` FILE, or `output` - for standard output")
    target = Path(output) if output is not None else default_output(source, several)
    check_apart(target, [Path(s) for s in several if isinstance(s, str | Path)])
    job = Job(
        *(source, target, reading or Reading(), encoding or Encoding(), odd, compute),
        overwrite=overwrite,
        resume=resume,
        keep_partial=keep_partial,
        masks=masks,
    )
    wanted = [_model_for(some, method) for some in ([[s] for s in several] if apart else [several])]
    with ExitStack() as opened:

        def prepare(info: StreamInfo) -> list[tuple[Stylizer, Look]]:
            models: dict[str | Path, Model] = {}
            for name, _ in wanted:
                if name not in models:
                    models[name] = opened.enter_context(_load(name, compute))
                    models[name].expect(info)
            return [
                (models[n].stylizer, replace(look, style=_read(models[n], pictures, styles)))
                for n, pictures in wanted
            ]

        exact = str(several[0]) == IDENTITY if isinstance(several[0], str | Path) else False
        return paint_file(job, prepare, exact=exact, on_progress=on_progress, stop=stop)


def stylize_frames(
    frames: Iterable[PictureT],
    style: StyleSource | Sequence[StyleSource],
    *,
    method: str = "network",
    strength: float = 1.0,
    colors: str = "style",
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Iterator[PictureT]:
    """Paint frames of one size lazily, as `Model.stream` does; the model lives as long as the iterator.

    The options are those of `stylize`; they are checked, and the model is loaded, at the call.

    Raises:
        VidstyleError: see `vidstyle.errors`.
        ValueError: a frame of another dtype or shape than the first; when it comes.
    """
    look = Look(strength=strength, colors=colors, stability=stability, flow=flow)
    compute = Compute(device, precision)
    options = StyleOptions(
        style_scale=style_scale,
        style_weights=None if style_weights is None else tuple(style_weights),
    )
    _check_method(method, compute, look)
    model, pictures = load_for(style, compute, method=method)
    look = replace(look, style=_read(model, pictures, options))
    return _closing(model, model.stream(frames, look))


def _closing(model: Model, painted: Iterator[PictureT]) -> Iterator[PictureT]:
    with model:
        yield from painted
