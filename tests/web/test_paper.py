"""Reports are drawn in letters that are there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from maskwatch.web.actions.lettering import drawable, length, write
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
