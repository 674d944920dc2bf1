"""Where text for people goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import errno
import os
import unicodedata

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from maskwatch.errors import ConfigError, MaskwatchError

_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Characters that change the direction of those after them (https://unicode.org/reports/tr9/)."""


class _Output(Console):
    """Leaves to its user what follows from a reader who has seen enough; rich would exit."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def out_console() -> Console:
    """Standard output; printing there raises BrokenPipeError when nobody reads it any more."""
    return _Output(highlight=False)


def err_console() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False)


def say_error(console: Console, error: MaskwatchError) -> None:
    """One line that names what and why, in full whatever the width of the terminal.

    A configuration may be wrong in several places; each gets a line.
    """
    told = [str(error)]
    if isinstance(error, ConfigError):
        told = [f"{error.source}: {problem}" for problem in error.problems]
    for line in told:
        _say(console, ("error: ", "bold red"), line)


def say_note(console: Console, note: str) -> None:
    """One line about something that is no failure yet, or none any more."""
    _say(console, ("note: ", "bold yellow"), note)


def _say(console: Console, label: tuple[str, str], text: str) -> None:
    console.print(Text.assemble(label, on_one_line(text)), soft_wrap=True)


def on_one_line(text: str) -> str:
    r"""Text that may hold names of files, in which any character but "/" can occur.

    Line breaks would tear tables apart, a terminal obeys escape sequences and turns what follows
    some characters round, and bytes that are no text have no width: white space becomes one space
    each, the others are spelt out, such as ``\x1b``.
    """
    return spelt_out(" ".join(text.split()))


def spelt_out(text: str) -> str:
    """Text with nothing in it that a terminal obeys, line breaks included."""
    return "".join(repr(letter)[1:-1] if _is_spelt_out(letter) else letter for letter in text)


def spelt_out_by_line(text: str) -> str:
    """Text of several lines with nothing else in it that a terminal obeys."""
    return "\n".join(map(spelt_out, text.split("\n")))


def _is_spelt_out(letter: str) -> bool:
    is_control_or_byte = unicodedata.category(letter) in ("Cc", "Cs")
    return is_control_or_byte or unicodedata.bidirectional(letter) in _TURNING


def shortened(name: str, width: int) -> str:
    """The end of a long name, which tells more than its start, `on_one_line`.

    Args:
        name: as it is.
        width: in columns of a terminal, of which a Chinese letter takes two.
    """
    line = on_one_line(name)
    if cell_len(line) <= width:
        return line
    while cell_len(line) > width - 3:
        line = line[1:]
    return f"...{line}"
