"""The colours of the states, wherever they are shown: on pictures, pages and paper and in mails.

The style sheet of the dashboard repeats them (``web/static/dashboard.css``); a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwatch.types import State

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
BLACK: Rgb = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Style:
    """How one state looks; the text stands on the colour (contrast at least 4.5 to 1)."""

    colour: Rgb
    text: Rgb


# After the palette of Okabe and Ito (https://jfly.uni-koeln.de/color/), green and red darkened
# until white text on them passes WCAG 2.1 level AA, and moved apart for red-blind and
# green-blind eyes (checked by simulation in the tests).
STYLES: dict[State, Style] = {
    State.MASK: Style((0, 125, 100), WHITE),
    State.INCORRECT: Style((255, 176, 0), BLACK),
    State.NO_MASK: Style((205, 25, 25), WHITE),
    State.UNKNOWN: Style((58, 60, 68), WHITE),
}


def as_hex(colour: Rgb) -> str:
    """As web pages have it, such as ``#007d64``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
