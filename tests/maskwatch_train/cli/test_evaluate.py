"""The verbs that judge models, on a small set and a small network made here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

pytest.importorskip("torch")

from tests.maskwatch_train.evaluate.judging.test_any_model import (
    RED_GREEN_BLUE,
    change_card,
    colour_model,
)
from typer.testing import CliRunner

from maskwatch.errors import CardError, ModelNotFound, UsageError
from maskwatch.masks.labels import LABELS as LABELS_OF_OURS
from maskwatch.types import Box, State
from maskwatch_train.cli.main import app
from maskwatch_train.data.manifest import Manifest, ManifestRow, read_manifest, write_manifest
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.cases import Case
from maskwatch_train.release.parity import Parity, ParityLimits

LABELS = ["mask", "incorrect", "no_mask"]
COLOURS = {"mask": (0, 0, 255), "incorrect": (0, 255, 0), "no_mask": (255, 0, 0)}


def invoke(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code:
        raise SystemExit(result.exit_code)
    return result.output


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve pictures of one painted face; the last is labelled as something else."""
    folder = tmp_path / "painted"
    (folder / "images").mkdir(parents=True)
    entries = []
    for i in range(12):
        state = LABELS[i % 3]
        cv2.imwrite(
            str(folder / "images" / f"{i}.png"), np.full((120, 120, 3), COLOURS[state], np.uint8)
        )
        label = "mask" if i == 11 else state
        face = {
            "box": [30, 30, 90, 90],
            "state": label,
            "fault": "nose_out" if label == "incorrect" else None,
            "slice": "",
            "certainty": "sure",
        }
        entries.append(
            {
                "file": f"{i}.png",
                "width": 120,
                "height": 120,
                "split": "val",
                "group": f"g{i}",
                "faces": [face],
            }
        )
    (folder / "labels.json").write_text(json.dumps(entries))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return colour_model(tmp_path / "model", RED_GREEN_BLUE, LABELS, divisor=25.0)


def test_a_model_and_what_it_said_give_the_same_report(
    data: Path, model: Path, tmp_path: Path
) -> None:
    (model / "state.pt").write_bytes(bytes(10_000))  # what lies beside it is no part of it
    log = tmp_path / "run" / "log.csv"
    log.parent.mkdir()
    log.write_text("epoch,loss\n0,1.0\n1,0.5\n")
    reports = tmp_path / "reports"
    invoke("evaluate", model / "net.onnx", data, "--report", reports, "--run", log.parent)
    names = sorted(path.name for path in reports.iterdir())
    stem = "colours-3-painted-val"
    assert names == [f"{stem}.html", f"{stem}.json", f"{stem}.predictions.json"]
    first = json.loads((reports / f"{stem}.json").read_text())
    assert first["classification"]["headline"]["side_accuracy"]["value"] == pytest.approx(11 / 12)
    assert [m["picture"] for m in first["mistakes"]] == ["11.png"]
    assert first["model"]["parameters"] == 9 + 2  # the weights and the axes
    assert first["model"]["bytes"] == (model / "net.onnx").stat().st_size
    assert first["speed"]["alone"] > 0
    assert first["training"]["loss"]["y"] == [1.0, 0.5]
    assert first["detection"]["faces"] == 12
    page = (reports / f"{stem}.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 1

    again = reports / f"{stem}.predictions.json"
    invoke("evaluate", again, data, "--report", reports, "--name", "again", "--gallery", 0)
    second = json.loads((reports / "again.json").read_text())
    # Six digits of each probability are kept.
    for name, score in first["classification"]["headline"].items():
        assert second["classification"]["headline"][name] == pytest.approx(score, abs=1e-5)
    assert second["speed"] is None
    # Its boxes are those of the labels: nobody has found them.
    assert second["detection"] is None
    assert "data:image" not in (reports / "again.html").read_text()

    invoke("compare", model, again, "--on", data, "--report", reports)
    compared = json.loads((reports / "compare.json").read_text())
    assert compared["faces"] == 12
    measured, said = (each["facts"] for each in compared["models"].values())
    assert None not in measured.values()
    assert set(said.values()) == {None}  # of a file of predictions nothing is measured
    (test,) = compared["tests"].values()
    assert test["right_side"] == {"only_first": 0, "only_other": 0, "p": 1.0, "p_adjusted": 1.0}
    assert (reports / "compare.html").stat().st_size > 10_000


def test_predictions_that_fit_in_part_say_in_how_far(data: Path, tmp_path: Path) -> None:
    faces = [{"picture": f"{i}.png", "state": LABELS[i % 3]} for i in (*range(10), 99)]
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps({"format": 1, "name": "theirs", "faces": faces}))
    told = "1 of 11 entries are about no picture of the data, 2 of 12 labelled faces have no entry"
    words = ("--report", tmp_path / "r")
    for said in (
        invoke("evaluate", path, data, *words, "--gallery", 0),
        invoke("compare", path, path, "--on", data, *words),
    ):
        assert told in said


def test_what_a_program_finds_is_scored_in_pictures_without_a_face_too(tmp_path: Path) -> None:
    for name in ("face", "empty"):
        path = tmp_path / "mine" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((90, 90, 3), len(name), np.uint8))
    box = Box(5, 5, 75, 75)
    head, tail = "mine", ("val", "own")
    rows = (
        ManifestRow(head, "face.png", "a", box, State.MASK, None, "a", *tail),
        ManifestRow(head, "empty.png", "b", None, None, None, "b", *tail),
    )
    write_manifest(tmp_path / "mine.jsonl", Manifest(rows, {"mine": tmp_path / "mine"}))
    faces = [
        {"picture": f"{name}.png", "box": list(box), "score": score, "state": "mask"}
        for name, score in (("face", 0.8), ("empty", 0.9))
    ]
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps({"format": 1, "name": "theirs", "faces": faces}))
    invoke("evaluate", theirs, tmp_path / "mine.jsonl", "--report", tmp_path, "--name", "r")
    detection = json.loads((tmp_path / "r.json").read_text())["detection"]
    assert detection["pictures"] == 2
    # The surer one of two is a false alarm.
    assert detection["average_precision"]["mask"]["ap50"] == pytest.approx(0.5)


def test_predictions_of_a_manifest_find_its_pictures_by_their_whole_paths(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = [
        {"picture": str(tmp_path / "people" / row.path), "state": row.label}
        for row in read_manifest(people).rows
    ]
    theirs = {"format": 1, "name": "theirs", "faces": faces}
    (tmp_path / "theirs.json").write_text(json.dumps(theirs))
    monkeypatch.chdir(tmp_path)
    words = ("--split", "all", "--report", "r", "--name", "r", "--gallery", 0, "--min-face-px", 1)
    invoke("evaluate", "theirs.json", people.name, *words)
    report = json.loads((tmp_path / "r" / "r.json").read_text())
    assert report["classification"]["headline"]["side_accuracy"]["value"] == 1


def test_reports_of_one_model_on_other_data_are_kept_beside_each_other(
    data: Path, model: Path, tmp_path: Path
) -> None:
    faces = ("--report", tmp_path / "r", "--gallery", 0)
    invoke("evaluate", model, data, *faces)
    for place in ("here", "there"):
        shutil.copytree(data, tmp_path / place / "painted")
        for path in (tmp_path / place / "painted" / "images").iterdir():
            path.write_bytes(path.read_bytes() + place.encode())  # no picture counts twice
    invoke(
        "evaluate", model, *(tmp_path / place / "painted" for place in ("here", "there")), *faces
    )
    both = "colours-3-painted-here-painted-painted-there-painted-val"
    names = sorted(path.stem for path in (tmp_path / "r").glob("*.html"))
    assert names == [both, "colours-3-painted-val"]
    # Sets of one name are told apart, and so are their groups.
    report = json.loads((tmp_path / "r" / f"{both}.json").read_text())
    assert [one["name"] for one in report["data"]] == [
        "painted (here/painted)",
        "painted (there/painted)",
    ]
    assert report["classification"]["groups"] == 24
    assert report["classification"]["slices"]["source/painted (here/painted)"]["faces"] == 12


def test_the_report_on_many_sets_has_a_name_that_a_disk_takes(
    data: Path, model: Path, tmp_path: Path
) -> None:
    named = tmp_path / ("a" * 240)
    data.rename(named)
    invoke("evaluate", model, named, "--report", tmp_path / "r", "--gallery", 0)
    assert len(list((tmp_path / "r").iterdir())) == 3


def test_a_mistake_tells_its_picture_from_others_of_the_name(tmp_path: Path) -> None:
    rows = []
    for folder in ("a", "b"):
        path = tmp_path / "own" / folder / "1.png"
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), np.full((90, 90, 3), ord(folder), np.uint8))
        tail = (None, State.MASK, None, folder, "val", "own")
        rows.append(ManifestRow("own", f"{folder}/1.png", folder, *tail))
    write_manifest(tmp_path / "own.jsonl", Manifest(tuple(rows), {"own": tmp_path / "own"}))
    faces = [{"picture": f"{name}/1.png", "state": "no_mask"} for name in ("a", "b")]
    theirs = tmp_path / "theirs.json"
    theirs.write_text(json.dumps({"format": 1, "name": "theirs", "faces": faces}))
    invoke("evaluate", theirs, tmp_path / "own.jsonl", "--report", tmp_path, "--name", "r")
    mistakes = json.loads((tmp_path / "r.json").read_text())["mistakes"]
    assert [m["picture"] for m in mistakes] == ["a/1.png", "b/1.png"]
    page = (tmp_path / "r.html").read_text()
    assert "own/a/1.png" in page
    assert "own/b/1.png" in page


@pytest.mark.parametrize(("least", "faces"), [(60, 12), (61, 0)])
def test_faces_smaller_than_asked_for_count_in_no_headline(
    least: int, faces: int, data: Path, model: Path, tmp_path: Path
) -> None:
    words = ("--report", tmp_path, "--name", "r", "--gallery", 0, "--min-face-px", least)
    invoke("evaluate", model, data, *words)
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["classification"]["faces"] == faces
    assert report["detection"]["faces"] == faces


def test_the_face_detector_is_the_one_that_is_named(
    data: Path, model: Path, tmp_path: Path
) -> None:
    for words in (
        ("evaluate", model, data, "--report", tmp_path / "r"),
        ("compare", model, model, "--on", data, "--report", tmp_path / "r"),
        ("export", model, "--to", tmp_path / "to", "--format", "onnx-fp32", "--on", data),
        ("gate", model),
    ):
        with pytest.raises(ModelNotFound, match="no-detector"):
            invoke(*words, "--detector", tmp_path / "no-detector")


def test_models_of_one_name_are_all_compared(data: Path, tmp_path: Path) -> None:
    places = [
        colour_model(tmp_path / name / "model", RED_GREEN_BLUE, LABELS, divisor=25.0)
        for name in ("a", "b")
    ]
    invoke("compare", *places, places[1], "--on", data, "--report", tmp_path / "r")
    compared = json.loads((tmp_path / "r" / "compare.json").read_text())
    assert list(compared["models"]) == [
        "colours 3 (a/model)",
        "colours 3 (b/model) 1",
        "colours 3 (b/model) 2",
    ]


def test_a_set_without_violations_is_compared(data: Path, model: Path, tmp_path: Path) -> None:
    entries = json.loads((data / "labels.json").read_text())
    masked = [entry for entry in entries if entry["faces"][0]["state"] == "mask"]
    (data / "labels.json").write_text(json.dumps(masked))
    invoke("compare", model, model, "--on", data, "--report", tmp_path / "r")
    compared = json.loads((tmp_path / "r" / "compare.json").read_text())
    (test,) = compared["tests"].values()
    assert test["differences"]["called_mask"]["p"] is None
    page = (tmp_path / "r" / "compare.html").read_text()
    assert "<td>violations called mask</td><td>-</td><td>-</td><td>-</td>" in page
    invoke("evaluate", model, data, "--report", tmp_path / "r")


def test_a_card_that_does_not_fit_is_named(data: Path, model: Path, tmp_path: Path) -> None:
    change_card(model, settings={"size": 8, "layout": "NHWC"})
    with pytest.raises(CardError, match=r"model/card\.json: .* takes 3 x 8 x 8"):
        invoke("evaluate", model, data, "--report", tmp_path / "r")
    # With our labels, but not fed as our network is.
    weights = np.eye(3, len(LABELS_OF_OURS)).tolist()
    ours = colour_model(tmp_path / "ours", weights, list(LABELS_OF_OURS), divisor=25.0)
    invoke("evaluate", ours, data, "--report", tmp_path / "r")
    change_card(ours, settings={"size": 16, "layout": "NCHW"})
    with pytest.raises(CardError, match=r"ours/card\.json: .* inputs of 3 x 16 x 16"):
        invoke("evaluate", ours, data, "--report", tmp_path / "r")


def test_a_request_that_makes_no_sense_says_what_would(
    data: Path, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="two models"):
        invoke("compare", model, "--on", data, "--report", tmp_path / "r")
    (model / "other.onnx").touch()
    with pytest.raises(CardError, match=r"the card beside it is of net\.onnx"):
        invoke("evaluate", model / "other.onnx", data, "--report", tmp_path / "r")
    with pytest.raises(DataError, match="split 'test'"):
        invoke("evaluate", model, data, "--report", tmp_path / "r", "--split", "test")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("verb", ["evaluate-end-to-end", "evaluate-detector"])
def test_a_split_that_is_none_gives_no_report_of_nothing(
    verb: str, data: Path, tmp_path: Path
) -> None:
    data.rename(tmp_path / "street")
    words = ["--data", tmp_path, "--report", tmp_path / "r"]
    words += ["--weights", tmp_path] if verb == "evaluate-detector" else []
    with pytest.raises(DataError, match="unknown split 'vla'"):
        invoke(verb, *words, "--split", "vla")
    with pytest.raises(DataError, match="no labelled pictures in the split 'train'"):
        invoke(verb, *words, "--split", "train")
    assert not (tmp_path / "r").exists()


def test_both_stages_are_scored_on_all_splits_together(data: Path, tmp_path: Path) -> None:
    data.rename(tmp_path / "street")
    invoke("evaluate-end-to-end", "--data", tmp_path, "--report", tmp_path / "r", "--split", "all")
    both = json.loads((tmp_path / "r" / "end-to-end-all.json").read_text())
    assert both["shares"]["found"]["faces"] == 12


def test_a_model_is_exported_to_the_format_that_is_asked_for(
    data: Path, model: Path, tmp_path: Path
) -> None:
    words = ("--format", "onnx-fp16", "--on", data)
    assert "0 of 12 faces read otherwise" in invoke(
        "export", model, "--to", tmp_path / "half", *words
    )
    card = json.loads((tmp_path / "half" / "card.json").read_text())
    assert card["version"] == "3+onnx-fp16"
    half = onnx.load(tmp_path / "half" / "model.onnx")
    assert {each.data_type for each in half.graph.initializer} >= {onnx.TensorProto.FLOAT16}


def test_an_export_is_calibrated_on_the_training_side_and_compared_on_the_other(
    data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = json.loads((data / "labels.json").read_text())
    for entry in entries[:8]:
        entry["split"] = "train"
    (data / "labels.json").write_text(json.dumps(entries))
    asked = []

    def export(
        source: Path,
        target: Path,
        form: str,
        calibration: Sequence[Case],
        cases: Sequence[Case],
        limits: ParityLimits,
        _progress: object,
    ) -> Parity:
        asked.append((source, target, form, limits))
        names = tuple({case.picture.name for case in side} for side in (calibration, cases))
        assert names == (
            {entry["file"] for entry in entries[:8]},
            {entry["file"] for entry in entries[8:]},
        )
        return Parity(4, 4, {}, 0.0, 0.0, 0.0, None, 0, ())

    monkeypatch.setattr("maskwatch_train.cli.export.export", export)
    limits = ("--recall-drop", 0.25, "--mean-drift", 0.5)
    to = tmp_path / "eight"
    invoke("export", model, "--to", to, "--format", "onnx-int8", "--on", data, *limits)
    assert asked == [(model, to, "onnx-int8", ParityLimits(recall_drop=0.25, mean_drift=0.5))]


def test_the_gate_fails_with_an_exit_code(data: Path, model: Path, tmp_path: Path) -> None:
    def gate(bound: float) -> Path:
        path = tmp_path / f"{bound}.yaml"
        path.write_text(
            "format: 1\nsets:\n- name: '[old]'\n  data: painted\n  split: val\n"
            f"  floors: {{overall: {{side_accuracy: {bound}}}}}\n"
        )
        return path

    told = tmp_path / "checks.json"
    assert "[old]" in invoke("gate", model, "--gate", gate(0.9), "--json", told)
    assert [c["passed"] for c in json.loads(told.read_text())["checks"]] == [True]
    elsewhere = gate(0.9)
    elsewhere.write_text(
        elsewhere.read_text() + "- {name: far, data: none, split: val, optional: true, "
        "floors: {overall: {accuracy: 1}}}\n"
    )
    assert "far: left out" in invoke("gate", model, "--gate", elsewhere)
    with pytest.raises(DataError, match="none"):
        invoke("gate", model, "--gate", elsewhere, "--require-all")
    with pytest.raises(SystemExit):
        invoke("gate", model, "--gate", gate(0.95), "--json", told)
    (check,) = json.loads(told.read_text())["checks"]
    assert check["value"] == pytest.approx(11 / 12)
    assert not check["passed"]
