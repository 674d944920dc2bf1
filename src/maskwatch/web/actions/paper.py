"""Reports to print: lines and bars on as many A4 pages as it takes."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from maskwatch.web.actions.lettering import drawable, length, write

INK, FAINT, GOOD, BAD, WORSE = "#1c1e24", "#5b606b", "#007d64", "#ffb000", "#cd1919"
_LINE, _SPREAD = "#c9ccd3", "#7fc4b5"

_DPI = 150
_SIZE = (1240, 1754)  # A4 upright
_MARGIN = 90
_FOOT = 28
_BAR = 38
_LEAST_SIZE, _ROW_SIZE, _FOOT_SIZE = 14, 24, 20


class Paper:
    """Writes and draws from the top of a page downwards, and goes on on the next one.

    Args:
        foot: lines at the bottom of each page.
    """

    def __init__(self, foot: Sequence[str]) -> None:
        self._foot = foot
        self._pages: list[Image.Image] = []
        self._turn()

    def line(self, text: str, size: int, colour: str = INK) -> None:
        """A line of text; one that would be too long is written smaller."""
        self.need(_height(size))
        text = drawable(text)
        while length(text, size) > _SIZE[0] - 2 * _MARGIN and size > _LEAST_SIZE:
            size -= 2
        write(self._pen, (_MARGIN, self._y), text, size, colour)
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
        write(self._pen, (_MARGIN, self._y), drawable(left), _ROW_SIZE, FAINT)
        write(self._pen, (_SIZE[0] // 2, self._y), drawable(right), _ROW_SIZE, colour)
        self._y += _BAR

    def bar(
        self,
        name: str,
        share: float | None,
        said: str,
        *,
        spread: tuple[float, float] | None = None,
        colour: str = GOOD,
    ) -> None:
        """A share from 0 to 1 as a bar, with its interval and what is to be said about it."""
        self.need(_BAR)
        left, right = _MARGIN + 260, _SIZE[0] - _MARGIN - 210
        middle, width = self._y + 18, right - left
        write(self._pen, (_MARGIN, self._y), drawable(name)[:20], _ROW_SIZE, INK)
        self._pen.rectangle((left, middle - 10, right, middle + 10), outline=_LINE)
        if share is not None and share > 0:
            end = left + round(width * share)
            self._pen.rectangle((left, middle - 10, end, middle + 10), fill=colour)
        if spread is not None:
            ends = (left + round(width * spread[0]), left + round(width * spread[1]))
            self._pen.line((ends[0], middle, ends[1], middle), fill=_SPREAD, width=4)
        write(self._pen, (right + 16, self._y), drawable(said), _ROW_SIZE, FAINT)
        self._y += _BAR

    def need(self, height: int) -> None:
        """Turns to the next page unless there is so much room left on this one."""
        if self._y + height > _SIZE[1] - _MARGIN - _FOOT * (len(self._foot) + 1):
            self._turn()

    def as_pdf(self) -> bytes:
        """A PDF of A4 pages."""
        out = io.BytesIO()
        first, *others = self._pages
        first.save(
            out, "PDF", resolution=_DPI, title="maskwatch", save_all=True, append_images=others
        )
        return out.getvalue()

    def as_png(self) -> bytes:
        """A picture, 1240 pixels wide, of the pages one below the other."""
        width, height = _SIZE
        sheet = Image.new("RGB", (width, height * len(self._pages)), "white")
        for i, page in enumerate(self._pages):
            sheet.paste(page, (0, i * height))
        out = io.BytesIO()
        sheet.save(out, "PNG", optimize=True)
        return out.getvalue()

    def _turn(self) -> None:
        page = Image.new("RGB", _SIZE, "white")
        self._pages.append(page)
        self._pen = ImageDraw.Draw(page)
        self._y = _MARGIN
        y = _SIZE[1] - _MARGIN - _FOOT * len(self._foot)
        for text in self._foot:
            write(self._pen, (_MARGIN, y), drawable(text), _FOOT_SIZE, FAINT)
            y += _FOOT


def _height(size: int) -> int:
    return round(size * 1.45)
