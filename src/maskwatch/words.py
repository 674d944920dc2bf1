"""Words in several languages: one JSON file each, in a folder beside the code that uses them.

Those for states, faults and advice are used everywhere: they are in the folder beside this file.
"""

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
_EVERYWHERE = Path(__file__).parent / "text"


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
        """Two words or so, such as "nose out": the fault where there is one, else the state."""
        return self(f"state.{state.value}" if fault is None else f"fault.{fault.value}")

    def advice(self, state: State, fault: Fault | None = None) -> str | None:
        """What the wearer should do: "put on a mask"; None unless ``state`` is a violation."""
        if fault is not None:
            return self(f"advice.{fault.value}")
        return self("advice.no_mask") if state is State.NO_MASK else None

    def code(self, kind: str, code: str) -> str:
        """The word for a code of the records, such as ``audit`` and ``camera.added``.

        Records outlive versions: a code that this one does not know is shown as it is.
        """
        return self._texts.get(f"{kind}.{code}", code)


@lru_cache
def texts_of(language: str, *folders: Path) -> Mapping[str, str]:
    """The texts in folders, and those used everywhere, in one of the ``LANGUAGES``; by key."""
    texts: dict[str, str] = {}
    for folder in (_EVERYWHERE, *folders):
        texts |= json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    return texts
