"""The colours of the states: told apart by everybody, and the same everywhere."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import maskwatch
from maskwatch.palette import STYLES, Rgb, as_hex
from maskwatch.types import State

STYLE_SHEET = Path(maskwatch.__file__).parent / "web" / "static" / "dashboard.css"


def luminance(colour: Rgb) -> float:
    """WCAG 2.1, "relative luminance"."""
    parts = [v / 255 for v in colour]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("state", State)
def test_text_stands_out_from_its_background(state: State) -> None:
    light, dark = sorted(map(luminance, (STYLES[state].colour, STYLES[state].text)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# Machado, Oliveira, Fernandes: "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", 2009; severity 1.0, on linear RGB.
SEEN_BY = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_colour_blind_viewers_can_tell_the_colours_apart(eyes: str) -> None:
    def lab(colour: Rgb) -> NDArray[np.float32]:
        linear = (np.array(colour) / 255) ** 2.2
        seen = np.clip(np.array(SEEN_BY[eyes]) @ linear, 0, 1) ** (1 / 2.2)
        pixel = np.asarray(seen, np.float32).reshape(1, 1, 3)
        return cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0]

    for a, b in itertools.combinations(STYLES.values(), 2):
        # Colours closer than about 10 look alike side by side (CIE 1976).
        assert np.linalg.norm(lab(a.colour) - lab(b.colour)) > 20


def test_the_dashboard_has_the_colours_that_pictures_have() -> None:
    said = dict(re.findall(r"--mw-(\w+): (#[0-9a-f]{6})", STYLE_SHEET.read_text().split("}")[0]))
    assert {state: said[state.value] for state in State} == {
        state: as_hex(style.colour) for state, style in STYLES.items()
    }
