"""Detection scores: which detections hit which faces, and what follows from it.

Everything is computed from one matching per picture. The matching is greedy by score, so the part
of it above any score threshold is what matching at that threshold alone would have given.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import iou_matrix
from maskwatch_train.evaluate.metrics.classification import last_of_equals

Floats: TypeAlias = NDArray[np.floating]
Bools: TypeAlias = NDArray[np.bool_]

UNMATCHED = -1
"""A detection that hits nothing that is labelled."""
IGNORED = -2
"""A detection on something whose label asks for neither a hit nor a miss."""


def match(
    truth: Floats, ignore: Bools, boxes: Floats, scores: Floats, iou_threshold: float
) -> NDArray[np.intp]:
    """Gives each detection of one picture, best score first, the free face it overlaps most.

    A face is hit once at most; further detections of it are unmatched. A detection that hits no
    free face but a labelled region to be ignored is ignored; any number may be (the evaluation
    of WIDER FACE and COCO treats ignored regions so: Lin et al., ECCV 2014, cocoeval.py).

    Args:
        truth: ``(G, 4)`` labelled boxes in pixels.
        ignore: ``(G,)`` which of them are neither to be found nor to be missed.
        boxes: ``(D, 4)`` detections.
        scores: ``(D,)``; equal scores keep their order.
        iou_threshold: least intersection over union of a hit, in (0, 1].

    Returns:
        ``(D,)`` index into ``truth``, or UNMATCHED or IGNORED; in the order of ``boxes``.
    """
    matched = np.full(len(boxes), UNMATCHED, dtype=np.intp)
    if len(truth) == 0:
        return matched
    overlap = iou_matrix(boxes, truth)
    free = ~ignore
    for detection in np.argsort(-scores, kind="stable"):
        reachable = np.where(free, overlap[detection], -1.0)
        best = int(np.argmax(reachable))
        if reachable[best] >= iou_threshold:
            matched[detection] = best
            free[best] = False
        elif np.any(overlap[detection][ignore] >= iou_threshold):
            matched[detection] = IGNORED
    return matched


class BandRecall(NamedTuple):
    """How many of the faces of one size were found."""

    low: float
    """Pixels, inclusive."""
    high: float
    """Pixels, exclusive; infinite for the last band."""
    found: int
    total: int

    @property
    def recall(self) -> float:
        """Share in [0, 1]; NaN without faces."""
        return self.found / self.total if self.total else float("nan")


def recall_by_band(sizes: Floats, found: Bools, edges: Sequence[float]) -> tuple[BandRecall, ...]:
    """Recall in each band of face sizes.

    Args:
        sizes: ``(N,)`` sizes of the faces in pixels.
        found: ``(N,)`` whether each was hit.
        edges: ascending limits; band ``i`` holds ``edges[i] <= size < edges[i + 1]``. Faces
            outside all bands are left out.
    """
    bands = []
    for low, high in itertools.pairwise(edges):
        inside = (sizes >= low) & (sizes < high)
        bands.append(BandRecall(low, high, int(found[inside].sum()), int(inside.sum())))
    return tuple(bands)


def unmatched_per_image(
    matched: NDArray[np.intp], scores: Floats, sizes: Floats, images: int, score: float, size: float
) -> float:
    """Mean number of detections per picture that hit nothing labelled.

    Args:
        matched: ``(D,)`` from `match`, of all pictures together.
        scores: ``(D,)``.
        sizes: ``(D,)`` shorter sides of the detections in pixels.
        images: number of pictures, also those without detections; at least 1.
        score: detections under this score are left out.
        size: detections smaller than this are left out.
    """
    counted = (matched == UNMATCHED) & (scores >= score) & (sizes >= size)
    return float(counted.sum()) / images


def average_precision(scores: Floats, hit: Bools, faces: int) -> float:
    """Area under the precision-recall curve, precision made monotone, over all points.

    The measure of PASCAL VOC since 2010 (Everingham et al., IJCV 2015, section 4.2): at each
    recall the best precision at that recall or a higher one counts.

    Args:
        scores: ``(D,)`` of the detections that are not ignored, of all pictures together.
            Detections of equal score enter the curve together.
        hit: ``(D,)`` whether each hit a face.
        faces: number of faces that could have been hit.

    Returns:
        In [0, 1]; NaN without faces, 0 without detections.
    """
    if faces == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    last_of_score = last_of_equals(scores[order])
    hits = np.cumsum(hit[order])[last_of_score]
    recall = hits / faces
    precision = hits / (last_of_score + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * best_from_here))
