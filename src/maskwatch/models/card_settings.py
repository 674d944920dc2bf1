"""What the settings of a card may be; whatever is not says which setting, its value and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from maskwatch.errors import CardError
from maskwatch.models.card import CARD_FILE, ModelCard


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be."""

    expected: str
    """For people, after "expected"."""
    fits: Callable[[object], bool]


def one_of(names: Sequence[str]) -> Kind:
    """One of some words."""
    return Kind(f"one of {', '.join(names)}", lambda value: value in names)


def _is_number(value: object) -> TypeGuard[float]:
    # To Python True is a number.
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _each(value: object, fits: Callable[[object], bool]) -> bool:
    """Whether one value fits, or a list of at least one in which each does."""
    return bool(value) and all(map(fits, value)) if isinstance(value, list) else fits(value)


def _is_above_0(value: object) -> bool:
    return _is_number(value) and value > 0


NOT_NEGATIVE = Kind("a number of at least 0", lambda value: _is_number(value) and value >= 0)
ABOVE_0 = Kind("a number above 0", _is_above_0)
SHARE = Kind("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
PIXELS = Kind("a whole number above 0", lambda value: isinstance(value, int) and _is_above_0(value))
PIXELS_OR_NULL = Kind(
    f"{PIXELS.expected}, or null", lambda value: value is None or PIXELS.fits(value)
)
CHANNELS = Kind("a number, or one a channel", lambda value: _each(value, _is_number))
CHANNELS_ABOVE_0 = Kind(
    "a number above 0, or one a channel", lambda value: _each(value, _is_above_0)
)


def checked_settings(card: ModelCard, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Those settings of a card that are asked for and given.

    Args:
        card: see there.
        kinds: by name of the setting, what its value may be.

    Raises:
        CardError: a value is none that it may be.
    """
    given = {name: value for name, value in card.settings.items() if name in kinds}
    for name, value in given.items():
        if not kinds[name].fits(value):
            raise CardError(
                f"{card.folder / CARD_FILE}: settings.{name} is {value!r}, "
                f"expected {kinds[name].expected}"
            )
    return given
