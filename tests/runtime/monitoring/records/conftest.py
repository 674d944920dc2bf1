"""A real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    with Store.open(url, tmp_path / "photos", Photos.CLEAR) as opened:
        yield opened
