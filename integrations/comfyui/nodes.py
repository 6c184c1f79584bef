"""The nodes: what they take, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from vidstyle import Look, Model, Progress, Style, UsageError, load, mix
from vidstyle.runtime.compute import Compute
from vidstyle.selection import model_for, read_style
from vidstyle.stylize.style import StyleOptions
from vidstyle.zoo.catalog import styles

from . import host
from .definitions import Input, Node, option

if TYPE_CHECKING:
    from torch import Tensor

STYLE = "VIDSTYLE_STYLE"


@dataclass(frozen=True)
class LoadedStyle:
    """What goes from node to node as a style: a model, and the style that it has read."""

    model: Model
    style: Style | None
    """None: the model's own."""


# ComfyUI keeps what a node made, and runs it again when an input changes: a model need not be loaded anew for that.
_load = lru_cache(maxsize=4)(load)


def load_style(
    name: str, scale: float, device: str, picture: Tensor | None = None, file: str = ""
) -> LoadedStyle:
    """Load the model of a style, and let it read a picture."""
    if picture is not None and file:
        raise UsageError("expected a `picture` or a `file`, got both")
    source = _picture(picture) if picture is not None else file or name
    model_name, pictures = model_for(source)
    model = _load(str(model_name), device=device)
    return LoadedStyle(model, read_style(model, pictures, StyleOptions(scale)))


def mix_styles(first: LoadedStyle, second: LoadedStyle, share: float) -> LoadedStyle:
    """Mix the styles of two pictures."""
    if first.style is None or second.style is None:
        raise UsageError(
            "a network of one style does not mix with others; load its picture instead"
        )
    return LoadedStyle(first.model, mix([first.style, second.style], [1 - share, share]))


def stylize_images(images: Tensor, style: LoadedStyle, clip: bool, **look: Any) -> Tensor:
    """Paint a batch [B, H, W, C], which keeps size, dtype, device and alpha."""
    wished = Look(style.style, **look)
    painted, move = images.clone(), host.progress()

    def frames() -> Iterator[Tensor]:
        for image in images:
            host.stop()
            yield image[..., :3].clamp(0, 1)

    made = (
        style.model.stream(frames(), wished)
        if clip
        else (style.model(frame, wished) for frame in frames())
    )
    for index, frame in enumerate(made):
        painted[index, ..., :3] = frame
        move(index + 1, len(images))
    return painted


def stylize_video(video: Any, style: LoadedStyle, **look: Any) -> Any:
    """Paint a video from file to file: no more of it is in memory than some frames."""
    move, painted = host.progress(), host.temporary(".mp4")

    def on_progress(step: Progress) -> None:
        move(step.frames, step.total)

    source, reading = host.as_file(video)
    style.model.video(
        source,
        painted,
        Look(style.style, **look),
        reading=reading,
        on_progress=on_progress,
        stop=host.stop,
    )
    return host.as_video(painted)


def fit_style(picture: Tensor, video: Any, seconds: int, scale: float, device: str) -> LoadedStyle:
    """Fit a network to a picture and a video; a fit of the same is kept, and taken again."""
    move, began = host.progress(), monotonic()
    source, reading = host.as_file(video)

    def on_report(_step: object) -> None:
        move(min(seconds, int(monotonic() - began)), seconds)

    model = _load("arbitrary", device=device).fit(
        source,
        _picture(picture),
        seconds=seconds,
        scale=scale,
        reading=reading,
        on_report=on_report,
        stop=host.stop,
    )
    move(seconds, seconds)
    return LoadedStyle(model, None)


def _picture(images: Tensor) -> Any:
    """Return the first picture of a batch, for a style."""
    return images[0, ..., :3].clamp(0, 1).cpu().float().numpy()


_STYLE = Input("style", STYLE, "Of Load style, Mix styles or Fit style.")
_DEVICE = option(Compute, "device")
_SCALE = Input(
    "scale",
    "FLOAT",
    "By which the picture is enlarged before it is read: its strokes become larger.",
    default=1.0,
    low=0.25,
    high=4.0,
    step=0.05,
)
_LOOK = tuple(option(Look, name) for name in ("strength", "blend", "colors", "stability"))

NODES = (
    Node(
        "VidstyleLoadStyle",
        "Load style",
        "A style: a picture, one of the shipped networks, or a network of your own.",
        (
            Input(
                "name",
                "COMBO",
                "A shipped network of one style, where there is no picture and no file.",
                default="starry_night",
                options=tuple(styles()),
            ),
            _SCALE,
            _DEVICE,
            Input("picture", "IMAGE", "Any picture is a style; of a batch the first.", True),
            Input(
                "file",
                "STRING",
                "A picture's file, or the weights of a trained network (.safetensors).",
                True,
                default="",
            ),
        ),
        (STYLE, "style"),
        load_style,
    ),
    Node(
        "VidstyleStylizeImages",
        "Stylize images",
        "Paint a batch of images: the frames of a clip, which stay steady from one to the next until a cut, or pictures of their own.",
        (
            Input("images", "IMAGE", "The frames of a clip in their order, or pictures."),
            _STYLE,
            Input(
                "clip",
                "BOOLEAN",
                "The images are the frames of a clip, whose cuts are found. Off: each is painted by itself.",
                default=True,
            ),
            *_LOOK,
        ),
        ("IMAGE", "images"),
        stylize_images,
    ),
    Node(
        "VidstyleStylizeVideo",
        "Stylize video",
        "Paint a video from file to file, with its sound and times: memory stays flat, however long it is.",
        (Input("video", "VIDEO", "As Load Video gives it."), _STYLE, *_LOOK),
        ("VIDEO", "video"),
        stylize_video,
    ),
    Node(
        "VidstyleMixStyles",
        "Mix styles",
        "One style of the styles of two pictures.",
        (
            Input("first", STYLE, "Of a picture."),
            Input("second", STYLE, "Of another picture."),
            Input(
                "share",
                "FLOAT",
                "Of the second style.",
                default=0.5,
                low=0.0,
                high=1.0,
                step=0.05,
            ),
        ),
        (STYLE, "style"),
        mix_styles,
    ),
    Node(
        "VidstyleFitStyle",
        "Fit style",
        "Tune a network to a picture and a video before it is painted: nearer to the style, after so many seconds. It is kept for the next time.",
        (
            Input("picture", "IMAGE", "The style; of a batch the first."),
            Input("video", "VIDEO", "The video that will be painted."),
            Input("seconds", "INT", "Of learning.", default=60, low=1, high=3600, step=1),
            _SCALE,
            _DEVICE,
        ),
        (STYLE, "style"),
        fit_style,
    ),
)
