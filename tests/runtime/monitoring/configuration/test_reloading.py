from __future__ import annotations

from pathlib import Path

from maskwatch.runtime.monitoring.configuration.reloading import WatchedFile


def test_a_file_is_read_again_once_nobody_writes_to_it_any_more(tmp_path: Path) -> None:
    """The first half of a configuration may be right by itself."""
    path = tmp_path / "maskwatch.yaml"
    path.write_text("cameras: {}\n")
    file = WatchedFile(path)
    file.note_reading()
    assert not file.is_due()
    for half_written in ("", "cameras:\n", "cameras:\n  door: {url: 1}\n"):
        path.write_text(half_written)
        assert not file.is_due()
    assert file.is_due()
    file.note_reading()
    assert not file.is_due()
    path.unlink()
    assert [file.is_due(), file.is_due()] == [False, True]


def test_what_changed_before_the_first_look_is_read(tmp_path: Path) -> None:
    path = tmp_path / "maskwatch.yaml"
    path.write_text("cameras: {}\n")
    file = WatchedFile(path)
    assert [file.is_due(), file.is_due()] == [False, True]


def test_where_there_is_no_file_nothing_is_read_again() -> None:
    file = WatchedFile(None)
    assert [file.is_due(), file.is_due()] == [False, False]
