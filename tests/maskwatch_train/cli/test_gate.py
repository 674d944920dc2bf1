"""What the gate prints."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("onnx", reason="needs the extra [train]")

from maskwatch_train.cli.gate import _table
from maskwatch_train.release.gate import Check, Floor


@pytest.mark.parametrize(
    ("score", "bound", "value", "told"),
    [
        ("side_accuracy", 0.98, 0.98765, "0.988"),
        ("side_accuracy", 0.98, 0.9796, "0.9796"),
        ("called_mask", 0.02, 0.020049, "0.02005"),
        ("side_accuracy", 0.98, math.nan, "nan"),
    ],
)
def test_the_table_shows_on_which_side_of_its_bound_a_value_is(
    score: str, bound: float, value: float, told: str
) -> None:
    table = _table("model", [Check("made", Floor("overall", score, bound), 9, value)])
    assert list(table.columns[4].cells) == [told]
