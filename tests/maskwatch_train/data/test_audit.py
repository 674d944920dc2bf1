from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cleanlab")

from maskwatch.types import Box, Fault, State
from maskwatch_train.data.audit import (
    Audit,
    Suspect,
    find_suspects,
    frequent_labels,
    label_of,
    out_of_sample,
    question_of,
    run_audit,
)
from maskwatch_train.data.gallery import gallery
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.vocabulary import Label
from maskwatch_train.errors import DataError

MASK, BARE = Label(State.MASK), Label(State.NO_MASK)
WRONG = (3, 70, 151)


def row(number: int, label: Label, group: int | None = None) -> ManifestRow:
    name = str(number if group is None else group)
    return ManifestRow("s", f"{number}.jpg", str(number), None, *label, name, "", "CC0")


@pytest.fixture
def told() -> tuple[list[ManifestRow], np.ndarray]:
    """Two hundred faces of two kinds, three of which have the label of the other kind."""
    rng = np.random.default_rng(0)
    kinds = np.arange(200) % 2
    features = rng.normal(0, 1, (200, 8)) + kinds[:, None] * 3
    labels = [BARE if kind != (i in WRONG) else MASK for i, kind in enumerate(kinds)]
    return [row(i, label) for i, label in enumerate(labels)], features.astype(np.float32)


def test_the_labels_that_are_wrong_are_the_first_suspects(
    told: tuple[list[ManifestRow], np.ndarray],
) -> None:
    rows, features = told
    given = np.array([[MASK, BARE].index(label_of(each)) for each in rows])
    groups = [each.group for each in rows]
    probabilities = out_of_sample(features, given, groups, folds=5, seed=0)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    suspects = find_suspects(rows, [MASK, BARE], probabilities)
    assert {suspect.row.path for suspect in suspects[:3]} == {f"{i}.jpg" for i in WRONG}
    assert len(suspects) < 12
    first = suspects[0]
    assert first.suggested is not first.given
    assert first.p_given < 0.3 < 0.7 < first.p_suggested


def test_nobody_is_judged_by_a_copy_of_himself() -> None:
    # Each group has one label and features of its own: only its own copies could teach it.
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 5, (40, 30))
    groups = np.repeat(np.arange(40), 5)
    labels = rng.permutation(np.arange(40) % 2)[groups]
    features = (centres[groups] + rng.normal(0, 0.01, (200, 30))).astype(np.float32)
    probabilities = out_of_sample(features, labels, [str(g) for g in groups], folds=4, seed=0)
    assert (probabilities.argmax(axis=1) == labels).mean() < 0.75


def test_labels_in_few_groups_are_told_apart() -> None:
    rows = [row(i, MASK) for i in range(5)] + [row(i, BARE, group=9) for i in range(5, 12)]
    rows.append(row(20, Label(State.INCORRECT, Fault.CHIN_OUT)))
    assert frequent_labels(rows, 5) == ([MASK], [BARE, Label(State.INCORRECT, Fault.CHIN_OUT)])


def test_an_audit_asks_about_faces_that_are_large_enough_on_one_side_of_the_split() -> None:
    asked = [replace(row(i, (MASK, BARE)[i % 2]), split="val") for i in range(8)]
    others = (
        replace(asked[0], path="small.jpg", box=Box(0, 0, 20, 20)),
        replace(asked[1], path="other side.jpg", split="train"),
        replace(asked[2], path="nobody knows.jpg", label=State.UNKNOWN),
    )
    manifest, path = Manifest((*asked, *others)), Path("m.jsonl")
    assert question_of(path, manifest, "val", 24.0, 2).rows == asked
    with pytest.raises(DataError, match="an audit needs two labels, each in 5 groups or more"):
        question_of(path, manifest, "val", 24.0, 5)


def test_the_summary_counts_suspects_and_says_how_many_are_shown(
    told: tuple[list[ManifestRow], np.ndarray],
) -> None:
    rows, features = told
    question = question_of(Path("m.jsonl"), Manifest(tuple(rows)), "all", 24.0, 5)
    done = run_audit(question, features, folds=5, seed=0)
    assert (done.faces, done.accuracy > 0.9) == (200, True)
    assert {suspect.row.path for suspect in done.suspects[:3]} == {f"{i}.jpg" for i in WRONG}
    sure = [replace(suspect, is_confident=True) for suspect in done.suspects[:2]]
    two = Audit(sure, 200, 0.985)
    assert two.summary("some-net", 2).startswith("2 of 200 labels are suspects, 2 of them by")
    assert "agrees with 98.5% of the labels." in two.summary("some-net", 2)
    assert "too; the first 1 are shown. The judge" in two.summary("some-net", 1)


def test_a_row_without_a_label_has_none() -> None:
    with pytest.raises(ValueError, match="has no label"):
        label_of(replace(row(1, MASK), label=None))


def test_the_page_is_one_file_and_names_cannot_break_it() -> None:
    suspect = Suspect(replace(row(1, MASK), path="<b>&</script>.jpg"), MASK, BARE, 0.02, 0.98, True)
    face = np.full((64, 64, 3), 128, np.uint8)
    page = gallery("T<1>", "all & more", [suspect], [face])
    assert page.count("data:image/jpeg;base64,") == 1
    assert "<b>&</script>" not in page
    assert "&lt;b&gt;&amp;&lt;/script&gt;.jpg" in page
    assert "labelled mask, looks like no_mask (1)" in page
    assert "2%, no_mask 98%" in page.replace("mask 2%", "2%")
    assert "http" not in page.replace("<!doctype html>", "")
    assert "<option>incorrect:nose_out</option>" in page


def test_a_page_without_suspects_says_so() -> None:
    assert "No label looks wrong." in gallery("T", "s", [], [])
