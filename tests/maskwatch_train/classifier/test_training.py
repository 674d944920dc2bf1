"""The classifier's training loop on a network of a few hundred weights."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from safetensors.torch import save_file  # noqa: E402
from tests.maskwatch_train.synthesis.painted_face import bare_face  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.utils.data import DataLoader  # noqa: E402

from maskwatch.masks.labels import LABELS  # noqa: E402
from maskwatch.masks.preprocess import to_batch  # noqa: E402
from maskwatch.types import Box, Fault, State  # noqa: E402
from maskwatch_train.backbones import normalise  # noqa: E402
from maskwatch_train.classifier.augment import (  # noqa: E402
    Augmentation,
    augment,
    plain_crop,
)
from maskwatch_train.classifier.mixing import Mixing  # noqa: E402
from maskwatch_train.classifier.network import blank  # noqa: E402
from maskwatch_train.classifier.samples import Sample, Source, cut_sample  # noqa: E402
from maskwatch_train.classifier.teachers import Teachers  # noqa: E402
from maskwatch_train.classifier.train import (  # noqa: E402
    MIN_DONOR_PX,
    ClassifierRecipe,
    CropDataset,
    box_loss,
    donors_among,
    load_run,
    measure,
    sampling_weights,
    train,
)
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.running.engine import Site, Watcher  # noqa: E402
from maskwatch_train.running.hardware import launched, mixed  # noqa: E402
from maskwatch_train.synthesis import WearKind, synthesise  # noqa: E402

RECIPE = ClassifierRecipe(size=32, epochs=2, batch=4, learning_rate=0.01, ruined_share=0.2)


def here(folder: Path) -> Site:
    return Site(folder, launched("1"), Watcher())


class Small(nn.Module):
    """As ``MaskNetwork``, but quick: dropout and batch normalisation are in it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2)
        )
        self.state = nn.Linear(8, 7)
        self.box = nn.Linear(8, 4)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(inputs).mean(dim=(2, 3))
        return self.state(features), self.box(features) + torch.tensor([0.2, 0.2, 0.8, 0.8])


def faces(count: int = 14) -> list[Sample]:
    """Noise in the colour of its label, half of it with labelled boxes."""
    rng = np.random.default_rng(0)
    states = [(State.MASK, None), (State.NO_MASK, None), (State.INCORRECT, Fault.NOSE_OUT)]
    samples = []
    for i in range(count):
        state, fault = states[i % 3]
        image = rng.integers(0, 80, (120, 100, 3), dtype=np.uint8)
        image[..., i % 3] += 120
        source = Source.BOX if i % 2 else Source.PORTRAIT
        samples.append(cut_sample(image, Box(20, 20, 80, 100), state, fault, None, source))
    return samples


def plain_loop(samples: list[Sample], recipe: ClassifierRecipe) -> nn.Module:
    """Training as version 0.2 wrote it down: one process on the CPU."""
    network = Small().to(memory_format=torch.channels_last)
    averaged = Small().eval()
    dataset = CropDataset(samples, recipe)
    steps = len(samples) // recipe.batch
    optimiser = torch.optim.AdamW(
        [
            {
                "params": [p for p in network.parameters() if p.ndim > 1],
                "weight_decay": recipe.weight_decay,
            },
            {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=steps * recipe.epochs, pct_start=0.15
    )
    done = 0
    for epoch in range(recipe.epochs):
        torch.manual_seed(recipe.seed * 1000 + epoch)
        network.train()
        dataset.epoch = epoch
        drawn = np.random.default_rng((recipe.seed, epoch)).choice(
            len(samples), size=len(samples), p=sampling_weights(samples, recipe.rarity)
        )
        order = (np.arange(len(samples)) * len(samples) + drawn).tolist()
        for batch in DataLoader(dataset, batch_size=recipe.batch, sampler=order, drop_last=True):
            inputs = normalise(batch.pixels).contiguous(memory_format=torch.channels_last)
            with mixed(torch.device("cpu")):
                logits, boxes = network(inputs)
            label = F.cross_entropy(
                logits.float(), batch.label, label_smoothing=recipe.label_smoothing
            )
            box = recipe.box_weight * box_loss(boxes.float(), batch.box)
            optimiser.zero_grad()
            torch.stack([label, box]).sum().backward()
            nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimiser.step()
            schedule.step()
            decay = min(recipe.ema, (1 + done) / (10 + done))
            done += 1
            with torch.no_grad():
                for kept, new in zip(averaged.parameters(), network.parameters(), strict=True):
                    kept.lerp_(new, 1 - decay)
    for kept, new in zip(averaged.buffers(), network.buffers(), strict=True):
        kept.copy_(new)
    return averaged


def test_a_recipe_without_new_keys_trains_as_it_always_did(tmp_path: Path) -> None:
    ours = train(Small(), faces(), RECIPE, here(tmp_path), validation=faces(3))
    expected = plain_loop(faces(), RECIPE)
    for name, value in expected.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name


def test_crops_of_a_recipe_without_new_keys_are_as_they_always_were() -> None:
    """The numbers were written down before there were keys for augmentation.

    Where boxes come to lie, and what is drawn next, changes with every draw too many or too few;
    pixels are left out, since not all processors round them alike.
    """
    sample = faces(2)[1]
    boxes, next_draws = [], []
    for n in range(64):
        rng = np.random.default_rng(n)
        boxes.append(augment(sample.image, sample, 32, 0.2, rng, RECIPE.augmentation)[1])
        next_draws.append(int(rng.integers(1000)))
    assert np.mean(boxes, axis=0) == pytest.approx(
        [0.24522, 0.148402, 0.790869, 0.845433], abs=1e-5
    )
    assert next_draws[:8] == [863, 502, 432, 648, 732, 694, 857, 509]
    assert sum(next_draws) == 32019


STILL = Augmentation(**dict.fromkeys(Augmentation.__dataclass_fields__, 0.0))


class SaysMask(nn.Module):
    """A teacher that takes everything for a mask."""

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        logits = torch.full((len(inputs), 7), -8.0)
        logits[:, 0] = 8.0
        return logits, torch.zeros(len(inputs), 4)


def bare_faces(count: int) -> list[Sample]:
    """Painted faces without a mask, with landmarks, so that things can be drawn before them."""
    image, face = bare_face()
    sample = cut_sample(image, face.box, State.NO_MASK, None, face.landmarks, Source.BOX)
    return [sample] * count


def test_a_crop_says_whether_something_that_is_no_mask_covers_the_face() -> None:
    (sample,) = bare_faces(1)
    for share, expected in ((0.0, {False}), (1.0, {True})):
        recipe = replace(RECIPE, synthetic_share=0.0, occluder_share=share, ruined_share=0.0)
        crops = [CropDataset([sample] * 8, recipe)[i] for i in range(0, 64, 8)]
        assert {bool(crop.novel) for crop in crops} == expected
        assert {int(crop.label) for crop in crops} == {LABELS.index("no_mask")}


def worn_face() -> Sample:
    """A painted face with a drawn mask, large enough to cut the mask out."""
    image, face = bare_face()
    drawn = synthesise(image, face, WearKind.MASK, np.random.default_rng(0))
    return cut_sample(drawn, face.box, State.MASK, None, face.landmarks, Source.BOX)


def test_masks_are_cut_out_of_large_faces_that_wear_one_well() -> None:
    (bare,), worn = bare_faces(1), worn_face()
    small = replace(worn, size=MIN_DONOR_PX - 1)
    unseen = replace(worn, face=replace(worn.face, landmarks=None))
    wrong = replace(worn, label=LABELS.index("nose_out"))
    assert len(donors_among([worn, bare, small, unseen, wrong])) == 1


def test_masks_that_were_cut_out_come_on_bare_faces_and_are_told_from_drawn_ones() -> None:
    samples = [worn_face(), *bare_faces(1)]
    for share, expected in ((0.0, {False}), (1.0, {True})):
        recipe = replace(
            RECIPE, synthetic_share=1.0, transplant_share=share, occluder_share=0, ruined_share=0
        )
        dataset = CropDataset(samples, recipe)
        crops = [dataset[2 * position + 1] for position in range(24)]
        other = LABELS.index("other")  # is always drawn
        assert {bool(crop.novel) for crop in crops if crop.label != other} == expected
        assert not any(crop.novel for crop in crops if crop.label == other)
        assert len({int(crop.label) for crop in crops}) >= 3
        assert not dataset[0].novel


def test_teachers_are_not_asked_about_what_was_just_drawn(tmp_path: Path) -> None:
    def loss_of(occluder_share: float) -> dict[str, float]:
        recipe = replace(
            RECIPE, epochs=1, synthetic_share=0.0, occluder_share=occluder_share, teacher_share=0.6
        )
        out = tmp_path / str(occluder_share)
        train(
            Small(),
            bare_faces(8),
            replace(recipe, ruined_share=0.0),
            here(out),
            teachers=Teachers([(SaysMask(), 32)]),
        )
        (row,) = csv.DictReader((out / "log.csv").read_text().splitlines())
        return {name: float(row[name]) for name in ("label", "teacher")}

    plain, novel = loss_of(0.0), loss_of(1.0)
    assert plain["teacher"] > 1.0
    assert novel["teacher"] == 0.0
    assert novel["label"] > 1.5 * plain["label"]


def test_nothing_happens_to_a_crop_where_the_recipe_wants_nothing() -> None:
    sample = faces(1)[0]
    crop, box = augment(sample.image, sample, 64, 0.2, np.random.default_rng(0), STILL)
    assert np.abs(crop.astype(int) - plain_crop(sample, 64, 0.2)).mean() < 12
    # The crop's side is exp(0.03) times that of the running classifier.
    assert box.height == pytest.approx(1 / 1.4 / np.exp(0.03), abs=0.01)


def portrait() -> Sample:
    """Smooth, so that noise, streaks and artefacts show."""
    ys, xs = np.mgrid[:120, :100].astype(np.float32)
    image = np.stack([60 + xs, 90 + ys, 150 + 0 * xs], axis=2).astype(np.uint8)
    cv2.circle(image, (50, 60), 30, (140, 160, 220), -1)
    return cut_sample(image, Box(20, 20, 80, 100), State.NO_MASK, None, None, Source.BOX)


def changed(**chances: float) -> tuple[np.ndarray, np.ndarray]:
    sample, rng = portrait(), np.random.default_rng(3)
    before, _ = augment(sample.image, sample, 96, 0.2, np.random.default_rng(3), STILL)
    after, _ = augment(sample.image, sample, 96, 0.2, rng, replace(STILL, **chances))
    return before.astype(float), after.astype(float)


@pytest.mark.parametrize("option", sorted(Augmentation.__dataclass_fields__))
def test_every_option_of_a_recipe_changes_crops(option: str) -> None:
    before, after = changed(**{option: 8.0 if option in ("shear", "turn") else 1.0})
    assert np.abs(before - after).max() > 8


def test_night_is_dark_infrared_is_grey_and_rain_is_bright_streaks() -> None:
    before, night = changed(low_light=1.0)
    assert night.mean() < 0.6 * before.mean()
    _, infrared = changed(infrared=1.0)
    assert np.ptp(infrared, axis=2).max() == 0
    before, rain = changed(rain=1.0)
    assert rain.mean() > before.mean()
    assert np.quantile(rain - before, 0.99) > 20


def test_half_of_the_batches_are_mixed_and_so_are_their_labels() -> None:
    torch.manual_seed(0)
    inputs = torch.stack([torch.full((3, 8, 8), float(i)) for i in range(4)])
    labels = torch.tensor([0, 1, 2, 3])
    novel = labels == 1
    for mixing in (Mixing(0.4, 0.0), Mixing(0.0, 1.0), Mixing(0.4, 1.0)):
        drawn = [mixing(inputs, labels, novel) for _ in range(40)]
        assert 10 <= sum(is_mixed for *_, is_mixed in drawn) <= 30
        for crops, shares, has_novel, is_mixed in drawn:
            if not is_mixed:
                assert crops is inputs
                assert shares is labels
                assert has_novel is novel
                continue
            assert has_novel.tolist() == (shares[:, 1] > 0).tolist()
            assert shares.shape == (4, 7)
            assert shares.sum(dim=1).tolist() == pytest.approx([1.0] * 4)
            # Each picture is its number, so its mean must be the mean of its labels.
            told = (shares * torch.arange(7)).sum(dim=1)
            assert crops.mean(dim=(1, 2, 3)).tolist() == pytest.approx(told.tolist(), abs=0.02)


def test_no_mixing_draws_nothing() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    labels = torch.tensor([0, 1])
    _, same, _, is_mixed = Mixing(0.0, 0.0)(torch.zeros(2, 3, 8, 8), labels, labels == 1)
    assert same is labels
    assert not is_mixed
    assert torch.equal(torch.get_rng_state(), before)


def test_teachers_are_not_asked_about_a_crop_that_something_drawn_was_mixed_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwatch_train.classifier.mixing.MIXED_SHARE", 1.0)
    plain, drawn = faces(1)[0], bare_faces(1)[0]
    recipe = replace(
        RECIPE, epochs=1, batch=2, rarity=1.0, synthetic_share=0.0, occluder_share=1.0,
        ruined_share=0.0, teacher_share=0.6, mixup=1.0,
    )  # fmt: skip

    def both(*_: object) -> np.ndarray:
        return np.array([0, 1 * 2 + 1])  # each once: item = position * count + sample

    monkeypatch.setattr("maskwatch_train.classifier.train.drawn_items", both)
    teachers = Teachers([(SaysMask(), 32)])
    train(Small(), [plain, drawn], recipe, here(tmp_path), teachers=teachers)
    (row,) = csv.DictReader((tmp_path / "log.csv").read_text().splitlines())
    assert float(row["teacher"]) == 0


def test_a_recipe_may_mix(tmp_path: Path) -> None:
    trained = train(Small(), faces(), replace(RECIPE, mixup=0.2, cutmix=1.0), here(tmp_path))
    plain = plain_loop(faces(), RECIPE)
    assert not torch.equal(trained.state.weight, plain.state.weight)
    assert trained.state.weight.isfinite().all()


def test_validation_is_measured_as_the_running_classifier_sees() -> None:
    network, samples = Small().eval(), faces(5)
    pixels = torch.from_numpy(
        to_batch([plain_crop(s, RECIPE.size, RECIPE.margin) for s in samples])
    )
    with torch.no_grad():
        chances = network(normalise(pixels))[0].softmax(dim=1)
    right = [chances[i, sample.label].item() for i, sample in enumerate(samples)]
    measured = measure(network, samples, RECIPE)
    assert measured["val_loss"] == pytest.approx(-np.log(right).mean(), abs=1e-5)
    said = chances.argmax(dim=1).tolist()
    hits = [label == sample.label for label, sample in zip(said, samples, strict=True)]
    assert measured["val_accuracy"] == pytest.approx(np.mean(hits))


class Elsewhere(Small):
    """Its weights lie on a device that no test machine is without, and which computes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.to("meta")

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        self.features(inputs)  # fails where weights and inputs lie apart
        return torch.zeros(len(inputs), 7), torch.zeros(len(inputs), 4)


def test_validation_goes_to_the_device_that_the_network_is_on() -> None:
    measured = measure(Elsewhere(), faces(5), RECIPE)
    assert measured["val_loss"] == pytest.approx(np.log(7))


def test_patience_ends_a_run_that_gets_no_better(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=6, patience=2, learning_rate=0.0)
    train(Small(), faces(), recipe, here(tmp_path), validation=faces(3))
    with (tmp_path / "log.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    best = losses.index(min(losses))
    assert len(losses) in (best + 3, 6)


def test_fewer_faces_than_a_batch_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="its 3 pictures do not fill a batch of 4"):
        train(Small(), faces(3), RECIPE, here(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_weights_of_another_network_than_the_recipe_s_are_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('backbone = "mobilenetv3-small"\nsize = 64\n')
    save_file(blank("mobilenetv4-small", 64).state_dict(), tmp_path / "weights.safetensors")
    with pytest.raises(DataError, match=r"weights\.safetensors: not the weights of the network"):
        load_run(tmp_path)


def test_the_widest_margin_of_a_recipe_is_kept_around_every_sample() -> None:
    widest = replace(RECIPE, margin=0.7)
    for sample in faces():
        assert plain_crop(sample, widest.size, widest.margin).shape == (32, 32, 3)
