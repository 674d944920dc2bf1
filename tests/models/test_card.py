import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from maskwatch.errors import CardError, ChecksumMismatch, ModelNotFound
from maskwatch.models.card import read_card

LABELS = ("mask", "no_mask")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(b"weights")
    change_card(
        tmp_path,
        format=1,
        name="toy",
        version="1",
        kind="mask_classifier",
        file="model.onnx",
        sha256=hashlib.sha256(b"weights").hexdigest(),
        labels=list(LABELS),
        settings={"size": 128},
        summary={},
    )
    return tmp_path


def change_card(folder: Path, **changes: Any) -> None:
    path = folder / "card.json"
    card = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**card, **changes}))


def test_a_card_that_fits_is_read(folder: Path) -> None:
    card = read_card(folder, "mask_classifier", LABELS)
    card.verify()
    assert card.setting("size") == 128


def test_a_changed_model_file_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"other weights")
    with pytest.raises(ChecksumMismatch, match=r"model\.onnx: checksum .* is not the card's"):
        read_card(folder, "mask_classifier", LABELS).verify()


def test_a_missing_model_file_is_named(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelNotFound, match=r"model\.onnx"):
        read_card(folder, "mask_classifier", LABELS).verify()


def test_every_file_of_a_model_is_checked(folder: Path) -> None:
    change_card(folder, files={"model.bin": hashlib.sha256(b"more").hexdigest()})
    with pytest.raises(ModelNotFound, match=r"model\.bin"):
        read_card(folder, "mask_classifier", LABELS).verify()
    (folder / "model.bin").write_bytes(b"more")
    read_card(folder, "mask_classifier", LABELS).verify()
    (folder / "model.bin").write_bytes(b"less")
    with pytest.raises(ChecksumMismatch, match=r"model\.bin: checksum .* is not the card's"):
        read_card(folder, "mask_classifier", LABELS).verify()


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"card\.json"):
        read_card(tmp_path, "mask_classifier")


def test_another_label_order_is_refused(folder: Path) -> None:
    change_card(folder, labels=["no_mask", "mask"])
    with pytest.raises(CardError, match=r"label order \['no_mask', 'mask'\]"):
        read_card(folder, "mask_classifier", LABELS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "face_detector"}, "a face_detector, but a mask_classifier is wanted"),
        ({"format": 99}, "card format 99"),
        ({"settings": 3}, "not a model card"),
        ({"file": 7}, "not a model card: file is 7, expected text"),
        ({"sha256": None}, "not a model card: sha256 is None, expected text"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    folder: Path, changes: dict[str, Any], message: str
) -> None:
    change_card(folder, **changes)
    with pytest.raises(CardError, match=message):
        read_card(folder, "mask_classifier", LABELS)


def test_a_card_without_a_key_names_it(folder: Path) -> None:
    path = folder / "card.json"
    card = json.loads(path.read_text())
    del card["sha256"]
    path.write_text(json.dumps(card))
    with pytest.raises(CardError, match="sha256 is missing"):
        read_card(folder, "mask_classifier", LABELS)


def test_a_damaged_card_is_refused(folder: Path) -> None:
    (folder / "card.json").write_text("{")
    with pytest.raises(CardError, match="not a model card"):
        read_card(folder, "mask_classifier", LABELS)


def test_a_missing_setting_is_named(folder: Path) -> None:
    with pytest.raises(CardError, match=r"settings\.margin is missing"):
        read_card(folder, "mask_classifier", LABELS).setting("margin")
