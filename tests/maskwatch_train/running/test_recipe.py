from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from maskwatch_train.classifier.train import ClassifierRecipe
from maskwatch_train.detector.train import DetectorRecipe
from maskwatch_train.errors import DataError
from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.running.recipe import first_difference, read_recipe


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


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (
            ClassifierRecipe,
            "backbone = 'resnet'",
            "backbone must be one of mobilenetv2, .*'resnet'",
        ),
        (ClassifierRecipe, "batch = 0", "batch must be at least 1, got 0"),
        (ClassifierRecipe, "size = 100", "size must be a multiple of 32, got 100"),
        (ClassifierRecipe, "margin = 0.8", "margin must be from 0 to 0.7, got 0.8"),
        (ClassifierRecipe, "synthetic_share = 1.5", "synthetic_share must be from 0 to 1"),
        (ClassifierRecipe, "seed = -1", "seed must be at least 0, got -1"),
        (ClassifierRecipe, "[augmentation]\nrain = 2", r"augmentation\.rain must be from 0 to 1"),
        (ClassifierRecipe, "[augmentation]\nturn = -1", r"augmentation\.turn must be at least 0"),
        (DetectorRecipe, "epochs = 0", "epochs must be at least 1, got 0"),
        (DetectorRecipe, "size = 0", "size must be a multiple of 32, got 0"),
        (DetectorRecipe, "learning_rate = -1.0", r"learning_rate must be at least 0, got -1\.0"),
        (DetectorRecipe, "learning_rate = inf", "learning_rate must be at least 0, got inf"),
        (DetectorRecipe, "ema = nan", "ema must be from 0 to 1, got nan"),
        (DetectorRecipe, "ema = 2.0", r"ema must be from 0 to 1, got 2\.0"),
        (DetectorRecipe, "turned_share = -0.1", r"turned_share must be from 0 to 1, got -0\.1"),
        (DetectorRecipe, "[degradation]\njpeg = 3", r"degradation\.jpeg must be from 0 to 1"),
    ],
)
def test_a_value_out_of_its_range_is_refused(
    kind: type, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"recipe\.toml: {message}"):
        read_recipe(written(tmp_path, text), kind)


def test_every_recipe_of_the_repository_is_within_the_ranges(checkout: Path) -> None:
    folders = ("recipes/teachers", "recipes/ablations")
    paths = [path for folder in folders for path in (checkout / folder).glob("*.toml")]
    assert len(paths) >= 8
    assert all(read_recipe(path, ClassifierRecipe).epochs for path in paths)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('classes = "colours"', "classes must be one of mask, states, faults, five, got 'colours'"),
        ('faces = "haar"', "faces must be one of whole, boxes, "),
        ('faces = "ssd-res10"', "faces must be one of whole, boxes, yunet, mtcnn, got"),
        ('normalise = "none"', "normalise must be one of imagenet, symmetric, got 'none'"),
        ('backbone = "resnet"', "backbone must be one of "),
        ("margin = -0.1", "margin must be at least 0, got -0.1"),
        ("epochs = 0", "epochs must be at least 1, got 0"),
        ("resize = 200", "resize must be at least 224, got 200"),
        ("dropout = 1", "dropout must be from 0 to 1, got 1"),
        ("trained_layers = -2", "trained_layers must be at least -1, got -2"),
        ("hidden = [128, 0]", r"hidden must be whole numbers above 0, got \[128, 0\]"),
        ("classifiers = []", r"classifiers must be some of forest, logistic, network, svm"),
        ('classifiers = ["knn"]', r"classifiers must be some of .*, got \['knn'\]"),
        ('classifiers = [["svm"]]', r"classifiers must be some of .*, got \[\['svm'\]\]"),
        ('shares = "80/30"', "shares must be TRAIN/TEST or TRAIN/TEST/VAL, sum 100, got '80/30'"),
        ("[augment]\nflip = 2", r"augment\.flip must be from 0 to 1, got 2"),
        ("[augment]\nzoom = 1", r"augment\.zoom must be from 0 to 0\.9, got 1"),
    ],
)
def test_a_published_recipe_that_makes_no_sense_is_refused(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"recipe\.toml: {message}"):
        read_recipe(written(tmp_path, text), PublishedRecipe)


def test_every_published_recipe_of_the_repository_is_within_the_ranges(checkout: Path) -> None:
    paths = list((checkout / "recipes/published").glob("*.toml"))
    assert len(paths) >= 12
    assert all(read_recipe(path, PublishedRecipe).system for path in paths)


def test_the_first_key_in_which_recipes_differ_is_named_with_its_values() -> None:
    recipe = ClassifierRecipe(ema=1)
    rainy = replace(recipe, augmentation=replace(recipe.augmentation, rain=0.5))
    table = asdict(recipe)
    assert first_difference(table, asdict(ClassifierRecipe(ema=1.0))) is None
    assert first_difference(table, asdict(replace(rainy, margin=0.3))) == ("margin", 0.2, 0.3)
    assert first_difference(table, asdict(rainy)) == ("augmentation.rain", 0.0, 0.5)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"recipe\.toml: not TOML"):
        read_recipe(tmp_path / "recipe.toml", DetectorRecipe)


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
