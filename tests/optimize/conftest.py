"""What the tests of optimization share."""

from __future__ import annotations

import signal

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.clips import make_picture
from vidstyle import VidstyleError
from vidstyle.cli.app import app
from vidstyle.cli.spelling import spelled
from vidstyle.nets.perceptual import Perceptual


@pytest.fixture(scope="session")
def perceptual():
    """A small perceptual network with random weights."""
    torch.manual_seed(4)
    net = Perceptual((8, 8, 12, 12, 12))
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return net.eval().requires_grad_(False)


@pytest.fixture
def folder(perceptual, tmp_path):
    save_file(perceptual.state_dict(), tmp_path / "features.safetensors")
    make_picture(tmp_path / "photo.png", 64, 48)
    make_picture(tmp_path / "starry.jpg", 60, 60)
    return tmp_path


@pytest.fixture
def here(folder, monkeypatch):
    """The folder, entered for commands in this process: an interpreter with torch takes seconds."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.chdir(folder)
    yield folder
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def refused(here):
    """Says that a command is refused in one line."""

    def check(message, *words):
        with pytest.raises(VidstyleError) as caught:
            app(list(map(str, words)), standalone_mode=False)
        assert caught.value.exit_code == 2
        assert message in spelled(str(caught.value))
        assert "\n" not in str(caught.value)

    return check
