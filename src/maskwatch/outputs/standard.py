"""Standard output of a program that says in one line when it cannot be written."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from maskwatch.errors import OutputError
from maskwatch.outputs.files import STDOUT_NAME, reason_of


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


@contextmanager
def standard_output() -> Iterator[None]:
    r"""Makes standard output a `StandardOutput` for the rest of the program, which is the block.

    Letters that it lacks are spelt out (``\u2713``) there and in standard error. At the end of the
    block everything is written, or an OutputError says why not.
    """
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        plain = sys.stdout
        sys.stdout = sys.__stdout__ = StandardOutput(  # type: ignore[misc]
            plain.buffer,
            encoding=plain.encoding,
            line_buffering=plain.line_buffering,
            write_through=plain.write_through,
        )
        plain.detach()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    out = sys.stdout
    try:
        yield
    finally:
        if isinstance(out, StandardOutput):
            _finish(out)


def _finish(out: StandardOutput) -> None:
    try:
        out.flush()
    except BrokenPipeError:
        _discard(out)
        sys.exit(1)
    except OutputError:
        _discard(out)
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
        raise OutputError(STDOUT_NAME, reason_of(error)) from error
