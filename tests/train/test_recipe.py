from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from maskwatch_train.classifier.train import ClassifierRecipe
from maskwatch_train.detector.train import DetectorRecipe
from maskwatch_train.errors import DataError
from maskwatch_train.recipe import read_recipe


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_the_shipped_recipes_are_read(checkout: Path) -> None:
    assert read_recipe(checkout / "recipes/face-detector.toml", DetectorRecipe).seed == 1
    ours = read_recipe(checkout / "recipes/mask-classifier.toml", ClassifierRecipe)
    assert ours.backbone == "efficientnet-lite0"


def test_the_arms_of_the_ablation_differ_in_drawn_masks_alone(checkout: Path) -> None:
    with_them, without = (
        read_recipe(checkout / f"recipes/ablations/{name}.toml", ClassifierRecipe)
        for name in ("drawn-masks", "no-drawn-masks")
    )
    assert (with_them.synthetic_share, without.synthetic_share) == (0.25, 0.0)
    assert replace(without, synthetic_share=0.25) == with_them


def test_augmentation_is_a_table_of_the_recipe(tmp_path: Path) -> None:
    text = "mixup = 0.2\n[augmentation]\nrain = 0.1\nturn = 3"
    recipe = read_recipe(written(tmp_path, text), ClassifierRecipe)
    assert (recipe.mixup, recipe.augmentation.rain, recipe.augmentation.turn) == (0.2, 0.1, 3)
    assert recipe.augmentation.flip == 0.5
    with pytest.raises(DataError, match=r"unknown key 'augmentation\.hail'"):
        read_recipe(written(tmp_path, "[augmentation]\nhail = 1"), ClassifierRecipe)


def test_missing_keys_keep_their_default(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, "epochs = 3"), DetectorRecipe)
    assert recipe == DetectorRecipe(epochs=3)


def test_a_whole_number_will_do_for_a_fraction(tmp_path: Path) -> None:
    assert read_recipe(written(tmp_path, "ema = 1"), DetectorRecipe).ema == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown key 'epoch'"),
        ("epochs = 'three'", "epochs must be int, got 'three'"),
        ("epochs = ", "not TOML"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_recipe(written(tmp_path, text), DetectorRecipe)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: No such file"):
        read_recipe(tmp_path / "none.toml", DetectorRecipe)


@dataclass(frozen=True)
class Inner:
    degrees: float = 0.0


@dataclass(frozen=True)
class Outer:
    inner: Inner = Inner()
    hidden: tuple[int, ...] = ()


def test_tables_and_lists_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "hidden = [8, 4]\n[inner]\ndegrees = 3")
    assert read_recipe(path, Outer) == Outer(Inner(3), (8, 4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[inner]\nradians = 1", "unknown key 'inner.radians'"),
        ("inner = 1", "inner must be a table, got 1"),
        ("[inner]\ndegrees = 'x'", "inner.degrees must be float, got 'x'"),
    ],
)
def test_a_wrong_table_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_recipe(written(tmp_path, text), Outer)
