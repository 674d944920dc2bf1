"""Fetching from a server on this machine that can do what real ones do: stop, refuse, continue."""

from __future__ import annotations

import errno
import hashlib
import http.client
import io
import json
import shutil
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwatch.errors import OutputError, SourceError
from maskwatch_train.data.catalogue import RemoteFile, read_catalogue
from maskwatch_train.data.download import fetch, unpack
from maskwatch_train.errors import DataError

CONTENT = bytes(range(256)) * 400


@dataclass
class Site:
    """What the server serves, and what it was asked."""

    url: str = ""
    break_after: int | None = None
    """Bytes after which the next answers break off; None: never."""
    says_length: bool = True
    """Whether it tells a part that is too long how long the file is."""
    breaks: int = 0
    """How many answers do."""
    can_continue: bool = True
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = 0
            if asked and state.can_continue:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                if start >= len(CONTENT):
                    self.send_response(416)
                    if state.says_length:
                        self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
                    self.end_headers()
                    return
                self.send_response(206)
            else:
                self.send_response(200)
            rest = CONTENT[start:]
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if state.breaks > 0:
                state.breaks -= 1
                rest = rest[: state.break_after]
            self.wfile.write(rest)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/set.zip"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def get(site: Site, target: Path, **wanted: str) -> str:
    file = RemoteFile(site.url, target.name, **wanted)
    return fetch(file, target, lambda _have, _total: None, pause_s=0)


def test_a_file_is_fetched_and_its_checksums_compared(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "archives" / "set.zip"
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert get(site, target, sha256=sha256(CONTENT), md5=md5) == sha256(CONTENT)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["set.zip"]


def test_what_breaks_off_is_continued_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.break_after, site.breaks = 30_000, 2
    told: list[tuple[int, int | None]] = []
    file = RemoteFile(site.url, "set.zip", sha256=sha256(CONTENT))
    fetch(file, tmp_path / "set.zip", lambda have, total: told.append((have, total)), pause_s=0)
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert site.ranges == [None, "bytes=30000-", "bytes=60000-"]
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_later_run_continues_what_an_earlier_one_left(site: Site, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(CONTENT[:50_000])
    get(site, tmp_path / "set.zip", sha256=sha256(CONTENT))
    assert site.ranges == ["bytes=50000-"]
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    (tmp_path / "again.zip.part").write_bytes(CONTENT)
    get(site, tmp_path / "again.zip", sha256=sha256(CONTENT))
    assert (tmp_path / "again.zip").read_bytes() == CONTENT


@pytest.mark.parametrize("says_length", [True, False])
def test_a_part_that_is_longer_than_the_file_is_fetched_anew(
    site: Site, tmp_path: Path, says_length: bool
) -> None:
    site.says_length = says_length
    (tmp_path / "set.zip.part").write_bytes(CONTENT + b"of an earlier one")
    get(site, tmp_path / "set.zip", sha256=sha256(CONTENT))
    assert (tmp_path / "set.zip").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (ssl.SSLError("bad record mac"), "bad record mac"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_a_network_that_is_lost_in_the_middle_is_waited_for_and_then_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, told: str
) -> None:
    read, failures = http.client.HTTPResponse.read1, iter([error] * 2)

    def read_until_lost(answer: http.client.HTTPResponse, n: int = -1) -> bytes:
        for each in failures:
            raise each
        return read(answer, n)

    monkeypatch.setattr(http.client.HTTPResponse, "read1", read_until_lost)
    get(site, tmp_path / "set.zip", sha256=sha256(CONTENT))
    failures = iter([error] * 9)
    with pytest.raises(SourceError, match=told):
        get(site, tmp_path / "other.zip")


def test_a_server_that_cannot_continue_starts_again(site: Site, tmp_path: Path) -> None:
    site.can_continue = False
    (tmp_path / "set.zip.part").write_bytes(b"other")
    get(site, tmp_path / "set.zip", sha256=sha256(CONTENT))
    assert (tmp_path / "set.zip").read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_another_checksum_leaves_nothing_behind(site: Site, tmp_path: Path, kind: str) -> None:
    wrong = "0" * (64 if kind == "sha256" else 32)
    with pytest.raises(DataError, match=f"{kind} is .*, must be {wrong}"):
        get(site, tmp_path / "set.zip", **{kind: wrong})
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_keeps_breaking_off_is_given_up_on(site: Site, tmp_path: Path) -> None:
    site.break_after, site.breaks = 10, 99
    with pytest.raises(SourceError, match=r"127\.0\.0\.1.*IncompleteRead"):
        get(site, tmp_path / "set.zip")
    assert len(site.ranges) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip.part"]


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (503, 4)])
def test_what_the_server_says_is_told(
    site: Site, tmp_path: Path, status: int, attempts: int
) -> None:
    site.status = status
    with pytest.raises(SourceError, match=f"{status} "):
        get(site, tmp_path / "set.zip")
    assert len(site.ranges) == attempts


def test_no_server_is_an_error(tmp_path: Path) -> None:
    file = RemoteFile("http://127.0.0.1:9/set.zip", "set.zip")
    with pytest.raises(SourceError, match="refused"):
        fetch(file, tmp_path / "set.zip", lambda _have, _total: None, pause_s=0)


def test_a_disk_without_room_is_said_before(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(9, 9, 100))
    with pytest.raises(OutputError, match="needs 0 MB, but 0 MB are free"):
        get(site, tmp_path / "set.zip")
    assert not (tmp_path / "set.zip").exists()


def zipped(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return path


def test_zip_and_tar_are_unpacked(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", mask__a=b"1"), tmp_path / "zip")
    assert (tmp_path / "zip" / "mask" / "a").read_bytes() == b"1"
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("mask/b")
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"2"))
    unpack(tmp_path / "a.tgz", tmp_path / "tar")
    assert (tmp_path / "tar" / "mask" / "b").read_bytes() == b"2"


def test_the_folder_itself_may_be_an_entry(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a.zip", **{".__": b"", "mask__a": b"1"}), tmp_path / "zip")
    assert (tmp_path / "zip" / "mask" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["", "."])
def test_a_file_without_a_name_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"1")
    with pytest.raises(DataError, match="is a file without a name"):
        unpack(tmp_path / "a.zip", tmp_path / "zip")


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_damaged_archive_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.tar.{kind}"
    content = np.random.default_rng(0).integers(0, 99, 2_000_000, np.uint8).tobytes()
    with tarfile.open(path, f"w:{kind}") as archive:
        entry = tarfile.TarInfo("mask/a")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    data = bytearray(path.read_bytes())
    data[-9000:-8000] = bytes(1000)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.tar.*: cannot be unpacked"):
        unpack(path, tmp_path / "tar")


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "c:/out", "..\\out"])
def test_an_entry_that_would_land_outside_is_refused(tmp_path: Path, name: str) -> None:
    zipped(tmp_path / "a.zip", **{name: b"1"})
    with pytest.raises(DataError, match="would land outside"):
        unpack(tmp_path / "a.zip", tmp_path / "sets" / "in")
    assert not (tmp_path / "out").exists()


def test_a_tar_entry_that_would_land_outside_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("../out"), io.BytesIO())
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(tmp_path / "a.tar", tmp_path / "sets" / "in")


def test_other_files_and_damaged_archives_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no archive")
    with pytest.raises(DataError, match="neither a ZIP nor a TAR"):
        unpack(tmp_path / "a.txt", tmp_path / "in")
    damaged = zipped(tmp_path / "a.zip", a=b"content" * 99)
    damaged.write_bytes(damaged.read_bytes().replace(b"content", b"contend", 1))
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(damaged, tmp_path / "in")


def test_an_archive_whose_names_are_no_text_is_refused(tmp_path: Path) -> None:
    damaged = zipped(tmp_path / "a.zip", ä=b"content")
    damaged.write_bytes(damaged.read_bytes().replace("ä".encode(), b"\xe4."))
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(damaged, tmp_path / "in")


def test_every_known_set_has_a_licence_and_a_way_to_get_it() -> None:
    sets = read_catalogue()
    assert {"balajisrinivas", "wider-face", "kaggle-andrewmvd"} <= sets.keys()
    assert all(each.licence and each.page and (each.files or each.manual) for each in sets.values())


SET = {"title": "", "page": "", "licence": "", "layout": "", "folder": ""}
FILE = {"url": "http://x/y", "name": "y"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a JSON object"),
        ("3", "not a JSON object"),
        ({"a": {"title": "t"}}, "entry 'a'"),
        ({"a": 1}, "entry 'a'"),
        ({"a": SET}, "neither files nor a word"),
        ({"a": SET | {"files": [FILE | {"name": "../y"}]}}, "not a plain file name"),
        ({"a": SET | {"files": [FILE | {"url": "file:///y"}]}}, "not an HTTP address"),
        ({"a": SET | {"files": [FILE | {"sha256": "abc"}]}}, "'abc' is not a sha256"),
    ],
)
def test_a_catalogue_that_makes_no_sense_is_refused(
    tmp_path: Path, content: object, message: str
) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "sets.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_catalogue(tmp_path / "sets.json")
