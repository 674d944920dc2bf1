from __future__ import annotations

import pytest

from maskwatch.types import Fault, State
from maskwatch.words import LANGUAGES, texts_of


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_words_for_every_state_and_fault_and_no_others(language: str) -> None:
    texts = texts_of(language)
    assert set(texts) == {
        *(f"state.{state}" for state in State),
        *(f"fault.{fault}" for fault in Fault),
        *(f"advice.{each}" for each in (*Fault, State.NO_MASK)),
    }
    assert all(text.strip() for text in texts.values())
