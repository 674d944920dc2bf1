import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from numpy.typing import NDArray

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX, label_index, softmax
from maskwatch.types import Box, State
from maskwatch_train.classifier.calibrate import (
    MIN_READABLE_PX,
    calibrate,
    choose_abstention,
    fit_temperature,
    side_certainty,
    spoiled,
)
from maskwatch_train.classifier.samples import Sample, Source, cut_sample
from maskwatch_train.classifier.train import CropJudge
from maskwatch_train.errors import DataError


def outputs(mask: float, unreadable: float = 0.0) -> np.ndarray:
    row = np.zeros(len(LABELS))
    row[0], row[UNREADABLE_INDEX] = mask * (1 - unreadable), unreadable
    row[5] = 1 - row.sum()
    return row


@pytest.mark.parametrize("true_temperature", [0.7, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (6000, len(LABELS)))
    chances = softmax(logits, true_temperature)
    labels = np.array([rng.choice(len(LABELS), p=row) for row in chances])
    assert fit_temperature(logits, labels) == pytest.approx(true_temperature, rel=0.08)


def test_the_side_is_mask_or_not_among_what_is_readable() -> None:
    rows = np.stack([outputs(0.9), outputs(0.2), outputs(0.5, unreadable=0.6)])
    assert side_certainty(rows) == pytest.approx([0.9, 0.8, 0.5])


def test_readable_faces_stay_within_the_budget() -> None:
    rng = np.random.default_rng(0)
    readable = np.stack([outputs(0.9, u) for u in rng.uniform(0, 1, 2000)])
    chosen = choose_abstention(readable, readable, budget=0.1)
    assert 0.09 <= chosen.unknown_share <= 0.1
    assert chosen.unknown_share == chosen.caught_share


def test_of_a_few_readable_faces_none_is_given_up_where_the_budget_is_less_than_one() -> None:
    readable = np.stack([outputs(0.9, 0.1)] * 49 + [outputs(0.9, 0.7)])
    assert choose_abstention(readable, readable, budget=0.01).unknown_share == 0
    assert choose_abstention(readable, readable, budget=0.02).unknown_share == 0.02


def test_what_is_as_likely_as_not_is_unknown() -> None:
    readable = np.stack([outputs(0.9)] * 97 + [outputs(m) for m in (0.46, 0.54, 0.56)])
    assert choose_abstention(readable, readable, budget=0.01).unknown_share == 0.02


def test_a_face_that_the_network_thinks_readable_is_never_unreadable() -> None:
    sure = np.stack([outputs(0.99, 0.01)] * 50)
    assert choose_abstention(sure, sure, budget=0.5).unreadable_above == 0.5


def test_what_is_unreadable_is_caught() -> None:
    readable = np.stack([outputs(0.98, 0.02)] * 99 + [outputs(0.6, 0.3)])
    unreadable = np.stack([outputs(0.5, 0.9)] * 10)
    assert choose_abstention(readable, unreadable, budget=0.02).caught_share == 1.0


def sample(state: State, grey: int, side: int = 80) -> Sample:
    image = np.full((120, 120, 3), grey, dtype=np.uint8)
    return cut_sample(image, Box(20, 20, 20 + side, 20 + side), state, None, None, Source.BOX)


def by_brightness(strength: float) -> CropJudge:
    """Bright crops are masks and dark ones are bare: the stronger, the surer it is of that."""

    def judge(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        brightness = crops.mean(axis=(1, 2, 3)) / 127.5 - 1
        logits = np.full((len(crops), len(LABELS)), -3 * strength, dtype=np.float32)
        logits[:, 0] = brightness * strength
        logits[:, label_index(State.NO_MASK, None)] = -brightness * strength
        return logits

    return judge


def labelled_by_chance(strength: float) -> list[Sample]:
    """Faces whose labels are as likely as that judge says."""
    rng = np.random.default_rng(0)
    found = []
    for grey in rng.integers(60, 196, 600):
        chance = 1 / (1 + np.exp(-2 * strength * (grey / 127.5 - 1)))
        found.append(sample(State.MASK if rng.random() < chance else State.NO_MASK, int(grey)))
    return found


def test_a_file_that_is_too_sure_of_itself_gets_a_higher_temperature() -> None:
    samples = labelled_by_chance(3.0)
    usual = calibrate(by_brightness(3.0), samples, 32, 0.2, 0.0)
    sure = calibrate(by_brightness(6.0), samples, 32, 0.2, 0.0)
    assert usual.temperature == pytest.approx(1.0, abs=0.2)
    assert sure.temperature == pytest.approx(2 * usual.temperature, rel=0.02)
    # So the probabilities are the same again, and with them who is unknown.
    assert sure.summary["readable_called_unknown"] == pytest.approx(
        usual.summary["readable_called_unknown"], abs=0.01
    )


def test_small_and_unreadable_faces_have_no_part_in_it() -> None:
    samples = labelled_by_chance(3.0)
    wrong = [sample(State.NO_MASK, 250, MIN_READABLE_PX - 4) for _ in range(300)]
    unreadable = [sample(State.UNKNOWN, 250) for _ in range(50)]
    judge = by_brightness(3.0)
    alone = calibrate(judge, samples, 32, 0.2, 0.0)
    assert calibrate(judge, samples + wrong, 32, 0.2, 0.0).settings == alone.settings
    together = calibrate(judge, samples + unreadable, 32, 0.2, 0.0)
    assert (together.settings, together.faces) == (alone.settings, 600)


def test_every_fifth_readable_face_is_ruined() -> None:
    stripes = np.zeros((120, 120, 3), dtype=np.uint8)
    stripes[::4] = 255
    face = cut_sample(stripes, Box(20, 20, 100, 100), State.MASK, None, None, Source.BOX)
    found = spoiled([face] * 10 + [sample(State.UNKNOWN, 0)])
    assert len(found) == 3
    assert {each.label for each in found} == {UNREADABLE_INDEX}
    assert not any(np.array_equal(each.image, face.image) for each in found)


def test_without_a_readable_face_there_is_nothing_to_calibrate_with() -> None:
    for samples in ([], [sample(State.UNKNOWN, 0), sample(State.MASK, 0, MIN_READABLE_PX - 4)]):
        with pytest.raises(DataError, match="validation side: no readable face of at least 32 px"):
            calibrate(by_brightness(3.0), samples, 32, 0.2, 0.0)


def test_a_few_faces_that_are_all_read_rightly_leave_the_temperature_at_1() -> None:
    heard: list[str] = []
    samples = [sample(State.NO_MASK, 60), sample(State.MASK, 200), sample(State.MASK, 220)]
    found = calibrate(by_brightness(3.0), samples, 32, 0.2, 0.0, heard.append)
    assert found.settings["temperature"] == 1.0
    assert heard == ["the temperature stays 1: 3 validation faces do not say which fits"]
