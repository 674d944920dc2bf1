from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.errors import UsageError
from maskwatch.types import Fault, State
from maskwatch_train.data.vocabulary import Label, Vocabulary, parse_label, parse_vocabulary
from maskwatch_train.errors import DataError


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("With Mask", Label(State.MASK)),
        ("without-mask", Label(State.NO_MASK)),
        ("mask_weared_incorrect", Label(State.INCORRECT)),
        ("IMFD_Mouth_Chin", Label(State.INCORRECT, Fault.NOSE_OUT)),
        ("Mask_Mouth_Chin", Label(State.INCORRECT, Fault.NOSE_OUT)),
        ("IMFD_Nose_Mouth", Label(State.INCORRECT, Fault.CHIN_OUT)),
        ("Mask_Nose_Mouth", Label(State.INCORRECT, Fault.CHIN_OUT)),
        ("IMFD_Chin", Label(State.INCORRECT, Fault.UNDER_CHIN)),
        ("Mask_Chin", Label(State.INCORRECT, Fault.UNDER_CHIN)),
        ("nose_out", Label(State.INCORRECT, Fault.NOSE_OUT)),
    ],
)
def test_words_of_the_public_sets_are_known(word: str, label: Label) -> None:
    assert Vocabulary().meaning(word) == label


def test_a_word_that_may_mean_what_is_covered_or_what_shows_is_unknown() -> None:
    assert "IMFD_Nose" not in Vocabulary()


def test_own_words_come_first_and_may_be_left_out() -> None:
    words = parse_vocabulary(["face=skip", "a=b=mask", "Chin=under_chin"])
    assert words.meaning("face") is None
    assert words.meaning("a=b") == Label(State.MASK)
    assert words.meaning("Chin") == Label(State.INCORRECT, Fault.UNDER_CHIN)


def test_unknown_words_are_counted_and_the_way_out_is_told() -> None:
    with pytest.raises(DataError) as refusal:
        Vocabulary().check(Path("set"), ["hat", "mask", "cap", "hat"])
    assert "unknown labels 'hat' (2), 'cap' (1)" in str(refusal.value)
    assert "--label 'hat=no_mask'" in str(refusal.value)


@pytest.mark.parametrize("label", [Label(State.MASK), Label(State.INCORRECT, Fault.OTHER)])
def test_a_label_is_read_back_from_its_text(label: Label) -> None:
    assert parse_label(str(label)) == label


@pytest.mark.parametrize("text", ["", "maks", "mask:nose_out", "incorrect:nose"])
def test_other_texts_are_no_labels(text: str) -> None:
    with pytest.raises(UsageError, match="is no label"):
        parse_label(text)


@pytest.mark.parametrize("option", ["hat", "=mask", "hat=maks"])
def test_options_that_explain_nothing_are_refused(option: str) -> None:
    with pytest.raises(UsageError):
        parse_vocabulary([option])
