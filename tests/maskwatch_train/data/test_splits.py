from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskwatch.errors import UsageError
from maskwatch.types import Fault, State
from maskwatch_train.data.grouping import NOTE
from maskwatch_train.data.manifest import Manifest, ManifestRow, check_leakage
from maskwatch_train.data.splits import SHARES, parse_shares, split
from maskwatch_train.errors import DataError

HERE = Path("manifest.jsonl")
LABELS = [
    (State.MASK, None),
    (State.NO_MASK, None),
    (State.INCORRECT, Fault.NOSE_OUT),
    (None, None),
]


def grouped(*members: tuple[int, int]) -> Manifest:
    """A manifest of (group, index of its label)."""
    rows = tuple(
        ManifestRow("a", f"{i}.jpg", f"{i}", None, *LABELS[label], str(group), "", "none")
        for i, (group, label) in enumerate(members)
    )
    return Manifest(rows, {}, {NOTE: {}})


def shares_of(manifest: Manifest) -> dict[State | None, Counter[str]]:
    found: dict[State | None, Counter[str]] = {}
    for row in manifest.rows:
        found.setdefault(row.label, Counter())[row.split] += 1
    return found


def test_single_pictures_are_divided_exactly_and_for_each_label_alike() -> None:
    whole = grouped(*((i, 0) for i in range(1000)), *((i, 1) for i in range(1000, 1500)))
    made = split(HERE, whole, SHARES["80/15/5"], seed=1)
    assert shares_of(made) == {
        State.MASK: {"train": 800, "test": 150, "val": 50},
        State.NO_MASK: {"train": 400, "test": 75, "val": 25},
    }


def test_rare_labels_are_shared_out_first() -> None:
    whole = grouped(*((i, 0) for i in range(500)), *((i, 2) for i in range(500, 510)))
    assert shares_of(split(HERE, whole, SHARES["80/20"], seed=3))[State.INCORRECT] == {
        "train": 8,
        "test": 2,
    }


@pytest.mark.parametrize("seed", range(4))
def test_every_fault_and_every_set_has_its_share_on_every_side(seed: int) -> None:
    kinds = [(s, f) for s in ("a", "b") for f in (Fault.NOSE_OUT, Fault.UNDER_CHIN)]
    plain = grouped(*((i, 2) for i in range(80)))
    rows = tuple(
        replace(row, source_set=kinds[i % 4][0], fault=kinds[i % 4][1])
        for i, row in enumerate(plain.rows)
    )
    made = split(HERE, replace(plain, rows=rows), SHARES["80/20"], seed)
    counts = Counter((row.source_set, row.fault, row.split) for row in made.rows)
    assert counts == {
        (*kind, side): count for kind in kinds for side, count in (("train", 16), ("test", 4))
    }


@pytest.mark.parametrize("seed", range(8))
def test_a_rare_label_among_common_ones_has_its_share_on_every_side(seed: int) -> None:
    # Ten crowds with one wrongly worn mask each, and many portraits.
    crowds = [(i, label) for i in range(10) for label in (2, *[0] * 6, *[1] * 3)]
    portraits = [(i, i % 2) for i in range(10, 200)]
    made = split(HERE, grouped(*crowds, *portraits), SHARES["80/20"], seed)
    assert shares_of(made) == {
        State.INCORRECT: {"train": 8, "test": 2},
        State.MASK: {"train": 124, "test": 31},
        State.NO_MASK: {"train": 100, "test": 25},
    }


@pytest.mark.parametrize("seed", range(8))
def test_no_group_is_ever_torn_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, labels = rng.integers(0, 60, 300), rng.choice(4, 300, p=(0.5, 0.3, 0.15, 0.05))
    made = split(HERE, grouped(*zip(groups, labels, strict=True)), SHARES["80/20"], seed)
    check_leakage(HERE, made.rows)
    assert len({row.group for row in made.rows}) == len(set(groups.tolist()))
    for state in (State.MASK, State.NO_MASK, State.INCORRECT):
        of_state = [row.split for row in made.rows if row.label is state]
        assert of_state.count("test") / len(of_state) == pytest.approx(0.2, abs=0.08)


def test_the_seed_decides_and_is_noted() -> None:
    whole = grouped(*((i, 0) for i in range(100)))
    first, again, other = (split(HERE, whole, SHARES["80/20"], seed) for seed in (1, 1, 2))
    assert first.rows == again.rows
    assert first.rows != other.rows
    assert first.notes["split"] == {
        "shares": {"train": 80, "test": 20},
        "seed": 1,
        "ungrouped": False,
    }


def test_a_manifest_that_nobody_searched_for_copies_is_refused_unless_told() -> None:
    whole = replace(grouped(*((i, 0) for i in range(10))), notes={})
    with pytest.raises(DataError, match="near-duplicates were never searched for"):
        split(HERE, whole, SHARES["80/20"], seed=0)
    made = split(HERE, whole, SHARES["80/20"], seed=0, ungrouped=True)
    assert made.notes["split"]["ungrouped"] is True


def test_a_manifest_with_a_split_and_one_with_too_few_groups_are_refused() -> None:
    whole = grouped(*((i, 0) for i in range(10)))
    with pytest.raises(DataError, match="has a split already"):
        split(HERE, split(HERE, whole, SHARES["80/20"], 0), SHARES["80/20"], 0)
    half = (replace(whole.rows[0], split="test"), *whole.rows[1:])
    with pytest.raises(DataError, match="has a split already"):
        split(HERE, replace(whole, rows=half), SHARES["80/20"], 0)
    with pytest.raises(DataError, match="too few groups: nothing is left for test"):
        split(HERE, grouped((0, 0), (0, 1)), SHARES["80/20"], 0)


def test_shares_are_train_test_and_val() -> None:
    assert parse_shares("70/20/10") == {"train": 70, "test": 20, "val": 10}
    assert parse_shares("80/15/5") == {"train": 80, "test": 15, "val": 5}


@pytest.mark.parametrize("text", ["", "80", "80/10", "80/15/4/1", "80/-20", "100/0", "a/b"])
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--shares"):
        parse_shares(text)
