"""`vidstyle live`: a camera, a screen or an address, painted while it happens."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.cli.options import command, only
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import Interrupted, UsageError
from vidstyle.fields import INPUT, MACHINE, OUTPUT, STYLE, Between, OneOf
from vidstyle.live.outputs import RECORDED, SENT
from vidstyle.live.schedule import ScheduleOptions
from vidstyle.masks import LiveMask
from vidstyle.media import capture
from vidstyle.media.atomic_output import check_output
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look

if TYPE_CHECKING:
    from vidstyle.live.outputs import Output
    from vidstyle.live.session import Status


@INPUT
@dataclass(frozen=True)
class Origin:
    """The live source that is painted, and the size and rate that are asked of it."""

    camera: str | None = None
    """The camera; by default the first, if nothing else is given."""
    screen: str | None = None
    """A screen: :0.0 on X11, 1 on macOS, desktop on Windows."""
    format: str | None = None
    """Format of URL, by FFmpeg's name."""
    options: tuple[tuple[str, str], ...] = ()
    """An option for URL, by FFmpeg's name."""
    loop: bool = False
    """Begin a file again at its end."""
    size: tuple[int, int] | None = None
    """Request this size from the camera or screen."""
    fps: Fraction | None = None
    """Request this frame rate."""

    def device(self, url: str | None) -> capture.Device:
        """Return the device that the options name: the URL, a screen or a camera."""
        if sum(which is not None for which in (url, self.camera, self.screen)) > 1:
            raise UsageError("expected one of URL, `camera` and `screen`")
        if url is not None:
            if self.size or self.fps:
                raise UsageError("`size` and `fps` are asked of a camera or screen, not of a URL")
            return capture.address(url, self.format, dict(self.options), loops=self.loop)
        if self.format or self.options or self.loop:
            raise UsageError(
                "`format`, `options` and `loop` are of a URL, not of a camera or screen"
            )
        if self.screen is not None:
            return capture.screen(self.screen, self.size, self.fps)
        return capture.camera(self.camera or "0", self.size, self.fps)


@OUTPUT
@dataclass(frozen=True)
class Outputs:
    """Where it goes, checked before anything is opened."""

    preview: bool | None = None
    """Show a window; by default unless there is another output."""
    output: Path | None = None
    """Record it, too."""
    overwrite: bool = False
    """Replace a recording that exists."""
    send: str | None = None
    """Stream it to this address: udp://, tcp://, ..."""
    container: Annotated[str, OneOf(*SENT)] = "mpegts"
    """Format of the stream."""
    virtual_camera: bool = False
    """Provide a virtual camera for other programs (extra: camera)."""
    virtual_device: str | None = None
    """Name of the virtual camera; by default the first."""

    def __post_init__(self) -> None:
        if self.output is not None:
            check_output(self.output, overwrite=self.overwrite)
            if self.output.suffix.lower() not in RECORDED:
                raise UsageError(
                    f"expected a recording of {' '.join(RECORDED)}, got {self.output.name}"
                )
        if self.send is not None and not capture.is_address(self.send):
            raise UsageError(f"expected `send` udp://HOST:PORT or another URL, got {self.send}")

    def open(
        self, opened: contextlib.ExitStack, height: int, width: int, rate: Fraction | None
    ) -> list[Output]:
        """Open them for frames of a size; `opened` closes them."""
        from vidstyle.live.outputs import Recorder, VirtualCamera, Window
        from vidstyle.media.codecs import Encoding

        outputs: list[Output] = []

        def add(made: Output) -> None:
            opened.callback(made.close)
            outputs.append(made)

        alone = not (self.output or self.send or self.virtual_camera)
        if alone if self.preview is None else self.preview:
            add(Window())
        if self.virtual_camera:
            add(VirtualCamera(self.virtual_device, height, width, float(rate or 30)))
        if self.send:
            # Who joins later waits for a keyframe: two seconds at most.
            often = (("g", str(round(2 * (rate or 30)))),)
            low = Encoding("libx264", options=often, container=self.container, low_latency=True)
            add(Recorder(self.send, height, width, rate, encoding=low, sent=True))
        if self.output:
            # In fragments: the index of an .mp4 of hours would take memory, and long to write.
            fragments = "mp4" if self.output.suffix.lower() in {".mp4", ".m4v"} else None
            kept = Encoding(container=fragments)
            add(
                Recorder(
                    *(str(self.output), height, width, rate),
                    encoding=kept,
                    overwrite=self.overwrite,
                )
            )
        return outputs


@MACHINE
@dataclass(frozen=True)
class Pacing:
    """How fast, and how long."""

    target_fps: Annotated[float | None, Between(0)] = None
    """Paint at a smaller size if the machine cannot reach this frame rate; by default the source's own rate, 0: never."""
    seconds: Annotated[float | None, Between(0)] = None
    """End after this time."""


@command
def live(
    *,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            help="The address to paint, if it is no camera: rtsp://, udp://, tcp://, http://, ...",
        ),
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            *("--style", "-s"),
            metavar="PICTURE",
            help="The style; with several you can switch between them.",
            rich_help_panel=STYLE.text,
        ),
    ] = None,
    origin: Origin,
    destinations: Outputs,
    # These can change while it runs.
    look: Annotated[Look, only("strength", "blend", "stroke", "stability", "colors")],
    times: ScheduleOptions,
    masks: LiveMask,
    pacing: Pacing,
    compute: Annotated[Compute, only("device", "precision")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary at the end on stdout, for programs.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No status lines.")] = False,
) -> None:
    """Paint a camera, a screen or a stream in real time.

    The newest frame is painted; frames that arrive in the meantime are dropped, and counted. Ctrl-C, or q in the window, ends it; a recording is
    kept. Lines on standard input change it during the run:
    style NAME|NUMBER|next|previous, strength 0..1, blend 0..1, stability 0..1,
    stroke 0.5..3, quit. In the window: 1-9, n and p
    for the style, + and - for the strength, ] and [ for the stability.
    """
    stop = StopOnSignal()
    timeline = times.read()
    if not (style or timeline):
        raise UsageError("give at least one `style` PICTURE")
    from vidstyle.live.controls import Lines
    from vidstyle.live.outputs import Recorder
    from vidstyle.live.pace import Pace
    from vidstyle.live.painter import LivePainter
    from vidstyle.live.session import Session
    from vidstyle.media.capture import LiveSource

    device = origin.device(url)
    painter = LivePainter.of(
        *(style or [], compute),
        look=look,
        mask=masks.live(),
        timeline=timeline,
    )
    with LiveSource(device, stop=stop) as frames, contextlib.ExitStack() as opened:
        width, height = frames.size
        outputs = destinations.open(opened, height, width, frames.rate)
        target = pacing.target_fps if pacing.target_fps is not None else float(frames.rate or 0)
        session = Session(
            frames,
            painter,
            outputs,
            Pace(target or None, height, width),
            lines=Lines(sys.stdin.buffer) if sys.stdin else None,
            on_status=None if quiet else _show,
        )
        try:
            session.run(stop, pacing.seconds)
        except Interrupted:
            pass  # the usual way to end it
        finally:
            status = session.status()
            if not quiet:
                _show(status)
            if as_json:
                print(json.dumps(asdict(status)))
    for made in outputs:
        if isinstance(made, Recorder):
            lacks = f", without {made.dropped} that the encoder was too slow for"
            say(f"{made.name}: {made.frames} frames{lacks * bool(made.dropped)}")


def _show(status: Status) -> None:
    height, width = status.size
    lost = f", lost {status.lost} times" if status.lost else ""
    say(
        f"{status.frames} frames, {status.rate:.1f} a second, latency "
        f"{1000 * status.latency:.0f} ms (95 %: {1000 * status.latency95:.0f}), dropped "
        f"{status.dropped} of {status.came}{lost}, painted at {width}x{height}"
    )
