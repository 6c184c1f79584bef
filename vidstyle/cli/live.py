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

from vidstyle.cli.parsing import parse_options, parse_rate, parse_size
from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from vidstyle.live.outputs import Output
    from vidstyle.live.session import Status
    from vidstyle.media.capture import Device


def live(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="URL",
            help="What to paint, where it is no camera: rtsp://, udp://, tcp://, http://, ...",
        ),
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style", "-s", metavar="PICTURE", help="Paint like this; several are changed between."
        ),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(metavar="0|/dev/video0|NAME", help="The camera; 0 if nothing is given."),
    ] = None,
    screen: Annotated[
        str | None,
        typer.Option(
            metavar="DISPLAY", help="A screen: :0.0 on X11, 1 on macOS, desktop on Windows."
        ),
    ] = None,
    from_format: Annotated[
        str | None,
        typer.Option("--from", metavar="FORMAT", help="Format of URL, by FFmpeg's name."),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(
            "-x", metavar="KEY=VALUE", help="An option of URL's own, by FFmpeg's name; repeatable."
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Ask the camera or screen for this size.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(metavar="RATE", help="Ask it for so many frames a second.")
    ] = None,
    preview: Annotated[
        bool | None,
        typer.Option(
            "--preview/--no-preview", help="A window; shown unless there is another output."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Record, too.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace a recording that exists.")
    ] = False,
    send: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Stream it there: udp://, tcp://, ..."),
    ] = None,
    to_format: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="The stream's: mpegts, nut, matroska.")
    ] = "mpegts",
    virtual_camera: Annotated[
        bool,
        typer.Option("--virtual-camera", help="Be a camera for other programs (extra: camera)."),
    ] = False,
    virtual_device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which; the first if not given.")
    ] = None,
    strength: Annotated[
        float, typer.Option(min=0, max=1, metavar="0..1", help="As for run; changed by keys.")
    ] = 1.0,
    stability: Annotated[
        float, typer.Option(min=0, max=1, metavar="0..1", help="As for run; changed by keys.")
    ] = 0.0,
    target_fps: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="RATE",
            help="Paint smaller where the machine cannot keep this up; the source's own rate if "
            "not given, 0: never.",
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="End after so long.")
    ] = None,
    device: Annotated[str, typer.Option(help="As for run.")] = "auto",
    precision: Annotated[str, typer.Option(help="As for run.")] = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="The summary at the end on stdout, for programs.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No status lines.")] = False,
) -> None:
    """Paint a camera, a screen or a stream while it happens.

    The newest frame wins: what comes while another is painted is dropped, and counted. Ctrl-C, or q
    in the window, ends it; a recording is kept. Lines on standard input change it while it runs:
    style NAME|NUMBER|next|previous, strength 0..1, stability 0..1, quit. In the window: 1-9, n and p
    for the style, + and - for the strength, ] and [ for the stability.
    """
    stop = StopOnSignal()
    if not style:
        raise UsageError("give at least one --style PICTURE")
    from vidstyle.live.controls import Lines
    from vidstyle.live.outputs import Recorder
    from vidstyle.live.pace import Pace
    from vidstyle.live.painter import LivePainter
    from vidstyle.live.session import Session
    from vidstyle.media.capture import LiveSource

    found = _device(source, camera, screen, (from_format, extra or []), (size, fps))
    wanted = _Outputs(
        preview if preview is not None else not (output or send or virtual_camera),
        output,
        overwrite,
        send,
        to_format,
        virtual_camera,
        virtual_device,
    )
    painter = LivePainter.of(style, device, precision, strength=strength, stability=stability)
    with LiveSource(found, stop=stop) as frames, contextlib.ExitStack() as opened:
        width, height = frames.size
        outputs = wanted.open(opened, height, width, frames.rate)
        target = target_fps if target_fps is not None else float(frames.rate or 0)
        session = Session(
            frames,
            painter,
            outputs,
            Pace(target or None, height, width),
            lines=Lines(sys.stdin.buffer) if sys.stdin else None,
            on_status=None if quiet else _show,
        )
        try:
            session.run(stop, seconds)
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
            print(
                f"vidstyle: {made.name}: {made.frames} frames{lacks * bool(made.dropped)}",
                file=sys.stderr,
            )


@dataclass(frozen=True)
class _Outputs:
    """Where it goes, checked before anything is opened."""

    preview: bool
    record: Path | None
    overwrite: bool
    send: str | None
    form: str
    camera: bool
    camera_device: str | None

    def __post_init__(self) -> None:
        from vidstyle.live.outputs import RECORDED, SENT
        from vidstyle.media.capture import is_address
        from vidstyle.media.parts import check_output

        if self.record is not None:
            check_output(self.record, overwrite=self.overwrite)
            if self.record.suffix.lower() not in RECORDED:
                raise UsageError(
                    f"expected a recording of {' '.join(RECORDED)}, got {self.record.name}"
                )
        if self.send is not None and not is_address(self.send):
            raise UsageError(f"expected --send udp://HOST:PORT or another URL, got {self.send}")
        if self.form not in SENT:
            raise UsageError(f"expected --to {' or '.join(SENT)}, got {self.form}")

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

        if self.preview:
            add(Window())
        if self.camera:
            add(VirtualCamera(self.camera_device, height, width, float(rate or 30)))
        if self.send:
            # Who joins later waits for a keyframe: two seconds at most.
            often = (("g", str(round(2 * (rate or 30)))),)
            low = Encoding("libx264", options=often, container=self.form, low_latency=True)
            add(Recorder(self.send, height, width, rate, encoding=low, sent=True))
        if self.record:
            # In fragments: the index of an .mp4 of hours would take memory, and long to write.
            fragments = "mp4" if self.record.suffix.lower() in {".mp4", ".m4v"} else None
            kept = Encoding(container=fragments)
            add(
                Recorder(
                    *(str(self.record), height, width, rate),
                    encoding=kept,
                    overwrite=self.overwrite,
                )
            )
        return outputs


def _device(
    source: str | None,
    camera: str | None,
    screen: str | None,
    kind: tuple[str | None, list[str]],
    asked: tuple[str | None, str | None],
) -> Device:
    from vidstyle.media import capture

    if sum(which is not None for which in (source, camera, screen)) > 1:
        raise UsageError("expected one of URL, --camera and --screen")
    if source is not None:
        if any(asked):
            raise UsageError("--size and --fps are asked of a camera or screen, not of a URL")
        return capture.address(source, kind[0], dict(parse_options(kind[1])))
    if kind[0] or kind[1]:
        raise UsageError("--from and -x are of a URL, not of a camera or screen")
    wished = parse_size(asked[0]), parse_rate(asked[1])
    if screen is not None:
        return capture.screen(screen, *wished)
    return capture.camera(camera or "0", *wished)


def _show(status: Status) -> None:
    height, width = status.size
    lost = f", lost {status.lost} times" if status.lost else ""
    print(
        f"vidstyle: {status.frames} frames, {status.rate:.1f} a second, latency "
        f"{1000 * status.latency:.0f} ms (95 %: {1000 * status.latency95:.0f}), dropped "
        f"{status.dropped} of {status.came}{lost}, painted at {width}x{height}",
        file=sys.stderr,
        flush=True,
    )
