"""Learn from painted frames of a clip: the rest of it is to look as if the same hand had painted it.

Small patches of the painted frames, many a step, are compared pixel by pixel with what the network makes of the same places
(Texler et al. 2020, "Interactive Video Stylization Using Few-Shot Patch-Based Training"). Frames that nobody painted are held to
the painted ones' texture (Futschik et al. 2021, "STALP"), and to themselves when they move.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from vidstyle.disk.pending import write_whole
from vidstyle.errors import OutputError, TrainingError, VidstyleError
from vidstyle.frame import Pixels
from vidstyle.images.masks import Mask
from vidstyle.losses.matching import nearest_loss
from vidstyle.losses.perceptual import relative_error
from vidstyle.losses.temporal import temporal_loss
from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.layers import StyleNorm, channel_statistics, channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import Perceptual
from vidstyle.nets.shape import MULTIPLE
from vidstyle.training.checkpoint import WeightAverage, shipped_weights
from vidstyle.training.config import KeyframeConfig as Config
from vidstyle.training.export import export_openvino
from vidstyle.training.motion import draw_pair
from vidstyle.training.report import Report
from vidstyle.zoo import catalog

_MARGIN = 8
"""Pixels around a patch that the network sees and nothing is compared in."""

_WIDE = 24
"""Pixels on each side of an unpainted crop for its second view to come from."""

_LAYERS = ("relu1_1", "relu2_1", "relu3_1")
"""What patches are compared by: deeper ones have hardly any places in them."""

_TEXTURED = ("relu3_1", "relu4_1")
"""By which the texture of unpainted frames is."""

_OTHERS = 4
"""Unpainted frames are looked at in every fourth step: they cost more, and say less."""

_SETTLED = 0.75
"""Share of the time after which the network is normalised as it will be when it paints: with the statistics of whole frames."""

_DESCRIBED, _FRAMES, _PIXELS = 16, 4, 2**21
"""Steps after which these are measured anew, of so many frames of each shot, and about as many pixels."""

_WARM_UP = 0.03
"""Share of the time in which the learning rate rises."""

_REPORTED = 10
"""Steps between two reports."""

_PATIENCE = 20
"""Steps in a row without a finite loss after which it ends."""


@dataclass(frozen=True, repr=False)
class Shot:
    """Frames that are normalised alike, painted or not."""

    frames: Sequence[Tensor]
    """(3, H, W) uint8, all of one size; one at least."""

    @classmethod
    def of(cls, frames: Sequence[Pixels]) -> Shot:
        """Take frames (H, W, 3) uint8."""
        return cls([_tensor(frame) for frame in frames])


@dataclass(frozen=True, repr=False)
class Keyframe:
    """A frame and what a painter made of it."""

    frame: Tensor
    """(3, H, W) uint8."""
    painted: Tensor
    """(3, H, W) uint8."""
    mask: Tensor
    """(1, H, W) in [0, 1]: where it is painted."""
    shot: int
    """Which it is of."""

    @classmethod
    def of(cls, frame: Pixels, painted: Pixels, mask: Mask, shot: int) -> Keyframe:
        """Take pictures (H, W, 3) uint8 and a mask (H, W)."""
        return cls(_tensor(frame), _tensor(painted), torch.from_numpy(mask.copy())[None], shot)


def begun(weights: Mapping[str, Tensor], keyframes: Sequence[Keyframe]) -> OneStyle:
    """Return the network of the weights, any-style or one-style, that paints in the style of the first keyframe."""
    return OneStyle.begin(weights, _unit(keyframes[0].painted[None]))


def learn(
    net: OneStyle,
    keyframes: Sequence[Keyframe],
    shots: Sequence[Shot],
    perceptual: Perceptual,
    config: Config,
    *,
    on_report: Callable[[Report], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> OneStyle:
    """Let a network learn keyframes of a clip for so many seconds.

    Args:
        net: what it begins with, on its device; it is changed.
        keyframes: one at least.
        shots: of the clip; those that have a keyframe, and others.
        perceptual: the network whose features the losses compare.
        config: the knobs.
        on_report: called after every tenth step; what it raises ends it.
        stop: called before every step; raises to stop.

    Returns:
        The average of its last weights.

    Raises:
        TrainingError: 20 steps in a row without a finite loss.
    """
    result, net = net, _pooled(net)
    learner = _Learner(net, keyframes, shots, perceptual, config)
    average = WeightAverage(net, config.average)
    # A painter's colors need not be those that the palette makes of light: it learns, too.
    learned = [*net.parameters(), net.colors.requires_grad_()]
    optimizer = torch.optim.Adam(learned, lr=config.learning_rate, betas=(0.9, 0.99))
    began, step, failures, progress = time.monotonic(), 0, 0, 0.0
    while progress < 1:
        if stop:
            stop()
        for group in optimizer.param_groups:
            warm = min(1.0, (progress + 0.001) / _WARM_UP)
            group["lr"] = config.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))
        losses = learner.losses(step, settled=progress >= _SETTLED)
        loss = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(learned, 5.0)
        if torch.isfinite(loss) and torch.isfinite(norm):
            optimizer.step()
            net.constrain_()
            average.update(net)
            failures = 0
        else:
            failures += 1
            if failures >= _PATIENCE:
                raise TrainingError(
                    f"the loss was not finite for {_PATIENCE} steps; learn with a lower `learning_rate`"
                )
        step += 1
        seconds = time.monotonic() - began
        progress = step / config.steps if config.steps else seconds / config.seconds
        if on_report and (step % _REPORTED == 0 or progress >= 1):
            values = {name: value.item() for name, value in losses.items()}
            steps = config.steps or max(step, round(step / progress))
            on_report(Report(step, steps, values, step * config.batch / seconds, failures))
    result.load_state_dict(average.weights)
    return result


class _PooledNorm(StyleNorm):
    """A normalisation by the statistics of the whole batch, as of one picture: small patches have none of their own.

    Given ones that are measured now and then would lag behind the weights, which then rely on the lag.
    """

    def forward(
        self,
        x: Tensor,
        affine: Tensor,
        statistics: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Normalise x (B, C, H, W); see `StyleNorm`."""
        if statistics is None:
            row = x.transpose(0, 1).flatten(1)[None, :, None]  # (1, C, 1, B*H*W)
            own = torch.cat([part.flatten(1) for part in channel_statistics(row)], 1)
            statistics = own.expand(len(x), -1)
        return super().forward(x, affine, statistics, weight)


def _pooled(net: OneStyle) -> OneStyle:
    """Return a copy of a network whose normalisations see a batch as one picture."""
    copied = copy.deepcopy(net)
    for name, module in [*copied.named_modules()]:
        if isinstance(module, StyleNorm):
            copied.set_submodule(name, _PooledNorm(module.channels))
    return copied


class _Learner:
    """What a step compares, and the statistics by which the network is normalised while it learns."""

    def __init__(
        self,
        net: OneStyle,
        keyframes: Sequence[Keyframe],
        shots: Sequence[Shot],
        perceptual: Perceptual,
        config: Config,
    ) -> None:
        self.net, self.shots, self.config, self.perceptual = net, shots, config, perceptual
        self.keyframes = keyframes
        channels_last(net)
        channels_last(perceptual)
        self.draw = torch.Generator().manual_seed(config.seed)
        self.device = net.affine.device
        self.statistics: list[Tensor | None] = [None] * len(shots)
        with torch.no_grad():
            whole = [_unit(k.painted[None].to(self.device)) for k in keyframes]
            features = [perceptual(_cropped(w), _TEXTURED) for w in whole]
        self.textures = [
            _inside(f, k.mask)
            for k, layers in zip(keyframes, features, strict=True)
            for f in layers
        ]

    @torch.no_grad()
    def _describe(self, frames: Sequence[Tensor]) -> Tensor:
        """Return the mean of the statistics (1, T) of some frames."""
        count = max(1, min(_FRAMES, _PIXELS // frames[0][0].numel()))
        frames = frames[:: -(-len(frames) // count)]
        with mixed_precision(self.device):
            own = [
                self.net.frame_net(_cropped(_unit(f[None].to(self.device))), self.net.style)[1]
                for f in frames
            ]
        return torch.stack(own).mean(0)

    def losses(self, step: int, *, settled: bool) -> dict[str, Tensor]:
        """Return the weighted losses of a step; see `_SETTLED`."""
        if settled and (step % _DESCRIBED == 0 or self.statistics[0] is None):
            self.statistics = [self._describe(shot.frames) for shot in self.shots]
        losses = self._of_patches()
        if step % _OTHERS == 0:
            losses |= self._of_others()
        return losses

    def _drawn(self, count: int) -> int:
        return int(torch.randint(count, (1,), generator=self.draw))

    def _paint(self, frames: Tensor, shot: int) -> Tensor:
        net: FrameNet = self.net.frame_net
        statistics = self.statistics[shot]
        with mixed_precision(self.device):
            painted: Tensor = net(frames, self.net.style.expand(len(frames), -1), statistics)[0]
        return painted

    def _features(self, pictures: Tensor, layers: Sequence[str]) -> list[Tensor]:
        with mixed_precision(self.device):
            found: list[Tensor] = self.perceptual(pictures, layers)
        return found

    def _of_patches(self) -> dict[str, Tensor]:
        config = self.config
        windows, wanted, masks = [], [], []
        # Those of a shot together, since its frames are normalised alike.
        shot = self.keyframes[self._drawn(len(self.keyframes))].shot
        painted_ones = [k for k in self.keyframes if k.shot == shot]
        for _ in range(config.batch):
            keyframe = painted_ones[self._drawn(len(painted_ones))]
            top, left = self._place(keyframe.mask)
            windows.append(_window(keyframe.frame, top, left, config.patch, _MARGIN))
            wanted.append(_window(keyframe.painted, top, left, config.patch, 0))
            masks.append(_window(keyframe.mask, top, left, config.patch, 0))
        x, y = (_unit(torch.stack(part).to(self.device)) for part in (windows, wanted))
        x = x.contiguous(memory_format=torch.channels_last)
        mask = torch.stack(masks).to(self.device)
        painted = self._paint(x, shot)[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        painted = y.lerp(painted, mask)  # elsewhere there is nothing to learn
        losses = {"pixels": config.pixel_weight * (painted - y).abs().mean()}
        if config.feature_weight:
            with torch.no_grad():
                targets = self._features(y, _LAYERS)
            features = self._features(painted, _LAYERS)
            errors = [
                relative_error(f.float(), t.float()) for f, t in zip(features, targets, strict=True)
            ]
            losses["features"] = config.feature_weight * torch.stack(errors).mean()
        return losses

    def _place(self, mask: Tensor) -> tuple[int, int]:
        """Draw where a patch is cut: somewhere painted."""
        _, height, width = mask.shape
        side = self.config.patch
        for _ in range(50):
            top, left = self._drawn(height - side + 1), self._drawn(width - side + 1)
            if mask[:, top : top + side, left : left + side].mean() > 0.25:
                break
        return top, left

    def _of_others(self) -> dict[str, Tensor]:
        config = self.config
        number = self._drawn(len(self.shots))
        frames, crops = self.shots[number].frames, []
        for _ in range(config.others):
            frame = frames[self._drawn(len(frames))]
            top = self._drawn(max(1, frame.shape[1] - config.crop + 1))
            left = self._drawn(max(1, frame.shape[2] - config.crop + 1))
            crops.append(_window(frame, top, left, config.crop, _WIDE))
        wide = _unit(torch.stack(crops).to(self.device))
        pair = draw_pair(wide, config.crop, self.draw, exposure=0.03)
        both = torch.cat([pair.first, pair.second]).contiguous(memory_format=torch.channels_last)
        painted, moved = self._paint(both, number).chunk(2)
        losses = {
            "temporal": config.temporal_weight
            * temporal_loss(painted, moved, pair.grid, pair.mask, pair.brighter)
        }
        if config.texture_weight:
            features = self._features(painted, _TEXTURED)
            chosen = self._drawn(len(self.keyframes))
            textures = self.textures[chosen * len(_TEXTURED) : (chosen + 1) * len(_TEXTURED)]
            errors = [
                nearest_loss(f, t.expand(len(f), -1, -1, -1), covers=False)
                for f, t in zip(features, textures, strict=True)
            ]
            losses["texture"] = config.texture_weight * torch.stack(errors).mean()
        return losses


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def _unit(pixels: Tensor) -> Tensor:
    return pixels.float() / 255


def _cropped(picture: Tensor) -> Tensor:
    """Return pictures (B, 3, H, W) without the rest that is no multiple of what the network needs."""
    height, width = (side - side % MULTIPLE for side in picture.shape[2:])
    return picture[..., :height, :width].contiguous(memory_format=torch.channels_last)


def _window(picture: Tensor, top: int, left: int, side: int, margin: int) -> Tensor:
    """Cut a square out of a picture (C, H, W) with a margin around it, reflected where the picture ends."""
    _, height, width = picture.shape
    rows = _reflected(torch.arange(top - margin, top + side + margin), height)
    columns = _reflected(torch.arange(left - margin, left + side + margin), width)
    return picture[:, rows][:, :, columns]


def _reflected(places: Tensor, size: int) -> Tensor:
    """Return places inside of 0 to `size`, reflected as often as it takes."""
    period = max(1, 2 * size - 2)
    places = places % period
    return torch.where(places < size, places, period - places)


def _inside(features: Tensor, mask: Tensor) -> Tensor:
    """Return the features (1, C, 1, places) of a painted frame where it is painted."""
    small = F.interpolate(mask[None].to(features.device), features.shape[2:], mode="area")
    painted = small[0, 0] > 0.5
    chosen = features[:, :, painted] if painted.any() else features.flatten(2)
    return chosen[:, :, None]


def ship(net: OneStyle, path: Path, notes: dict[str, str]) -> None:
    """Write a network and, beside it, what the CPU engine paints with.

    Args:
        net: on any device.
        path: the weights to write, a .safetensors.
        notes: what the file says besides.

    Raises:
        OutputError: they cannot be written.
    """
    write_whole(path, save(shipped_weights(net.state_dict()), notes))
    files = catalog.open_file(path)
    for converted in files.networks:
        converted.unlink()  # of older weights
    try:
        export_openvino(files)
        files.note_networks()
    except BaseException as error:
        path.unlink(missing_ok=True)  # without its network it is no style
        if isinstance(error, RuntimeError) and not isinstance(error, VidstyleError):
            reason = str(error).strip().splitlines()[-1]
            raise OutputError(f"cannot write the network of {path}: {reason}") from error
        raise
