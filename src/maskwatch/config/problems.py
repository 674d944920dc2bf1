"""What is wrong with a configuration, said with key, value and reason, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import SecretStr, ValidationError

from maskwatch.errors import ConfigProblem
from maskwatch.frames.urls import HIDDEN, mask_password

_SECRET_KEY = re.compile(r"pass|pwd|secret|token|credential|auth|(^|_)key|headers", re.IGNORECASE)
_LONGEST_VALUE = 80


def key_text(path: Sequence[str | int]) -> str:
    """A key as one writes it down: ``cameras[0].url``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def value_text(path: Sequence[str | int], value: Any, secrets: Iterable[str] = ()) -> str | None:
    """A value fit for a message; None for one that says nothing, such as a whole section."""
    if isinstance(value, dict | list | tuple | set) or value is None:
        return None
    if isinstance(value, SecretStr) or any(_SECRET_KEY.search(str(part)) for part in path):
        return HIDDEN
    text = without(mask_password(str(value)), secrets)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it hidden, longest first as one may contain another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def problems_of(error: ValidationError, secrets: Iterable[str]) -> list[ConfigProblem]:
    """One problem for each thing that pydantic found, in its order."""
    found = []
    for each in error.errors(include_url=False, include_context=False):
        path = tuple(each["loc"])
        is_about_absence = each["type"] == "missing"
        value = None if is_about_absence else value_text(path, each["input"], secrets)
        found.append(ConfigProblem(key_text(path), value, without(_reason(each), secrets)))
    return found


def _reason(error: Any) -> str:
    """Pydantic's message, in words for people who do not know it."""
    reasons = {"extra_forbidden": "there is no such key", "missing": "this key is needed"}
    if error["type"] in reasons:
        return reasons[error["type"]]
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
