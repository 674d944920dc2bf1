"""The training verbs from a recipe to a model folder that runs, on a handful of pictures."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from onnx import ModelProto  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from scipy.special import softmax  # noqa: E402
from tests.shared import shared  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from maskwatch.errors import MaskwatchError, UsageError  # noqa: E402
from maskwatch.faces.yunet import Detections, YuNetDetector  # noqa: E402
from maskwatch.frames.images import read_image  # noqa: E402
from maskwatch.masks.onnx import OnnxMaskClassifier  # noqa: E402
from maskwatch.masks.preprocess import to_batch  # noqa: E402
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR  # noqa: E402
from maskwatch.types import Frame, State  # noqa: E402
from maskwatch_train.classifier.augment import plain_crop  # noqa: E402
from maskwatch_train.classifier.network import ExportedClassifier, blank  # noqa: E402
from maskwatch_train.classifier.prepare import validation_samples  # noqa: E402
from maskwatch_train.classifier.train import judge_of, load_run  # noqa: E402
from maskwatch_train.cli.main import app  # noqa: E402
from maskwatch_train.data.labelled import LabelledImage  # noqa: E402
from maskwatch_train.data.manifest import (  # noqa: E402
    Manifest,
    read_manifest,
    rows_of_images,
    write_manifest,
)
from maskwatch_train.data.sets import read_sets  # noqa: E402
from maskwatch_train.data.street import read_street  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.evaluate.judging.engines import open_engine  # noqa: E402
from maskwatch_train.exporting.onnx import classifier_signature, to_onnx  # noqa: E402
from maskwatch_train.release.parity import ParityError  # noqa: E402
from maskwatch_train.running.engine import Site  # noqa: E402

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
                # With something behind its end: one and the same file may not lie on both sides.
                content = (checkout / f"samples/{name}.jpg").read_bytes() + split.encode()
                (root / "street/images" / picture).write_bytes(content)
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
                content = (checkout / f"samples/{name}.jpg").read_bytes() + bytes([copy])
                (root / "bala" / picture).write_bytes(content)
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
    # Looking for the faces takes long: what the first run has found is good for the others.
    found, known = out / "teacher.npz", data / f"{verb}.npz"
    if known.exists() and not out.exists():
        out.mkdir()
        shutil.copyfile(known, found)
    call(verb, file, "--data", data, "--weights", weights, "--out", out, "--workers", 0)
    shutil.copyfile(found, known)
    return load_file(out / "weights.safetensors")


@pytest.mark.parametrize(("verb", "recipe"), [("detector", DETECTOR), ("classifier", CLASSIFIER)])
def test_a_run_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(
    verb: str, recipe: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = train(verb, recipe, 2, data, tmp_path / "unbroken")
    with monkeypatch.context() as patch:
        patch.setattr("maskwatch_train.running.engine.Run.finish_epoch", stop_in_the_second_epoch())
        with pytest.raises(AssertionError):
            train(verb, recipe, 2, data, tmp_path / "stopped")
    resumed = train(verb, recipe, 2, data, tmp_path / "stopped")
    assert resumed.keys() == unbroken.keys()
    for name, value in unbroken.items():
        assert torch.equal(resumed[name], value), name


def stop_in_the_second_epoch():  # type: ignore[no-untyped-def]
    from maskwatch_train.running.engine import Run, Validation

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


def test_a_file_that_says_something_else_than_the_network_is_not_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").write_text('backbone = "mobilenetv4-small"\nsize = 64\n')
    network = blank("mobilenetv4-small", 64)
    undecided = to_onnx(ExportedClassifier(network), classifier_signature(64))
    monkeypatch.setattr("maskwatch_train.cli.export_classifier.to_onnx", lambda *_: undecided)
    torch.nn.init.constant_(network.backbone.get_classifier().bias[0], 5.0)
    save_file(network.state_dict(), run / "weights.safetensors")
    (tmp_path / "summary.toml").write_text(SUMMARY)
    said = refused(
        ParityError, "export-classifier", run, "--to", tmp_path / "model",
        "--data", own_faces(data, tmp_path, "val"),
        "--model-version", "0", "--summary", tmp_path / "summary.toml",
    )  # fmt: skip
    assert "run as ONNX is refused" in said
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("keys", "losses", "stopped"),
    [
        ("epochs = 3", [0.5, 0.6], True),
        ("epochs = 2", [0.5, 0.6], False),
        ("epochs = 9\npatience = 1", [0.5, 0.6], False),
        ("epochs = 9\npatience = 1", [0.5, 0.4], True),
        ("epochs = 9", [], False),  # a mean of runs, or restored: it has no log
    ],
)
def test_the_export_of_a_run_that_was_stopped_says_so(
    keys: str, losses: list[float], stopped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").write_text(keys)
    shutil.copyfile(shared("models") / "yunet_n.safetensors", run / "weights.safetensors")
    if losses:
        rows = "".join(f"{epoch},{loss}\n" for epoch, loss in enumerate(losses))
        (run / "log.csv").write_text(f"epoch,val_loss\n{rows}")
    (tmp_path / "summary.toml").write_text(SUMMARY)
    monkeypatch.setattr("maskwatch_train.cli.export_detector.to_onnx", lambda *_: ModelProto())
    said = call(
        "export-detector", run, "--to", tmp_path / "model",
        "--model-version", "0", "--summary", tmp_path / "summary.toml",
    )  # fmt: skip
    assert ("was stopped after 2 of" in said) is stopped


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
    samples = validation_samples(read_sets(own, "val"), None, tmp_path)
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
        read_sets([own], "val")
    assert len(validation_samples(read_sets([data, own], "val"), None, tmp_path)) >= 4


def refused(kind: type[MaskwatchError], *arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


@pytest.mark.parametrize(
    ("verb", "text", "begun"),
    [
        ("classifier", "margin = 0.3", "margin = 0.2, and is asked to go on with 0.3"),
        ("classifier", "epochs = 2", "epochs = 10, and is asked to go on with 2"),
        ("classifier", 'backbone = "mobilenetv4-small"', "backbone = 'mobilenetv3-small', and"),
        (
            "detector",
            "[degradation]\nrain = 0.1",
            r"degradation.rain = 0.0, and is asked to go on with 0.1",
        ),
    ],
)
def test_a_run_goes_on_with_its_own_recipe_alone(
    verb: str, text: str, begun: str, tmp_path: Path
) -> None:
    run, recipe = tmp_path / "run", tmp_path / "recipe.toml"
    own = 'backbone = "mobilenetv3-small"\n' if verb == "classifier" else ""
    run.mkdir()
    (run / "recipe.toml").write_text(own)
    (run / "state.pt").write_bytes(b"state")
    recipe.write_text(text if text.startswith("backbone") else own + text)
    said = refused(
        UsageError, verb, recipe, "--data", tmp_path, "--weights", tmp_path, "--out", run
    )
    assert f"run: its run was begun with {begun}" in said
    assert {p.name: p.read_text() for p in run.iterdir()} == {
        "recipe.toml": own,
        "state.pt": "state",
    }


def backgrounds(folder: Path, count: int) -> Path:
    """A manifest of pictures without a face."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for i in range(count):
        noise = rng.integers(0, 256, (90, 160, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), noise)
    images = [LabelledImage(folder / f"{i}.png", "train", str(i), ()) for i in range(count)]
    rows = rows_of_images(images, folder, "backgrounds", "noise")
    write_manifest(folder / "list.jsonl", Manifest(rows, {"backgrounds": folder}))
    return folder / "list.jsonl"


def test_a_detector_learns_from_pictures_without_a_face(data: Path, tmp_path: Path) -> None:
    recipe, weights = tmp_path / "recipe.toml", shared("models")
    recipe.write_text(DETECTOR.format(1))
    listed = backgrounds(tmp_path / "backgrounds", 6)
    command = ["detector", recipe, "--data", data, "--weights", weights, "--workers", 0]
    assert "6 pictures, " in call(*command, "--out", tmp_path / "faces")

    run = [*command, "--out", tmp_path / "both"]
    assert "12 pictures, " in call(*run, "--backgrounds", listed)
    faces, both = (load_file(tmp_path / name / "weights.safetensors") for name in ("faces", "both"))
    assert not all(torch.equal(value, both[name]) for name, value in faces.items())
    assert all(value.isfinite().all() for value in both.values())
    assert "--data, train (sha256)" in refused(UsageError, *run)


def test_a_detector_goes_on_from_another_run(data: Path, tmp_path: Path) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "first"
    recipe.write_text(DETECTOR.format(1))
    command = ["detector", recipe, "--data", data, "--weights", shared("models"), "--workers", 0]
    call(*command, "--out", run)
    assert "is a run to learn from" in refused(UsageError, *command, "--out", run, "--from", run)

    # Steps so small that what it ends with tells what it began with.
    recipe.write_text(DETECTOR.format(1) + "learning_rate = 1e-9\n")
    call(*command, "--out", tmp_path / "on", "--from", run)
    first, on = (load_file(folder / "weights.safetensors") for folder in (run, tmp_path / "on"))
    stock = load_file(shared("models") / "yunet_n.safetensors")
    for name, value in first.items():
        assert torch.allclose(value, on[name], atol=1e-6), name
    assert any(not torch.allclose(value, stock[name], atol=1e-6) for name, value in first.items())


def test_training_goes_on_from_the_shipped_detector(data: Path, tmp_path: Path) -> None:
    recipe, shipped = tmp_path / "recipe.toml", tmp_path / "shipped"
    recipe.write_text(DETECTOR.format(1) + "learning_rate = 1e-9\n")
    call("restore-detector", DEFAULT_DETECTOR, recipe, "--data", data, "--out", shipped)
    call(
        "detector", recipe, "--data", data,
        "--workers", 0, "--from", shipped, "--out", tmp_path / "on",
    )  # fmt: skip
    was, now = (load_file(tmp_path / run / "weights.safetensors") for run in ("shipped", "on"))
    assert all(torch.allclose(was[name], value, atol=1e-4) for name, value in now.items())


def test_a_detector_starts_from_a_file_or_a_run(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(DETECTOR.format(1))
    said = refused(UsageError, "detector", recipe, "--data", tmp_path, "--out", tmp_path / "run")
    assert said.endswith("give --weights or --from")


def test_a_detector_that_goes_on_is_taught_by_the_run_that_it_starts_from(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path | None] = []

    def noting(weights: Path | None, pictures: Iterable[Path], *_: object) -> dict[Path, object]:
        asked.append(weights)
        return dict.fromkeys(pictures, Detections.none())

    for module in ("detector.prepare", "cli.detector"):
        monkeypatch.setattr(f"maskwatch_train.{module}.detect_all", noting)
    recipe, run, weights = tmp_path / "recipe.toml", tmp_path / "first", shared("models")
    recipe.write_text(DETECTOR.format(1))
    command = ["detector", recipe, "--data", data, "--weights", weights, "--workers", 0]
    call(*command, "--out", run)
    assert set(asked) == {weights / "yunet_n.safetensors"}
    asked.clear()
    call(*command, "--out", tmp_path / "on", "--from", run)
    assert set(asked) == {run / "weights.safetensors"}


def test_pictures_with_faces_are_no_backgrounds(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(DETECTOR.format(1))
    said = refused(
        DataError,
        *("detector", recipe, "--data", data, "--weights", shared("models")),
        *("--backgrounds", data / "street", "--out", tmp_path / "run"),
    )
    assert f"{data / 'street'}: has faces" in said
    assert not (tmp_path / "run").exists()


def stopped_run(data: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The command of a detector's run that was stopped after its first epoch."""
    weights, recipe = run.with_name("weights"), run.with_suffix(".toml")
    weights.mkdir()
    shutil.copyfile(shared("models") / "yunet_n.safetensors", weights / "yunet_n.safetensors")
    recipe.write_text(DETECTOR.format(2))

    def stopped(
        _network: object, _scenes: object, _recipe: object, site: Site, **_: object
    ) -> None:
        (site.out / "state.pt").write_bytes(b"state")

    monkeypatch.setattr("maskwatch_train.cli.detector.fine_tune", stopped)
    monkeypatch.setattr("maskwatch_train.cli.detector.build_scenes", lambda *_: [])
    monkeypatch.setattr("maskwatch_train.cli.detector.street_scene", lambda *_: None)
    monkeypatch.setattr("maskwatch_train.cli.detector.detect_all", lambda *_: defaultdict(list))
    command = ["detector", recipe, "--data", data, "--weights", weights, "--out", run]
    call(*command)
    call(*command)  # goes on
    return command


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("labels", "--data, train (sha256)"),
        ("held out", "--data, val (sha256)"),
        ("portraits", "--data, train (sha256)"),
        ("weights", "--weights (sha256)"),
    ],
)
def test_a_detector_does_not_go_on_with_other_data_or_weights(
    change: str, told: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "data"
    shutil.copytree(data, own)
    command = stopped_run(own, tmp_path / "run", monkeypatch)
    if change == "portraits":
        table, portrait = own / "bala/labels.csv", "portrait_bare_1.jpg"
        text = table.read_text()
        table.write_text(text.replace(f"{portrait},without_mask", f"{portrait},with_mask"))
    elif change == "weights":
        weights = load_file(tmp_path / "weights/yunet_n.safetensors")
        moved = {name: value + 1 for name, value in weights.items()}
        save_file(moved, tmp_path / "weights/yunet_n.safetensors")
    else:
        labels = own / "street/labels.json"
        entries = json.loads(labels.read_text())
        split = {"labels": "train", "held out": "val"}[change]
        next(e for e in entries if e["split"] == split)["faces"][0]["box"][0] += 1
        labels.write_text(json.dumps(entries))
    said = refused(UsageError, *command)
    assert f"run: its run was begun with {told} = " in said


@pytest.fixture
def begun(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The command of a run with a teacher that was stopped after its first epoch."""

    def stopped(
        _network: object, _samples: object, _recipe: object, site: Site, **_: object
    ) -> None:
        (site.out / "state.pt").write_bytes(b"state")

    monkeypatch.setattr("maskwatch_train.cli.classifier.train", stopped)
    for side in ("training", "validation"):
        monkeypatch.setattr(f"maskwatch_train.cli.classifier.{side}_samples", lambda *_: [])
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('backbone = "mobilenetv4-small"\nsize = 64\nteacher_share = 0.5\n')
    places = [own_faces(data, tmp_path, split) for split in ("train", "val")]
    run_of_noise(tmp_path / "start", 0)
    run_of_noise(tmp_path / "teacher", 1)
    command: list[object] = ["classifier", recipe, "--out", tmp_path / "run"]
    command += [word for place in places for word in ("--data", place)]
    command += ["--from", tmp_path / "start", "--teacher", tmp_path / "teacher"]
    call(*command)
    return command


def run_of_noise(folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    folder.mkdir(exist_ok=True)
    (folder / "recipe.toml").write_text('backbone = "mobilenetv4-small"\nsize = 64\n')
    save_file(blank("mobilenetv4-small", 64).state_dict(), folder / "weights.safetensors")


def test_a_classifier_goes_on_with_the_same_data_start_and_teachers(
    begun: list[object], tmp_path: Path
) -> None:
    call(*begun)
    # Where the pictures lie makes no difference.
    manifest = read_manifest(tmp_path / "train.jsonl")
    shutil.copytree(manifest.folders["own"], tmp_path / "moved")
    write_manifest(tmp_path / "train.jsonl", replace(manifest, folders={"own": tmp_path / "moved"}))
    call(*begun)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("labels", "--data, train (sha256)"),
        ("pictures", "--data, val (sha256)"),
        ("start", "--from (sha256)"),
        ("teacher", "--teacher (sha256)"),
        ("who finds the faces", "--weights (sha256)"),
    ],
)
def test_a_classifier_does_not_go_on_with_other_data_or_networks(
    change: str, told: str, begun: list[object], tmp_path: Path
) -> None:
    if change == "labels":
        manifest = read_manifest(tmp_path / "train.jsonl")
        first, *rest = manifest.rows
        assert first.label is State.NO_MASK
        rows = (replace(first, label=State.MASK), *rest)
        write_manifest(tmp_path / "train.jsonl", replace(manifest, rows=rows))
    elif change == "pictures":
        manifest = read_manifest(tmp_path / "val.jsonl")
        write_manifest(tmp_path / "val.jsonl", replace(manifest, rows=manifest.rows[1:]))
    elif change == "who finds the faces":
        begun += ["--weights", shared("models")]
    else:
        run_of_noise(tmp_path / change, 2)
    said = refused(UsageError, *begun)
    assert f"run: its run was begun with {told} = " in said


def test_a_run_is_not_written_over_one_that_it_learns_from(
    begun: list[object], tmp_path: Path
) -> None:
    before = (tmp_path / "teacher/weights.safetensors").read_bytes()
    said = refused(UsageError, *begun, "--out", tmp_path / "run" / ".." / "teacher")
    assert "is a run to learn from" in said
    assert sorted(path.name for path in (tmp_path / "teacher").iterdir()) == [
        "recipe.toml", "weights.safetensors",
    ]  # fmt: skip
    assert (tmp_path / "teacher/weights.safetensors").read_bytes() == before


def test_a_recipe_that_only_reads_otherwise_is_the_same(data: Path, tmp_path: Path) -> None:
    run, recipe = tmp_path / "run", tmp_path / "recipe.toml"
    run.mkdir()
    (run / "recipe.toml").write_text('backbone = "mobilenetv3-small"')
    (run / "state.pt").write_bytes(b"")
    recipe.write_text('# The same.\nepochs = 10\nbatch = 64\nbackbone = "mobilenetv3-small"\n')
    places = ["--data", own_faces(data, tmp_path, "train")]
    said = refused(DataError, "classifier", recipe, *places, "--out", run)
    assert "split 'val'" in said  # it went on to the pictures


def test_a_run_of_another_backbone_is_no_start(tmp_path: Path) -> None:
    before, recipe = tmp_path / "before", tmp_path / "recipe.toml"
    before.mkdir()
    (before / "recipe.toml").write_text('backbone = "mobilenetv4-small"\nsize = 64\n')
    save_file(blank("mobilenetv4-small", 64).state_dict(), before / "weights.safetensors")
    recipe.write_text('backbone = "mobilenetv3-small"\nsize = 64\n')
    out = tmp_path / "run"
    said = refused(
        UsageError, "classifier", recipe, "--data", tmp_path, "--out", out, "--from", before
    )
    assert "before: its backbone is mobilenetv4-small, and the recipe's mobilenetv3-small" in said
    assert not out.exists()


def test_a_missing_validation_split_is_told_before_training_faces_are_searched(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("maskwatch_train.cli.classifier.training_samples")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('backbone = "mobilenetv3-small"\n')
    places = ["--data", own_faces(data, tmp_path, "train"), "--out", tmp_path / "run"]
    assert "split 'val'" in refused(DataError, "classifier", recipe, *places)


@pytest.mark.parametrize("verb", ["classifier", "detector", "published"])
def test_fewer_processes_than_none_are_refused_before_anything_is_read(
    verb: str, tmp_path: Path
) -> None:
    words = [verb, "recipe.toml", "--workers", "-1"]
    words += [word for name in ("--data", "--out", "--weights") for word in (name, str(tmp_path))]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "'--workers'" in result.output


def test_an_export_is_not_restored_over_a_run_that_would_go_on(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"state")
    places = ["--data", tmp_path, "--out", tmp_path]
    said = refused(UsageError, "restore", DEFAULT_CLASSIFIER, tmp_path / "recipe.toml", *places)
    assert "holds the state of a run" in said


def test_a_gate_that_is_not_here_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = refused(DataError, "gate", DEFAULT_CLASSIFIER)
    assert said.startswith("gate.yaml: no such file;")
    assert "--gate" in said
