"""Layers: paintings that each show where a mask says so, over the frame itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol

from vidstyle.frame import Frame, Pixels
from vidstyle.images.masks import Mask, lay
from vidstyle.pipeline import Arrays, StateT
from vidstyle.stylize.painter import Painter
from vidstyle.stylize.stylizer import Lookahead


class MaskSource(Protocol):
    """The masks of a video's frames."""

    def at(self, frame: Frame, memory: Arrays) -> tuple[Mask, Arrays]:
        """Return the mask (H, W) of the next frame.

        Args:
            frame: no earlier than the one before.
            memory: as the frame before left it; empty at the beginning.

        Returns:
            The mask, and what it is to remember for the next frame.
        """
        ...


@dataclass(frozen=True)
class Layer(Generic[StateT]):
    """A painting, and where it shows."""

    painter: Painter[StateT]
    mask: MaskSource


@dataclass(frozen=True)
class Layers(Generic[StateT]):
    """Paints each layer, later ones on top; see `pipeline.Stylizer`. What no mask covers stays to the bit.

    Each layer is a pass of its network: its normalizations take a style for the whole frame.
    """

    layers: tuple[Layer[StateT], ...]

    @property
    def name(self) -> str:
        """What computes it, for people."""
        return " and ".join(dict.fromkeys(layer.painter.name for layer in self.layers))

    def ahead(self, lookahead: Lookahead | None) -> Layers[StateT]:
        """Return it with a look-ahead for each layer."""
        return Layers(tuple(replace(x, painter=x.painter.ahead(lookahead)) for x in self.layers))

    def settings(self) -> dict[str, str]:
        """Return all that decides what it paints, but for the masks."""
        settings: dict[str, str] = {}
        for layer in self.layers:
            for name, value in layer.painter.settings().items():
                settings[name] = f"{settings.get(name, '')} {value}".strip()
        return settings

    def batch(self, height: int, width: int) -> int:
        """Return the number of frames of a size, pixels, that suits a call best."""
        return max(layer.painter.batch(height, width) for layer in self.layers)

    @property
    def depth(self) -> int:
        """Calls in flight that keep it busy."""
        return max(layer.painter.depth for layer in self.layers)

    def start(
        self, frames: Sequence[Frame], state: Sequence[tuple[StateT | None, Arrays]] | None
    ) -> tuple[Callable[[], Sequence[Pixels]], tuple[tuple[StateT, Arrays], ...]]:
        """Begin to paint frames; see `pipeline.Stylizer.start`."""
        before = state or [(None, {})] * len(self.layers)
        calls = [
            layer.painter.start(frames, painter)
            for layer, (painter, _) in zip(self.layers, before, strict=True)
        ]
        memories = [memory for _, memory in before]
        masks: list[list[Mask]] = [[] for _ in self.layers]
        for frame in frames:
            for number, layer in enumerate(self.layers):
                mask, memories[number] = layer.mask.at(frame, memories[number])
                masks[number].append(mask)

        def finish() -> list[Pixels]:
            shown = [frame.pixels for frame in frames]
            for (finish_layer, _), where in zip(calls, masks, strict=True):
                shown = [lay(*each) for each in zip(shown, finish_layer(), where, strict=True)]
            return shown

        return finish, tuple(
            (after, memory) for (_, after), memory in zip(calls, memories, strict=True)
        )

    def pack(self, state: Sequence[tuple[StateT, Arrays]]) -> Arrays:
        """Return a state as arrays, the number of its layer before each name."""
        return {
            f"{number}.{kind}.{name}": array
            for number, (layer, (painter, memory)) in enumerate(
                zip(self.layers, state, strict=True)
            )
            for kind, arrays in (("painter", layer.painter.pack(painter)), ("mask", memory))
            for name, array in arrays.items()
        }

    def unpack(self, arrays: Arrays) -> tuple[tuple[StateT, Arrays], ...]:
        """Return the state that `pack` made arrays of."""

        def of(prefix: str) -> Arrays:
            return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}

        return tuple(
            (layer.painter.unpack(of(f"{number}.painter.")), of(f"{number}.mask."))
            for number, layer in enumerate(self.layers)
        )
