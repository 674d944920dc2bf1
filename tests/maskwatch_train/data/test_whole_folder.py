from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from maskwatch.errors import UsageError
from maskwatch_train.data.whole_folder import whole_folder


def test_the_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out") as part:
        (part / "a").touch()
        assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_nothing_is_left_of_what_failed_or_was_interrupted(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    def fill() -> None:
        with whole_folder(tmp_path / "out") as part:
            (part / "a").touch()
            raise failure

    with pytest.raises(failure):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_behind_is_not_taken_up(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "disk" / "out") as part:
        (part / "old").touch()
        shutil.copytree(tmp_path / "disk", tmp_path / "as it was when the run was killed")
    with whole_folder(tmp_path / "as it was when the run was killed" / "out") as part:
        (part / "new").touch()
        assert [path.name for path in part.iterdir()] == ["new"]


def test_the_folder_of_a_link_is_filled(tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "out").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "large" / "out")
    with whole_folder(tmp_path / "out") as part:
        (part / "a").touch()
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "large" / "out" / "a").exists()


def test_a_folder_that_cannot_be_replaced_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mounted(_path: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    (tmp_path / "out").mkdir()
    monkeypatch.setattr(Path, "rmdir", mounted)
    with (
        pytest.raises(UsageError, match=r"device or resource busy.*name a new folder in it"),
        whole_folder(tmp_path / "out"),
    ):
        pytest.fail("worked before it knew where the result may go")


def test_the_folder_has_the_rights_of_any_new_one(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_is_there_is_not_overwritten_but_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with whole_folder(tmp_path / "out") as part:
        (part / "a").touch()
    with pytest.raises(UsageError, match="already exists"), whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "a").exists()
