"""The words of the pages, in every language: one JSON file each, beside this one."""

from __future__ import annotations

from pathlib import Path

from maskwatch import words
from maskwatch.words import LANGUAGES, Language, texts_of

__all__ = ["LANGUAGES", "Words"]


class Words(words.Words):
    """The words of the pages in one language."""

    @classmethod
    def of(cls, language: str) -> Words:
        """Of a language; English for one that there is not."""
        known = language if language in LANGUAGES else Language.ENGLISH.value
        return cls(known, texts_of(Path(__file__).parent, known))

    @classmethod
    def accepted(cls, header: str, default: str) -> Words:
        """Of the first language in an ``Accept-Language`` header that there is."""
        for part in header.split(","):
            language = part.split(";")[0].strip().lower()[:2]
            if language in LANGUAGES:
                return cls.of(language)
        return cls.of(default)
