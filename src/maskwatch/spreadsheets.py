"""Text in files that people open with a spreadsheet."""

from __future__ import annotations


def harmless(text: str) -> str:
    """The same, with an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
