from __future__ import annotations

import numpy as np
import pytest

from maskwatch_train.synthesis import contact_sheet


def test_pictures_fill_their_cells_in_reading_order():
    images = [np.full((10, 20, 3), level, np.uint8) for level in (10, 20, 30)]
    sheet = contact_sheet(images, columns=2, cell_px=40)
    assert sheet.shape == (80, 80, 3)
    assert [int(sheet[5, 5, 0]), int(sheet[5, 45, 0]), int(sheet[45, 5, 0])] == [10, 20, 30]
    # Twice as wide as high: the lower half of a cell, and the cell that is left over, stay grey.
    assert [int(sheet[30, 5, 0]), int(sheet[45, 45, 0])] == [96, 96]


@pytest.mark.parametrize(("count", "columns", "cell_px"), [(0, 2, 40), (1, 0, 40), (1, 2, 0)])
def test_refuses_nothing_to_show(count, columns, cell_px):
    images = [np.zeros((4, 4, 3), np.uint8)] * count
    with pytest.raises(ValueError, match="need pictures"):
        contact_sheet(images, columns, cell_px)
