"""A small data set of people, made from the sample portraits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from maskwatch_train.data.importing import gather, import_picture, read_raw
from maskwatch_train.data.manifest import Manifest, write_manifest
from maskwatch_train.data.vocabulary import Vocabulary


@pytest.fixture
def people(tmp_path: Path, checkout: Path) -> Path:
    """The manifest of two portraits without a mask and of one with a light blue one."""
    samples = {"no_mask": ("bare", "hand"), "mask": ("mask",)}
    for label, names in samples.items():
        (tmp_path / "people" / label).mkdir(parents=True)
        for name in names:
            shutil.copy(checkout / "samples" / f"portrait_{name}.jpg", tmp_path / "people" / label)
    vocabulary = Vocabulary()
    pictures, problems = read_raw(tmp_path / "people", "folders", vocabulary)
    found = gather(
        tmp_path,
        [import_picture(p, tmp_path / "people", "people", "PD", vocabulary) for p in pictures],
        problems,
    )
    path = tmp_path / "people.jsonl"
    write_manifest(path, Manifest(found.rows, {"people": tmp_path / "people"}))
    return path
