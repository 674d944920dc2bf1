from __future__ import annotations

import numpy as np
import pytest

from maskwatch.frames.orientation import Orientation, Turn, orientation_of_matrix, turned

AS_IT_IS = Orientation(swaps_sides=False, mirrors_x=False, mirrors_y=False)
CLOCKWISE = Orientation(swaps_sides=True, mirrors_x=True, mirrors_y=False)
MIRRORED = Orientation(swaps_sides=False, mirrors_x=True, mirrors_y=False)


@pytest.mark.parametrize(
    ("matrix", "orientation"),
    [
        ((1, 0, 0, 1), AS_IT_IS),
        ((0, 1, -1, 0), CLOCKWISE),
        ((-1, 0, 0, 1), MIRRORED),
        ((0, 2, -3, 0), CLOCKWISE),  # pixels that are not square
        ((0.17, 0.98, -0.98, 0.17), CLOCKWISE),  # ten degrees short of it
        ((-0.98, 0.17, 0.17, 0.98), MIRRORED),
        ((0, 0, 0, 0), AS_IT_IS),  # nonsense
    ],
)
def test_the_nearest_quarter_turn_and_mirroring(
    matrix: tuple[float, float, float, float], orientation: Orientation
) -> None:
    assert orientation_of_matrix(*matrix) == orientation


def test_clockwise_is_clockwise() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    np.testing.assert_array_equal(CLOCKWISE.upright(image), np.rot90(image, -1))


@pytest.mark.parametrize(
    ("turn", "corner"), [(0, (0, 0)), (90, (0, 2)), (180, (2, 1)), (270, (1, 0))]
)
def test_a_turn_is_clockwise(turn: Turn, corner: tuple[int, int]) -> None:
    image = np.zeros((3, 2, 3), np.uint8)
    image[0, 0] = 255
    upright = turned(image, turn)
    assert tuple(np.argwhere(upright[:, :, 0])[0]) == corner
    assert upright.flags.c_contiguous
