"""The parity gate: does an exported file still say what the model said that it was made from?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.errors import ModelError
from maskwatch.types import State
from maskwatch_train.evaluate.outcomes import Judged


class ParityError(ModelError):
    """An exported file says something else than the model that it was made from."""


@dataclass(frozen=True, slots=True)
class ParityLimits:
    """What a file may differ by.

    Attributes:
        recall_drop: how far the recall of any class may fall; classes are states and faults.
        mean_drift: mean absolute difference of the probabilities of the three states.
        large_drift: a difference of one probability that must be rare.
        large_share: share of the faces that may have one.
        box_drift: mean absolute difference of the edges of boxes, as a share of the crop's side.
    """

    recall_drop: float = 0.005
    mean_drift: float = 0.01
    large_drift: float = 0.2
    large_share: float = 0.01
    box_drift: float = 0.01


@dataclass(frozen=True, slots=True)
class Parity:
    """How two files compare on the same faces."""

    faces: int
    judged: int
    """Those of which either file said how likely each state is: the others are too small for it."""
    recall: dict[str, tuple[int, float, float]]
    """By class: faces, recall of the first file and of the second."""
    mean_drift: float
    max_drift: float
    large_share: float
    box_drift: float | None
    """Mean absolute difference of the edges of boxes; None where the first file gives none."""
    changed: int
    """Faces of which the second says another state or fault."""
    problems: tuple[str, ...]
    """Why the second file is refused; empty if it is not."""

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


Boxes = NDArray[np.floating] | None
"""``(N, 4)`` where the faces lie in their crops, as fractions of the side, if a file says so."""


def _face_of(judged: Judged) -> tuple[object, ...]:
    """Which face it is. What was measured of it may be NaN, which equals nothing."""
    case = judged.case
    return case.source, case.picture, case.index, case.face


def compare_files(
    before: Sequence[Judged],
    after: Sequence[Judged],
    limits: ParityLimits,
    boxes: tuple[Boxes, Boxes] = (None, None),
) -> Parity:
    """Compares what two files said of the same labelled faces.

    Args:
        before: what the model said that was converted.
        after: what the converted file says, of the same faces in the same order.
        limits: what may differ.
        boxes: of both files, of the same crops in the same order.

    Raises:
        ValueError: the faces are not the same.
    """
    if [_face_of(item) for item in before] != [_face_of(item) for item in after]:
        raise ValueError("two files can only be compared on the same faces")
    known = [i for i, item in enumerate(before) if item.face.state is not State.UNKNOWN]
    classes = sorted({name for i in known for name in _classes(before[i])})
    recall = {name: _recalls(name, known, before, after) for name in classes}
    moved = _moved(before, after)
    largest = moved.max(axis=1, initial=0.0)
    found = Parity(
        faces=len(before),
        judged=len(moved),
        recall=recall,
        mean_drift=float(moved.mean()) if moved.size else 0.0,
        max_drift=float(np.max(largest, initial=0.0)),
        large_share=float((largest > limits.large_drift).mean()) if moved.size else 0.0,
        box_drift=_box_drift(*boxes),
        changed=sum(_said(a) != _said(b) for a, b in zip(before, after, strict=True)),
        problems=(),
    )
    return replace(found, problems=tuple(_problems(found, limits)))


def _box_drift(before: Boxes, after: Boxes) -> float | None:
    if before is None:
        return None
    if after is None or len(before) == 0:
        return float("nan")
    return float(np.abs(after - before).mean())


def _problems(found: Parity, limits: ParityLimits) -> list[str]:
    problems = [] if found.judged else ["none of them is large enough to be judged"]
    problems += [
        f"recall of {name} falls from {first:.1%} to {second:.1%} (of {faces} faces)"
        for name, (faces, first, second) in found.recall.items()
        if first - second > limits.recall_drop
    ]
    problems += _drift_problems(found.mean_drift, found.large_share, limits)
    if found.box_drift is not None and math.isnan(found.box_drift):
        problems.append("it says no more where faces lie")
    elif found.box_drift is not None and found.box_drift > limits.box_drift:
        problems.append(
            f"the edges of boxes move by {found.box_drift:.4f} of the crop on average, over "
            f"{limits.box_drift:g}"
        )
    return problems


def _drift_problems(mean: float, large_share: float, limits: ParityLimits) -> list[str]:
    problems = []
    if not mean <= limits.mean_drift:
        problems.append(f"probabilities drift by {mean:.4f} on average, over {limits.mean_drift:g}")
    if large_share > limits.large_share:
        problems.append(
            f"{large_share:.1%} of the faces have a probability that differs by more than "
            f"{limits.large_drift:g}, over {limits.large_share:.1%}"
        )
    return problems


def require(found: Parity, name: str) -> None:
    """Raises ParityError, which tells every problem, if there are any."""
    _refuse(found.problems, found.faces, name)


def require_alike(
    before: NDArray[np.floating], after: NDArray[np.floating], limits: ParityLimits, name: str
) -> None:
    """The part of the gate that asks for no labels: do two networks give the same probabilities?

    Args:
        before: ``(N, C)`` of the network that was exported; N > 0.
        after: ``(N, C)`` of the file, of the same faces in the same order.
        limits: of which those of drift are asked for.
        name: of the file, for people.

    Raises:
        ParityError: they drift, or those of the file are no numbers; tells every problem.
    """
    moved = np.abs(after - before)
    large_share = float((moved.max(axis=1) > limits.large_drift).mean())
    _refuse(_drift_problems(float(moved.mean()), large_share, limits), len(before), name)


def _refuse(problems: Sequence[str], faces: int, name: str) -> None:
    if problems:
        told = "".join(f"\n  {problem}" for problem in problems)
        raise ParityError(f"{name} is refused, on {faces} faces:{told}")


def _classes(item: Judged) -> tuple[str, ...]:
    fault = item.face.fault
    return (item.face.state.value, *([fault.value] if fault else ()))


def _said(item: Judged) -> tuple[str, str | None]:
    return item.reading.state, item.reading.fault


def _recalls(
    name: str, known: Sequence[int], before: Sequence[Judged], after: Sequence[Judged]
) -> tuple[int, float, float]:
    of_class = [i for i in known if name in _classes(before[i])]
    first, second = (
        float(np.mean([_is_right(items[i], name) for i in of_class])) for items in (before, after)
    )
    return len(of_class), first, second


def _is_right(item: Judged, name: str) -> bool:
    face, reading = item.face, item.reading
    asks_for_state = name == face.state.value
    return reading.state is face.state and (asks_for_state or reading.fault in (face.fault, None))


def _moved(before: Sequence[Judged], after: Sequence[Judged]) -> NDArray[np.float64]:
    """How much the three probabilities differ, ``(J, 3)``, of the faces that have any."""
    nothing = (0.0, 0.0, 0.0)
    pairs = [
        (first.reading.probabilities or nothing, second.reading.probabilities or nothing)
        for first, second in zip(before, after, strict=True)
        if first.reading.probabilities or second.reading.probabilities
    ]
    one, other = np.array(pairs, dtype=np.float64).reshape(-1, 2, 3).transpose(1, 0, 2)
    return np.abs(other - one)
