import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwatch.errors import OutputError
from maskwatch.outputs.files import LineFile, make_folder, put_in_place, write_text, write_whole


def test_a_whole_file_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    write_whole(path, b"new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_whole_file_that_cannot_be_written_leaves_the_earlier_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "out.json"
    path.write_text("old")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"out\.json: no space left on the device"):
        write_whole(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_stopped_half_way_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    def stopped(path: Path) -> None:
        with put_in_place(path) as part:
            part.write_text("ne")
            raise KeyboardInterrupt

    path = tmp_path / "out.npy"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        stopped(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_write_one_file_at_once_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.npy"
    with put_in_place(path) as part:
        part.write_text("first")
        monkeypatch.setattr("os.getpid", lambda: 0)
        with put_in_place(path) as other:
            other.write_text("second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "out.json"
    link.symlink_to(tmp_path / "there" / "real.json")
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "real.json").read_bytes() == b"new"


def test_a_link_that_leads_to_itself_is_named_with_the_reason(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(OutputError, match=r"loop: .*symbolic links"):
        write_whole(loop, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_who_may_read_an_earlier_file_may_read_the_new_one_and_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.touch(mode=0o600)
    write_whole(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    write_whole(path, b"newer")
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "chown"), reason="files have no owner here")
@pytest.mark.parametrize("code", [errno.EPERM, errno.EINVAL, errno.ENOSYS])
def test_a_file_of_somebody_else_is_replaced_where_its_owner_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As on disks without owners, or in a container that does not know the one of the file."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    path = tmp_path / "out.json"
    path.write_bytes(b"an earlier one")
    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    before = path.stat().st_ino
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino != before


def test_a_new_file_is_open_to_no_more_people_while_it_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.touch(mode=0o600)
    with put_in_place(path) as part:
        part.write_bytes(b"new")
        assert part.stat().st_mode & 0o077 == 0
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EACCES])
def test_a_file_that_nothing_may_take_the_place_of_is_written_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As one that was mounted into a container, or was made in a folder of somebody else."""

    def refuse(*_: object) -> Path:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "replace", refuse)
    path = tmp_path / "out.json"
    with pytest.raises(OutputError, match=os.strerror(code)[1:]):
        write_whole(path, b"new")
    path.write_bytes(b"an earlier one")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_the_longest_name_that_a_disk_takes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".jpg")
    write_whole(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_where_a_file_is_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="out: there is a file of that name"):
        make_folder(tmp_path / "out")


def test_text_for_standard_output_goes_there(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_text("-", "né\n")
    assert capfdbinary.readouterr().out == "né\n".encode()


def test_lines_are_on_disk_as_soon_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.jsonl"
    lines = LineFile(str(path))
    lines.write("one\n")
    assert path.read_text() == "one\n"
    lines.write("two\nthree\n")
    assert path.read_text() == "one\ntwo\nthree\n"
    lines.close()


class DiskOf:
    """A raw file on a disk with room for so many bytes."""

    def __init__(self, path: Path, room: int) -> None:
        self._file = path.open("wb", buffering=0)
        self._room = room

    def write(self, data: memoryview) -> int:
        if self._room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(data[: self._room])
        self._room -= written
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    monkeypatch.setattr("maskwatch.outputs.files._unbuffered", lambda path: DiskOf(path, 10))
    lines = LineFile(str(path))
    lines.write("first\n")
    with pytest.raises(OutputError, match=r"rows\.jsonl: no space left on the device"):
        lines.write("second line\n")
    lines.close()
    assert path.read_text() == "first\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_device_that_is_always_full_is_named_with_the_reason() -> None:
    lines = LineFile("/dev/full")
    with pytest.raises(OutputError, match=r"^/dev/full: no space left on the device$"):
        lines.write("one\n")
    lines.close()


def test_a_file_in_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission denied"):
        LineFile(str(tmp_path / "rows.jsonl"))


def test_names_that_are_no_text_are_escaped_as_json_reads_them_back(tmp_path: Path) -> None:
    write_text(str(tmp_path / "out.json"), '"caf\udce9"')
    assert (tmp_path / "out.json").read_text() == '"caf\\udce9"'


@pytest.mark.parametrize("write", [LineFile, lambda target: write_text(target, "[]\n")])
def test_a_program_started_without_standard_output_says_so(
    write: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by ``>&-``, or by a service manager."""
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OutputError, match="standard output: it is closed"):
        write("-")
