"""A loaded model: it is loaded once and called many times, and each call is given its look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

from vidstyle.comparison import Comparison
from vidstyle.errors import UsageError
from vidstyle.files import Job, Result, paint_file
from vidstyle.frame import Pixels, StreamInfo
from vidstyle.images.arrays import PictureT, alike, to_pixels
from vidstyle.images.files import PictureSource, load_picture
from vidstyle.keyframes.painted import Painted
from vidstyle.masks import Masks
from vidstyle.media.address import located
from vidstyle.media.codecs import Encoding
from vidstyle.media.reading import Reading
from vidstyle.pipeline import Progress
from vidstyle.runtime.color_transfer import ColorTransferEngine
from vidstyle.runtime.compute import Compute
from vidstyle.runtime.engine import Engine
from vidstyle.runtime.identity import IdentityEngine
from vidstyle.runtime.padding import padded_size
from vidstyle.runtime.select import select_engine, select_swap
from vidstyle.stylize.cues import Cue
from vidstyle.stylize.look import Look
from vidstyle.stylize.painter import Painter
from vidstyle.stylize.state import State
from vidstyle.stylize.strength import photo_style
from vidstyle.stylize.stroke import size_for
from vidstyle.stylize.style import Style, StyleOptions, fit_style, mix, readings
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.stylize.timeline import Timeline
from vidstyle.timelines import Clip, check_source, fitted
from vidstyle.training.fitted import fit_clip
from vidstyle.training.fitting import AUTO, Fitting
from vidstyle.training.report import Report
from vidstyle.zoo import catalog
from vidstyle.zoo.names import IDENTITY, NO_NETWORK, PHOTOREAL, SWAP


class Model(AbstractContextManager["Model"]):
    """A network, or another way to paint, on a device. Its attributes are facts.

    It is a context manager; `close` gives its threads and memory back.
    """

    name: str
    """As it was loaded."""
    device: str
    """Where it runs: cpu, cuda, cuda:1, mps."""
    precision: str
    """What it computes in: int8, bf16, f16 or f32."""
    multiple: int
    """Frames are padded to multiples of this, in pixels, and cropped back."""
    bit_depths: tuple[int, ...] = (8, 16)
    """Of the frames that it paints; each frame comes back as deep as it was."""
    takes_pictures: bool
    """True: a look has a style, made of a picture by `style`. False: its style is its own."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        *,
        device: str = "auto",
        made_by: str = "",
        photo: Style | None = None,
        low_latency: bool = False,
        files: catalog.ModelFiles | None = None,
    ) -> None:
        """Take an engine; `load` chooses one."""
        self._files, self._device = files, device
        self.name, self.engine = name, engine
        self.device, self.precision = engine.device, engine.precision
        self.multiple, self.takes_pictures = engine.multiple, engine.takes_pictures
        self.stylizer = Stylizer(engine, device=device, made_by=made_by, photo=photo)
        self._made_by, self._low_latency = made_by, low_latency

    def __repr__(self) -> str:
        return f"Model({self.name} on {self.engine.name})"

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back threads and memory; it paints no more."""
        self.stylizer.close()

    def style(self, picture: PictureSource, *, scale: float = 1.0) -> Style:
        """Read a style from a picture: a file, or RGB pixels; see `Picture`.

        Args:
            picture: of any size.
            scale: 0.25 to 4, by which it is enlarged before it is read: its strokes become larger.

        Raises:
            UsageError: the model takes no pictures, or the scale is out of its range.
            InputError: the file is missing, or it is no picture.
        """
        StyleOptions(scale)
        if isinstance(picture, str | Path):
            catalog.check_picture(picture)
        pixels = load_picture(picture)
        if self.name == PHOTOREAL and scale != 1:
            raise UsageError("photoreal takes the colors of pictures, of no scale")
        if self.name in (PHOTOREAL, SWAP):
            read = pixels if self.name == PHOTOREAL else fit_style(pixels, scale)
            return Style(self.engine.encode(read), self._made_by)
        return mix([Style(self.engine.encode(p), self._made_by) for p in readings(pixels, scale)])

    def __call__(self, picture: PictureT, look: Look | None = None) -> PictureT:
        """Paint one picture, which comes back as it was: of the same size, dtype, layout and device.

        Args:
            picture: (H, W, 3) RGB; see `Picture`.
            look: how; None: a plain look, for a model with a style of its own.

        Raises:
            InputError: it is no picture.
            UsageError: the look does not fit the model.
        """
        pixels, back = to_pixels(picture)
        return back(self.step([pixels], look)[0][0])

    def step(
        self, frames: Sequence[Pixels], look: Look | None = None, state: State | None = None
    ) -> tuple[list[Pixels], State]:
        """Paint the next frames of a clip.

        Args:
            frames: (H, W, 3) RGB of one size, uint8 or uint16, in order; one at least.
            look: how; it may be another one with each call.
            state: as the call before returned it; None at the beginning of a clip.

        Returns:
            The painted frames, and the state for the next call.
        """
        if len(frames) == 0:
            raise UsageError("expected one frame at least, got none")
        return self.stylizer.step(frames, Look() if look is None else look, state)

    def stream(self, frames: Iterable[PictureT], look: Look | None = None) -> Iterator[PictureT]:
        """Paint the frames of a clip lazily, with calls that overlap.

        Several are in flight before the first comes back, so each must be an array of its own. Unlike `video`,
        this cannot look ahead in the clip.

        Args:
            frames: (H, W, 3) RGB of one size and dtype; see `Picture`.
            look: how.

        Raises:
            UsageError: the look does not fit the model; at once.
            ValueError: a frame of another dtype or shape than the first; when it comes.
        """
        look = Look() if look is None else look
        self.stylizer.check(look)
        return self._stream(iter(frames), look)

    def _stream(self, frames: Iterator[PictureT], look: Look) -> Iterator[PictureT]:
        if (first := next(frames, None)) is None:
            return
        pixels, back = to_pixels(first)
        size = self.stylizer.batch(*pixels.shape[:2])
        yield from map(back, self.stylizer.stream(alike(first, frames), look, size))

    def expect(self, info: StreamInfo, stroke: float | None = None) -> None:
        """Begin to get ready for the frames of a video, say while styles are read; return at once.

        Args:
            info: of the video.
            stroke: of the look; see `Look`.
        """
        sides = size_for(info.height, info.width, stroke)
        height, width = (padded_size(side, self.multiple) for side in sides)
        self.engine.expect(height, width, high_bit_depth=info.bits > 8)

    def video(
        self,
        source: str | Path,
        output: str | Path,
        look: Look | Sequence[Look] | Timeline | None = None,
        *,
        masks: Masks | None = None,
        reading: Reading | None = None,
        encoding: Encoding | None = None,
        odd: str = "pad",
        compare: str | None = None,
        batch: int | None = None,
        overwrite: bool = False,
        resume: bool = False,
        keep_partial: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Result:
        """Paint a video file; sound, subtitles and time stay as they are.

        Args:
            source: the video, a sequence of pictures such as frames/%05d.png, an address (http, https), or "-" for
                standard input.
            output: the file to make; its ending chooses the container. "-" is standard output, whose container
                `encoding` names.
            look: how; or a look for each mask; or a timeline, whose styles are the model's own, or pictures that it reads.
            masks: where; None: everywhere.
            reading: what to read of the video: start, end, fps, size, ...
            encoding: codec and quality; by default what suits the container, mostly H.264 at crf 18.
            odd: what to do with an odd width or height that the encoder cannot hold: pad, crop, 444.
            compare: before and after in one clip: split, side or wipe; see `comparison.Comparison`.
            batch: frames per call of the network; None: what suits the device and the size.
            overwrite: replace an output that exists.
            resume: see `stylize`.
            keep_partial: see `stylize`.
            on_progress: called after every batch.
            stop: called often; what it raises stops the run, and nothing is left behind.

        Raises:
            VidstyleError: see `vidstyle.errors`. No output file is left then.
        """
        masks = masks or Masks()
        looks: list[Look] = []
        if isinstance(look, Timeline):
            check_source(look, located(source))
            own = look.look.style is not None or not self.takes_pictures
            look.check_beginning(has_style=own)
            look = look.read(self._read, look.look)
        else:
            looks = list(look) if isinstance(look, Sequence) else [Look() if look is None else look]
            for each in looks:
                self.stylizer.check(each)
            if not masks.mask and len(looks) != 1:
                raise UsageError(f"expected one look, or a mask for each, got {len(looks)} looks")
        masks.check_count(len(looks) or 1)
        job = Job(
            located(source),
            Path(output),
            reading or Reading(),
            encoding or Encoding(),
            odd,
            Compute(batch=batch, low_latency=self._low_latency),
            Comparison(compare),
            overwrite=overwrite,
            resume=resume,
            keep_partial=keep_partial,
            masks=masks,
        )

        def prepare(info: StreamInfo) -> list[Painter[Any]]:
            self.expect(info, looks[0].stroke if looks else None)
            if isinstance(look, Timeline):
                clip = Clip(job.source, job.reading, info)
                return [fitted(look, {self.stylizer.made_by: self.stylizer}, clip, stop)]
            return [self.stylizer.bind(each) for each in looks]

        exact = self.name == IDENTITY
        return paint_file(job, prepare, exact=exact, on_progress=on_progress, stop=stop)

    def fit(
        self,
        clip: str | Path,
        style: PictureSource,
        *,
        seconds: float | None = 60.0,
        scale: float = 1.0,
        reading: Reading | None = None,
        on_report: Callable[[Report], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Model:
        """Return a model of one style, fitted to a picture and a clip; it is kept in the user's cache folder for the next call.

        Args:
            clip: a video, or numbered pictures; see `video`.
            style: the picture.
            seconds: of learning; None: until it learns no more.
            scale: see `style`.
            reading: what will be painted of the clip, and how large.
            on_report: called after every step.
            stop: called often; what it raises ends it, and nothing is kept.

        Raises:
            UsageError: this model takes no pictures, or the clip cannot be read twice.
            InputError: the clip or the picture cannot be read.
            MissingPackageError: torch is missing.
            OutputError: the fit cannot be kept.
            TrainingError: the losses were not finite.
        """
        if self._files is None or not self.takes_pictures:
            raise UsageError(f"{self.name} takes no pictures to learn; load arbitrary to fit it")
        found = fit_clip(
            *(located(clip), style, Fitting(AUTO if seconds is None else seconds)),
            scale=scale,
            reading=reading,
            base=self._files,
            device=self._device,
            on_report=on_report,
            stop=stop,
        )
        return load(found.weights, device=self._device, low_latency=self._low_latency)

    def learn(
        self,
        clip: str | Path,
        keyframes: Sequence[Painted],
        out: str | Path,
        *,
        seconds: float = 90.0,
        reading: Reading | None = None,
        overwrite: bool = False,
        on_report: Callable[[Report], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Model:
        """Return a model of one style that has learned painted frames of a clip: all of it looks painted by that hand.

        Args:
            clip: the video; it is read more than once.
            keyframes: at least one. An any-style model begins with the small network that is shipped, one of a style with its own.
            out: the weights to write, a .safetensors; those that were learned from the same are taken as they are.
            seconds: of learning, for one keyframe; several take longer, by the square root of their number.
            reading: what will be painted of the clip, and how large.
            overwrite: replace other weights that are there.
            on_report: called after every tenth step.
            stop: called often; what it raises ends it, and nothing is written.

        Raises:
            VidstyleError: see `keyframes.learning.learn_keyframes`; a model without a network learns nothing.
        """
        from vidstyle.keyframes import learning  # every run would wait for it
        from vidstyle.training.config import KeyframeConfig

        if self._files is None:
            raise UsageError(f"{self.name} has no network to learn with; load arbitrary")
        weights = learning.learn_keyframes(
            *(located(clip), keyframes, out),
            reading=reading,
            config=KeyframeConfig(seconds=seconds),
            base=None if self.takes_pictures else self._files.verified(self._files.weights),
            device=self._device.removeprefix("torch-"),
            overwrite=overwrite,
            on_report=on_report,
            stop=stop,
        )
        return load(weights, device=self._device, low_latency=self._low_latency)

    def _read(self, cue: Cue) -> Style:
        return mix([self.style(cast(PictureSource, source)) for source in cue.sources], cue.weights)


def load(
    name: str | Path = "arbitrary",
    *,
    device: str = "auto",
    precision: str = "auto",
    low_latency: bool = False,
    patch_size: int | None = None,
    patch_stride: int | None = None,
) -> Model:
    """Load a model.

    Args:
        name: "arbitrary", which paints in the style of any picture; the name of a shipped network of one style,
            such as "starry_night"; the weights of a trained network (.safetensors); "photoreal", which takes a
            picture's colors alone; "swap", which takes its patches; or "identity", which changes nothing.
        device: auto, cpu, cuda, cuda:N, mps or torch-cpu.
        precision: auto, int8, bf16, f16 or f32; each device offers some.
        low_latency: paint a frame as soon as can be, at the price of frames a second.
        patch_size: of swap; see `StyleOptions`.
        patch_stride: likewise.

    Raises:
        UsageError: there is no such model, device or precision, or it has no patches.
        InputError: a file is missing or damaged.
        MissingPackageError: the device needs a package that is not installed.
    """
    Compute(device, precision)
    catalog.check_name(name)
    patches = StyleOptions(patch_size=patch_size, patch_stride=patch_stride)
    if name == SWAP:
        swap = select_swap(device, precision, *patches.patch)
        return Model(SWAP, swap, device=device, made_by=swap.made_by, low_latency=low_latency)
    if patches != StyleOptions():
        raise UsageError(f"{name} swaps no patches: leave `patch_size` and `patch_stride` out")
    if name == IDENTITY:
        return Model(IDENTITY, IdentityEngine(), low_latency=low_latency)
    if name == PHOTOREAL and precision != "auto":
        raise UsageError("photoreal asks no network: leave `precision` out")
    if name == PHOTOREAL:
        engine = ColorTransferEngine()
        return Model(PHOTOREAL, engine, device=device, made_by=PHOTOREAL, low_latency=low_latency)
    files = catalog.named(name, *NO_NETWORK)
    return Model(
        *(files.name, select_engine(device, precision, files, low_latency=low_latency)),
        device=device,
        made_by=files.digest,
        photo=photo_style(files.known_photo, files.digest),
        low_latency=low_latency,
        files=files,
    )
