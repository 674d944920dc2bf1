from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch.errors import UsageError
from maskwatch.types import Fault, State
from maskwatch_train.data.manifest import ManifestRow
from maskwatch_train.errors import DataError
from maskwatch_train.published.classes import CLASS_SETS, class_of
from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.splits import read_labels, split_rows
from maskwatch_train.running.recipe import read_recipe


def row(number: int, label: State, fault: Fault | None = None, split: str = "train") -> ManifestRow:
    return ManifestRow(
        "set", f"{number}.png", f"{number}", None, label, fault, f"{number // 4}", split, ""
    )


ROWS = [row(n, State.MASK if n % 4 else State.NO_MASK) for n in range(400)]
LABELS = [0 if n % 4 else 1 for n in range(400)]


def test_a_random_split_has_the_shares_of_every_class() -> None:
    rows = split_rows(ROWS, LABELS, "random", "80/15/5", 1)
    counts = Counter((r.split, r.label) for r in rows)
    assert counts["test", State.MASK] == 45
    assert counts["val", State.NO_MASK] == 5
    assert counts["train", State.MASK] == 240
    again, other = (split_rows(ROWS, LABELS, "random", "80/15/5", seed) for seed in (1, 2))
    assert rows == again != other


def test_a_random_split_tears_groups_apart_and_a_grouped_one_keeps_what_the_data_say() -> None:
    torn = split_rows(ROWS, LABELS, "random", "80/20", 1)
    assert any(len({r.split for r in torn if r.group == str(g)}) > 1 for g in range(100))
    kept = [row(n, State.MASK, split="train" if n < 8 else "test") for n in range(12)]
    assert split_rows(kept, [0] * 12, "grouped", "80/20", 1) == tuple(kept)


def test_shares_that_a_set_has_no_split_of_its_own_for_can_be_drawn_at_random(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "bala"
    (folder / "images").mkdir(parents=True)
    lines = ["file,label,group,split_80_20,split_80_15_5"]
    for number in range(20):
        (folder / "images" / f"{number}.png").write_text(str(number))
        label = ("with_mask", "without_mask")[number % 2]
        lines.append(f"images/{number}.png,{label},{number},train,train")
    (folder / "labels.csv").write_text("\n".join(lines))
    rows = read_labels([folder], "70/30", "random").rows
    sides = Counter(row.split for row in split_rows(rows, [0] * 20, "random", "70/30", 1))
    assert sides == {"train": 14, "test": 6}
    with pytest.raises(DataError, match="unknown protocol '70_30'"):
        read_labels([folder], "70/30", "grouped")


def test_sets_that_come_together_may_not_put_a_group_on_two_sides() -> None:
    kept = [row(n, State.MASK, split="train" if n < 8 else "test") for n in range(12)]
    drawn = replace(kept[0], source_set="drawn", path="x.png", sha256="x", group="set/0")
    torn = [*kept, replace(drawn, split="test")]
    with pytest.raises(DataError, match="group set/0 lies in both train and test"):
        split_rows(torn, [0] * 13, "grouped", "80/20", 1)
    assert split_rows([*kept, drawn], [0] * 13, "grouped", "80/20", 1)


def test_data_without_a_split_are_refused_for_the_grouped_one() -> None:
    with pytest.raises(DataError, match="carries no split into train and test"):
        split_rows(ROWS, LABELS, "grouped", "80/20", 1)
    with pytest.raises(UsageError, match="--split 'other'"):
        split_rows(ROWS, LABELS, "other", "80/20", 1)


def test_of_several_sets_the_one_without_a_split_is_named() -> None:
    kept = [row(n, State.MASK, split="train" if n < 8 else "test") for n in range(12)]
    other = replace(kept[0], source_set="other", path="x.png", sha256="x", group="g", split="")
    with pytest.raises(DataError, match="other: carries no split"):
        split_rows([*kept, other], [0] * 13, "grouped", "80/20", 1)


def test_a_random_split_that_leaves_a_side_empty_is_refused() -> None:
    few = [row(n, State.MASK) for n in range(2)]
    with pytest.raises(DataError, match="nothing is left for test"):
        split_rows(few, [0, 0], "random", "80/20", 1)


@pytest.mark.parametrize(
    ("label", "fault", "expected"),
    [
        (State.MASK, None, (0, 0, None, 0)),
        (State.NO_MASK, None, (1, 2, None, 1)),
        (State.INCORRECT, Fault.NOSE_OUT, (None, 1, 1, 3)),
        (State.INCORRECT, Fault.CHIN_OUT, (None, 1, 2, 4)),
        (State.INCORRECT, Fault.OTHER, (None, 1, None, None)),
        (State.UNKNOWN, None, (None, None, None, None)),
    ],
)
def test_classes_of_labels(
    label: State, fault: Fault | None, expected: tuple[int | None, ...]
) -> None:
    found = tuple(class_of(row(0, label, fault), names) for names in CLASS_SETS.values())
    assert found == expected


def test_every_published_recipe_is_read(checkout: Path) -> None:
    paths = sorted((checkout / "recipes/published").glob("*.toml"))
    recipes = [read_recipe(path, PublishedRecipe) for path in paths]
    assert len(recipes) >= 12
    assert all(recipe.system and recipe.classes in CLASS_SETS for recipe in recipes)


def test_a_recipe_can_be_changed_from_the_command_line(checkout: Path) -> None:
    path = checkout / "recipes/published/alexnet.toml"
    changed = read_recipe(path, PublishedRecipe, ["epochs=2", "augment.flip=0.25"])
    assert (changed.epochs, changed.augment.flip, changed.augment.rotation) == (2, 0.25, 15)
    with pytest.raises(UsageError, match="not KEY=VALUE"):
        read_recipe(path, PublishedRecipe, ["epochs"])
