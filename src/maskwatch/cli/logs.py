"""The log of the service: one line per event on standard error, for people or for programs."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum

from maskwatch.frames.urls import mask_password
from maskwatch.outputs.terminal import on_one_line, spelt_out_by_line

_CHATTY = ("httpx", "httpcore", "alembic", "apprise", "multipart", "uvicorn")
"""Libraries that tell of every step; uvicorn, of every page that is opened."""

_TALKATIVE = ("urllib3", "oauthlib", "requests_oauthlib", "slixmpp", "smpplib")
"""What Apprise sends with: they tell of addresses and logins, in which tokens stand anywhere."""

_URL = re.compile(r"[a-z][a-z0-9+.-]+://\S+", re.IGNORECASE)


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


def set_up_logging(shape: LogFormat, level: str) -> None:
    """Sends everything from ``level`` on to standard error, with passwords masked.

    Args:
        shape: of the lines.
        level: ``debug``, ``info``, ``warning`` or ``error``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if shape is LogFormat.JSON else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.ERROR)
    for own_minded in ("engineio.server", "socketio.server"):
        # They add a handler where they find no level, and everything is said twice.
        logging.getLogger(own_minded).setLevel(logging.ERROR)
        logging.getLogger(own_minded).handlers.clear()
    logging.captureWarnings(capture=True)


def logs_for_programs() -> bool:
    """Whether the log is set up, in a shape that only programs read."""
    return any(isinstance(each.formatter, _Json) for each in logging.getLogger().handlers)


class _Text(logging.Formatter):
    """``2026-03-02T09:00:00Z INFO runtime.monitoring.service: stopping``."""

    def format(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix("maskwatch.")
        line = f"{_time_of(record)} {record.levelname} {name}: {_message_of(record)}"
        return f"{line}\n{self._trace(record)}" if record.exc_info else line

    def _trace(self, record: logging.LogRecord) -> str:
        assert record.exc_info  # noqa: S101 - asked by the caller
        return spelt_out_by_line(without_passwords(self.formatException(record.exc_info)))


class _Json(logging.Formatter):
    """One object per line."""

    def format(self, record: logging.LogRecord) -> str:
        values = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message_of(record),
        }
        if record.exc_info:
            values["trace"] = without_passwords(self.formatException(record.exc_info))
        return json.dumps(values, ensure_ascii=False)


def without_passwords(text: str) -> str:
    """The text with the passwords of all addresses in it masked."""
    return _URL.sub(lambda match: mask_password(match[0]), text)


def _message_of(record: logging.LogRecord) -> str:
    # One event is one line, and a terminal obeys nothing in it, whatever a camera or server says.
    return on_one_line(without_passwords(record.getMessage()))


def _time_of(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
