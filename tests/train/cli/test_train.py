"""The training verbs from a recipe to a model folder that runs, on a handful of pictures."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from safetensors.torch import load_file  # noqa: E402
from scipy.special import softmax  # noqa: E402
from tests.shared import shared  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from maskwatch.faces.yunet import YuNetDetector  # noqa: E402
from maskwatch.frames.images import read_image  # noqa: E402
from maskwatch.masks.onnx import OnnxMaskClassifier  # noqa: E402
from maskwatch.masks.preprocess import to_batch  # noqa: E402
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR  # noqa: E402
from maskwatch.types import Frame, State  # noqa: E402
from maskwatch_train.classifier.augment import plain_crop  # noqa: E402
from maskwatch_train.classifier.train import judge_of, load_run  # noqa: E402
from maskwatch_train.cli.main import app  # noqa: E402
from maskwatch_train.cli.train import validation_samples  # noqa: E402
from maskwatch_train.data.manifest import Manifest, rows_of_images, write_manifest  # noqa: E402
from maskwatch_train.data.street import read_street  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.evaluate.engines import open_engine  # noqa: E402

WORN = {
    "portrait_bare": ("no_mask", ""),
    "portrait_mask": ("mask", ""),
    "portrait_nose_out": ("incorrect", "nose_out"),
    "portrait_under_chin": ("incorrect", "under_chin"),
}
DETECTOR = "epochs = {}\nbatch = 2\nsize = 64\nbala_pictures = 2\n"
CLASSIFIER = 'backbone = "efficientnet-lite0"\nsize = 64\nepochs = {}\nbatch = 4\n'
SUMMARY = 'licence = "own drawings"\n'


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """The sets street and bala, made of the repository's sample portraits."""
    root = tmp_path_factory.mktemp("data")
    detector = YuNetDetector.from_folder(DEFAULT_DETECTOR, threads=1)
    entries = []
    (root / "street/images").mkdir(parents=True)
    (root / "bala/images").mkdir(parents=True)
    with (root / "bala/labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "group", "split_80_20", "split_80_15_5"])
        for group, (name, (state, fault)) in enumerate(WORN.items()):
            for split in ("train", "val"):
                picture = f"{name}_{split}.jpg"
                shutil.copyfile(checkout / f"samples/{name}.jpg", root / "street/images" / picture)
                image = read_image(checkout / f"samples/{name}.jpg")
                box = detector(Frame(picture, 0, 0.0, image))[0].box
                face = {"box": list(box), "state": state, "fault": fault}
                entries.append(
                    {
                        "file": picture,
                        "width": image.shape[1],
                        "height": image.shape[0],
                        "split": split,
                        "group": f"{group} {split}",
                        "faces": [{**face, "slice": "", "certainty": "sure"}],
                    }
                )
            for copy in range(2):
                picture = f"images/{name}_{copy}.jpg"
                shutil.copyfile(checkout / f"samples/{name}.jpg", root / "bala" / picture)
                label = "with_mask" if state == "mask" else "without_mask"
                rows.writerow([picture, label, f"{group} {copy}", "train", "train"])
    (root / "street/labels.json").write_text(json.dumps(entries))
    return root


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def train(verb: str, recipe: str, epochs: int, data: Path, out: Path) -> dict[str, torch.Tensor]:
    file = out.with_suffix(".toml")
    file.write_text(recipe.format(epochs))
    weights = shared("models")
    call(verb, file, "--data", data, "--weights", weights, "--out", out, "--workers", 0)
    return load_file(out / "weights.safetensors")


@pytest.mark.parametrize(("verb", "recipe"), [("detector", DETECTOR), ("classifier", CLASSIFIER)])
def test_a_run_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(
    verb: str, recipe: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = train(verb, recipe, 2, data, tmp_path / "unbroken")
    with monkeypatch.context() as patch:
        patch.setattr("maskwatch_train.engine.Run.finish_epoch", stop_in_the_second_epoch())
        with pytest.raises(AssertionError):
            train(verb, recipe, 2, data, tmp_path / "stopped")
    resumed = train(verb, recipe, 2, data, tmp_path / "stopped")
    assert resumed.keys() == unbroken.keys()
    for name, value in unbroken.items():
        assert torch.equal(resumed[name], value), name


def stop_in_the_second_epoch():  # type: ignore[no-untyped-def]
    from maskwatch_train.engine import Run, Validation

    finish = Run.finish_epoch

    def interrupted(run: Run, validate: Validation | None) -> str:
        if run.next_epoch == 1:
            raise KeyboardInterrupt
        return finish(run, validate)

    return interrupted


def test_a_trained_detector_becomes_a_model_folder_that_finds_faces(
    data: Path, tmp_path: Path, checkout: Path
) -> None:
    train("detector", DETECTOR, 1, data, tmp_path / "run")
    (tmp_path / "summary.toml").write_text(SUMMARY)
    call(
        "export-detector", tmp_path / "run", "--to", tmp_path / "model",
        "--model-version", "0", "--summary", tmp_path / "summary.toml",
    )  # fmt: skip
    detector = YuNetDetector.from_folder(tmp_path / "model", threads=1)
    image = read_image(checkout / "samples/portrait_bare.jpg")
    assert len(detector(Frame("portrait", 0, 0.0, image))) >= 1


def test_a_trained_classifier_becomes_a_model_folder_that_judges_faces(
    data: Path, tmp_path: Path, checkout: Path
) -> None:
    train("classifier", CLASSIFIER, 1, data, tmp_path / "run")
    (tmp_path / "summary.toml").write_text(SUMMARY)
    call(
        "export-classifier", tmp_path / "run", "--to", tmp_path / "model",
        "--data", data, "--weights", shared("models"),
        "--model-version", "0", "--summary", tmp_path / "summary.toml",
    )  # fmt: skip
    image = read_image(checkout / "samples/portrait_bare.jpg")
    frame = Frame("portrait", 0, 0.0, image)
    faces = YuNetDetector.from_folder(DEFAULT_DETECTOR, threads=1)(frame)
    readings = OnnxMaskClassifier.from_folder(tmp_path / "model", threads=1)(frame, faces)
    assert len(readings) == len(faces)
    assert all(r.probabilities or r.state is State.UNKNOWN for r in readings)
    assert np.isfinite([r.coverage for r in readings if r.coverage is not None]).all()


def test_training_goes_on_from_the_shipped_classifier_with_faces_of_ones_own(
    data: Path, tmp_path: Path
) -> None:
    """Needs no file but the package and a manifest, such as the dashboard's review gives."""
    recipe = tmp_path / "recipe.toml"
    own = own_faces(data, tmp_path, "train"), own_faces(data, tmp_path, "val")
    places = [word for manifest in own for word in ("--data", manifest)]
    recipe.write_text('backbone = "efficientnet-lite0"\nepochs = 1\nbatch = 4\n')
    (tmp_path / "summary.toml").write_text(SUMMARY)

    shipped, tuned = tmp_path / "shipped", tmp_path / "tuned"
    call("restore", DEFAULT_CLASSIFIER, recipe, *places, "--out", shipped)
    chosen, network = load_run(shipped)
    samples = validation_samples(own, None, tmp_path)
    crops = to_batch([plain_crop(sample, chosen.size, chosen.margin) for sample in samples])
    wanted = open_engine(DEFAULT_CLASSIFIER / "model.onnx").run(crops)
    said = judge_of(network)(crops)
    assert np.abs(softmax(said, axis=1) - softmax(wanted, axis=1)).mean() < 0.01

    call(
        "classifier", recipe, *places, "--out", tuned, "--workers", 0, "--from", shipped
    )  # fmt: skip
    call(
        "export-classifier", tuned, "--to", tmp_path / "model", *places,
        "--model-version", "0", "--summary", tmp_path / "summary.toml",
    )  # fmt: skip
    OnnxMaskClassifier.from_folder(tmp_path / "model", threads=1)


def own_faces(data: Path, folder: Path, split: str) -> Path:
    """The manifest of the boxed faces of one split, as a set of its own."""
    street = data / "street"
    rows = rows_of_images(read_street(street, split), street, "own", "own pictures")
    write_manifest(folder / f"{split}.jsonl", Manifest(rows, {"own": street}))
    return folder / f"{split}.jsonl"


def test_sets_without_the_wanted_split_are_named(data: Path, tmp_path: Path) -> None:
    own = own_faces(data, tmp_path, "train")
    with pytest.raises(DataError, match="no labelled pictures in the split 'val'"):
        validation_samples([own], None, tmp_path)
    assert len(validation_samples([data, own], None, tmp_path)) >= 4
