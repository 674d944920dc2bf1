from __future__ import annotations

import os
import subprocess
import sys
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


@pytest.mark.parametrize("reason", ["", ', reason="needs the extra [train]"'])
@pytest.mark.parametrize("where", ["file", "test"])
def test_a_missing_package_is_a_missing_component_whatever_reason_is_given(
    checkout: Path, tmp_path: Path, where: str, reason: str
) -> None:
    skips = f'pytest.importorskip("no_such_package"{reason})'
    of_file, of_test = (skips, "pass") if where == "file" else ("", skips)
    (tmp_path / "test_it.py").write_text(
        f"import pytest\n\n{of_file}\n\n\ndef test_it() -> None:\n    {of_test}\n"
    )

    def run(required: str) -> str:
        options = ("-c", checkout / "pyproject.toml", "--rootdir", tmp_path, "-p", "tests.conftest")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", tmp_path],
            cwd=checkout,
            env=os.environ | {REQUIRE_ALL: required},
            check=False,
            capture_output=True,
            text=True,
        )
        return done.stdout.splitlines()[-1]

    assert "1 skipped" in run("")
    assert "skipped" not in (last := run("1"))
    assert "1 failed" in last or "1 error" in last


def test_shared_material_is_found_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    monkeypatch.setenv("MASKWATCH_SHARED", str(tmp_path))
    (tmp_path / "clip.mp4").touch()
    assert shared("clip.mp4") == tmp_path / "clip.mp4"
    with pytest.raises(pytest.skip.Exception, match=r"shared/other\.mp4"):
        shared("other.mp4")
