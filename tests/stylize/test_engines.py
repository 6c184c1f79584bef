"""The converted network against torch, and the shipped files against their sums."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.clips import pattern
from tests.conftest import ROOT
from vidstyle import InputError, UsageError
from vidstyle.media.source import FileSource
from vidstyle.model import load
from vidstyle.runtime.openvino import OpenVinoEngine
from vidstyle.runtime.select import select_engine
from vidstyle.runtime.torch_engine import load_network
from vidstyle.stylize.look import Look
from vidstyle.zoo import catalog


def test_the_converted_network_is_the_trained_one(picture):
    from vidstyle.images.files import read_picture
    from vidstyle.stylize.style import fit_style

    fast, reference = select_engine("cpu", "f32"), select_engine("torch-cpu")
    assert isinstance(fast, OpenVinoEngine)
    style = fit_style(read_picture(picture))
    vector = reference.encode(style)
    assert np.allclose(fast.encode(style), vector, atol=2e-3)
    another = reference.encode(np.ascontiguousarray(style[..., ::-1]))
    frames = np.stack([pattern(i, 160, 96) for i in range(3)])
    size = len(reference.paint(frames, vector, None).statistics()[0])
    some = np.full(size, 0.7, np.float32), 0.5
    # From style to style and back: the kernels are computed anew.
    for style_vector, statistics in ((vector, None), (another, some), (vector, some)):
        one, other = (
            engine.paint(frames, style_vector, statistics) for engine in (fast, reference)
        )
        used, expected = one.statistics(), other.statistics()
        error = np.abs(np.stack(one.frames()).astype(float) - other.frames())
        assert error.max() <= 2
        assert np.allclose(used, expected, rtol=1e-3, atol=1e-3)


def test_a_signal_survives_that_another_thread_lets_go_of_the_last_model():
    """The runtime's plugin, with the signal stack of the thread that made it, must not go with the model."""
    program = """if True:
        import gc, signal, threading
        import numpy as np
        import vidstyle
        models = [vidstyle.load("arbitrary", device="cpu")]
        look = vidstyle.Look(models[0].style("samples/styles/swirls.jpg"))
        models[0](np.zeros((32, 32, 3), np.uint8), look)
        del look
        thread = threading.Thread(target=lambda: [models.clear(), gc.collect()])
        thread.start(), thread.join()
        signal.signal(signal.SIGINT, lambda *_: print("heard"))
        signal.raise_signal(signal.SIGINT)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "heard\n", done


@pytest.fixture(scope="module")
def scenes():
    """Three frames of the sample clip, far apart."""
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        return [f.pixels for f in source][10::60]


@pytest.mark.parametrize("precision", ["auto", pytest.param("int8", marks=pytest.mark.slow)])
def test_the_default_precision_keeps_35_db(scenes, precision):
    exact = load(device="cpu", precision="f32")
    try:
        fast = load(device="cpu", precision=precision)
    except UsageError:
        pytest.skip("this processor offers no int8")
    for style in sorted((ROOT / "samples" / "styles").glob("*.jpg")):
        expected_frames, _ = exact.step(scenes, Look(exact.style(style)))
        painted, _ = fast.step(scenes, Look(fast.style(style)))
        error = ((np.stack(painted).astype(float) - expected_frames) ** 2).mean()
        assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 35, style.name


def test_the_default_precision_keeps_a_still_clip_still(scenes):
    """Equal frames give equal pictures, and a change that cannot be seen stays one."""
    model = load(device="cpu")
    look = Look(model.style(ROOT / "samples" / "styles" / "swirls.jpg"))
    painted, _ = model.step([scenes[0]] * 4, look)
    assert (np.stack(painted) == painted[0]).all()
    flicker = scenes[0].copy()
    flicker[::7, ::7] ^= 1  # the last bit of 2 % of the pixels
    painted, _ = model.step([scenes[0], flicker], look)
    # 0.6 in int8, 0.8 where the rest of it is in bf16 (0.1 in f32).
    assert np.abs(painted[0].astype(float) - painted[1]).mean() < 0.9


def test_precisions_that_a_device_does_not_offer_are_refused():
    for device, precision in (("cpu", "f64"), ("torch-cpu", "int8")):
        with pytest.raises(UsageError, match="precision"):
            select_engine(device, precision)


def test_every_shipped_file_is_what_was_shipped():
    for folder, limit in (
        (catalog.FOLDER, 20.5e6),
        (catalog.FOLDER / "styles", 5.9e6 * len(catalog.styles())),
    ):
        sums = catalog.checksums(folder)
        for name in sums:
            catalog.verify(folder / name)
        shipped = {
            p.name for p in folder.iterdir() if p.suffix in {".safetensors", ".xml", ".bin", ".npz"}
        }
        assert shipped == set(sums)
        assert sum((folder / n).stat().st_size for n in shipped) < limit


def test_a_changed_weight_file_is_refused(tmp_path):
    model = catalog.find()
    (tmp_path / "SHA256SUMS").write_text((catalog.FOLDER / "SHA256SUMS").read_text())
    copy = tmp_path / model.weights.name
    with pytest.raises(InputError, match="missing"):
        catalog.verify(copy)
    copy.write_bytes(model.weights.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="damaged"):
        catalog.verify(copy)


def test_weights_of_another_network_are_refused(tmp_path):
    import torch
    from safetensors.torch import save_file

    save_file({"junk": torch.zeros(3)}, tmp_path / "junk.safetensors")
    with pytest.raises(InputError, match="another"):
        load_network(tmp_path / "junk.safetensors")


@pytest.mark.parametrize(
    ("weights", "budget"),
    # The figures in docs/design.md, less the 18 of the color mixing.
    [
        (catalog.find().weights, 6_972),
        *((catalog.shipped_style(name).weights, 6_972) for name in catalog.styles()),
    ],
    ids=lambda value: getattr(value, "stem", ""),
)
def test_the_budget_of_multiply_adds(weights, budget):
    import torch

    net = load_network(weights).frame_net
    done = 0

    def count(module, _inputs, output):
        nonlocal done
        done += output[0].numel() * module.weight[0].numel()

    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    net(torch.rand(1, 3, 64, 128), torch.rand(1, net.style_size))
    assert done / (64 * 128) == budget


def test_even_features_give_even_light():
    """No pattern of the 2x2 cells, whatever training does to the last convolution's kernels."""
    import torch

    from vidstyle.nets.arbitrary import Arbitrary

    def unevenness(net):
        even = torch.rand(1, 16, 1, 1).expand(1, 16, 8, 8)
        lights = net.out(even, torch.rand(1, net.kernels))[:, :4]
        return (lights - lights.mean(1, keepdim=True)).abs().max().item()

    torch.manual_seed(1)  # the bound below is not far from rounding
    net = Arbitrary().frame_net
    for parameter in net.out.parameters():
        torch.nn.init.normal_(parameter)
    assert unevenness(net) > 0.1
    kernels = net.out.weight.detach().clone()
    net.equalize_kernels_()
    assert unevenness(net) < 1e-5
    assert not torch.equal(net.out.weight[0], net.out.weight[1])
    assert torch.equal(net.out.weight[4:], kernels[4:])
    assert unevenness(load_network(catalog.find().weights).frame_net) < 5e-3  # in 16 bits


def test_batches_fit_into_the_memory_of_a_gpu(monkeypatch):
    import torch

    engine = select_engine("torch-cpu")
    assert engine.batch(720, 1280) == 1
    monkeypatch.setattr(engine, "_device", torch.device("cuda"))
    for memory, frames in ((80 * 2**30, 9), (8 * 2**30, 4), (2**30, 1)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device, all_=memory: (0, all_))
        assert engine.batch(720, 1280) == frames


def test_each_picture_of_a_batch_gets_the_kernels_of_its_style():
    import torch

    from vidstyle.nets.arbitrary import Arbitrary, Shape
    from vidstyle.nets.encoder import STYLE_CONVS
    from vidstyle.nets.palette import PALETTE

    torch.manual_seed(3)
    net = Arbitrary(Shape(8, 8, 16, 1, kernels=4, sixteenth=16, coarse_blocks=2, rank=3)).frame_net
    amounts = slice(-PALETTE - STYLE_CONVS * 4 - 2 * 3, -PALETTE)
    frames, styles = torch.rand(3, 3, 32, 48), torch.rand(3, net.style_size)
    with torch.no_grad():
        together = net(frames, styles)[0]
        alone = [net(f[None], s[None])[0] for f, s in zip(frames, styles, strict=True)]
        assert torch.allclose(together, torch.cat(alone), atol=1e-5)
        styles[:, amounts] = 0
        assert (net(frames, styles)[0] - together).abs().max() > 1e-3
        net.up2.bank.zero_()
        net.out.bank.zero_()
        for block in net.coarse:
            block.conv1.left.zero_()
        plain = net(frames, styles)[0]
        styles[:, amounts] = 1
        assert torch.allclose(net(frames, styles)[0], plain, atol=1e-6)


def even_changes():
    """Frames (96, 192, 3) that change evenly from left to right: gray, and between two pairs of colors."""
    share = np.linspace(0, 1, 192)[None, :, None]
    for left, right in (
        ((60, 60, 60), (200, 200, 200)),
        ((220, 120, 60), (60, 90, 200)),
        ((40, 80, 30), (200, 210, 120)),
    ):
        ramp = np.array(left) * (1 - share) + np.array(right) * share
        yield np.tile(ramp.round().astype(np.uint8), (96, 1, 1))


@pytest.mark.parametrize("name", ["a picture", *catalog.styles()])
def test_the_networks_have_no_border_and_no_checkerboard(name, picture):
    """A smooth frame gives a smooth picture: no frame around it, no pattern of the grid in it."""
    model = load("arbitrary" if name == "a picture" else name, device="cpu")
    look = Look(model.style(picture) if model.takes_pictures else None)
    for ramp in even_changes():
        painted = model(ramp, look).astype(float).mean(-1)
        middle = painted[24:72, 32:160]
        for border in (painted[:3, 32:160], painted[-3:, 32:160]):
            assert np.abs(border - middle.mean(0)).mean() < 4
        columns = middle.mean(0)
        across = np.arange(len(columns))
        columns = columns - np.polyval(np.polyfit(across, columns, 3), across)
        for period, limit in ((2, 1), (4, 2), (8, 4)):
            woven = np.std([columns[i::period].mean() for i in range(period)])
            # The tesserae of the mosaic are about as large as the grid.
            assert woven < limit * (3 if name == "roman_mosaic_ducks" else 1), (name, period)


@pytest.mark.parametrize("fails", [False, True])
def test_frames_of_a_kind_that_comes_again_are_recorded(scenes, monkeypatch, caplog, fails):
    """What is recorded and when, without a card: a recording that cannot be made costs one line."""
    import contextlib

    import torch

    from vidstyle.runtime import torch_engine

    made = []

    class Recording:
        def __init__(self, function, inputs):
            made.append(tuple(inputs["frame"].shape))
            if fails:
                raise RuntimeError("no graph\nand more")
            self.function = function

        def __call__(self, inputs):
            return self.function(**inputs)

    engine = select_engine("torch-cpu")
    size = len(engine.encode(scenes[0]))
    style = np.random.default_rng(1).uniform(0.5, 1, size).astype(np.float32)
    frames = [np.ascontiguousarray(f[:64, :96]) for f in scenes]
    batches = [frames, frames, frames, frames[:1], frames]
    expected_frames = [np.stack(engine.paint(b, style, None).frames()) for b in batches]
    monkeypatch.setattr(engine, "_records", True)
    monkeypatch.setattr(torch_engine, "Replay", Recording)
    monkeypatch.setattr(torch.cuda, "device", lambda _device: contextlib.nullcontext())
    painted = [np.stack(engine.paint(b, style, None).frames()) for b in batches]
    assert all((p == w).all() for p, w in zip(painted, expected_frames, strict=True))
    assert made == [(3, 64, 96, 3)]  # the rest at the end is not
    assert [r.message for r in caplog.records] == [
        "painting without a CUDA graph: no graph"
    ] * fails
