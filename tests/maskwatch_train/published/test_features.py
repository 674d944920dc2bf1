from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")
resource = pytest.importorskip("resource", reason="limits of files are those of Unix")

from torch import nn  # noqa: E402

from maskwatch.errors import OutputError  # noqa: E402
from maskwatch.types import State  # noqa: E402
from maskwatch_train.data.manifest import Manifest, ManifestRow  # noqa: E402
from maskwatch_train.published import pictures as published_pictures  # noqa: E402
from maskwatch_train.published.features import Extractor, plain_features  # noqa: E402
from maskwatch_train.published.pictures import WHOLE, Framing, pixels_of  # noqa: E402
from maskwatch_train.published.recipe import PublishedRecipe  # noqa: E402
from tests.maskwatch_train.data.painted import save_pattern  # noqa: E402


def unwatched(items: Iterable[Any], _title: str, _count: int) -> Iterable[Any]:
    return items


@contextmanager
def small_files() -> Iterator[None]:
    """No file grows beyond 1 kB, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    save_pattern(tmp_path / "own" / "a.png", 1)
    row = ManifestRow("own", "a.png", "a", None, State.MASK, None, "a", "train", "CC0")
    return Manifest((row,), {"own": tmp_path / "own"})


def test_pictures_that_a_full_disk_does_not_take_are_an_error_and_leave_nothing(
    manifest: Manifest, tmp_path: Path
) -> None:
    with small_files(), pytest.raises(OutputError, match=r"pictures-.*\.npy: "):
        pixels_of(manifest, Framing(WHOLE, 0.0, 64), tmp_path / "cache", unwatched)
    assert not list((tmp_path / "cache").iterdir())


def test_features_that_a_full_disk_does_not_take_are_an_error_and_leave_nothing(
    tmp_path: Path,
) -> None:
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 400))
    extractor = Extractor(body, "its checksum", tmp_path / "cache", unwatched)
    pictures = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    recipe = PublishedRecipe(resize=8, size=8)
    with small_files(), pytest.raises(OutputError, match=r"features-.*\.npy: "):
        plain_features(extractor, pictures, recipe)
    assert not list((tmp_path / "cache").iterdir())


def test_features_of_the_same_weights_in_another_network_are_others(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (3, 8, 8, 3), dtype=np.uint8)
    recipe = PublishedRecipe(resize=8, size=8)
    weights = nn.Conv2d(3, 2, 3).state_dict()
    given = []
    for stride in (1, 2):
        body = nn.Sequential(nn.Conv2d(3, 2, 3, stride=stride), nn.Flatten())
        body[0].load_state_dict(weights)
        extractor = Extractor(body, "its checksum", tmp_path / "cache", unwatched)
        given.append(plain_features(extractor, pictures, recipe))
    assert [each.shape for each in given] == [(3, 72), (3, 18)]


def test_what_is_kept_is_read_again(manifest: Manifest, tmp_path: Path) -> None:
    def read() -> np.ndarray:
        return pixels_of(manifest, Framing(WHOLE, 0.0, 32), tmp_path / "cache", unwatched)

    first = np.array(read())
    (tmp_path / "own" / "a.png").unlink()
    assert np.array_equal(read(), first)
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.suffix == ".npy"


@pytest.mark.parametrize(("faces", "times"), [(WHOLE, 1), ("yunet", 2)])
def test_faces_are_found_anew_by_another_detector_of_the_package(
    faces: str, times: int, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1", "2"):
        folder = tmp_path / version
        folder.mkdir()
        (folder / "model.onnx").write_text(version)
        monkeypatch.setattr(published_pictures, "DEFAULT_DETECTOR", folder)
        pixels_of(manifest, Framing(faces, 0.0, 32), tmp_path / "cache", unwatched)
    assert len(list((tmp_path / "cache").iterdir())) == times
