"""Pictures that are painted tile by tile, with the statistics of the whole."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from tests.clips import pattern
from vidstyle import UsageError
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.descent import Checkpoint, to_tensor
from vidstyle.optimize.gatys import GramObjective
from vidstyle.optimize.objective import features_of
from vidstyle.optimize.painting import Region, Scene, SceneRegion, paint_picture
from vidstyle.optimize.tiles import Goal, TiledObjective, TileObjective, spans, tiles

SMALL = {"first_size": 64, "tile": 128}


@pytest.mark.parametrize("length", [64, 128, 129, 200, 255, 1000, 6000])
@pytest.mark.parametrize("side", [128, 200, 1024])
def test_spans_cover_a_length_without_a_gap(length, side):
    found = spans(length, side)
    assert (found[0].begin, found[-1].end) == (0, length)
    assert all(s.begin <= s.low < s.high <= s.end for s in found)
    assert all(one.high == other.low for one, other in itertools.pairwise(found))
    assert all(one.end > other.begin + 16 for one, other in itertools.pairwise(found))
    assert max(s.end - s.begin for s in found) <= side
    assert all(s.begin % 16 == 0 for s in found)


def test_tiles_laid_over_a_picture_cover_it():
    picture = torch.zeros(1, 3, 200, 300)
    for tile in tiles(200, 300, 128):
        tile.lay(torch.ones_like(tile.of(picture)), picture)
    assert picture.min() > 0.99
    assert sum(tile.pixels for tile in tiles(200, 300, 128)) == 200 * 300


@pytest.fixture
def tiled(perceptual):
    """A strip in two tiles, so large that features are those of the whole."""
    pictures = [to_tensor(pattern(n, 1000, 96)) for n in (1, 50)]
    scene = Scene(pictures[0], [pictures[1].flip(1)], [SceneRegion(0, 1.0)])
    config = GatysConfig(size=1000, tile=768)
    return TiledObjective(perceptual, scene, config), GramObjective(perceptual, scene, config)


def test_statistics_and_energies_are_those_of_the_whole(perceptual, tiled):
    parts, whole = tiled
    picture = to_tensor(pattern(7, 1000, 96))
    features = features_of(picture, perceptual, GatysConfig())
    for name, gram in parts.grams(picture)[0].items():
        expected = gram_matrix(features[name])
        assert (gram - expected).norm() < 1e-3 * expected.norm(), name
    assert parts._scales == pytest.approx(whole._scales, rel=1e-2)


def test_the_loss_of_a_tile_is_the_wholes_and_its_gradient_right(perceptual, tiled):
    """Of the tile as it is, the style's energy is that of the picture as a whole."""
    parts, whole = tiled
    picture, losses = to_tensor(pattern(7, 1000, 96)), []

    def paint(loss, piece, number, now):
        losses.append((loss, piece.clone()))
        assert now.shape == picture.shape
        assert number == len(losses) - 1
        return piece

    kept = parts.descend(picture, paint)
    assert torch.allclose(kept, picture, atol=1e-6)
    assert len(losses) == len(parts.tiles) == 2
    expected = whole(picture)[1]
    for loss, piece in losses:
        assert loss(piece)[1]["style"] == pytest.approx(expected["style"], rel=1e-2)
    content = np.mean([loss(piece)[1]["content"] for loss, piece in losses])
    assert content == pytest.approx(expected["content"], rel=0.2)  # overlaps count twice
    net = perceptual.double()
    try:
        tile = torch.rand(1, 3, 32, 32, dtype=torch.float64)
        lacks = {n: 0.1 * g.double() for n, g in parts.goals[0].grams.items()}
        left = torch.zeros_like(tile[:, :1])
        left[..., :12] = 1
        loss = TileObjective(
            *(net, GatysConfig(ratio=0.1, variation=1.0), tile.flip(2)),
            begin=tile.flip(3),
            lacks=[Goal(0.5, where, lacks) for where in (None, left)],
            scales=(1.0, 1.0),
        )
        tile.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(tile)[0], tile)
        step = 1e-7 * torch.randn_like(tile)
        with torch.no_grad():
            slope = loss(tile + step)[0] - loss(tile - step)[0]
        assert slope.item() == pytest.approx(2 * (gradient * step).sum().item(), rel=1e-3)
    finally:
        perceptual.float()


def test_where_tiles_overlap_nothing_is_painted_twice(tiled):
    parts, _ = tiled
    picture = to_tensor(pattern(7, 1000, 96))
    made = parts.descend(picture, lambda _loss, piece, _number, _now: piece + 1)
    assert torch.allclose(made, picture + 1, atol=1e-5)


def test_a_print_is_painted_tile_by_tile(perceptual):
    content, style, found = pattern(1, 200, 120), pattern(50, 90, 90), []
    config = GatysConfig(size=200, steps=3, **SMALL)
    assert config.sizes == [50, 100, 200]  # the first is too low to be looked at
    painted = paint_picture(content, [style], perceptual, config, on_step=found.append)
    assert painted.shape == (120, 200, 3)
    assert [s.step for s in found] == list(range(1, 3 + 3 * 3 + 1))
    assert found[-1].size == (120, 200)
    done = [s.done for s in found]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)
    assert {s.steps for s in found} == {12}
    assert np.array_equal(painted, paint_picture(content, [style], perceptual, config))
    # It differs from the picture painted whole by less than that does from the content.
    whole = paint_picture(
        content, [style], perceptual, GatysConfig(size=200, steps=3, first_size=64)
    )
    apart, moved = (np.abs(whole.astype(int) - other).mean() for other in (painted, content))
    assert apart < 0.5 * moved


def test_a_print_goes_on_with_the_size_that_it_was_in(perceptual):
    content, style = pattern(1, 200, 120), pattern(50, 90, 90)
    config, found, kept = GatysConfig(size=200, steps=2, **SMALL), [], {}
    paint_picture(
        *(content, [style], perceptual, config),
        on_step=lambda s: kept.update({s.step: s.picture.clone()}),
    )
    resume = Checkpoint(7, kept[7])
    paint_picture(content, [style], perceptual, config, resume=resume, on_step=found.append)
    assert [s.step for s in found] == list(range(3, 9))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tile": 64}, "of 128 or more"),
        ({"tile": 128}, "a `tile` of the `first_size`, 256, or more, got 128"),
        ({"tile": 512, "style_losses": {"nearest": 1.0}}, "`style_losses` gram"),
        ({"tile": 512, "semantics": 1.0}, "no `semantics`"),
    ],
)
def test_tiles_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        GatysConfig(**wrong)


def test_regions_in_tiles_have_the_statistics_and_the_loss_of_the_whole(perceptual):
    pictures = [to_tensor(pattern(n, 1000, 96)) for n in (1, 50)]
    left, top = torch.zeros(2, 1, 1, 96, 1000).unbind(0)
    left[..., :600], top[..., :40, :] = 1, 1
    regions = [SceneRegion(0, 0.6, left, top), SceneRegion(0, 0.4, 1 - left, 1 - top)]
    scene = Scene(pictures[0], [pictures[1].flip(1)], regions)
    config = GatysConfig(size=1000, tile=768)
    parts = TiledObjective(perceptual, scene, config)
    whole = GramObjective(perceptual, scene, config)
    assert parts._scales == pytest.approx(whole._scales, rel=2e-2)
    energies = []

    def paint(loss, piece, _number, _now):
        energies.append(loss(piece)[1]["style"])
        return piece

    picture = to_tensor(pattern(7, 1000, 96))
    parts.descend(picture, paint)
    # Each region counts in a tile by its places there, and so in the mean as in the whole.
    mean = np.average(energies, weights=[tile.pixels for tile in parts.tiles])
    assert mean == pytest.approx(whole(picture)[1]["style"], rel=0.1)


def test_what_no_mask_covers_stays_in_a_print_to_the_bit(perceptual):
    content, style = pattern(1, 200, 120), pattern(50, 90, 90)
    mask = np.zeros((120, 200), np.float32)
    mask[:, :90] = 1
    config = GatysConfig(size=200, steps=3, **SMALL)
    painted = paint_picture(content, [style], perceptual, config, regions=[Region(0, mask)])
    assert np.array_equal(painted[:, 90:], content[:, 90:])
    assert (painted[:, :80] != content[:, :80]).any(2).mean() > 0.8
