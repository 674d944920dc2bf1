"""The verbs that judge models, on a small set and a small network made here."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from tests.train.evaluate.test_any_model import RED_GREEN_BLUE, colour_model
from typer.testing import CliRunner

from maskwatch.errors import CardError, UsageError
from maskwatch_train.cli.main import app
from maskwatch_train.errors import DataError

LABELS = ["mask", "incorrect", "no_mask"]
COLOURS = {"mask": (0, 0, 255), "incorrect": (0, 255, 0), "no_mask": (255, 0, 0)}


def invoke(*words: object) -> None:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code:
        raise SystemExit(result.exit_code)


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
    log = tmp_path / "run" / "log.csv"
    log.parent.mkdir()
    log.write_text("epoch,loss\n0,1.0\n1,0.5\n")
    reports = tmp_path / "reports"
    invoke("evaluate", model / "net.onnx", data, "--report", reports, "--run", log.parent)
    names = sorted(path.name for path in reports.iterdir())
    stem = "colours-3-val"
    assert names == [f"{stem}.html", f"{stem}.json", f"{stem}.predictions.json"]
    first = json.loads((reports / f"{stem}.json").read_text())
    assert first["classification"]["headline"]["side_accuracy"]["value"] == pytest.approx(11 / 12)
    assert [m["picture"] for m in first["mistakes"]] == ["11.png"]
    assert first["model"]["parameters"] == 9 + 2  # the weights and the axes
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
    # The labelled boxes themselves, each with its state: eleven of twelve are right.
    assert second["detection"]["average_precision"]["face of any state"]["ap"] == pytest.approx(1)
    assert "data:image" not in (reports / "again.html").read_text()

    invoke("compare", model, again, "--on", data, "--report", reports)
    compared = json.loads((reports / "compare.json").read_text())
    assert compared["faces"] == 12
    (test,) = compared["tests"].values()
    assert test["right_side"] == {"only_first": 0, "only_other": 0, "p": 1.0, "p_adjusted": 1.0}
    assert (reports / "compare.html").stat().st_size > 10_000


def test_a_request_that_makes_no_sense_says_what_would(
    data: Path, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"give MODEL and DATA"):
        invoke("evaluate", model, "--report", tmp_path / "r")
    with pytest.raises(UsageError, match="two models"):
        invoke("compare", model, "--on", data, "--report", tmp_path / "r")
    (model / "other.onnx").touch()
    with pytest.raises(CardError, match=r"the card beside it is of net\.onnx"):
        invoke("evaluate", model / "other.onnx", data, "--report", tmp_path / "r")
    with pytest.raises(DataError, match="split 'test'"):
        invoke("evaluate", model, data, "--report", tmp_path / "r", "--split", "test")
    assert not (tmp_path / "r").exists()


def test_the_gate_fails_with_an_exit_code(data: Path, model: Path, tmp_path: Path) -> None:
    def gate(bound: float) -> Path:
        path = tmp_path / f"{bound}.yaml"
        path.write_text(
            "format: 1\nsets:\n- name: painted\n  data: painted\n  split: val\n"
            f"  floors: {{overall: {{side_accuracy: {bound}}}}}\n"
        )
        return path

    told = tmp_path / "checks.json"
    invoke("gate", model, "--gate", gate(0.9), "--json", told)
    assert [c["passed"] for c in json.loads(told.read_text())["checks"]] == [True]
    with pytest.raises(SystemExit):
        invoke("gate", model, "--gate", gate(0.95), "--json", told)
    (check,) = json.loads(told.read_text())["checks"]
    assert check["value"] == pytest.approx(11 / 12)
    assert not check["passed"]
