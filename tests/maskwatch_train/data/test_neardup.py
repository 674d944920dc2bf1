from __future__ import annotations

import tracemalloc

import cv2
import numpy as np

from maskwatch.outputs.jpeg import decode_jpeg, encode_jpeg
from maskwatch_train.data.neardup import Likeness, find_pairs, fingerprint, join
from tests.maskwatch_train.data.painted import pattern

DEFAULT = Likeness()


def pairs_of(*images: np.ndarray, likeness: Likeness = DEFAULT) -> set[tuple[int, int, bool]]:
    found = find_pairs([fingerprint(image) for image in images], likeness)
    return {(pair.first, pair.second, pair.mirrored) for pair in found}


def recompressed(image: np.ndarray) -> np.ndarray:
    return decode_jpeg(encode_jpeg(image, 30))


def test_a_copy_is_found_resized_recompressed_and_mirrored() -> None:
    one, other = pattern(1, 200, 200), pattern(2, 200, 200)
    small = cv2.resize(one, (70, 70), interpolation=cv2.INTER_AREA)
    assert pairs_of(one, other, small) == {(0, 2, False)}
    assert pairs_of(other, recompressed(one), one) == {(1, 2, False)}
    assert pairs_of(one, other, one[:, ::-1]) == {(0, 2, True)}


def test_different_pictures_are_no_pairs() -> None:
    assert pairs_of(*(pattern(seed) for seed in range(40))) == set()


def test_pictures_of_the_same_shape_in_other_colours_are_no_pair() -> None:
    image = pattern(3, 200, 200)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    # The same grey value everywhere, so the hashes agree; certainty by hash alone is switched off.
    bluish = np.stack([np.clip(grey.astype(int) + 100, 0, 255), grey, grey], axis=2)
    reddish = bluish[:, :, ::-1]
    strict = Likeness(distance=64, colour=0.8, certain=-1)
    assert (
        pairs_of(*(each.astype(np.uint8) for each in (bluish, reddish)), likeness=strict) == set()
    )


def test_fewer_than_two_pictures_have_no_pairs() -> None:
    assert pairs_of() == pairs_of(pattern(1)) == set()


def test_frames_of_one_camera_which_are_all_alike_do_not_fill_the_memory() -> None:
    count = 500
    frames = [fingerprint(pattern(1))] * count
    tracemalloc.start()
    try:
        assert sum(1 for _ in find_pairs(frames, DEFAULT)) == count * (count - 1) / 2
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12e6  # as a list the pairs alone would take some 20 MB


def test_pairs_that_share_a_member_become_one_group() -> None:
    assert join(6, [(4, 2), (0, 5), (2, 5)]) == [0, 1, 0, 3, 0, 0]
