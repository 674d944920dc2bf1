"""Reports to print: lines and bars on as many A4 pages as it takes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence

from PIL import Image, ImageDraw

from maskwatch.errors import UsageError
from maskwatch.palette import STYLES, as_hex
from maskwatch.types import State
from maskwatch.web.printing.lettering import drawable, length, wrapped, write

INK, FAINT = "#1c1e24", "#5b606b"
COLOURS = {state: as_hex(style.colour) for state, style in STYLES.items()}
_LINE, _SPREAD = "#c9ccd3", "#7fc4b5"

_DPI = 150
_SIZE = (1240, 1754)  # A4 upright
_MARGIN = 90
_FOOT = 28
_BAR, _FURTHER_LINE = 38, 30
_NAMES, _NUMBERS = 350, 210
"""The columns left and right of bars, in pixels."""
_LEAST_SIZE, _ROW_SIZE, _FOOT_SIZE = 20, 24, 20
_MOST_IN_PICTURE = 10
"""Pages: each takes 6.5 MB while the picture is made."""

_Stroke = Callable[[ImageDraw.ImageDraw], None]


class Paper:
    """Writes and draws from the top of a page downwards, and goes on on the next one.

    What is on a page is remembered, and drawn when the page is asked for: pixels take much memory.

    Args:
        foot: lines at the bottom of each page.
    """

    def __init__(self, foot: Sequence[str]) -> None:
        self._foot = foot
        self._pages: list[list[_Stroke]] = []
        self._turn()

    def line(self, text: str, size: int, colour: str = INK) -> None:
        """A line of text; one that would be too long is written smaller, or on several lines."""
        text, width = drawable(text), _SIZE[0] - 2 * _MARGIN
        while length(text, size) > width and size > _LEAST_SIZE:
            size -= 2
        for each in wrapped(text, size, width):
            self.need(_height(size))
            self._write(_MARGIN, self._y, each, size, colour)
            self._y += _height(size)

    def space(self, height: int) -> None:
        """Nothing, for so many pixels."""
        self._y += height

    def heading(self, text: str, rows: int = 1) -> None:
        """A heading, on the same page as so many of the rows below it."""
        self.space(34)
        self.need(_height(34) + rows * _BAR)
        self.line(text, 34)

    def row(self, left: str, right: str, colour: str = INK) -> None:
        """Something and what is to be said about it."""
        self.need(_BAR)
        self._write(_MARGIN, self._y, drawable(left), _ROW_SIZE, FAINT)
        self._write(_SIZE[0] // 2, self._y, drawable(right), _ROW_SIZE, colour)
        self._y += _BAR

    def bar(
        self,
        name: str,
        share: float | None,
        said: str,
        *,
        spread: tuple[float, float] | None = None,
        colour: str = COLOURS[State.MASK],
    ) -> None:
        """A share from 0 to 1 as a bar, with its interval and what is to be said about it."""
        left, right = _MARGIN + _NAMES, _SIZE[0] - _MARGIN - _NUMBERS
        lines = wrapped(drawable(name), _ROW_SIZE, _NAMES - 16)
        further = _FURTHER_LINE * (len(lines) - 1)
        self.need(_BAR + further)
        for i, each in enumerate(lines):
            self._write(_MARGIN, self._y + i * _FURTHER_LINE, each, _ROW_SIZE, INK)
        top = self._y + further // 2
        self._write(right + 16, top, drawable(said), _ROW_SIZE, FAINT)
        middle, width = top + 18, right - left

        def strokes(pen: ImageDraw.ImageDraw) -> None:
            pen.rectangle((left, middle - 10, right, middle + 10), outline=_LINE)
            if share is not None and share > 0:
                end = left + round(width * share)
                pen.rectangle((left, middle - 10, end, middle + 10), fill=colour)
            if spread is not None:
                ends = (left + round(width * spread[0]), left + round(width * spread[1]))
                pen.line((ends[0], middle, ends[1], middle), fill=_SPREAD, width=4)

        self._pages[-1].append(strokes)
        self._y += _BAR + further

    def need(self, height: int) -> None:
        """Turns to the next page unless there is so much room left on this one."""
        if self._y + height > _SIZE[1] - _MARGIN - _FOOT * (len(self._foot) + 1):
            self._turn()

    def as_pdf(self) -> bytes:
        """A PDF of A4 pages."""
        out = io.BytesIO()
        for i, page in enumerate(self._drawn()):
            # One after the other: what Pillow is given at once it holds at once.
            page.save(out, "PDF", resolution=_DPI, title="maskwatch", append=i > 0)
        return out.getvalue()

    def as_png(self) -> bytes:
        """A picture, 1240 pixels wide, of the pages one below the other.

        Raises:
            UsageError: there are too many of them for a picture.
        """
        if len(self._pages) > _MOST_IN_PICTURE:
            raise UsageError(
                f"{len(self._pages)} pages are too many for a picture (at most "
                f"{_MOST_IN_PICTURE}): take the PDF, or choose fewer cameras or zones"
            )
        width, height = _SIZE
        sheet = Image.new("RGB", (width, height * len(self._pages)), "white")
        for i, page in enumerate(self._drawn()):
            sheet.paste(page, (0, i * height))
        out = io.BytesIO()
        sheet.save(out, "PNG", optimize=True)
        return out.getvalue()

    def _turn(self) -> None:
        self._pages.append([])
        self._y = _MARGIN
        y = _SIZE[1] - _MARGIN - _FOOT * len(self._foot)
        for text in self._foot:
            self._write(_MARGIN, y, drawable(text), _FOOT_SIZE, FAINT)
            y += _FOOT

    def _write(self, x: int, y: int, text: str, size: int, colour: str) -> None:
        self._pages[-1].append(lambda pen: write(pen, (x, y), text, size, colour))

    def _drawn(self) -> Iterator[Image.Image]:
        """The pages, one at a time: each is gone when the next one comes."""
        for strokes in self._pages:
            page = Image.new("RGB", _SIZE, "white")
            pen = ImageDraw.Draw(page)
            for stroke in strokes:
                stroke(pen)
            yield page
            page.close()  # otherwise its pixels stay until somebody collects garbage


def _height(size: int) -> int:
    return round(size * 1.45)
