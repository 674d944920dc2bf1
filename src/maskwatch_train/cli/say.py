"""Lines for people."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from maskwatch.outputs.terminal import spelt_out_by_line

console = Console()


def say(text: str, to: Console = console) -> None:
    """Prints one or more lines: unbroken, with their brackets, and nothing a terminal obeys."""
    to.print(Text(spelt_out_by_line(text)), soft_wrap=True)
