from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maskwatch.types import Box, Fault, State
from maskwatch_train.data import grouping
from maskwatch_train.data.grouping import NearPair
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.neardup import Likeness
from maskwatch_train.errors import DataError


def row(
    path: str, group: str, split: str = "", source_set: str = "a", sha: str = ""
) -> ManifestRow:
    return ManifestRow(
        source_set, path, sha or path, None, State.MASK, None, group, split, "none stated"
    )


def near(first: ManifestRow, second: ManifestRow, mirrored: bool = False) -> NearPair:
    return NearPair(first, second, 3, mirrored)


def test_groups_that_a_pair_connects_become_one_across_sets() -> None:
    rows = (row("1", "x"), row("2", "x"), row("3", "y"), row("1", "x", source_set="b", sha="b1"))
    grouped = grouping.group(Manifest(rows), [near(rows[1], rows[3])], Likeness())
    assert [each.group for each in grouped.rows] == ["a/x", "a/x", "a/y", "a/x"]
    likeness = {"distance": 8, "colour": 0.8, "certain": 4}
    assert grouped.notes[grouping.NOTE] == likeness | {"pairs": 1, "mirrored": 0}


def test_exact_copies_join_without_being_told() -> None:
    rows = (row("1", "x", sha="same"), row("2", "y", sha="same"))
    assert {each.group for each in grouping.group(Manifest(rows), [], Likeness()).rows} == {"a/x"}


def test_copies_that_are_not_of_one_mind_about_a_face_are_found() -> None:
    first, same = row("1", "x", sha="same"), row("2", "y", source_set="b", sha="same")
    wrong = replace(same, path="3", label=State.INCORRECT)
    nose = replace(wrong, path="4", fault=Fault.NOSE_OUT)
    other_face = replace(wrong, path="5", box=Box(1, 1, 2, 2))
    background = replace(same, path="6", label=None)
    other_picture = row("7", "x")
    rows = (first, same, wrong, nose, other_face, background, other_picture)
    pairs = [(first, wrong), (first, nose), (first, background)]
    assert grouping.unlike_copies(rows) == pairs


def test_all_faces_of_a_picture_move_with_it() -> None:
    first = row("1", "x")
    rows = (first, replace(first, box=Box(1, 1, 2, 2)), row("2", "y"))
    grouped = grouping.group(Manifest(rows), [near(rows[0], rows[2])], Likeness())
    assert [each.group for each in grouped.rows] == ["a/x"] * 3


def test_faces_of_one_picture_that_lie_in_several_groups_join_them() -> None:
    first = row("1", "x")
    rows = (first, replace(first, box=Box(1, 1, 2, 2), group="y"), row("2", "y"), row("3", "x"))
    grouped = grouping.group(Manifest(rows), [], Likeness())
    assert [each.group for each in grouped.rows] == ["a/x"] * 4


def test_of_many_near_duplicates_on_two_sides_the_first_are_named_and_the_rest_counted() -> None:
    rows = [row(f"{i}", f"{i}", ("train", "test")[i % 2]) for i in range(14)]
    pairs = [near(one, other) for one, other in zip(rows[::2], rows[1::2], strict=True)]
    same_side = near(rows[0], rows[2])
    with pytest.raises(DataError) as refusal:
        grouping.group(Manifest(tuple(rows)), [same_side, *pairs], Likeness())
    assert "6 groups of near-duplicates" in str(refusal.value)
    assert "a/8 and a/9" in str(refusal.value)
    assert "a/10 and a/11" not in str(refusal.value)
    assert "and 2 more pairs" in str(refusal.value)


def test_near_duplicates_on_two_sides_are_refused_and_named() -> None:
    rows = (row("1.jpg", "x", "train"), row("2.jpg", "y", "test"))
    with pytest.raises(DataError) as refusal:
        grouping.group(Manifest(rows), [near(*rows, mirrored=True)], Likeness())
    assert "1 groups of near-duplicates lie on more than one side" in str(refusal.value)
    assert "a/1.jpg and a/2.jpg (3 of 64 bits differ, mirrored) in train and test" in str(
        refusal.value
    )
    assert grouping.group(grouping.drop_split(Manifest(rows)), [near(*rows)], Likeness())


def test_manifests_are_merged_unless_they_hold_the_same_set() -> None:
    one, two = Manifest((row("1", "x"),), {"a": Path("A")}), Manifest((row("1", "x", "", "b"),))
    merged = grouping.merge([(Path("one"), one), (Path("two"), two)])
    assert [each.source_set for each in merged.rows] == ["a", "b"]
    assert merged.folders == {"a": Path("A")}
    with pytest.raises(DataError, match="other: holds the set 'a', as does one"):
        grouping.merge([(Path("one"), one), (Path("other"), one)])


def test_sets_of_one_name_in_different_folders_are_kept_apart() -> None:
    """As exports of labelled faces are, perhaps of the same cameras."""
    january = (row("1.jpg", "person", sha="one"), row("2.jpg", "other", sha="two"))
    relabelled = replace(january[1], label=State.NO_MASK)
    march = (relabelled, row("3.jpg", "person", sha="three"))
    listed = [("a", january), ("a-2", (row("4.jpg", "x", "", "a-2"),)), ("a", march)]
    merged = grouping.merge(
        [
            (Path(f"{number}.jsonl"), Manifest(rows, {name: Path(f"{number}")}))
            for number, (name, rows) in enumerate(listed)
        ]
    )
    assert [(each.source_set, each.path, each.label_text) for each in merged.rows] == [
        ("a", "1.jpg", "mask"),
        ("a-2", "4.jpg", "mask"),
        ("a-3", "2.jpg", "no_mask"),
        ("a-3", "3.jpg", "mask"),
    ]
    assert merged.folders == {"a": Path("0"), "a-2": Path("1"), "a-3": Path("2")}
    # The person of both exports is one, so that no split comes between.
    assert merged.rows[3].global_group == merged.rows[0].global_group == "a/person"


def test_the_summary_counts_faults_states_and_pictures_without_faces() -> None:
    first = row("1", "x", "train")
    rows = (
        first,
        replace(first, label=State.INCORRECT, fault=Fault.NOSE_OUT),
        replace(first, label=None),
    )
    assert grouping.summarise(Manifest(rows)) == {
        ("a", "train"): {"mask": 1, "nose_out": 1, "background": 1}
    }


def test_what_was_noted_before_stays_and_a_split_that_is_dropped_is_noted_no_more() -> None:
    notes = {"corrections": {"count": 2}, "split": {"seed": 1}}
    grouped = grouping.group(Manifest((row("1", "x", "train"),), {}, notes), [], Likeness())
    assert grouped.notes.keys() == {"corrections", "split", grouping.NOTE}
    dropped = grouping.drop_split(grouped)
    assert [each.split for each in dropped.rows] == [""]
    assert dropped.notes.keys() == {"corrections", grouping.NOTE}
