"""What is wrong with a configuration, said with key, value and reason, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from maskwatch.config.base import NO_TIME
from maskwatch.config.secrets import KeyPath, Resolved
from maskwatch.frames.urls import HIDDEN

_SECRET_KEY = re.compile(
    r"pass|pwd|secret|token|credential|auth|(^|_)key|headers|url$", re.IGNORECASE
)
_ADDRESS = re.compile(r"@|:/")
"""In a text that may be an address with a password, however it is mistyped."""
_LONGEST_VALUE = 80

_LIST = "must be a list, such as [first, second]"
_SECTION = "must be a section with keys of its own"
_DAY = "must be a day such as 2026-12-25"
_MOMENT = "must be a day such as 2026-12-25, or a moment such as 2026-12-25T07:00"
_NETWORK = "must be a network such as 192.168.20.0/24"
_REASONS = {
    "extra_forbidden": "there is no such key",
    "missing": "this key is needed",
    "union_tag_not_found": "the key kind is needed",
    "string_pattern_mismatch": "must be letters, digits, spaces and . _ -, a letter or digit first",
    "string_type": "must be text; numbers need quotes",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _SECTION,
    "mapping_type": _SECTION,
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "time_parsing": NO_TIME,
    "time_type": NO_TIME,
    "date_parsing": _DAY,
    "date_type": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_type": _MOMENT,
    "ip_v4_network": _NETWORK,
    "ip_v6_network": _NETWORK,
}
"""By pydantic's name of a mistake; its own words are for who knows Python."""


def key_text(path: Sequence[str | int]) -> str:
    """A key as one writes it down: ``cameras[0].url``; what is none but an address is hidden."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = HIDDEN if "@" in part or ":" in part else part
            text += f".{name}" if text else name
    return text


class Problem(NamedTuple):
    """One thing that pydantic found."""

    path: KeyPath
    value: str | None
    reason: str


def problems_of(error: ValidationError, given: Resolved) -> list[Problem]:
    """Everything that pydantic found, in its order, without secrets."""
    found: list[Problem] = []
    errors = error.errors(include_url=False, include_context=False)
    for each in errors:
        if each["type"] == "too_short" and any(_is_within(other, each) for other in errors):
            continue  # it counts only the elements that are right
        path = _path_in(given.values, each["loc"])
        if any(path == other.path for other in found):
            continue  # of a value that may be of two types each type says that it is not of it
        reason = _reason(each)
        # Of a missing key, pydantic gives the section that lacks it. What stands where nobody
        # expects a text may be any secret: "pasword: ...", "urls: tgram://...".
        says_nothing = each["type"] in ("missing", "extra_forbidden") or reason in (_LIST, _SECTION)
        value = None if says_nothing else value_text(path, each["input"], given)
        found.append(Problem(path, value, without(reason, given.secrets)))
    return found


def value_text(path: KeyPath, value: Any, given: Resolved) -> str | None:
    """The value of a known key, fit for a message; None for one that says nothing."""
    if isinstance(value, dict | list | tuple | set) or value is None:
        return None
    if any(_SECRET_KEY.search(str(part)) for part in path) or _ADDRESS.search(str(value)):
        return HIDDEN
    text = without(str(value), given.secrets)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it hidden, longest first as one may contain another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _is_within(inner: Any, outer: Any) -> bool:
    depth = len(outer["loc"])
    return len(inner["loc"]) > depth and inner["loc"][:depth] == outer["loc"]


def _path_in(values: Any, location: Sequence[str | int]) -> KeyPath:
    """Where an error is, without what pydantic alone puts in between."""
    path: list[str | int] = []
    for part in location:
        if part == "[key]":
            continue  # so pydantic says that a name is wrong, and not what stands under it
        if isinstance(values, dict) and part not in values and values.get("kind") == part:
            continue
        if isinstance(values, str | int | float):
            break  # which of the types that it may be of; a value has nothing within
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            values = None
        path.append(part)
    return tuple(path)


def _reason(error: Any) -> str:
    """Pydantic's message, in words for people who do not know it."""
    if error["type"] in _REASONS:
        return _REASONS[error["type"]]
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "union_tag_invalid":
        return f"kind must be one of {message.rpartition('expected tags: ')[2]}"
    return message[:1].lower() + message[1:]
