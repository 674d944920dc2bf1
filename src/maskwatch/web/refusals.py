"""Why something was refused, in words that pages say in the reader's language.

Programs get them in English. Errors from elsewhere, such as what a camera or the configuration's
checks say, are in English for everybody.
"""

from __future__ import annotations

from maskwatch.errors import (
    AccessDenied,
    MaskwatchError,
    RecordExists,
    RecordNotFound,
    StoreFull,
    UsageError,
)
from maskwatch.web.text import Words
from maskwatch.words import Language


class Refusal(MaskwatchError):
    """A refusal whose words are among those of the pages.

    Args:
        key: of the words.
        values: to put in.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(Words.of(Language.ENGLISH)(key, **values))
        self.key = key
        self.values = values


class WrongUse(Refusal, UsageError):
    """The request itself makes no sense."""


class NotAllowed(Refusal, AccessDenied):
    """Somebody may not do this."""


class Taken(Refusal, RecordExists):
    """Something is called that already, or is somebody else's at the moment."""


class Missing(Refusal, RecordNotFound):
    """There is none of that name."""


_KEYS = ((StoreFull, "refused.full"), (RecordNotFound, "refused.gone"))
"""Of errors that people meet, whose own words are for programs."""


def said(error: MaskwatchError, words: Words) -> str:
    """Why something was refused, in a language as far as there are words for it."""
    if isinstance(error, Refusal):
        return words(error.key, **error.values)
    for kind, key in _KEYS:
        if isinstance(error, kind):
            return words(key)
    return str(error)
