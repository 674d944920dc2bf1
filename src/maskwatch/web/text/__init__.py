"""The words of the pages, in every language: one JSON file each, beside this one."""

from __future__ import annotations

from pathlib import Path

from maskwatch import words
from maskwatch.types import Fault, State
from maskwatch.words import LANGUAGES, Language, texts_of

__all__ = ["LANGUAGES", "Words"]


class Words(words.Words):
    """The words of the pages in one language."""

    @classmethod
    def of(cls, language: str) -> Words:
        """Of a language; English for one that there is not."""
        known = language if language in LANGUAGES else Language.ENGLISH.value
        return cls(known, texts_of(known, Path(__file__).parent))

    def what(self, state: State, fault: Fault | None = None) -> str:
        """As for all words, but with a capital: on the pages it stands by itself."""
        what = super().what(state, fault)
        return what[:1].upper() + what[1:]

    def number(self, value: float, digits: int | None = 1, *, signed: bool = False) -> str:
        """A number with so many digits after the decimal sign of the language; None: as it has."""
        text = f"{value:{'+' if signed else ''}z{'g' if digits is None else f'.{digits}f'}}"
        return text.replace(".", self("common.decimal_sign"))

    def percent(self, share: float | None) -> str:
        """A share, such as ``93.1 %``; a dash where there is none.

        It says 0 and 100 only when it is exactly that: one person in many is not nobody.
        """
        if share is None:
            return "–"  # noqa: RUF001 - a dash is meant
        if 0 < share <= 0.0005:
            return f"< {self.number(0.1)} %"
        if 0.9995 <= share < 1:
            return f"> {self.number(99.9)} %"
        return f"{self.number(100 * share)} %"

    @classmethod
    def accepted(cls, header: str, default: str) -> Words:
        """Of the first language in an ``Accept-Language`` header that there is."""
        for part in header.split(","):
            language = part.split(";")[0].strip().lower()[:2]
            if language in LANGUAGES:
                return cls.of(language)
        return cls.of(default)
