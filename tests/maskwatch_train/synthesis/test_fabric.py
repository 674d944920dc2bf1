"""What drawn masks are made of: builds, colours, patterns, pleats, creases, rims and valves."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from maskwatch_train.synthesis import WearKind, draw_mask
from maskwatch_train.synthesis.fabric import Style, sample_style, weave
from maskwatch_train.synthesis.head import fit_head
from maskwatch_train.synthesis.wear import place
from tests.maskwatch_train.synthesis.painted_face import bare_face, changed_at

SKIN = np.array([0.5, 0.62, 0.8], np.float32)
WIDTH = 192
SEEDS = range(120)


def woven(style: Style, seed: int) -> np.ndarray:
    return weave(style, SKIN, WIDTH, np.random.default_rng(seed))


def greys(style: Style) -> list[np.ndarray]:
    """Many fabrics without their colours, each in shares of its middle grey."""
    made = [woven(style, seed).mean(axis=2) for seed in SEEDS]
    return [grey / np.median(grey) for grey in made]


def colour(fabric: np.ndarray) -> np.ndarray:
    return np.median(fabric.reshape(-1, 3), axis=0)


@pytest.mark.parametrize("style", Style)
def test_a_fabric_is_a_picture_in_shares_of_white(style: Style) -> None:
    for seed in range(20):
        fabric = woven(style, seed)
        assert fabric.shape == (round(0.72 * WIDTH), WIDTH, 3)
        assert fabric.min() >= 0
        assert fabric.max() < 1.5


def test_every_build_of_mask_is_drawn_and_the_surgical_one_most_often() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(sample_style(rng) for _ in range(500))
    assert set(drawn) == set(Style)
    assert drawn.most_common(1)[0][0] is Style.SURGICAL
    assert min(drawn.values()) > 20


def test_surgical_masks_are_light_blue_most_often_and_some_white_and_black() -> None:
    colours = [colour(woven(Style.SURGICAL, seed)) for seed in SEEDS]
    is_blue = [blue > red + 0.15 and blue > 0.6 for blue, _, red in colours]
    is_white = [min(each) > 0.75 for each in colours]
    is_black = [max(each) < 0.3 for each in colours]
    shares = [np.mean(each) for each in (is_blue, is_white, is_black)]
    assert shares[0] > 0.35
    assert min(shares[1:]) > 0.08


def test_cloth_comes_in_many_colours_and_often_with_a_pattern() -> None:
    fabrics = [woven(Style.CLOTH, seed) for seed in SEEDS]
    hues = [each - each.mean() for each in map(colour, fabrics)]
    assert (np.abs(np.array(hues)).max(axis=1) > 0.1).mean() > 0.2  # neither black, grey nor white

    def contrast(fabric: np.ndarray) -> float:
        grey = fabric.mean(axis=2)
        inner = grey[grey.shape[0] // 5 : -grey.shape[0] // 5, WIDTH // 5 : -WIDTH // 5]
        return float(np.percentile(inner, 97) - np.percentile(inner, 3)) / float(inner.mean())

    patterned = np.mean([contrast(each) > 0.33 for each in fabrics])
    assert 0.2 < patterned < 0.6


def test_a_surgical_mask_has_folds_across() -> None:
    ratios = []
    for grey in greys(Style.SURGICAL):
        inner = grey[grey.shape[0] // 6 : -grey.shape[0] // 6, WIDTH // 4 : -WIDTH // 4]
        ratios.append(inner.mean(axis=1).std() / inner.mean(axis=0).std())
    assert np.median(ratios) > 2


def test_a_folded_mask_has_its_crease_in_the_middle_and_a_cup_its_rim() -> None:
    creases = []
    for grey in greys(Style.FOLDED):
        across = np.abs(np.diff(grey[10:-10].mean(axis=0)))
        inner = across[WIDTH // 8 : -WIDTH // 8]
        creases.append(abs(int(inner.argmax()) + WIDTH // 8 - WIDTH / 2) < WIDTH / 16)
    assert np.mean(creases) > 0.5
    rims = []
    for grey in greys(Style.CUP):
        v, u = np.mgrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : WIDTH * 1j]
        radius = np.hypot(u, v)
        rims.append(grey[(radius > 0.78) & (radius < 0.92)].mean() < grey[radius < 0.15].mean())
    assert np.mean(rims) > 0.9


@pytest.mark.parametrize("style", [Style.FOLDED, Style.CUP])
def test_some_filtering_masks_have_a_valve_beside_the_middle(style: Style) -> None:
    def has_valve(grey: np.ndarray) -> bool:
        """It alone is of one plain grey; cloth has a grain."""
        _, counts = np.unique(grey, return_counts=True)
        return bool(counts.max() > 0.005 * grey.size)

    assert 0.15 < np.mean([has_valve(grey) for grey in greys(style)]) < 0.5
    assert not any(has_valve(grey) for grey in greys(Style.SURGICAL))


def test_most_masks_have_bands_to_both_ears_and_those_of_a_turned_head_to_one() -> None:
    def bands(yaw: float) -> list[float]:
        """How often something is drawn between the mask and the left and the right ear."""
        image, face = bare_face(yaw=yaw)
        head = fit_head(face)
        sides = []
        for seed in range(40):
            placement = place(WearKind.MASK, head, np.random.default_rng(seed))
            rng = np.random.default_rng(seed)
            drawn = draw_mask(image, head, placement, WearKind.MASK, rng)
            spots = [
                (side * 0.93 * head.half_width, y) for side in (-1, 1) for y in (0.2, 0.3, 0.4)
            ]
            changes = [changed_at(image, drawn, head, x, y) > 1 for x, y in spots]
            sides.append([any(changes[:3]), any(changes[3:])])
        return np.mean(sides, axis=0).tolist()

    assert min(bands(0.0)) > 0.5
    for side, turn in enumerate((35, -35)):
        seen = bands(math.radians(turn))
        assert (seen[side] > 0.2, seen[1 - side]) == (True, 0.0)


def test_a_mask_throws_a_dark_line_on_the_skin_around_it() -> None:
    image, face = bare_face(unit_px=90, centre=(160, 90))
    head = fit_head(face)
    darker = []
    for seed in range(40):
        placement = place(WearKind.NOSE_OUT, head, np.random.default_rng(seed))
        drawn = draw_mask(image, head, placement, WearKind.NOSE_OUT, np.random.default_rng(seed))
        point = head.to_picture(0.0, placement.top - 0.012)
        x, y = round(point.x), round(point.y)
        beside = (slice(y, y + 1), slice(x - 4, x + 5))
        darker.append(drawn[beside].mean() < image[beside].mean() - 1)
    assert np.mean(darker) > 0.5
