"""How many cores a process may use."""

from __future__ import annotations

import sys
from pathlib import Path

import onnxruntime as ort
import pytest

from maskwatch.cores import cores, quota
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch.models.session import open_session


@pytest.fixture
def cpu_max(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cpu.max"
    monkeypatch.setattr("maskwatch.cores._CPU_MAX", path)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not kept to cores")
def test_only_cores_that_the_process_may_use_count(
    monkeypatch: pytest.MonkeyPatch, cpu_max: Path
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: {3, 7})
    assert cores() == 2
    cpu_max.write_text("100000 100000\n")
    assert cores() == 1
    cpu_max.write_text("800000 100000\n")
    assert cores() == 2


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("max 100000\n", None),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("5000 100000\n", 1),
    ],
)
def test_the_quota_of_a_container_is_rounded_up(
    cpu_max: Path, limit: str, expected: int | None
) -> None:
    cpu_max.write_text(limit)
    assert quota() == expected


def test_without_control_groups_there_is_no_quota(cpu_max: Path) -> None:
    assert not cpu_max.exists()
    assert quota() is None


@pytest.mark.parametrize(("limit", "asked", "expected"), [(1, None, 1), (3, None, 3), (1, 2, 2)])
def test_models_use_no_more_threads_than_a_container_may_run(
    cpu_max: Path, limit: int, asked: int | None, expected: int
) -> None:
    cpu_max.write_text(f"{limit}00000 100000\n")
    session = open_session(DEFAULT_DETECTOR / "model.onnx", threads=asked)
    options: ort.SessionOptions = session.get_session_options()
    assert options.intra_op_num_threads == expected
