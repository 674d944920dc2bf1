"""The words of messages, in every language: one JSON file each, beside this one."""

from __future__ import annotations

from pathlib import Path

from maskwatch import words
from maskwatch.types import Fault, State
from maskwatch.words import texts_of


class MessageWords(words.Words):
    """The words of messages in one language."""

    @classmethod
    def of(cls, language: str) -> MessageWords:
        """Of a language that there is."""
        return cls(language, texts_of(Path(__file__).parent, language))

    def what(self, state: State, fault: Fault | None) -> str:
        """As `maskwatch.advice.words_for`, in this language."""
        return self(f"state.{state.value}" if fault is None else f"fault.{fault.value}")

    def advice(self, state: State, fault: Fault | None) -> str | None:
        """As `maskwatch.advice.advice_for`, in this language."""
        if fault is not None:
            return self(f"advice.{fault.value}")
        return self("advice.no_mask") if state is State.NO_MASK else None
