"""Our own files."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from maskwatch.web.plain import files


def test_a_file_that_has_changed_has_another_address(
    browser: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Browsers keep it for an hour, and pages of a new version need its own."""
    address = files.static_address("dashboard.js")
    assert browser.get(address).status_code == 200
    changed = tmp_path / "dashboard.js"
    changed.write_text("other")
    files.static_address.cache_clear()
    monkeypatch.setitem(files._FILES, "dashboard.js", changed)
    assert files.static_address("dashboard.js") != address
    files.static_address.cache_clear()
