"""Text in pictures, in letters that are there.

Pillow's own font knows English letters only. The dashboard's framework brings Roboto in parts, one
for each group of scripts (WOFF2, Apache-2.0): each letter is drawn with the first part that has it.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

_IN_NO_FONT = "\U0010fffd"
"""Private to whoever uses it: fonts draw an empty box."""
_WESTERN = "Aa1-%äöüßéñø–€"  # noqa: RUF001 - the dash is meant
_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-"})  # noqa: RUF001
_TRIED_SIZE = 24


def drawable(text: str) -> str:
    """The text with letters that no font has replaced by what comes near: boxes say nothing."""
    return "".join(each if _part_of(each) is not None else _nearest(each) for each in text)


def length(text: str, size: int) -> float:
    """How wide a drawable text is, in pixels."""
    return sum(_font(part, size).getlength(run) for run, part in _runs(text))


def wrapped(text: str, size: int, width: float) -> Sequence[str]:
    """A drawable text in lines of at most so many pixels, broken between words where that does."""
    if length(text, size) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if length(longer, size) <= width:
            line = longer
            continue
        lines += [line] if line else []
        *parts, line = _broken(word, size, width)
        lines += parts
    return [*lines, line]


def _broken(word: str, size: int, width: float) -> Iterator[str]:
    """A word in parts of at most so many pixels, or of one letter."""
    while length(word, size) > width:
        ends = range(1, len(word))
        fit = max(1, bisect_right(ends, width, key=lambda end: length(word[:end], size)))
        yield word[:fit]
        word = word[fit:]
    yield word


def write(
    pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour: str
) -> None:
    """Writes a drawable text, from its upper left corner on."""
    x, y = place
    for run, part in _runs(text):
        font = _font(part, size)
        pen.text((x, y), run, fill=colour, font=font)
        x += font.getlength(run)


def _runs(text: str) -> Iterator[tuple[str, Path | str]]:
    """Stretches of letters that one part of the font has."""
    for part, letters in groupby(text, key=lambda each: _part_of(each) or ""):
        yield "".join(letters), part


def _nearest(letter: str) -> str:
    """Such as ``z`` for a ``z`` with a caron; a question mark where there is nothing near."""
    found = unicodedata.normalize("NFKD", letter.translate(_DASHES))[:1]
    return found if found and _part_of(found) is not None else "?"


@cache
def _part_of(letter: str) -> Path | str | None:
    """The first part that has a letter; ``""`` is Pillow's own font, None when no font has it."""
    if letter.isspace():
        return next(iter(_parts()), "")
    parts: tuple[Path | str, ...] = (*_parts(), "")
    return next((part for part in parts if _has(part, letter)), None)


@cache
def _parts() -> Sequence[Path]:
    """The parts of Roboto that hold letters, the western one first; none if it is not there."""
    found = find_spec("nicegui")
    if found is None or not found.submodule_search_locations:
        return ()
    folder = Path(found.submodule_search_locations[0]) / "static" / "fonts"
    parts = [path for path in sorted(folder.glob("*.woff2")) if _is_roboto(path)]
    return sorted(parts, key=lambda part: sum(not _has(part, each) for each in _WESTERN))


def _is_roboto(path: Path) -> bool:
    try:
        return _font(path, _TRIED_SIZE).getname()[0] == "Roboto"
    except OSError:
        return False  # this build of Pillow does not read WOFF2


@cache
def _has(part: Path | str, letter: str) -> bool:
    font = _font(part, _TRIED_SIZE)
    return bytes(font.getmask(letter)) != bytes(font.getmask(_IN_NO_FONT))


@cache
def _font(part: Path | str, size: int) -> ImageFont.FreeTypeFont:
    if part:
        return ImageFont.truetype(part, size)
    own = ImageFont.load_default(size)
    assert isinstance(own, ImageFont.FreeTypeFont)  # noqa: S101 - with a size it always is
    return own
