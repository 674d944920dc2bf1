"""What to call a state and a fault in front of people, and what to tell the wearer; in English."""

from __future__ import annotations

from maskwatch.words import Language, Words, texts_of

_ENGLISH = Words(Language.ENGLISH, texts_of(Language.ENGLISH))

words_for = _ENGLISH.what
advice_for = _ENGLISH.advice
