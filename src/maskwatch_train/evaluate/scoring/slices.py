"""Slices: the faces that have one thing in common, named ``family/name``, and how they come out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from maskwatch.masks.quality import FRONTAL, PROFILE
from maskwatch.metrics.intervals import wilson_interval
from maskwatch.types import Fault, State
from maskwatch_train.evaluate.cases import BANDS, Case
from maskwatch_train.evaluate.outcomes import Judged, is_right_side

Choice = Callable[[Case], bool]

DARK, BRIGHT = 80.0, 160.0
"""Limits of brightness: about the darkest tenth and the brightest tenth of street's faces."""
BLURRED, SHARP = 150.0, 600.0
"""Limits of sharpness: about the softest tenth and the sharper half of street's faces."""
DARK_MASK = 60.0
"""Mean grey of the lower face under which a mask counts as dark: about one in seven."""
HARD_NEGATIVES = ("hand", "beard", "scarf")
"""What is most often taken for a mask."""


def _between(value: Callable[[Case], float], low: float, high: float) -> Choice:
    return lambda case: low <= value(case) < high


def _size(case: Case) -> float:
    return case.size


def _light(case: Case) -> float:
    return case.appearance.brightness


def _sharpness(case: Case) -> float:
    return case.appearance.sharpness


def _turn(case: Case) -> float:
    return case.appearance.turn


def _is_profile(case: Case) -> bool:
    return case.appearance.turn >= PROFILE


def _tagged(*names: str) -> Choice:
    return lambda case: case.face.state is State.NO_MASK and case.face.slice in names


def _named(label: str) -> Choice:
    def has_label(case: Case) -> bool:
        fault = case.face.fault
        return label == (case.face.state.value if fault is None else fault.value)

    return has_label


def _size_slice(low: float, high: float) -> str:
    return f"size/{low:g} and more" if math.isinf(high) else f"size/{low:g}-{high:g}"


# How faces under the first limit are judged is not scored by size, only whether they are found.
_ANY_SIZE: dict[str, Choice] = {
    _size_slice(low, high): _between(_size, low, high)
    for low, high in itertools.pairwise(BANDS[1:])
}
_LARGE: dict[str, Choice] = {
    **{
        f"label/{label}": _named(label)
        # Those of ``incorrect`` are the faces of which nobody said how.
        for label in ("mask", "incorrect", *Fault, "no_mask")
    },
    "hard/hand, beard or scarf": _tagged(*HARD_NEGATIVES),
    **{f"hard/{name}": _tagged(name) for name in (*HARD_NEGATIVES, "object")},
    "hard/bare profile": lambda c: c.face.state is State.NO_MASK and _is_profile(c),
    "hard/masked profile": lambda c: c.face.state is State.MASK and _is_profile(c),
    "hard/dark mask": (
        lambda c: c.face.state is State.MASK and c.appearance.lower_brightness < DARK_MASK
    ),
    "light/dark": _between(_light, 0, DARK),
    "light/medium": _between(_light, DARK, BRIGHT),
    "light/bright": _between(_light, BRIGHT, math.inf),
    "blur/blurred": _between(_sharpness, 0, BLURRED),
    "blur/medium": _between(_sharpness, BLURRED, SHARP),
    "blur/sharp": _between(_sharpness, SHARP, math.inf),
    "pose/frontal": _between(_turn, 0, FRONTAL),
    "pose/turned": _between(_turn, FRONTAL, PROFILE),
    "pose/profile": _is_profile,
    "pose/not known": lambda c: math.isnan(c.appearance.turn),
    "certainty/sure": lambda c: c.face.certainty == "sure",
    "certainty/unsure": lambda c: c.face.certainty == "unsure",
}
_ALL, _SOURCE = "all/all", "source/"
NAMES = (_ALL, *_ANY_SIZE, *_LARGE)
"""Of all slices but those by source."""


def source_slice(source: str) -> str:
    """Name of the slice of one set."""
    return f"{_SOURCE}{source}"


def is_slice(name: str) -> bool:
    """Whether faces can be in a slice of this name; of which sets there are it knows nothing."""
    return name in NAMES or name.startswith(_SOURCE)


def choices(sources: Sequence[str], min_face_px: float) -> dict[str, Choice]:
    """Every slice by name, for sets of these names.

    Those of size look at all faces; the others only at those of at least ``min_face_px``.
    """

    def large(choice: Choice) -> Choice:
        return lambda case: case.size >= min_face_px and choice(case)

    by_source = {source_slice(name): _from(name) for name in sources}
    chosen = {name: large(choice) for name, choice in {**by_source, **_LARGE}.items()}
    return {_ALL: large(lambda _: True), **_ANY_SIZE, **chosen}


def _from(source: str) -> Choice:
    return lambda case: case.source == source


SCORES = ("side_accuracy", "state_accuracy", "called_mask", "unknown_rate")
"""Of every slice, in the order in which they are shown."""


def slice_scores(judged: Sequence[Judged], min_face_px: float) -> dict[str, dict[str, Any]]:
    """The scores of every slice that holds a face whose state is known.

    Returns:
        By name: ``faces``; and as ``value``, ``low``, ``high`` (Wilson, 95 %) ``side_accuracy``
        (mask or violation right), ``state_accuracy``, ``called_mask`` (of the violations) and
        ``unknown_rate``. ``unknown`` counts as neither right nor as called mask.
    """
    known = [item for item in judged if item.face.state is not State.UNKNOWN]
    sources = sorted({item.case.source for item in known})
    scored = {}
    for name, choice in choices(sources, min_face_px).items():
        some = [item for item in known if choice(item.case)]
        if some:
            scored[name] = _scores(some)
    return scored


def _scores(items: Sequence[Judged]) -> dict[str, Any]:
    violations = [item for item in items if item.face.state.is_violation]
    return {
        "faces": len(items),
        "violations": len(violations),
        "side_accuracy": _share([is_right_side(i.reading.state, i.face.state) for i in items]),
        "state_accuracy": _share([item.reading.state is item.face.state for item in items]),
        "called_mask": _share([item.reading.state is State.MASK for item in violations]),
        "unknown_rate": _share([item.reading.state is State.UNKNOWN for item in items]),
    }


def _share(hits: Sequence[bool]) -> dict[str, float]:
    interval = wilson_interval(int(np.sum(hits)), len(hits))
    if interval is None:
        return dict.fromkeys(("value", "low", "high"), float("nan"))
    return {"value": float(np.mean(hits)), "low": interval[0], "high": interval[1]}
