"""Secrets that stand elsewhere: ``${env:NAME}`` and ``${file:PATH}`` in any text of the YAML.

They may stand alone or within a longer text, such as ``rtsp://viewer:${env:DOOR}@10.0.0.5/1``.
``$${`` is a literal ``${``. Of a file, a byte-order mark and the line breaks at its end are left
out.

Before the host of an address, the delimiters in what is put in are percent-encoded, so that a
password need not be stored in another form than it has. Percent signs stay: one that is encoded
already, as it must be within the address itself, goes on to be understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwatch.frames.urls import HIDDEN
from maskwatch.reasons import system_reason

_USER_OF_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://(?P<user>[^/?#]*)@", re.IGNORECASE)
_DELIMITERS = str.maketrans({each: f"%{ord(each):02X}" for each in "/?#@[]"})

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<kind>env|file):(?P<name>[^}]*)\}")

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class MissingSecret:
    """A reference that leads nowhere."""

    key: KeyPath
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """Values with every reference replaced by what it refers to."""

    values: Any
    secrets: frozenset[str]
    """What was put in: to be kept out of messages."""
    missing: tuple[MissingSecret, ...]
    shown: Mapping[str, str] = field(default_factory=dict)
    """By each text that something was put into: the same with ``***`` in place of that."""


def resolve_secrets(values: Any, environment: Mapping[str, str]) -> Resolved:
    """Replaces the references at any depth; a missing one leaves the text as it is."""
    secrets: set[str] = set()
    missing: list[MissingSecret] = []
    shown: dict[str, str] = {}

    def walk(value: Any, key: KeyPath) -> Any:
        if isinstance(value, dict):
            return {name: walk(inner, (*key, str(name))) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, (*key, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        before_host = _before_host(value)
        text = _REFERENCE.sub(lambda m: look_up(m, key, m.start() in before_host), value)
        hidden = _REFERENCE.sub(lambda m: HIDDEN if m["kind"] else "${", value)
        if hidden != text:
            shown[text] = hidden
        return text

    def look_up(match: re.Match[str], key: KeyPath, is_before_host: bool) -> str:
        if match["kind"] is None:
            return "${"
        try:
            found = _secret(match["kind"], match["name"], environment)
        except (OSError, UnicodeError, KeyError) as error:
            missing.append(MissingSecret(key, match[0], _why(error, match["name"])))
            return match[0]
        secrets.add(found)
        if is_before_host:
            found = found.translate(_DELIMITERS)
            secrets.add(found)
        return found

    resolved = walk(values, ())
    return Resolved(resolved, frozenset(filter(None, secrets)), tuple(missing), shown)


def _before_host(text: str) -> range:
    """Where the user information of an address is; empty in any other text."""
    # References hold delimiters of their own: "${file:/run/password}".
    match = _USER_OF_ADDRESS.match(_REFERENCE.sub(lambda m: "x" * len(m[0]), text))
    return range(*match.span("user")) if match else range(0)


def _secret(kind: str, name: str, environment: Mapping[str, str]) -> str:
    if kind == "env":
        environment[name].encode()  # bytes that are no text would fail much later
        return environment[name]
    # Editors and `echo` end a file with line breaks that are not part of the password, and some
    # of Windows begin it with a mark.
    return Path(name).read_text(encoding="utf-8-sig").rstrip("\r\n")


def _why(error: Exception, name: str) -> str:
    if isinstance(error, KeyError):
        return f"the environment variable {name} is not set"
    if isinstance(error, OSError):
        return f"the file cannot be read: {system_reason(error)}"
    return "it is not UTF-8 text"
