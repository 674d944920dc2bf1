"""The published systems from recipe to result, on a handful of small pictures."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

import timm  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from maskwatch.errors import UsageError  # noqa: E402
from maskwatch_train.cli.main import app  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.running.engine import Run  # noqa: E402

SMALL = ("resize=32", "size=32", "epochs=2", "batch=4", "learning_rate=1e-3")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright pictures are "masks", dark ones are not; with the layout of bala."""
    root = tmp_path_factory.mktemp("data") / "bala"
    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    with (root / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "group", "split_80_20", "split_80_15_5"])
        for number in range(40):
            light, label = ((200, "with_mask"), (60, "without_mask"))[number % 2]
            pixels = rng.integers(light - 50, light + 50, (40, 30, 3), dtype=np.uint8)
            cv2.imwrite(str(root / f"images/{number}.png"), pixels)
            three = "test" if number >= 36 else "val"
            outer = "train" if number < 32 else "test"
            inner = "train" if number < 32 else three
            rows.writerow([f"images/{number}.png", label, number // 2, outer, inner])
    return root


def published(
    recipe: Path, data: Path, out: Path, *changes: str, split: str = "random"
) -> dict[str, Any]:
    settings = [word for change in (*SMALL, *changes) for word in ("--set", change)]
    arguments = ["--data", data, "--weights", "none", "--out", out, "--split", split, *settings]
    done = CliRunner().invoke(app, ["published", str(recipe), *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return dict(json.loads((out / "result.json").read_text()))


RECIPES = Path(__file__).parents[3] / "recipes" / "published"
ON_PORTRAITS = sorted(path.stem for path in RECIPES.glob("*.toml") if "masknet" not in path.stem)
ON_WORN_MASKS = sorted(path.stem for path in RECIPES.glob("masknet*.toml"))
CHANGES = {
    "alexnet": ["size=64", "resize=72"],  # it has no picture left of 32 px
    "vgg16": ["epochs=1"],
    "mobilenetv2-keras-10": ["views=2"],
    "mobilenetv2-keras-20": ["views=1"],
}


def test_every_published_system_has_its_recipe() -> None:
    systems = {"alexnet", "vgg16", "mobilenet", "mobilenetv2-torch", "ours"}
    systems |= {"mobilenetv2-keras-10", "mobilenetv2-keras-20"}
    systems |= {"mobilenetv2-features", "mobilenetv2-finetuned"}
    assert set(ON_PORTRAITS) == systems
    assert ON_WORN_MASKS == ["masknet", "masknet-faults", "masknet-five"]


@pytest.mark.parametrize("name", [each for each in ON_PORTRAITS if "features" not in each])
def test_a_recipe_becomes_figures(name: str, data: Path, tmp_path: Path) -> None:
    changes = CHANGES.get(name, [])
    result = published(RECIPES / f"{name}.toml", data, tmp_path, *changes, split="grouped")
    tested = result["data"]["test"]
    assert tested == {"80/20": 8, "80/15/5": 4}[result["recipe"]["shares"]]
    scores = result["classifiers"]["network"]
    confusion = np.array(scores["confusion"])
    assert confusion.sum() == tested
    accuracy = scores["accuracy"]
    assert accuracy["value"] == pytest.approx(np.trace(confusion) / tested)
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert result["changes"] == [*SMALL, *changes]
    assert "<svg" in (tmp_path / "reports/network.html").read_text()


def test_features_go_to_the_classifiers_of_scikit_learn(
    data: Path, tmp_path: Path, checkout: Path
) -> None:
    recipe = checkout / "recipes/published/mobilenetv2-features.toml"
    result = published(recipe, data, tmp_path)
    assert list(result["classifiers"]) == ["svm", "logistic", "forest"]
    # Light and dark are told apart even by a network that never learned anything.
    assert result["classifiers"]["forest"]["accuracy"]["value"] == 1.0
    assert result["classifiers"]["forest"]["auc"] == 1.0


@pytest.mark.parametrize("name", ["mobilenet", "mobilenetv2-keras-10"])
def test_a_run_that_was_stopped_ends_like_an_unbroken_one(
    name: str, data: Path, tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = checkout / f"recipes/published/{name}.toml"
    finish = Run.finish_epoch

    def interrupted(run: Run, *args: object, **kwargs: object) -> object:
        if run.next_epoch == 1:
            raise KeyboardInterrupt
        return finish(run, *args, **kwargs)  # type: ignore[arg-type]

    unbroken = published(recipe, data, tmp_path / "unbroken", "views=1")
    with monkeypatch.context() as patch:
        patch.setattr(Run, "finish_epoch", interrupted)
        with pytest.raises(AssertionError):
            published(recipe, data, tmp_path / "stopped", "views=1")
    assert not (tmp_path / "stopped/result.json").exists()
    resumed = published(recipe, data, tmp_path / "stopped", "views=1")
    assert resumed["classifiers"] == unbroken["classifiers"]
    weights = [load_file(tmp_path / w / "weights.safetensors") for w in ("unbroken", "stopped")]
    for key, value in weights[0].items():
        assert torch.equal(weights[1][key], value), key


def test_the_time_of_a_run_is_that_of_all_its_parts(
    data: Path, tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = checkout / "recipes/published/mobilenet.toml"
    # 100 s between any two looks at the clock: an epoch takes at least as long.
    ticks = itertools.count(0, 100)
    monkeypatch.setattr(
        "maskwatch_train.running.engine.time", SimpleNamespace(monotonic=lambda: next(ticks))
    )
    first = published(recipe, data, tmp_path)["seconds"]
    with (tmp_path / "log.csv").open(newline="") as file:
        assert [int(row["seconds"]) for row in csv.DictReader(file)] == [100, 100]
    again = published(recipe, data, tmp_path)["seconds"]
    assert first < 200 <= again


def test_a_recipe_that_normalises_otherwise_than_the_weights_says_what_fits(
    data: Path, tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = timm.create_model
    monkeypatch.setattr(
        "timm.create_model", lambda name, **options: make(name, **options | {"pretrained": False})
    )
    recipe = checkout / "recipes/published/mobilenetv2-torch.toml"
    words = [word for change in SMALL for word in ("--set", change)]
    words += ["--data", str(data), "--set", "epochs=1"]
    for name, fits in (("symmetric", False), ("imagenet", True)):
        asked = [*words, "--set", f'normalise="{name}"', "--out", str(tmp_path / name)]
        done = CliRunner().invoke(app, ["published", str(recipe), *asked])
        assert done.exit_code == 0, done.output
        told = "normalised otherwise than 'symmetric': --set 'normalise=\"imagenet\"' fits"
        assert (told not in done.output) is fits


def test_too_few_pictures_for_a_classifier_are_told_before_any_is_read(
    data: Path, tmp_path: Path, checkout: Path
) -> None:
    few = tmp_path / "bala"
    shutil.copytree(data, few)
    head, *lines = (few / "labels.csv").read_text().splitlines()
    masked = [line for line in lines if "with_mask" in line][:5]
    bare = [line for line in lines if "without_mask" in line]
    (few / "labels.csv").write_text("\n".join([head, *masked, *bare]))
    recipe = checkout / "recipes/published/mobilenetv2-features.toml"
    arguments = ["--data", str(few), "--weights", "none", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, ["published", str(recipe), *arguments])
    assert isinstance(done.exception, DataError)
    assert "svm takes at least 5 pictures of each class, and of mask there are 4" in str(
        done.exception
    )
    assert not (tmp_path / "run/cache").exists()


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        (["--set", "epochs=3"], "epochs = 2, and is asked to go on with 3"),
        (["--set", "augment.flip=0.1"], "augment.flip = 0.5, and is asked to go on with 0.1"),
        (["--split", "grouped"], "--split = 'random', and is asked to go on with 'grouped'"),
    ],
)
def test_a_run_goes_on_with_nothing_but_what_it_was_begun_with(
    asked: list[str], difference: str, data: Path, tmp_path: Path, checkout: Path
) -> None:
    recipe = checkout / "recipes/published/mobilenet.toml"
    published(recipe, data, tmp_path)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    settings = [word for change in SMALL for word in ("--set", change)]
    arguments = ["--data", str(data), "--weights", "none", "--out", str(tmp_path), *settings]
    done = CliRunner().invoke(app, ["published", str(recipe), *arguments, *asked])
    assert isinstance(done.exception, UsageError)
    assert difference in str(done.exception)
    assert {path: path.read_bytes() for path in kept} == kept


def test_a_run_of_which_nobody_knows_how_it_was_begun_is_left_alone(
    data: Path, tmp_path: Path, checkout: Path
) -> None:
    (tmp_path / "state.pt").write_bytes(b"of another version")
    recipe = checkout / "recipes/published/mobilenet.toml"
    arguments = ["--data", str(data), "--weights", "none", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["published", str(recipe), *arguments])
    assert isinstance(done.exception, DataError)
    assert "begun.json: No such file or directory, so how the run" in str(done.exception)


WORN = {
    40: ("incorrect", "under_chin"),
    85: ("incorrect", "nose_out"),
    130: ("incorrect", "chin_out"),
    175: ("mask", None),
    220: ("no_mask", None),
}
"""State and fault of a face by its brightness."""


@pytest.fixture(scope="module")
def worn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces with a mask, three faults and none, by their brightness; with the layout of street."""
    root = tmp_path_factory.mktemp("data") / "street"
    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    entries = []
    for number in range(40):
        light = (40, 85, 130, 175, 220)[number % 5]
        state, fault = WORN[light]
        pixels = rng.integers(light - 20, light + 20, (60, 50, 3), dtype=np.uint8)
        cv2.imwrite(str(root / f"images/{number}.png"), pixels)
        face = {"box": [5, 5, 45, 55], "state": state, "fault": fault}
        entries.append(
            {
                "file": f"{number}.png",
                "width": 50,
                "height": 60,
                "split": "train" if number < 30 else "test",
                "group": f"{number}",
                "faces": [{**face, "slice": "", "certainty": "sure"}],
            }
        )
    (root / "labels.json").write_text(json.dumps(entries))
    return root


def test_the_net_of_the_three_faults_is_tested_on_faces_with_a_fault(
    worn: Path, tmp_path: Path, checkout: Path
) -> None:
    recipe = checkout / "recipes/published/masknet-faults.toml"
    result = published(recipe, worn, tmp_path, 'faces="boxes"', "epochs=1", split="grouped")
    scores = result["classifiers"]["network"]
    assert list(scores["classes"]) == ["under_chin", "nose_out", "chin_out"]
    assert np.array(scores["confusion"]).sum(axis=1).tolist() == [2, 2, 2]
    assert scores["auc"] is None  # there is nobody without a violation


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("masknet", {"mask": 2, "incorrect": 6, "no_mask": 2}),
        ("masknet-five", {"mask": 2, "under_chin": 2, "nose_out": 2, "chin_out": 2, "no_mask": 2}),
    ],
)
def test_the_nets_of_states_tell_masks_worn_wrongly_from_none(
    name: str, classes: dict[str, int], worn: Path, tmp_path: Path
) -> None:
    recipe = RECIPES / f"{name}.toml"
    result = published(recipe, worn, tmp_path, 'faces="boxes"', "epochs=1", split="grouped")
    scores = result["classifiers"]["network"]
    tested = np.array(scores["confusion"]).sum(axis=1).tolist()
    assert dict(zip(scores["classes"], tested, strict=True)) == classes
    assert 0 <= scores["auc"] <= 1


def test_whole_pictures_of_several_faces_are_refused_before_any_is_read(
    worn: Path, tmp_path: Path
) -> None:
    crowd = tmp_path / "street"
    shutil.copytree(worn, crowd)
    entries = json.loads((crowd / "labels.json").read_text())
    faces = [entry["faces"][0] for entry in entries[:5]]
    for entry in entries[:10]:
        entry["faces"] = faces
    (crowd / "labels.json").write_text(json.dumps(entries))
    out = tmp_path / "run"
    recipe = RECIPES / "mobilenetv2-features.toml"
    arguments = ["--data", str(crowd), "--weights", "none", "--out", str(out)]
    done = CliRunner().invoke(app, ["published", str(recipe), *arguments])
    assert isinstance(done.exception, DataError)
    assert "0.png: has several labels, as have 9 others" in str(done.exception)
    assert not (out / "cache").exists()


def test_pictures_and_features_of_a_shared_folder_are_not_made_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPES / "mobilenetv2-features.toml"
    cache = ("--cache", str(tmp_path / "cache"))
    arguments = ["--data", str(data), "--weights", "none", *cache]
    arguments += [word for change in SMALL for word in ("--set", change)]

    def run(name: str) -> object:
        out = tmp_path / name
        done = CliRunner().invoke(app, ["published", str(recipe), "--out", str(out), *arguments])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads((out / "result.json").read_text())["classifiers"]

    first = run("first")
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert len(made) >= 2
    monkeypatch.delattr("maskwatch_train.published.pictures.frame_of")
    assert run("second") == first
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert kept == made
