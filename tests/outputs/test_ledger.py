from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.errors import OutputError
from maskwatch.outputs.ledger import LEDGER, note_names, note_sizes, written_names


def test_a_folder_without_a_ledger_holds_nothing_of_ours(tmp_path: Path) -> None:
    assert written_names(tmp_path) == frozenset()
    assert written_names(tmp_path / "no such folder") == frozenset()


def test_names_are_added_once_and_come_back_whatever_they_hold(tmp_path: Path) -> None:
    odd = ["a.jpg", "two\nlines.png", 'quote".mp4', "\udcff.jpg", "büro.jpg"]
    note_names(tmp_path, odd)
    note_names(tmp_path, ["a.jpg", "b.jpg"])
    assert written_names(tmp_path) == {*odd, "b.jpg"}
    assert len((tmp_path / LEDGER).read_text().splitlines()) == 6


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text('"a.jpg"\n3\n"b.j')
    assert written_names(tmp_path) == {"a.jpg"}


def test_a_torn_line_takes_no_later_name_with_it(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text('"a.jpg"\n"b.j')
    note_names(tmp_path, ["c.jpg"])
    assert written_names(tmp_path) == {"a.jpg", "c.jpg"}


def test_a_ledger_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / LEDGER).mkdir()
    assert written_names(tmp_path) == frozenset()
    with pytest.raises(OutputError, match="is a directory"):
        note_names(tmp_path, ["a.jpg"])
    (tmp_path / "a.jpg").touch()
    note_sizes(tmp_path, ["a.jpg"])  # said once


def test_a_file_of_another_size_is_not_ours_whatever_its_name(tmp_path: Path) -> None:
    names = ["a.jpg", "b.jpg", "never written.jpg"]
    note_names(tmp_path, names)
    for name in names[:2]:
        (tmp_path / name).write_bytes(b"ours")
    note_sizes(tmp_path, names)
    assert written_names(tmp_path) == set(names)
    (tmp_path / "a.jpg").write_bytes(b"somebody's")
    assert written_names(tmp_path) == {"b.jpg", "never written.jpg"}
    note_sizes(tmp_path, ["a.jpg"])
    assert written_names(tmp_path) == set(names)


def test_a_file_whose_writing_anew_was_cut_short_stays_ours(tmp_path: Path) -> None:
    note_names(tmp_path, ["a.mp4"])
    (tmp_path / "a.mp4").write_bytes(b"whole")
    note_sizes(tmp_path, ["a.mp4"])
    note_names(tmp_path, ["a.mp4"])
    (tmp_path / "a.mp4").write_bytes(b"ha")
    assert written_names(tmp_path) == {"a.mp4"}


def test_sizes_that_stay_add_no_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"ours")
    note_names(tmp_path, ["a.jpg"])
    for _ in range(3):
        note_names(tmp_path, ["a.jpg"])  # a run that is not over
    for _ in range(3):
        note_sizes(tmp_path, ["a.jpg"])
    assert (tmp_path / LEDGER).read_text() == '"a.jpg"\n["a.jpg", 4]\n'
