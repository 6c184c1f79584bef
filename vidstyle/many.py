"""One call for many files, on this machine or on many: `stylize_many`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from vidstyle.batch.plan import Plan, styles_in
from vidstyle.batch.report import Outcome, Report
from vidstyle.batch.step import Step
from vidstyle.batch.work import Batch
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.spread import paint_many
from vidstyle.comparison import Comparison
from vidstyle.masks import Masks
from vidstyle.media.codecs import Encoding
from vidstyle.media.reading import Reading
from vidstyle.runtime.compute import Compute
from vidstyle.selection import StyleSource
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions


def stylize_many(
    sources: Iterable[str | Path],
    styles: Iterable[StyleSource | Sequence[StyleSource]] = (),
    output: str | Path | None = None,
    *,
    style_dir: str | Path | None = None,
    recursive: bool = False,
    report: str | Path | None = None,
    look: Look | None = None,
    masks: Masks | None = None,
    method: str = "network",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    patch_size: int | None = None,
    patch_stride: int | None = None,
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
    jobs: int = 1,
    on: str | None = None,
    workers: int | None = None,
    worker_cores: int = 1,
    on_progress: Callable[[Step], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Report:
    """Paint many files, each in every style; a failure does not stop the rest.

    Each model is loaded once, or once for each of `jobs`, and each style read once.

    Args:
        sources: files and addresses as `stylize` takes them, and folders, of whose files those are painted that are called like
            videos or pictures.
        styles: see `StyleSource`; several pictures in a list of their own are mixed.
        output: the pattern of the outputs' names, such as "out/{name}.{style}.{ext}", where {name} is the input's
            without its ending, {ext} the ending that suits it, and {folder} the folder that it was found in, below the one
            that was given. The folders are made. By default each lies beside its input.
        style_dir: a folder; each picture and each network of one style (.safetensors) in it is a style.
        recursive: look into the folders below the folders of `sources`, too.
        report: a JSON file of what became of each result, written while they are made. What an earlier report there
            knows to be the same, made of the same input, style and settings, is skipped.
        look: how, but for its style.
        masks: where, in all of them; one mask at most.
        method: see `stylize`, as all that follows.
        style_scale: see `stylize`.
        style_weights: shares of the styles that are mixed.
        patch_size: of swap; see `StyleOptions`.
        patch_stride: likewise.
        reading: see `stylize`.
        encoding: see `stylize`.
        odd: see `stylize`.
        compare: see `stylize`.
        low_latency: see `stylize`.
        device: see `stylize`.
        precision: see `stylize`.
        batch: see `stylize`.
        overwrite: replace outputs that exist.
        resume: see `stylize`.
        keep_partial: see `stylize`.
        jobs: results that are made at once, each by a thread with a model of its own.
        on: spread the work over workers of Ray; see `cluster.options.Spreading`, as the next two. A single video is spread by its pieces.
        workers: how many at most; None: as many as there are cores for.
        worker_cores: cores of each.
        on_progress: called after every batch of frames.
        on_outcome: called after every result.
        stop: called often; what it raises ends the work, once the report is written.

    Returns:
        What became of each result; `exit_code` is the worst of them.

    Raises:
        UsageError: something does not go together, two results would have one name, or one would replace an input;
            before the work. Or `on` finds no worker.
        InputError: a folder holds nothing to paint.
        MissingPackageError: `on` needs Ray.
        OutputError: the report cannot be written.
    """
    spreading = Spreading(on, worker_cores, workers)
    several = [tuple(s) if isinstance(s, list | tuple) else (s,) for s in styles]
    if style_dir is not None:
        several += [(picture,) for picture in styles_in(Path(style_dir))]
    plan = Plan.of(
        sources,
        several,
        None if output is None else str(output),
        method=method,
        recursive=recursive,
        report=None if report is None else Path(report),
    )
    work = Batch(
        plan,
        look or Look(),
        StyleOptions(
            *(style_scale, None if style_weights is None else tuple(style_weights)),
            *(patch_size, patch_stride),
        ),
        Compute(device, precision, batch, low_latency),
        method=method,
        reading=reading or Reading(),
        encoding=encoding or Encoding(),
        odd=odd,
        comparison=Comparison(compare),
        masks=masks or Masks(),
        overwrite=overwrite,
        resume=resume,
        keep_partial=keep_partial,
        jobs=jobs,
    )
    paint = partial(paint_many, work, spreading) if on else work.paint
    return paint(on_progress=on_progress, on_outcome=on_outcome, stop=stop)
