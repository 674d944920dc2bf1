"""Labels as words: what the public sets call the states and faults, and what corrections write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from maskwatch.errors import UsageError
from maskwatch.types import Fault, State
from maskwatch_train.errors import DataError


class Label(NamedTuple):
    """A state, and the fault that goes with ``incorrect`` where it is known."""

    state: State
    fault: Fault | None = None

    def __str__(self) -> str:
        """``mask``, ``incorrect:nose_out`` and so on: what `parse_label` reads."""
        return self.state.value if self.fault is None else f"{self.state.value}:{self.fault.value}"


SKIP = "skip"
"""Stands for a class that is left out."""

_WORDS = {
    Label(State.MASK): (
        "mask face_mask masked with_mask withmask mask_on correct correct_mask cmfd "
        "mask_weared_correct proper_mask"
    ),
    Label(State.NO_MASK): (
        "no_mask nomask without_mask withoutmask mask_off bare face face_no_mask unmasked non_mask"
    ),
    Label(State.INCORRECT): (
        "incorrect incorrect_mask incorrectmask mask_weared_incorrect mask_worn_incorrectly "
        "wrong_mask improper_mask imfd"
    ),
    Label(State.UNKNOWN): "unknown",
    # MaskedFace-Net names the wrong ones after what the mask covers: mouth and chin, and so on.
    Label(State.INCORRECT, Fault.NOSE_OUT): "nose_out mask_mouth_chin imfd_mouth_chin",
    Label(State.INCORRECT, Fault.CHIN_OUT): "chin_out mask_nose_mouth imfd_nose_mouth",
    Label(State.INCORRECT, Fault.UNDER_CHIN): "under_chin mask_chin imfd_chin",
    Label(State.INCORRECT, Fault.OTHER): "other",
}
KNOWN = {word: label for label, words in _WORDS.items() for word in words.split()}
"""Words of the public sets, in lower case with underscores, and their meaning."""


class Vocabulary:
    """What each word of a set means.

    Args:
        own: words that the user explained, as they are written in the set; None leaves a class
            out. They count before `KNOWN`.
    """

    def __init__(self, own: Mapping[str, Label | None] | None = None) -> None:
        self._own = dict(own or {})

    def __contains__(self, word: str) -> bool:
        return word in self._own or _plain(word) in KNOWN

    def meaning(self, word: str) -> Label | None:
        """The label; None for a class that is left out. Raises KeyError for an unknown word."""
        return self._own[word] if word in self._own else KNOWN[_plain(word)]

    def check(self, source: Path, words: Iterable[str]) -> None:
        """Checks that every word of a set is known.

        Raises:
            DataError: names all that are not, how often each occurs, and how to explain them.
        """
        unknown = Counter(word for word in words if word not in self)
        if unknown:
            told = ", ".join(f"{word!r} ({count})" for word, count in unknown.most_common())
            word = next(iter(unknown))
            raise DataError(
                source,
                f"unknown labels {told}; say what each means, such as --label '{word}=no_mask', "
                f"or leave it out with --label '{word}={SKIP}'",
            )


def parse_label(text: str) -> Label:
    """A label from ``STATE``, ``FAULT`` or ``STATE:FAULT``.

    Raises:
        UsageError: it is none of them.
    """
    state, _, fault = text.partition(":")
    try:
        if not fault and state in set(Fault):
            return Label(State.INCORRECT, Fault(state))
        label = Label(State(state), Fault(fault) if fault else None)
    except ValueError:
        label = None
    if label is None or (label.fault is not None and label.state is not State.INCORRECT):
        raise UsageError(
            f"{text!r} is no label; there are {', '.join([*State, *Fault])}, and incorrect:FAULT"
        )
    return label


def parse_vocabulary(options: Iterable[str]) -> Vocabulary:
    """A vocabulary from options ``WORD=LABEL`` or ``WORD=skip``; raises UsageError."""
    own: dict[str, Label | None] = {}
    for option in options:
        word, equals, meaning = option.rpartition("=")
        if not equals or not word:
            raise UsageError(f"--label {option!r}: expected WORD=LABEL, such as masked=mask")
        own[word] = None if meaning == SKIP else parse_label(meaning)
    return Vocabulary(own)


def _plain(word: str) -> str:
    return "_".join(word.lower().replace("-", " ").replace("_", " ").split())
