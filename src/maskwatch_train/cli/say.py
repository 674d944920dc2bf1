"""Lines for people."""

from __future__ import annotations

from rich.console import Console

console = Console()


def say(line: str, to: Console = console) -> None:
    """Prints a line as it is: unbroken, with its brackets, bytes that are no text escaped."""
    told = line.encode(errors="backslashreplace").decode()
    to.print(told, highlight=False, markup=False, soft_wrap=True)
