"""Standard output that says in one line when it cannot be written, and standard error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, TypeGuard, TypeVar

from maskwatch.errors import OutputError
from maskwatch.outputs.files import STDOUT_NAME
from maskwatch.reasons import system_reason


class StandardOutput(io.TextIOWrapper):
    """Text on its way out; what the system refuses is an OutputError.

    Only a reader who has seen enough stays a BrokenPipeError, which ends programs quietly.
    """

    def write(self, text: str) -> int:
        """Takes text; raises OutputError."""
        with _told():
            return super().write(text)

    def flush(self) -> None:
        """Writes what waits; raises OutputError."""
        with _told():
            super().flush()


class StandardError(io.TextIOWrapper):
    """Text for people; what the system refuses is lost, as there is nowhere left to say so.

    A log on a full disk or a terminal that was closed must not end the work that it tells of.
    """

    def write(self, text: str) -> int:
        """Takes text."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Writes what waits, as far as it can be."""
        with suppress(OSError):
            super().flush()


@contextmanager
def standard_streams() -> Iterator[None]:
    r"""Puts `StandardOutput` and `StandardError` in place for the rest of the program: the block.

    Letters that they lack are spelt out (``\u2713``). At the end of the block everything is
    written, or an OutputError says why not; of a program that has failed before, that failure
    stays the end.
    """
    if _is_plain(sys.stdout, sys.__stdout__):
        sys.stdout = sys.__stdout__ = _taken_over(sys.stdout, StandardOutput)  # type: ignore[misc]
    if _is_plain(sys.stderr, sys.__stderr__):
        sys.stderr = sys.__stderr__ = _taken_over(sys.stderr, StandardError)  # type: ignore[misc]
    out = sys.stdout
    has_failed = True
    try:
        yield
        has_failed = False
    except SystemExit as ended:
        has_failed = bool(ended.code)
        raise
    finally:
        if isinstance(out, StandardOutput):
            _finish(out, has_failed=has_failed)


def _is_plain(stream: TextIO | None, own: TextIO | None) -> TypeGuard[io.TextIOWrapper]:
    """Whether a stream is the process's own, and nobody has put something else in its place."""
    return stream is own and isinstance(stream, io.TextIOWrapper)


_Stream = TypeVar("_Stream", bound=io.TextIOWrapper)


def _taken_over(plain: io.TextIOWrapper, kind: type[_Stream]) -> _Stream:
    """A stream of another kind in the place of one, which cannot be used any more."""
    encoding, by_line, at_once = plain.encoding, plain.line_buffering, plain.write_through
    return kind(plain.detach(), encoding, "backslashreplace", None, by_line, at_once)


def _finish(out: StandardOutput, *, has_failed: bool) -> None:
    try:
        out.flush()
    except BrokenPipeError:
        _discard(out)
        if not has_failed:
            sys.exit(1)
    except OutputError:
        _discard(out)
        if not has_failed:
            raise


def _discard(out: StandardOutput) -> None:
    """Leads nowhere from now on, as the interpreter tries once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(STDOUT_NAME, system_reason(error)) from error
