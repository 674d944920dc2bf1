"""Near-duplicates: pictures that show the same photograph, resized, recompressed or mirrored.

The hash is that of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions"
(2010), section 3.2.1: the signs of the lowest frequencies of a small grey picture about their
median. It alone takes similar portraits for copies, so a pair must also agree in colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.types import Image

_SIDE, _FREQUENCIES = 32, 8
_THUMB = 16
BITS = _FREQUENCIES * _FREQUENCIES
_BLOCK = 1024
"""Rows compared at once: with 100,000 pictures the distances of a block take 800 MB."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures must be to count as the same photograph.

    Measured on the 3832 portraits of ``bala``, whose copies had been grouped by hand and hash: of
    445 known pairs 420 are found, and 202 more, 195 of them mirrored copies that nobody had known
    of.

    Attributes:
        distance: differing bits of 64, at most.
        colour: correlation of 16x16 thumbnails, at least.
        certain: so few differing bits need no agreement in colour.
    """

    distance: int = 8
    colour: float = 0.8
    certain: int = 4


class Pair(NamedTuple):
    """Two pictures that are alike, by their places in a list; the first is the smaller."""

    first: int
    second: int
    distance: int
    mirrored: bool


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What pictures are compared by.

    Attributes:
        bits: ``(64,)`` float32 of -1 and 1.
        mirrored: the same for the picture seen in a mirror.
        thumb: ``(16, 16, 3)`` float32 of zero mean and unit norm.
    """

    bits: NDArray[np.float32]
    mirrored: NDArray[np.float32]
    thumb: NDArray[np.float32]


def fingerprint(image: Image) -> Fingerprint:
    """The fingerprint of a ``(H, W, 3)`` BGR picture."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    thumb = cv2.resize(image, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA).astype(np.float32)
    thumb = thumb - thumb.mean()
    norm = max(float(np.linalg.norm(thumb)), 1e-6)
    return Fingerprint(_bits(small), _bits(small[:, ::-1]), thumb / np.float32(norm))


def _bits(small: NDArray[np.float32]) -> NDArray[np.float32]:
    low = np.asarray(cv2.dct(np.ascontiguousarray(small)), np.float32)
    low = low[:_FREQUENCIES, :_FREQUENCIES].ravel()
    # Without the mean brightness, which would pull the median.
    return np.where(low > np.median(low[1:]), 1, -1).astype(np.float32)


def find_pairs(prints: Sequence[Fingerprint], likeness: Likeness) -> Iterator[Pair]:
    """All pairs that are alike, mirrored or not, in the order of their places.

    They come one after the other: of the frames of one camera nearly every two are alike.
    """
    if len(prints) < 2:
        return
    plain = np.stack([each.bits for each in prints])
    flipped = np.stack([each.mirrored for each in prints])
    thumbs = np.stack([each.thumb.ravel() for each in prints])
    for start in range(0, len(prints) - 1, _BLOCK):
        block = plain[start : start + _BLOCK]
        # Of rows of -1 and 1: the product counts agreeing bits less differing ones.
        distances, when_mirrored = ((BITS - block @ each.T) / 2 for each in (plain, flipped))
        for of_block, row in enumerate(range(start, start + len(block))):
            behind, thumb = row + 1, prints[row].thumb
            apart, apart_mirrored = (each[of_block, behind:] for each in (distances, when_mirrored))
            alike = _alike(apart, thumbs[behind:], thumb, likeness)
            # A mirrored thumbnail agrees with another as this does with the other's mirror image.
            mirrored = _alike(apart_mirrored, thumbs[behind:], thumb[:, ::-1], likeness)
            mirrored &= ~alike | (apart_mirrored < apart)
            others = np.flatnonzero(alike | mirrored)
            least = np.where(mirrored, apart_mirrored, apart)[others].astype(int)
            for other, distance, turned in zip(
                (behind + others).tolist(), least.tolist(), mirrored[others].tolist(), strict=True
            ):
                yield Pair(row, other, distance, turned)


def _alike(
    distances: NDArray[np.floating],
    thumbs: NDArray[np.float32],
    thumb: NDArray[np.float32],
    likeness: Likeness,
) -> NDArray[np.bool_]:
    """``(N,)``: which of N pictures are copies of one, by bits that differ and thumbnails."""
    alike = distances <= likeness.distance
    doubtful = np.flatnonzero(alike & (distances > likeness.certain))
    if len(doubtful):
        alike[doubtful] = thumbs[doubtful] @ thumb.ravel() >= likeness.colour
    return alike


def join(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Groups from pairs: for each of ``count`` members the smallest one of its group."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(i) for i in range(count)]
