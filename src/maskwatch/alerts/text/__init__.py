"""The words of messages, in every language: one JSON file each, beside this one."""

from __future__ import annotations

from pathlib import Path

from maskwatch import words
from maskwatch.words import texts_of


class MessageWords(words.Words):
    """The words of messages in one language."""

    @classmethod
    def of(cls, language: str) -> MessageWords:
        """Of a language that there is."""
        return cls(language, texts_of(language, Path(__file__).parent))
