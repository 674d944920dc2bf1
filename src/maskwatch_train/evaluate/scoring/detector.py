"""How well a face detector finds the labelled faces of a set, by size, state and threshold."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.faces.base import FaceDetector
from maskwatch.geometry import box_array
from maskwatch.types import State
from maskwatch_train.data.labelled import LabelledImage
from maskwatch_train.evaluate.cases import BANDS, SCORED_FROM_PX
from maskwatch_train.evaluate.metrics.detection import (
    UNMATCHED,
    average_precision,
    match,
    recall_by_band,
    unmatched_per_image,
)
from maskwatch_train.evaluate.scoring.report import number, share, table
from maskwatch_train.pictures import frame_of

LOWEST_SCORE = 0.05
"""Detectors report everything from this score on; the tables apply their own thresholds."""
SCORES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
IOUS = (0.5, 0.4, 0.3)
STATES = (State.MASK, State.INCORRECT, State.NO_MASK)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a detector found in one picture."""

    boxes: NDArray[np.float64]
    """``(D, 4)``"""
    scores: NDArray[np.float64]
    """``(D,)``"""


@dataclass(frozen=True, slots=True, eq=False)
class DetectorRun:
    """What a detector found in a set of pictures, in their order."""

    name: str
    found: tuple[Found, ...]
    median_ms: float
    """Per picture, decoding left out; on whatever machine it ran."""


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Faces and detections of a whole set, matched at one overlap.

    Faces of state ``unknown`` are ignored: neither found nor missed.
    """

    images: int
    face_size: NDArray[np.float64]
    """``(F,)`` pixels."""
    face_state: NDArray[np.str_]
    """``(F,)``"""
    face_score: NDArray[np.float64]
    """``(F,)`` score of the detection that found it; minus infinity where none did."""
    size: NDArray[np.float64]
    """``(D,)`` of the detections, pixels."""
    score: NDArray[np.float64]
    """``(D,)``"""
    matched: NDArray[np.intp]
    """``(D,)`` index of a face, or UNMATCHED or IGNORED."""

    def found(self, score: float) -> NDArray[np.bool_]:
        """``(F,)`` which faces are found at a score threshold."""
        return self.face_score >= score

    def recall(self, score: float, min_size: float, state: State | None = None) -> float:
        """Share of the faces from a size on, of one state or all, that are found."""
        counted = self.face_size >= min_size
        if state is not None:
            counted &= self.face_state == state
        return share(int(self.found(score)[counted].sum()), int(counted.sum()))

    def unmatched(self, score: float, min_size: float) -> float:
        """Detections per picture, from a size on, that hit nothing labelled."""
        return unmatched_per_image(
            self.matched, self.score, self.size, self.images, score, min_size
        )

    def average_precision(self, min_size: float) -> float:
        """Of the faces from a size on; smaller faces and detections are left out."""
        large = np.append(self.face_size >= min_size, [False, False])  # for -2 and -1
        hit = large[self.matched]
        counted = hit | ((self.matched == UNMATCHED) & (self.size >= min_size))
        faces = int((self.face_size >= min_size).sum())
        return average_precision(self.score[counted], hit[counted], faces)


def run_detector(name: str, detector: FaceDetector, images: Iterable[LabelledImage]) -> DetectorRun:
    """Runs a detector over pictures.

    Args:
        name: for the tables.
        detector: with a score threshold no higher than the lowest that is to be reported.
        images: labelled pictures.

    Raises:
        DataError: a picture cannot be read.
    """
    found, seconds = [], []
    for image in images:
        frame = frame_of(image.path)
        start = time.perf_counter()
        faces = detector(frame)
        seconds.append(time.perf_counter() - start)
        boxes = box_array(face.box for face in faces)
        found.append(Found(boxes, np.array([face.score for face in faces], dtype=np.float64)))
    return DetectorRun(name, tuple(found), 1000 * float(np.median(seconds)))


def match_run(images: Sequence[LabelledImage], run: DetectorRun, iou: float) -> Matching:
    """Matches a run with the labels, picture by picture, and lays the results end to end."""
    sizes, states, face_scores, matches = [], [], [], []
    offset = 0
    for image, found in zip(images, run.found, strict=True):
        truth = box_array(face.box for face in image.faces)
        unknown = np.array([face.state is State.UNKNOWN for face in image.faces], dtype=bool)
        matched = match(truth, unknown, found.boxes, found.scores, iou)
        best = np.full(len(truth), -np.inf)
        hits = matched >= 0
        best[matched[hits]] = found.scores[hits]
        kept = np.cumsum(~unknown) - 1  # a face's place among those that count
        matched[hits] = offset + kept[matched[hits]]
        matches.append(matched)
        sizes += [face.box.side for face in image.faces if face.state is not State.UNKNOWN]
        states += [face.state.value for face in image.faces if face.state is not State.UNKNOWN]
        face_scores.append(best[~unknown])
        offset = len(sizes)
    boxes = np.concatenate([found.boxes for found in run.found])
    return Matching(
        images=len(images),
        face_size=np.array(sizes, dtype=np.float64),
        face_state=np.array(states, dtype=np.str_),
        face_score=np.concatenate(face_scores),
        size=np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]),
        score=np.concatenate([found.scores for found in run.found]),
        matched=np.concatenate(matches),
    )


def evaluate_detector(images: Sequence[LabelledImage], run: DetectorRun) -> dict[str, Any]:
    """All numbers of one run, ready for JSON.

    Returns:
        ``iou``: for each overlap the average precision and, for each score threshold, recall of
        the faces of at least `SCORED_FROM_PX` (all and by state), recall by size band, and
        unmatched detections of at least `SCORED_FROM_PX` per picture.
    """
    matchings = {iou: match_run(images, run, iou) for iou in IOUS}
    return {
        "name": run.name,
        "images": len(images),
        "faces": int((matchings[IOUS[0]].face_size >= SCORED_FROM_PX).sum()),
        "min_face_px": SCORED_FROM_PX,
        "median_ms": run.median_ms,
        "iou": {
            f"{iou:g}": {
                "average_precision": matching.average_precision(SCORED_FROM_PX),
                "score": {f"{score:g}": _at_threshold(matching, score) for score in SCORES},
            }
            for iou, matching in matchings.items()
        },
    }


def _at_threshold(matching: Matching, score: float) -> dict[str, Any]:
    bands = recall_by_band(matching.face_size, matching.found(score), BANDS)
    return {
        "recall": matching.recall(score, SCORED_FROM_PX),
        "recall_by_state": {
            state.value: matching.recall(score, SCORED_FROM_PX, state) for state in STATES
        },
        "recall_by_band": {
            band_name(band.low, band.high): {"recall": band.recall, "faces": band.total}
            for band in bands
        },
        "unmatched_per_image": matching.unmatched(score, SCORED_FROM_PX),
    }


def band_name(low: float, high: float) -> str:
    """``<16``, ``16-24`` or ``>=128``."""
    if low == 0:
        return f"<{high:g}"
    return f">={low:g}" if math.isinf(high) else f"{low:g}-{high:g}"


def detector_markdown(results: Sequence[Mapping[str, Any]], title: str) -> str:
    """Several detectors side by side; the first is the one that the others are held against."""
    totals = [_totals(result, score, results[0]) for result in results for score in SCORES]
    header = ["detector", "score >=", *(f"recall, IoU {iou:g}" for iou in IOUS)]
    header += [f"{state.value}" for state in STATES]
    header += ["unmatched per picture", f"over {results[0]['name']}"]
    bands = [
        [result["name"], f"{score:g}", *(number(b["recall"]) for b in _bands(result, score))]
        for result in results
        for score in SCORES
    ]
    names = [
        f"{band_name(low, high)} ({band['faces']})"
        for low, high, band in zip(BANDS, BANDS[1:], _bands(results[0], SCORES[0]), strict=False)
    ]
    speed = [
        [
            result["name"],
            *(number(result["iou"][f"{iou:g}"]["average_precision"]) for iou in IOUS),
            number(result["median_ms"], 1),
        ]
        for result in results
    ]
    return (
        f"# {title}\n\n{results[0]['images']} pictures, {results[0]['faces']} faces of at least "
        f"{SCORED_FROM_PX:g} px; states by recall at IoU {IOUS[0]:g}; detections of at least "
        f"{SCORED_FROM_PX:g} px count as unmatched where they hit nothing labelled at IoU "
        f"{IOUS[0]:g}.\n\n{table(header, totals)}\n"
        f"Recall at IoU {IOUS[0]:g} by face size in pixels (number of faces):\n\n"
        f"{table(['detector', 'score >=', *names], bands)}\n"
        f"Average precision, faces of at least {SCORED_FROM_PX:g} px:\n\n"
        f"{table(['detector', *(f'IoU {iou:g}' for iou in IOUS), 'ms per picture'], speed)}"
    )


def _totals(result: Mapping[str, Any], score: float, reference: Mapping[str, Any]) -> list[str]:
    at = {iou: result["iou"][f"{iou:g}"]["score"][f"{score:g}"] for iou in IOUS}
    first = at[IOUS[0]]
    base = reference["iou"][f"{IOUS[0]:g}"]["score"][f"{score:g}"]["unmatched_per_image"]
    return [
        result["name"],
        f"{score:g}",
        *(number(at[iou]["recall"]) for iou in IOUS),
        *(number(first["recall_by_state"][state.value]) for state in STATES),
        number(first["unmatched_per_image"]),
        f"{first['unmatched_per_image'] - base:+.3f}",
    ]


def _bands(result: Mapping[str, Any], score: float) -> list[Mapping[str, Any]]:
    return list(result["iou"][f"{IOUS[0]:g}"]["score"][f"{score:g}"]["recall_by_band"].values())
