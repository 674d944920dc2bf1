"""The release gate: floors that models have to reach before they are shipped, slice by slice.

A gate is a YAML file. ``sets`` is a list; each has ``name``, ``data`` (as of ``evaluate``, relative
to the gate), ``split``, perhaps ``optional: true`` for pictures that not every machine has, and
``floors``: by slice (``family/name``) or ``overall``, by score, the least value that is allowed; of
scores in `UPPER_LIMITS` the largest. Slices of the family `FOUND` are about the face detector,
all others about the classifier.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from maskwatch.config.yaml import read_yaml
from maskwatch.faces.base import FaceDetector
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.data.sets import read_set
from maskwatch_train.errors import DataError, reading
from maskwatch_train.evaluate.cases import BANDS, cases_of
from maskwatch_train.evaluate.judging.subjects import Subject
from maskwatch_train.evaluate.metrics.detection import recall_by_band
from maskwatch_train.evaluate.outcomes import Judged, outcomes
from maskwatch_train.evaluate.scoring.detector import band_name, match_run, run_detector
from maskwatch_train.evaluate.scoring.figures import Scoring, headline_scores
from maskwatch_train.evaluate.scoring.scores import (
    LOWER_IS_BETTER,
    OF_NOSE_AND_CHIN,
    OF_PROBABILITIES,
    OF_STATES,
)
from maskwatch_train.evaluate.scoring.slices import (
    NAMES,
    SCORES,
    is_slice,
    slice_scores,
    source_slice,
)

FORMAT = 1
OVERALL = "overall"
FOUND = "found"
_FOUND_ALL = f"{FOUND}/all"
FOUND_SLICES = (_FOUND_ALL, *(f"{FOUND}/{band_name(*band)}" for band in itertools.pairwise(BANDS)))
RECALL, STRAYS = "recall", "unmatched"
FOUND_SCORES = (RECALL, STRAYS)
FOUND_IOU = 0.5
"""How far a detection has to overlap a labelled box to find the face."""
UPPER_LIMITS = LOWER_IS_BETTER | {STRAYS}
_SET_KEYS = {"name", "data", "split", "optional", "floors"}

Scores: TypeAlias = dict[str, dict[str, Any]]
"""By slice: ``faces``, and scores that have a ``value``."""


@dataclass(frozen=True, slots=True)
class Floor:
    """One thing that has to hold."""

    where: str
    """A slice, or ``overall``."""
    score: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether a value is good enough; none at all is not."""
        if math.isnan(value):
            return False
        return value <= self.bound if self.score in UPPER_LIMITS else value >= self.bound

    def __str__(self) -> str:
        """Such as ``side_accuracy >= 0.97``."""
        return f"{self.score} {'<=' if self.score in UPPER_LIMITS else '>='} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class GateSet:
    """One set of pictures and its floors."""

    name: str
    data: Path
    split: str
    optional: bool
    floors: tuple[Floor, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """A whole gate."""

    min_face_px: float
    sets: tuple[GateSet, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """What came of one floor."""

    set: str
    floor: Floor
    faces: int
    value: float
    """NaN where the slice holds no face that the score is about."""

    @property
    def passed(self) -> bool:
        """Whether the floor holds."""
        return self.floor.holds(self.value)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON; NaN becomes null."""
        return {
            "set": self.set,
            "slice": self.floor.where,
            "score": self.floor.score,
            "bound": self.floor.bound,
            "faces": self.faces,
            "value": None if math.isnan(self.value) else self.value,
            "passed": self.passed,
        }


def read_gate(path: Path) -> Gate:
    """Reads a gate.

    Raises:
        DataError: it is missing or damaged, or a key, slice, score or bound makes no sense; says
            which.
    """
    try:
        with reading(path):
            values = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(path, f"not YAML: {error}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise DataError(path, f"not a gate: expected format: {FORMAT}")
    if strangers := values.keys() - {"format", "min_face_px", "sets"}:
        raise DataError(path, f"unknown key {sorted(strangers)[0]!r}")
    try:
        sets = tuple(_set(path, entry) for entry in values["sets"])
        return Gate(float(values.get("min_face_px", 32)), sets)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(path, f"an entry of sets makes no sense: {error!r}") from error


def _set(path: Path, entry: Mapping[str, Any]) -> GateSet:
    name = str(entry["name"])
    if strangers := entry.keys() - _SET_KEYS:
        raise DataError(path, f"{name}: unknown key {sorted(strangers)[0]!r}")
    floors = tuple(
        _floor(path, name, where, score, bound)
        for where, scores in entry["floors"].items()
        for score, bound in scores.items()
    )
    if not floors:
        raise DataError(path, f"{name}: no floors, so everything would pass")
    data = path.parent / str(entry["data"])
    return GateSet(name, data, str(entry["split"]), entry.get("optional") is True, floors)


def _floor(path: Path, name: str, where: str, score: str, bound: Any) -> Floor:
    if where == OVERALL:
        allowed: tuple[str, ...] = (*OF_STATES, *OF_NOSE_AND_CHIN, *OF_PROBABILITIES)
    elif where in FOUND_SLICES:
        allowed = FOUND_SCORES
    elif is_slice(where):
        allowed = SCORES
    else:
        raise DataError(
            path,
            f"{name}: no slice is called {where!r}; there are "
            f"{', '.join((OVERALL, *NAMES, *FOUND_SLICES))} and {source_slice('SET')}",
        )
    if score not in allowed:
        raise DataError(
            path, f"{name}, {where}: unknown score {score!r}, expected one of {allowed}"
        )
    is_number = isinstance(bound, int | float) and not isinstance(bound, bool)
    if not is_number or not 0 <= bound <= (math.inf if score == STRAYS else 1):
        wanted = "number from 0" if score == STRAYS else "share from 0 to 1"
        raise DataError(path, f"{name}, {where}, {score}: {bound!r} is no {wanted}")
    return Floor(where, score, float(bound))


def run_gate(
    gate: Gate,
    subject: Subject,
    detector: FaceDetector,
    *,
    require_all: bool = False,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Check]:
    """Checks every floor.

    Args:
        gate: the floors.
        subject: what is to be released.
        detector: what the floors of `FOUND` are about; it also finds the faces of pictures that
            are labelled as a whole.
        require_all: whether a set that is optional and not here is an error.
        progress: told what is done and what is left out.

    Raises:
        DataError: a set is not here or is not the source that a floor names, or a picture cannot
            be read.
    """
    checks: list[Check] = []
    for one in gate.sets:
        if one.optional and not require_all and not one.data.exists():
            progress(f"{one.name}: left out, {one.data} is not here")
            continue
        progress(f"{one.name}: {one.split} of {one.data}")
        chosen = read_set(one.data, one.split)
        _refuse_other_sources(one, chosen.name)
        judged = subject.judged(cases_of(chosen, detector))
        found: Scores = {}
        if any(floor.where in FOUND_SLICES for floor in one.floors):
            found = found_scores(chosen.images, detector, gate.min_face_px)
        checks += check_set(one, judged, gate.min_face_px, found)
    return checks


def _refuse_other_sources(one: GateSet, source: str) -> None:
    known = (OVERALL, *NAMES, *FOUND_SLICES, source_slice(source))
    for floor in one.floors:
        if floor.where not in known:
            reason = f"no slice of it is called {floor.where!r}, but one {source_slice(source)!r}"
            raise DataError(one.data, reason)


def found_scores(
    images: Sequence[LabelledImage], detector: FaceDetector, min_face_px: float
) -> Scores:
    """How well a detector finds labelled faces, at its own threshold.

    Faces that nobody could tell are neither found nor missed.

    Returns:
        By slice, one of `FOUND_SLICES` (``all`` counts faces of at least ``min_face_px``):
        ``faces`` and ``recall``; of ``all`` also ``unmatched``, the detections per picture that
        hit nothing labelled. Slices without a face are left out.

    Raises:
        DataError: a picture cannot be read.
    """
    if not images:
        return {}
    matching = match_run(images, run_detector("", detector, images), FOUND_IOU)
    found = matching.found(0.0)
    large = recall_by_band(matching.face_size, found, (min_face_px, math.inf))
    bands = recall_by_band(matching.face_size, found, BANDS)
    scores: Scores = {
        name: {"faces": band.total, RECALL: {"value": band.recall}}
        for name, band in zip(FOUND_SLICES, (*large, *bands), strict=True)
        if band.total
    }
    strays = {"value": matching.unmatched(0.0, min_face_px)}
    scores.setdefault(_FOUND_ALL, {"faces": 0})[STRAYS] = strays
    return scores


def check_set(
    one: GateSet, judged: Sequence[Judged], min_face_px: float, found: Scores | None = None
) -> list[Check]:
    """The floors of one set on what a model said of it, and on what was found in it."""
    scoring = Scoring(min_face_px=min_face_px, repeats=0)
    large = outcomes([item for item in judged if item.case.size >= min_face_px])
    overall = headline_scores(large, scoring)
    slices = {**slice_scores(judged, min_face_px), **(found or {})}
    checks = []
    for floor in one.floors:
        if floor.where == OVERALL:
            faces, scores = len(large.state), overall
        else:
            scores = slices.get(floor.where, {})
            faces = int(slices.get(floor.where, {"faces": 0})["faces"])
        value = scores.get(floor.score, {"value": float("nan")})["value"]
        checks.append(Check(one.name, floor, faces, float(value)))
    return checks
