"""Downloading a set from a server on this machine, as a user calls it."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shlex
import shutil
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.maskwatch_train.data.painted import save_pattern
from typer.testing import CliRunner, Result

from maskwatch.errors import UsageError
from maskwatch_train.cli.data import app
from maskwatch_train.data.catalogue import read_catalogue
from maskwatch_train.errors import DataError


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Path]:
    """A catalogue of one set, and a server for it."""
    site = tmp_path / "site"
    site.mkdir()
    picture = save_pattern(tmp_path / "a.png", 1)
    with zipfile.ZipFile(site / "set.zip", "w") as archive:
        for label in ("with_mask", "without_mask"):
            archive.write(picture, f"repo/dataset/{label}/a.png")
    handler = functools.partial(_Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    digest = hashlib.sha256((site / "set.zip").read_bytes()).hexdigest()
    common = {"title": "Faces", "page": "", "licence": "CC0 1.0"}
    common |= {"layout": "folders", "folder": "repo/dataset"}
    url = f"http://127.0.0.1:{server.server_port}/set.zip"
    files = [{"name": "set.zip", "url": url, "sha256": digest}]
    path = tmp_path / "sets.json"
    sets = {"faces": common | {"files": files}, "by-hand": common | {"manual": "log in there"}}
    path.write_text(json.dumps(sets))
    yield path
    server.shutdown()
    thread.join()
    server.server_close()


def run(catalogue: Path, *words: str | Path) -> Result:
    verb = ["download", "--catalogue", catalogue, *words]
    return CliRunner().invoke(app, [str(word) for word in verb])


def test_without_a_name_the_sets_are_listed_with_their_licences(catalogue: Path) -> None:
    listed = run(catalogue).stdout
    assert "faces: Faces\n  licence: CC0 1.0" in listed


def test_a_set_is_fetched_unpacked_and_ready_to_import(catalogue: Path, tmp_path: Path) -> None:
    to = tmp_path / "Ann's data"
    result = run(catalogue, "faces", "--to", to, "--accept-licence")
    assert result.exit_code == 0, (result.output, result.exception)
    assert "licence: CC0 1.0" in result.stdout
    digest = hashlib.sha256((to / "archives" / "set.zip").read_bytes()).hexdigest()
    assert f"set.zip: sha256 {digest}" in result.stdout
    origin = json.loads((to / "faces" / "ORIGIN.json").read_text())
    assert (origin["licence"], origin["sha256"]) == ("CC0 1.0", {"set.zip": digest})
    out = tmp_path / "faces.jsonl"
    folder = to / "faces" / "repo" / "dataset"
    _, _, said = result.stdout.partition("next: ")
    program, group, *verb = shlex.split(said)
    assert [program, group] == ["maskwatch-train", "data"]
    assert {str(folder), "faces", "CC0 1.0"} < set(verb)
    assert CliRunner().invoke(app, [*verb, "--out", str(out)]).exit_code == 0


def test_a_licence_that_nobody_read_is_marked(catalogue: Path, tmp_path: Path) -> None:
    assert "not verified by this project" in run(catalogue).stdout
    sets = json.loads(catalogue.read_text())
    sets["faces"]["checked"] = "its LICENSE file"
    checked = tmp_path / "checked.json"
    checked.write_text(json.dumps(sets))
    listed = run(checked).stdout
    assert "read in: its LICENSE file" in listed


def test_of_the_sets_that_come_with_the_kit_only_those_of_kaggle_are_unverified() -> None:
    unread = {name for name, each in read_catalogue().items() if not each.checked}
    assert unread == {"kaggle-andrewmvd", "kaggle-12k"}


def test_without_a_word_on_the_licence_nothing_is_fetched(catalogue: Path, tmp_path: Path) -> None:
    result = run(catalogue, "faces", "--to", tmp_path / "data")
    assert isinstance(result.exception, UsageError)
    assert "--accept-licence" in str(result.exception)
    assert not (tmp_path / "data").exists()


def test_a_changed_archive_is_refused_and_nothing_unpacked(catalogue: Path, tmp_path: Path) -> None:
    with (tmp_path / "site" / "set.zip").open("ab") as archive:
        archive.write(b"more")
    result = run(catalogue, "faces", "--to", tmp_path / "data", "--accept-licence")
    assert isinstance(result.exception, DataError)
    assert "sha256 is" in str(result.exception)
    assert list((tmp_path / "data").rglob("*")) == [tmp_path / "data" / "archives"]


def test_a_set_that_needs_a_person_takes_the_archive_that_the_person_got(
    catalogue: Path, tmp_path: Path
) -> None:
    result = run(catalogue, "by-hand", "--to", tmp_path / "data", "--accept-licence")
    assert isinstance(result.exception, UsageError)
    assert "log in there" in str(result.exception)
    words = ("--archive", tmp_path / "site" / "set.zip", "--accept-licence")
    assert run(catalogue, "by-hand", "--to", tmp_path / "data", *words).exit_code == 0
    assert (tmp_path / "data" / "by-hand" / "repo" / "dataset" / "with_mask" / "a.png").exists()
    other = run(catalogue, "by-hand", "--to", tmp_path / "x", *words, "--checksum", "0" * 64)
    assert isinstance(other.exception, DataError)


def test_a_file_that_was_given_is_never_deleted(catalogue: Path, tmp_path: Path) -> None:
    given = (tmp_path / "site" / "set.zip").rename(tmp_path / "set.part")
    words = ("--archive", given, "--accept-licence", "--checksum", "0" * 64)
    result = run(catalogue, "by-hand", "--to", tmp_path / "data", *words)
    assert isinstance(result.exception, DataError)
    assert given.exists()


def test_an_archive_that_is_here_must_be_the_one_of_the_catalogue(
    catalogue: Path, tmp_path: Path
) -> None:
    words = ("faces", "--to", tmp_path / "data", "--accept-licence", "--archive")
    here = shutil.copy(tmp_path / "site" / "set.zip", tmp_path)
    other = shutil.copy(here, tmp_path / "other.zip")
    result = run(catalogue, *words, other)
    assert isinstance(result.exception, UsageError)
    assert "faces consists of set.zip, under these names; given are other.zip" in (
        str(result.exception)
    )
    with Path(here).open("ab") as archive:
        archive.write(b"more")
    result = run(catalogue, *words, here)
    assert isinstance(result.exception, DataError)
    assert "sha256 is" in str(result.exception)
    assert not (tmp_path / "data" / "faces").exists()
    assert run(catalogue, *words, tmp_path / "site" / "set.zip").exit_code == 0


def test_of_a_set_with_several_archives_all_must_be_given(catalogue: Path, tmp_path: Path) -> None:
    sets = json.loads(catalogue.read_text())
    (first,) = sets["faces"]["files"]
    sets["faces"]["files"].append({"name": "more.zip", "url": first["url"]})
    catalogue.write_text(json.dumps(sets))
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("repo/more.txt", "more")
    both = [tmp_path / "site" / "set.zip", tmp_path / "more.zip"]
    words = ["faces", "--to", tmp_path / "data", "--accept-licence"]
    for one in both:
        result = run(catalogue, *words, "--archive", one)
        assert isinstance(result.exception, UsageError)
        assert "faces consists of set.zip, more.zip" in str(result.exception)
    (tmp_path / "copies").mkdir()
    twice = shutil.copy(both[1], tmp_path / "copies")
    given = [word for path in both for word in ("--archive", path)]
    result = run(catalogue, *words, *given, "--archive", twice)
    assert "two archives have the same name" in str(result.exception)
    assert run(catalogue, *words, *given).exit_code == 0
    assert (tmp_path / "data" / "faces" / "repo" / "more.txt").exists()
    origin = json.loads((tmp_path / "data" / "faces" / "ORIGIN.json").read_text())
    assert origin["sha256"].keys() == {"set.zip", "more.zip"}


def test_an_unknown_set_is_an_error_that_names_the_known_ones(catalogue: Path) -> None:
    result = run(catalogue, "hats")
    assert isinstance(result.exception, UsageError)
    assert "there are faces, by-hand" in str(result.exception)
