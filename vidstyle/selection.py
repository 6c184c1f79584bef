"""Which model some styles ask for, and what it reads of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

from vidstyle.errors import UsageError
from vidstyle.fields import brief
from vidstyle.frame import StreamInfo
from vidstyle.images.files import PictureSource, read_encoded
from vidstyle.model import Model, load
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.cues import Cue
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style, StyleOptions, mix
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.zoo import catalog
from vidstyle.zoo.names import IDENTITY, OPTIMIZED, PHOTOREAL, SWAP

METHODS = ("network", SWAP, PHOTOREAL)
"""How a video is painted: by a network; by patches of it that are swapped for a picture's nearest; or it gets a picture's colors
alone, and stays a photo."""

TAKEN = {PHOTOREAL: "the colors", SWAP: "the patches"}
"""What a method takes of a picture."""

StyleSource: TypeAlias = PictureSource
"""A picture, as a file or in memory; the name of a shipped network of one style, such as "starry_night", or the
weights of a trained one (.safetensors); or "identity", which changes nothing."""


def several_of(style: StyleSource | Sequence[StyleSource]) -> list[StyleSource]:
    """Return one style, or several, as a list.

    Raises:
        UsageError: there is none.
    """
    several = isinstance(style, list | tuple)
    styles: list[StyleSource] = [*style] if several else [style]  # type: ignore[list-item, misc]
    if not styles:
        raise UsageError("expected a style, got none")
    return styles


def check_named(method: str) -> None:
    """Refuse what is none of `METHODS`.

    Raises:
        UsageError: it is none; those that paint by optimization are of `vidstyle.paint`.
    """
    if not isinstance(method, str) or method not in METHODS:
        said = method if isinstance(method, str) else brief(method)
        way = "; vidstyle.paint paints a picture so, by optimization" if said in OPTIMIZED else ""
        raise UsageError(f"expected a `method` {', '.join(METHODS)}, got {said}{way}")


def load_for(
    style: StyleSource | Sequence[StyleSource],
    compute: Compute,
    *,
    method: str = "network",
    options: StyleOptions | None = None,
) -> tuple[Model, list[StyleSource]]:
    """Load the model that some styles ask for, as `model_for` says, to read them by some options.

    Returns:
        The model, and the pictures that it is to read: none where its style is its own.

    Raises:
        UsageError: the styles do not go together.
        VidstyleError: as `load`.
    """
    name, pictures = model_for(style, method=method)
    return load_wished(name, compute, options), pictures


def model_for(
    style: StyleSource | Sequence[StyleSource], *, method: str = "network"
) -> tuple[str | Path, list[StyleSource]]:
    """Return the name of the model that some styles ask for, and the pictures that it is to read.

    Raises:
        UsageError: the styles do not go together.
        InputError: a network's file is missing or damaged.
    """
    styles = several_of(style)
    check_named(method)
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
        if method != "network":
            raise UsageError(f"{method} takes {TAKEN[method]} of pictures, of no network")
        return networks[0], []
    return "arbitrary" if method == "network" else method, styles


def load_wished(name: str | Path, compute: Compute, options: StyleOptions | None = None) -> Model:
    """Load a model by its name as a user wishes, to read styles by some options; see `load`."""
    options = options or StyleOptions()
    return load(
        name,
        device=compute.device,
        precision=compute.precision,
        low_latency=compute.low_latency,
        patch_size=options.patch_size,
        patch_stride=options.patch_stride,
    )


def read_style(
    model: Model, pictures: Sequence[StyleSource], options: StyleOptions
) -> Style | None:
    """Return the style, mixed of pictures, that a model is to paint in; None where its style is its own.

    Raises:
        UsageError: the options do not go with the model, or with as many pictures.
        InputError: a file is missing, or no picture.
    """
    if options.regions:
        raise UsageError("`regions` are painted of one video, in one style: leave the rest out")
    if pictures:
        read = [model.style(picture, scale=options.style_scale) for picture in pictures]
        return mix(read, options.style_weights)
    if options.style_scale != 1 and model.name != IDENTITY:
        raise UsageError("the strokes of a network of one style have the size it was trained with")
    return None


def check_method(method: str, compute: Compute, look: Look) -> None:
    """Refuse what is no method, or a device that one does not ask.

    Raises:
        UsageError: it is none, or does not.
    """
    check_named(method)
    if method == PHOTOREAL and not (look.flow == "raft" or compute.device in {"auto", "cpu"}):
        raise UsageError("photoreal asks no network: leave `device` out")


class Readers:
    """The models that read the styles of a video, each loaded when it is first asked for."""

    def __init__(
        self,
        opened: ExitStack,
        options: StyleOptions,
        compute: Compute,
        method: str,
        stroke: float | None,
        learned: Callable[[], Path] | None = None,
    ) -> None:
        """Take what closes the models, how they read, and the stroke of the look; see `Look`.

        `learned` makes the network that paints in place of the styles of all the video, when they are read.
        """
        self._opened, self.options, self._stroke = opened, options, stroke
        self._learned = learned
        self._compute, self._method = compute, method
        self._models: dict[str, Model] = {}

    @property
    def rises(self) -> bool:
        """Whether the end of a fade from black begins a shot; see `engine.Following`."""
        return self._method != PHOTOREAL

    def check(self, styles: Sequence[object]) -> None:
        """Refuse styles that cannot be read, as far as that is known before pictures are decoded.

        Raises:
            UsageError: they do not go together.
            InputError: a file is missing, damaged, or no picture.
        """
        _, pictures = model_for(cast(Sequence[StyleSource], styles), method=self._method)
        for picture in pictures:
            if isinstance(picture, str | Path):
                catalog.check_picture(picture)
                read_encoded(Path(picture))

    def read(
        self, styles: Sequence[object], info: StreamInfo, cue: Cue | None = None
    ) -> tuple[Stylizer, Style | None]:
        """Return what paints in some styles, those of a cue or of all the video, and what it has read of them."""
        if self._learned and cue is None:
            styles = [self._learned()]
        several = cast(Sequence[StyleSource], styles)
        name, pictures = model_for(several, method=self._method)
        if str(name) not in self._models:
            model = self._opened.enter_context(load_wished(name, self._compute, self.options))
            model.expect(info, self._stroke)
            self._models[str(name)] = model
        model = self._models[str(name)]
        options = replace(self.options, style_weights=cue.weights) if cue else self.options
        return model.stylizer, read_style(model, pictures, options)
