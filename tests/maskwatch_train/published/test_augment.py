from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from torch import Tensor  # noqa: E402

from maskwatch_train.published.augment import augmentation  # noqa: E402
from maskwatch_train.published.recipe import Augmentations, PublishedRecipe  # noqa: E402
from maskwatch_train.published.views import Views  # noqa: E402

SIDE = 48


def ramp() -> Tensor:
    """Red grows to the right, green downwards, blue is even: positions can be read off."""
    across = torch.arange(SIDE).expand(SIDE, SIDE) * 5
    return torch.stack([across, across.T, torch.full((SIDE, SIDE), 90)]).to(torch.uint8)


def drawn(how: Augmentations, size: int = SIDE, seed: int = 3) -> Tensor:
    torch.manual_seed(seed)
    seen: Tensor = augmentation(how, SIDE, size)(ramp())
    return seen


def test_nothing_asked_for_changes_nothing() -> None:
    assert torch.equal(drawn(Augmentations()), ramp())


def test_flip_mirrors() -> None:
    assert torch.equal(drawn(Augmentations(flip=1.0)), ramp().flip(2))


def test_crop_cuts_out_anywhere_and_otherwise_the_middle() -> None:
    corners = {tuple(drawn(Augmentations(crop=True), 16, s)[:2, 0, 0].tolist()) for s in range(20)}
    assert len(corners) > 10
    assert drawn(Augmentations(), 16)[:2, 0, 0].tolist() == [16 * 5, 16 * 5]


def test_shift_moves_everything_and_fills_with_the_edge() -> None:
    moved = drawn(Augmentations(shift=0.25)).int()
    right = (ramp().int()[0, 24, 24] - moved[0, 24, 24]).item() / 5
    assert 0 < abs(right) <= 0.25 * SIDE + 1
    # Blue is even, so that a black rim would show.
    assert moved[2].unique().tolist() == [90]


def test_scale_is_the_same_both_ways_and_zoom_is_not() -> None:
    def steps(how: Augmentations, seed: int) -> tuple[float, float]:
        seen = drawn(how, seed=seed).float()
        across, down = seen[0, 24, 34] - seen[0, 24, 14], seen[1, 34, 24] - seen[1, 14, 24]
        return float(across) / 100, float(down) / 100

    for seed in range(4):
        across, down = steps(Augmentations(scale=0.3), seed)
        assert across == pytest.approx(down, abs=0.06)
        assert across != pytest.approx(1, abs=0.01)
    assert any(abs(a - d) > 0.1 for a, d in (steps(Augmentations(zoom=0.3), s) for s in range(4)))


@pytest.mark.parametrize("name", ["rotation", "shear"])
def test_rotation_and_shear_tilt_what_was_level(name: str) -> None:
    how = replace(Augmentations(), **{name: 20.0})
    tilted = [drawn(how, seed=seed).float()[0, :, 24] for seed in range(4)]
    assert any((column[34] - column[14]).abs() > 10 for column in tilted)


def test_no_rim_shows_whatever_is_drawn() -> None:
    how = Augmentations(rotation=45, scale=0.3, zoom=0.3, shift=0.3, shear=15)
    for seed in range(40):
        assert drawn(how, seed=seed)[2].min() >= 88


def test_grey_takes_the_colour() -> None:
    grey = drawn(Augmentations(grey=1.0))
    assert torch.equal(grey[0], grey[1])
    assert torch.equal(grey[0], grey[2])


def test_views_depend_on_their_seed_and_leave_dropouts_generator_alone() -> None:
    recipe = PublishedRecipe(resize=SIDE, size=32, augment=Augmentations(rotation=20, crop=True))
    picture = ramp().permute(1, 2, 0).contiguous().numpy()
    views = Views(recipe)
    before = torch.get_rng_state()
    first, again, other = (views.augmented(picture, (1, 0, n)) for n in (5, 5, 6))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_plain_view_is_the_middle_normalised() -> None:
    recipe = PublishedRecipe(resize=SIDE, size=16, normalise="symmetric", grey=True)
    seen = Views(recipe).plain(ramp().permute(1, 2, 0).contiguous().numpy())
    assert seen.shape == (3, 16, 16)
    grey = 0.299 * 80 + 0.587 * 80 + 0.114 * 90  # ITU-R BT.601
    assert seen[:, 0, 0].tolist() == pytest.approx([grey / 127.5 - 1] * 3, abs=0.01)
