"""The pages of results fit each other and the card that is shipped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from maskwatch.models import DEFAULT_CLASSIFIER

RESULTS = Path(__file__).parents[1] / "docs" / "results"
PAGES = ("street-test", "bala-test", "bala-corrected-test")
INCORRECT = {"nose_out", "under_chin", "chin_out", "other"}


def rows(page: str) -> list[list[str]]:
    """The cells of all lines of tables, without what stands in brackets."""
    lines = (RESULTS / f"{page}.md").read_text(encoding="utf-8").splitlines()
    return [
        [cell.split(" (")[0].strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


def scores(page: str) -> dict[str, str]:
    """Of the first column of the first table."""
    return {name: value for name, value, *_ in rows(page) if name.isidentifier()}


def states(page: str) -> np.ndarray:
    """Faces by labelled state (rows: mask, incorrect, no mask) and read state (and unknown)."""
    head, *body = [cells for cells in rows(page) if len(cells) > 9]
    read = [_state(name) for name in head[1:8]]
    counts = np.zeros((3, 4), dtype=int)
    for name, *cells in body[1:]:
        for column, count in zip(read, cells, strict=False):
            counts[_state(name), column] += int(count)
    return counts


def _state(name: str) -> int:
    if name in INCORRECT:
        return 1
    return {"mask": 0, "no_mask": 2, "unknown": 3}[name]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("score", "columns"), [("", 4), ("_decided", 3)])
def test_macro_f1_is_that_of_the_faces_below_it(page: str, score: str, columns: int) -> None:
    counts = states(page)[:, :columns]
    labelled = counts.sum(axis=1)
    f1 = [
        2 * counts[at, at] / (labelled[at] + counts[:, at].sum()) for at in range(3) if labelled[at]
    ]
    assert float(scores(page)[f"state_macro_f1{score}"]) == pytest.approx(np.mean(f1), abs=5e-4)


@pytest.mark.parametrize("page", PAGES)
def test_the_card_has_the_scores_of_the_page(page: str) -> None:
    card = json.loads((DEFAULT_CLASSIFIER / "card.json").read_text(encoding="utf-8"))
    told = {
        name: value
        for name, value in card["summary"]["scores"][page].items()
        if name.endswith(("_decided", "_ece", "_rate"))
    }
    assert len(told) >= 4
    assert told == {name: float(scores(page)[name]) for name in told}
