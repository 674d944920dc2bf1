"""Reports are drawn in letters that are there, on as many pages as it takes, names in full."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PdfParser import PdfParser

from maskwatch.errors import UsageError
from maskwatch.web.printing.lettering import drawable, length, wrapped, write
from maskwatch.web.printing.paper import Paper
from maskwatch.web.text import LANGUAGES, Words

pytest.importorskip("nicegui")


def drawn(text: str) -> NDArray[np.uint8]:
    """A text in black on white."""
    page = Image.new("L", (60 + round(length(text, 40)), 80), 255)
    write(ImageDraw.Draw(page), (10, 10), text, 40, "black")
    return np.asarray(page)


@pytest.mark.parametrize("text", ["2026 – 2027", "Überblick: Tür, groß", "Žižkov", "Приёмная"])  # noqa: RUF001
def test_what_a_font_has_is_drawn_as_it_is(text: str) -> None:
    assert drawable(text) == text


def test_what_no_font_has_becomes_what_comes_near() -> None:
    assert drawable("\u4e2d\u4e2d \u2460st") == "?? 1st"


def test_each_letter_looks_like_itself_and_not_like_an_empty_box() -> None:
    box = drawn("\U0010fffd")
    seen = [drawn(each) for each in "ÄÖÜäöüß–é"]  # noqa: RUF001
    for i, picture in enumerate(seen):
        assert not np.array_equal(picture, box)
        assert not any(np.array_equal(picture, each) for each in seen[:i])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_reports_can_be_drawn(language: str) -> None:
    words = Words.of(language)
    for key in ("report.note", "overview.title", "overview.faults", "overview.no_zone"):
        assert drawable(words(key)) == words(key)


def test_lines_break_between_words_and_inside_of_those_that_are_too_long() -> None:
    width = length("Operating theatre", 24)
    assert wrapped("Operating theatre 12 entrance", 24, width) == [
        "Operating theatre",
        "12 entrance",
    ]
    lines = wrapped("ward " + 60 * "M", 24, width)
    assert lines[0] == "ward"
    assert "".join(lines[1:]) == 60 * "M"
    assert all(length(each, 24) <= width for each in lines)


def barred(name: str) -> bytes:
    """A page with one bar of that name."""
    paper = Paper([])
    paper.bar(name, 0.5, "50.0 %")
    return paper.as_png()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Operating theatre 12 entrance", "Operating theatre 12 exit"),
        (63 * "m" + "a", 63 * "m" + "b"),
    ],
)
def test_names_that_differ_at_their_end_look_different(one: str, other: str) -> None:
    assert barred(one) != barred(other)


def test_a_line_that_fits_on_no_page_goes_on_below() -> None:
    paper = Paper([])
    paper.line(", ".join(100 * ["Operating theatre 12 entrance"]), 28)
    page = np.asarray(Image.open(io.BytesIO(paper.as_png())).convert("L"))
    inked = np.flatnonzero((page < 200).any(axis=0))
    assert inked.max() < page.shape[1] - 80  # the margin
    assert np.flatnonzero((page < 200).any(axis=1)).max() > 500


def bars_over(pages: int) -> Paper:
    """About so many pages of bars."""
    paper = Paper(["foot"])
    for i in range(40 * pages):
        paper.bar(str(i), 0.5, "50.0 %")
    return paper


def test_a_pdf_is_written_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    new, close, held, seen = Image.new, Image.Image.close, set[int](), list[int]()

    def begun(*args: Any) -> Image.Image:
        picture = new(*args)
        if picture.width == 1240:  # Pillow makes smaller ones of its own
            held.add(id(picture))
            seen.append(len(held))
        return picture

    def ended(page: Image.Image) -> None:
        held.discard(id(page))
        close(page)

    monkeypatch.setattr(Image, "new", begun)
    monkeypatch.setattr(Image.Image, "close", ended)
    data = bars_over(8).as_pdf()
    assert len(PdfParser(buf=data).pages) == len(seen) >= 8
    assert max(seen) == 1


def test_a_picture_of_very_many_pages_is_refused() -> None:
    assert Image.open(io.BytesIO(bars_over(8).as_png())).height > 7 * 1754
    with pytest.raises(UsageError, match="take the PDF"):
        bars_over(20).as_png()
