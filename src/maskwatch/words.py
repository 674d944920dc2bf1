"""Words in several languages: one JSON file each, in a folder beside the code that uses them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from maskwatch.types import Fault, State


class Language(StrEnum):
    """Languages of the dashboard and of messages."""

    ENGLISH = "en"
    GERMAN = "de"


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

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with values put in where it has ``{name}``."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def what(self, state: State, fault: Fault | None = None) -> str:
        """As `maskwatch.advice.words_for`, in this language."""
        return self(f"state.{state.value}" if fault is None else f"fault.{fault.value}")

    def advice(self, state: State, fault: Fault | None) -> str | None:
        """As `maskwatch.advice.advice_for`, in this language."""
        if fault is not None:
            return self(f"advice.{fault.value}")
        return self("advice.no_mask") if state is State.NO_MASK else None

    def code(self, kind: str, code: str) -> str:
        """The word for a code of the records, such as ``audit`` and ``camera.added``.

        Records outlive versions: a code that this one does not know is shown as it is.
        """
        return self._texts.get(f"{kind}.{code}", code)


@lru_cache
def texts_of(folder: Path, language: str) -> Mapping[str, str]:
    """The texts of one of the ``LANGUAGES`` in a folder, by key."""
    texts: Mapping[str, str] = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    return texts
