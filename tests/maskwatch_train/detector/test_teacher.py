"""The teacher's detections are kept in a file that is whole or not there."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch.errors import OutputError
from maskwatch.faces.yunet import Detections
from maskwatch.types import Image
from maskwatch_train.detector import teacher
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import picture_checksum


class OneFace:
    """Sees the same face in every picture, and counts how often it looks."""

    looks = 0

    def __init__(self, _weights: Path) -> None:
        pass

    def __call__(self, _image: Image) -> Detections:
        OneFace.looks += 1
        return Detections(
            np.array([[1, 2, 3, 4]], np.float32),
            np.array([0.9], np.float32),
            np.zeros((1, 5, 2), np.float32),
        )


@pytest.fixture(autouse=True)
def one_face(monkeypatch: pytest.MonkeyPatch) -> None:
    OneFace.looks = 0
    monkeypatch.setattr(teacher, "Teacher", OneFace)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "yunet.safetensors"
    path.write_bytes(b"one")
    return path


def test_it_looks_at_a_picture_once(weights: Path, picture: Path, tmp_path: Path) -> None:
    cache = tmp_path / "seen.npz"
    first = teacher.detect_all(weights, [picture], cache)
    again = teacher.detect_all(weights, [picture], cache)
    assert OneFace.looks == 1
    assert again[picture].boxes.tolist() == first[picture].boxes.tolist() == [[1, 2, 3, 4]]


def test_what_another_teacher_saw_is_not_believed(
    weights: Path, picture: Path, tmp_path: Path
) -> None:
    cache, told = tmp_path / "seen.npz", list[str]()
    teacher.detect_all(weights, [picture], cache, told.append)
    weights.write_bytes(b"other")
    teacher.detect_all(weights, [picture], cache, told.append)
    teacher.detect_all(None, [picture], cache, told.append)
    assert OneFace.looks == 3
    assert told == [f"{cache}: of another teacher, so faces are looked for anew"] * 2


def test_another_picture_of_the_same_name_is_looked_at(
    weights: Path, picture: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "seen.npz"
    teacher.detect_all(weights, [picture], cache)
    cv2.imwrite(str(picture), np.full((8, 8, 3), 9, np.uint8))
    teacher.detect_all(weights, [picture], cache)
    assert OneFace.looks == 2


def test_a_file_that_knows_pictures_by_their_names_alone_is_not_believed(
    weights: Path, picture: Path, tmp_path: Path
) -> None:
    cache, nothing = tmp_path / "seen.npz", np.zeros((0, 5, 2), np.float32)
    parts = {"0.boxes": nothing, "0.scores": nothing, "0.landmarks": nothing}
    np.savez(cache, names=np.array([str(picture)]), **parts)  # type: ignore[arg-type]
    assert len(teacher.detect_all(weights, [picture], cache)[picture].boxes) == 1


@pytest.mark.parametrize(
    "damage", ["empty", "text", "one array", "cut off", "changed", "incomplete"]
)
def test_what_was_kept_and_is_damaged_is_looked_for_anew(
    damage: str, weights: Path, picture: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "seen.npz"
    teacher.detect_all(weights, [picture], cache)
    whole = cache.read_bytes()
    if damage == "one array":
        with cache.open("wb") as file:
            np.save(file, np.zeros(3))
    elif damage == "incomplete":
        sums = {"sha256": np.array([picture_checksum(picture)])}
        np.savez(cache, teacher=np.array(teacher.teacher_checksum(weights)), **sums)
    else:
        nine = np.array([0.9], np.float32).tobytes()
        cache.write_bytes(
            {
                "empty": b"",
                "text": b"seen",
                "cut off": whole[: len(whole) // 2],
                "changed": whole.replace(nine, bytes(4)),
            }[damage]
        )
    told: list[str] = []
    again = teacher.detect_all(weights, [picture], cache, told.append)
    assert again[picture].scores.tolist() == pytest.approx([0.9])
    assert told == [f"{cache}: damaged, so faces are looked for anew"]
    teacher.detect_all(weights, [picture], cache, told.append)
    assert OneFace.looks == 2


def test_a_damaged_picture_is_named_and_nothing_is_kept(
    weights: Path, picture: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(picture.read_bytes()[:40])
    with pytest.raises(DataError, match=r"damaged\.jpg"):
        teacher.detect_all(weights, [picture, damaged], tmp_path / "seen.npz")
    assert not (tmp_path / "seen.npz").exists()


def test_a_full_disk_leaves_no_half_a_file(
    weights: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _data: bytes) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"seen\.npz: no space left on the device"):
        teacher.detect_all(weights, [picture], tmp_path / "seen.npz")
    assert not (tmp_path / "seen.npz").exists()
