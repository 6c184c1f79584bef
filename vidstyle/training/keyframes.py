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
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from vidstyle.disk.pending import write_whole
from vidstyle.errors import OutputError, TrainingError, VidstyleError
from vidstyle.losses.matching import nearest_loss
from vidstyle.losses.perceptual import relative_error
from vidstyle.losses.temporal import temporal_loss
from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.checkpoint import WeightAverage, shipped_weights
from vidstyle.training.config import KeyframeConfig as Config
from vidstyle.training.export import export_openvino
from vidstyle.training.motion import draw_pair
from vidstyle.training.patches import Keyframe, Shot, cropped, inside, unit, window
from vidstyle.training.report import Report
from vidstyle.training.statistics import HeldStatistics
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

_DESCRIBED = 32
"""Steps after which the statistics of shots that hold no keyframe, or not the most, are measured anew."""

_WARM_UP = 0.03
"""Share of the time in which the learning rate rises."""

_REPORTED = 10
"""Steps between two reports."""

_PATIENCE = 20
"""Steps in a row without a finite loss after which it ends."""


def begun(weights: Mapping[str, Tensor], keyframes: Sequence[Keyframe]) -> OneStyle:
    """Return the network of the weights, any-style or one-style, that paints in the style of the first keyframe."""
    return OneStyle.begin(weights, unit(keyframes[0].painted[None]))


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
    """Let a network learn keyframes of a clip for the time of the config, longer if they are several.

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
    config = config.of_several(len(keyframes))
    learning = Learning(net, keyframes, shots, perceptual, config)
    began, progress = time.monotonic(), 0.0
    while progress < 1:
        if stop:
            stop()
        warm = min(1.0, (progress + 0.001) / _WARM_UP)
        losses = learning.step(warm * 0.5 * (1 + math.cos(math.pi * progress)))
        step, seconds = learning.steps, time.monotonic() - began
        progress = step / config.steps if config.steps else seconds / config.seconds
        if on_report and (step % _REPORTED == 0 or progress >= 1):
            values = {name: value.item() for name, value in losses.items()}
            steps = config.steps or max(step, round(step / progress))
            on_report(Report(step, steps, values, step * config.batch / seconds, learning.failures))
    return learning.network()


class Learning:
    """A network that learns keyframes, step by step, for as long as one likes."""

    def __init__(
        self,
        net: OneStyle,
        keyframes: Sequence[Keyframe],
        shots: Sequence[Shot],
        perceptual: Perceptual,
        config: Config,
    ) -> None:
        """Take what `learn` takes."""
        self.steps = 0
        """Taken so far."""
        self.failures = 0
        """Of the last ones, those without a finite loss."""
        self._net, self._config = net, config
        self._losses = _Losses(net, keyframes, shots, perceptual, config)
        self._average = WeightAverage(net, config.average)
        # A painter's colors need not be those that the palette makes of light: it learns, too.
        self._learned = [*net.parameters(), net.colors.requires_grad_()]
        self._optimizer = torch.optim.Adam(self._learned, betas=(0.9, 0.99))

    def repaint(self, keyframes: Sequence[Keyframe]) -> None:
        """Go on with other paintings of the same frames."""
        self._losses.take(keyframes)
        self._average.updates = 0  # the average leaves the weights of before at once

    def step(self, rate: float) -> dict[str, Tensor]:
        """Learn in one step at a share of the peak learning rate, 0 to 1; return the weighted losses.

        Raises:
            TrainingError: 20 steps in a row without a finite loss.
        """
        losses = self._losses.of_step(self.steps)
        loss = torch.stack(list(losses.values())).sum()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._learned, 5.0)
        self.steps += 1
        if torch.isfinite(loss) and torch.isfinite(norm):
            for group in self._optimizer.param_groups:
                group["lr"] = self._config.learning_rate * rate
            self._optimizer.step()
            self._net.constrain_()
            self._average.update(self._net)
            self.failures = 0
        else:
            self.failures += 1
            if self.failures >= _PATIENCE:
                raise TrainingError(
                    f"the loss was not finite for {_PATIENCE} steps; learn with a lower `learning_rate`"
                )
        return losses

    def network(self) -> OneStyle:
        """Return the average of the last weights, a network that paints by itself."""
        averaged = copy.deepcopy(self._net)
        averaged.load_state_dict(self._average.weights)
        return self._losses.statistics.settled(averaged)


class _Losses:
    """What a step compares."""

    def __init__(
        self,
        net: OneStyle,
        keyframes: Sequence[Keyframe],
        shots: Sequence[Shot],
        perceptual: Perceptual,
        config: Config,
    ) -> None:
        self.net, self.shots, self.config, self.perceptual = net, shots, config, perceptual
        channels_last(net)
        channels_last(perceptual)
        self.draw = torch.Generator().manual_seed(config.seed)
        self.device = net.affine.device
        home = max(range(len(shots)), key=[k.shot for k in keyframes].count)
        self.statistics = HeldStatistics(net, shots, home)
        self.take(keyframes)

    @torch.no_grad()
    def take(self, keyframes: Sequence[Keyframe]) -> None:
        """Compare with these from now on."""
        self.keyframes = keyframes
        self.textures = []
        for keyframe in keyframes:
            whole = cropped(unit(keyframe.painted[None].to(self.device)))
            found = self._features(whole, _TEXTURED)
            self.textures.append([inside(f, keyframe.mask) for f in found])

    def of_step(self, step: int) -> dict[str, Tensor]:
        """Return the weighted losses of a step."""
        if step % _DESCRIBED == _DESCRIBED - 1:
            self.statistics.follow(self.net)
        losses = self._of_patches()
        if step % _OTHERS == 0:
            losses |= self._of_others()
        return losses

    def _drawn(self, count: int) -> int:
        return int(torch.randint(count, (1,), generator=self.draw))

    def _paint(self, frames: Tensor, shots: Sequence[int]) -> Tensor:
        net: FrameNet = self.net.frame_net
        statistics = torch.cat([self.statistics.of[shot] for shot in shots])
        with mixed_precision(self.device):
            painted: Tensor = net(frames, self.net.style.expand(len(frames), -1), statistics)[0]
        return painted

    def _features(self, pictures: Tensor, layers: Sequence[str]) -> list[Tensor]:
        with mixed_precision(self.device):
            found: list[Tensor] = self.perceptual(pictures, layers)
        return found

    def _of_patches(self) -> dict[str, Tensor]:
        config = self.config
        windows, wanted, masks, shots = [], [], [], []
        for _ in range(config.batch):
            keyframe = self.keyframes[self._drawn(len(self.keyframes))]
            shots.append(keyframe.shot)
            top, left = self._place(keyframe.mask)
            windows.append(window(keyframe.frame, top, left, config.patch, _MARGIN))
            wanted.append(window(keyframe.painted, top, left, config.patch, 0))
            masks.append(window(keyframe.mask, top, left, config.patch, 0))
        x, y = (unit(torch.stack(part).to(self.device)) for part in (windows, wanted))
        x = x.contiguous(memory_format=torch.channels_last)
        mask = torch.stack(masks).to(self.device)
        painted = self._paint(x, shots)[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
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
            crops.append(window(frame, top, left, config.crop, _WIDE))
        wide = unit(torch.stack(crops).to(self.device))
        pair = draw_pair(wide, config.crop, self.draw, exposure=0.03)
        both = torch.cat([pair.first, pair.second]).contiguous(memory_format=torch.channels_last)
        painted, moved = self._paint(both, [number] * len(both)).chunk(2)
        losses = {
            "temporal": config.temporal_weight
            * temporal_loss(painted, moved, pair.grid, pair.mask, pair.brighter)
        }
        if config.texture_weight:
            features = self._features(painted, _TEXTURED)
            textures = self.textures[self._drawn(len(self.keyframes))]
            errors = [
                nearest_loss(f, t.expand(len(f), -1, -1, -1), covers=False)
                for f, t in zip(features, textures, strict=True)
            ]
            losses["texture"] = config.texture_weight * torch.stack(errors).mean()
        return losses


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
