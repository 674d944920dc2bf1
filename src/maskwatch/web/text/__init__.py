"""The words of the pages, in every language: one JSON file each, beside this one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from maskwatch.config.web import Language

LANGUAGES: Mapping[str, str] = {Language.ENGLISH: "English", Language.GERMAN: "Deutsch"}
"""What each language calls itself."""


class Words:
    """The words of one language.

    Args:
        language: a key of ``LANGUAGES``.
        texts: by key.
    """

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    @classmethod
    def of(cls, language: str) -> Words:
        """Of a language; English for one that there is not."""
        return _read(language if language in LANGUAGES else Language.ENGLISH.value)

    @classmethod
    def accepted(cls, header: str, default: str) -> Words:
        """Of the first language in an ``Accept-Language`` header that there is."""
        for part in header.split(","):
            language = part.split(";")[0].strip().lower()[:2]
            if language in LANGUAGES:
                return cls.of(language)
        return cls.of(default)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with values put in where it has ``{name}``."""
        text = self._texts[key]
        return text.format(**values) if values else text


@lru_cache(maxsize=len(LANGUAGES))
def _read(language: str) -> Words:
    path = Path(__file__).parent / f"{language}.json"
    return Words(language, json.loads(path.read_text(encoding="utf-8")))
