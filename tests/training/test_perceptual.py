"""A small network learns to see what another sees."""

from __future__ import annotations

import cv2
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.clips import make_picture, pattern
from tests.conftest import vidstyle
from vidstyle import InputError
from vidstyle.nets.perceptual import DISTILLED, Perceptual
from vidstyle.training.muon import Muon, orthogonalized
from vidstyle.training.perceptual import (
    Config,
    block,
    block_losses,
    difference,
    disturb,
    train,
    worsened,
)
from vidstyle.training.report import Recording

WIDTHS = (8, 8, 8, 8, 8)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders `photos` and `paintings`, and `teacher.safetensors`, a random network."""
    top = tmp_path_factory.mktemp("data")
    for name in ("photos", "paintings"):
        (top / name).mkdir()
    for i in range(20):
        cv2.imwrite(str(top / "photos" / f"p{i}.png"), pattern(7 * i, 80, 70))
        make_picture(top / "paintings" / f"s{i}.jpg", 80, 70 + i)
    torch.manual_seed(0)
    teacher = Perceptual(WIDTHS)
    for module in teacher.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    save_file(teacher.state_dict(), top / "teacher.safetensors")
    return top


def test_it_learns_and_the_result_is_a_perceptual_network(data, tmp_path):
    reports = []
    config = Config(steps=120, batch=4, crop=32, learning_rate=0.03, average=0.9)
    folders = [data / "photos", data / "paintings"]
    teacher = data / "teacher.safetensors"
    result = train(folders, teacher, tmp_path, config=config, recording=Recording(reports.append))
    *steps, held_out = reports
    assert [r.step for r in steps] == list(range(10, 121, 10))
    # Features that know nothing of the teacher's are about 2 away: their squares, over its square.
    errors = [held_out.losses[f"held out {layer}"] for layer in DISTILLED]
    assert sum(errors) / len(errors) < 0.6
    weights = load_file(result)
    assert all(w.dtype == torch.float16 for w in weights.values())
    net = Perceptual.from_state_dict(weights)
    assert net.widths == WIDTHS
    # Random at first, never the teacher's.
    assert not torch.allclose(net.conv1_1.weight, load_file(teacher)["conv1_1.weight"], atol=0.05)


def test_layers_are_chosen_by_name():
    net = Perceptual(WIDTHS).eval()
    x = torch.rand(1, 3, 64, 48)
    with torch.no_grad():
        features = net(x, DISTILLED)
        assert [tuple(f.shape[1:]) for f in features] == [
            *[(8, 64, 48), (8, 32, 24), (8, 16, 12)],
            *[(8, 8, 6), (8, 8, 6), (8, 4, 3)],
        ]
        assert torch.equal(net(x, ["relu4_2"])[0], features[4])
        assert len(net(x)) == 4
        with pytest.raises(ValueError, match="relu5_2"):
            net(x, ["relu5_2"])


def test_blocks_in_a_row_are_the_network():
    net = Perceptual(WIDTHS).eval()
    x = torch.rand(1, 3, 64, 48)
    with torch.no_grad():
        features = net(x, DISTILLED)
        for layer, expected in zip(DISTILLED, features, strict=True):
            x = block(net, x, layer)
            assert torch.equal(x, expected)


def test_blocks_are_compared_each_with_the_teachers_input():
    torch.manual_seed(0)
    net, teacher = Perceptual(WIDTHS).eval(), Perceptual(WIDTHS).eval()
    net.load_state_dict(
        teacher.state_dict()
        | {n: v + 1 for n, v in teacher.state_dict().items() if n.startswith("conv2_1")}
    )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        losses = block_losses(net, teacher, torch.rand(2, 3, 64, 64), generator, 0.0)
    assert losses[1] > 0.1
    assert [loss.item() for n, loss in enumerate(losses) if n != 1] == [0] * 5


def test_a_faint_channel_counts_beside_a_strong_one():
    target = torch.stack([torch.full((4, 4), 10.0), torch.full((4, 4), 1.0)])[None]
    output = target.clone()
    output[:, 1] = 0
    assert difference(target, target) == 0
    # Of all energy the faint channel has 1 %; of the mean over channels it has a half, somewhat less since it is faint.
    assert difference(output, target).item() == pytest.approx(
        (1 / 101 + 0.5 / (1 + 0.01 * 50.5)) / 2, rel=1e-3
    )


@pytest.mark.parametrize("shape", [(6, 40), (40, 6), (8, 8)])
def test_orthogonalized_matrices_keep_their_directions(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape) * torch.logspace(0, -1, shape[1])
    made = orthogonalized(matrix)
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    values = torch.diag(u.T @ made @ v.T)
    assert torch.allclose(u.T @ made @ v.T, torch.diag(values), atol=1e-3)
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_muon_learns_directions_that_inputs_hardly_show():
    torch.manual_seed(0)
    turned, _ = torch.linalg.qr(
        torch.randn(16, 16)
    )  # else each weight is a direction, as Adam takes it
    inputs = torch.randn(256, 16) * torch.logspace(0, -2, 16) @ turned
    kernel = torch.randn(8, 16)

    def error(optimizer_of):
        learned = torch.nn.Parameter(torch.zeros(8, 16))
        optimizer = optimizer_of([learned])
        for step in range(300):
            for group in optimizer.param_groups:
                group["lr"] = 0.1 * (1 - step / 300)
            optimizer.zero_grad()
            (inputs @ (learned - kernel).T).square().mean().backward()
            optimizer.step()
        return (learned - kernel).square().mean().item()

    assert error(lambda p: Muon(p, 0.1)) < 0.5 * error(lambda p: torch.optim.Adam(p, 0.1))


@pytest.mark.parametrize("average", [False, True])
def test_recomputed_features_have_the_same_gradients_and_keep_less(average):
    net = Perceptual(WIDTHS).eval().requires_grad_(False)
    picture = torch.rand(1, 3, 64, 64)

    def run(recompute):
        kept = {}
        x = picture.clone().requires_grad_(True)

        def keep(tensor):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            features = net(x, DISTILLED, average=average, recompute=recompute)
            loss = sum(f.square().mean() for f in features)
        loss.backward()
        return features, x.grad, sum(kept.values())

    (features, gradient, larger), (again, same, smaller) = run(False), run(True)
    assert all(torch.equal(one, other) for one, other in zip(features, again, strict=True))
    assert torch.equal(gradient, same)
    assert smaller < 0.5 * larger


def test_disturbed_pictures_are_pictures():
    pictures = torch.rand(30, 3, 8, 8)
    disturbed = disturb(pictures, torch.Generator().manual_seed(1))
    assert 0 <= disturbed.min() <= disturbed.max() <= 1
    same = [torch.equal(a, b) for a, b in zip(pictures, disturbed, strict=True)]
    assert 3 < sum(same) < 20


def test_worsened_pictures_are_seen_less_rightly():
    net = Perceptual(WIDTHS).eval().requires_grad_(False)
    pictures = (0.2 + 0.6 * torch.rand(2, 3, 32, 32)).requires_grad_(True)
    loss = net(pictures, ["relu2_1"])[0].square().sum()
    changed = worsened(pictures, loss, 0.02)
    assert net(changed, ["relu2_1"])[0].square().sum() > loss
    rms = (changed - pictures).square().mean((1, 2, 3)).sqrt()
    assert torch.allclose(rms, torch.tensor(0.02), rtol=0.05)


def test_the_command_trains_and_goes_on(data, tmp_path):
    def run(steps):
        return vidstyle(
            *("train", "perceptual", "--pictures", data / "photos", "--pictures"),
            *(data / "paintings", "--teacher", data / "teacher.safetensors"),
            *("--out", tmp_path, "--batch", "2", "--crop", "32", "--steps", steps),
        )

    assert run(10).returncode == 0
    done = run(20)
    assert done.returncode == 0
    assert "going on from step 10" in done.stderr
    assert "held out relu5_1" in done.stderr
    assert done.stdout.strip() == str(tmp_path / "perceptual.safetensors")


def test_what_cannot_be_trained_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="32 pixels"):
        train([data / "photos"], data / "teacher.safetensors", tmp_path, config=Config(crop=16))
    with pytest.raises(InputError, match="folder of pictures"):
        train([data / "none"], data / "teacher.safetensors", tmp_path)


def test_another_networks_run_is_not_gone_on_with(data, tmp_path):
    config = Config(steps=1, batch=2, crop=32)
    train([data / "photos"], data / "teacher.safetensors", tmp_path, config=config)
    save_file(Perceptual((4, 4, 4, 4, 4)).state_dict(), tmp_path / "small.safetensors")
    with pytest.raises(InputError, match="`out`"):
        train([data / "photos"], tmp_path / "small.safetensors", tmp_path, config=config)
