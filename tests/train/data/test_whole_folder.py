from __future__ import annotations

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


def test_what_is_there_is_not_overwritten_but_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with whole_folder(tmp_path / "out") as part:
        (part / "a").touch()
    with pytest.raises(UsageError, match="is there already"), whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "a").exists()
