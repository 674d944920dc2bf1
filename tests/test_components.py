from __future__ import annotations

from pathlib import Path

import pytest

from tests.components import REQUIRE_ALL, need
from tests.shared import shared


def test_what_is_there_lets_the_test_run() -> None:
    need("python", True, "")


def test_what_is_missing_skips_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"missing component: sonar \(buy one\)"):
        need("sonar", False, "buy one")


def test_what_is_missing_fails_where_everything_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    with pytest.raises(pytest.fail.Exception, match=r"missing component: sonar \(buy one\)"):
        need("sonar", False, "buy one")


def test_shared_material_is_found_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    monkeypatch.setenv("MASKWATCH_SHARED", str(tmp_path))
    (tmp_path / "clip.mp4").touch()
    assert shared("clip.mp4") == tmp_path / "clip.mp4"
    with pytest.raises(pytest.skip.Exception, match=r"shared/other\.mp4"):
        shared("other.mp4")
