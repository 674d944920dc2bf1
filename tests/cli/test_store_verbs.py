"""`maskwatch backup`, `restore`, `audit`, `episodes` and `users`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from maskwatch.cli.config_file import read_config
from maskwatch.cli.main import app, exit_code_of
from maskwatch.config.privacy import Photos
from maskwatch.errors import (
    BackupError,
    MaskwatchError,
    MissingExtra,
    RecordNotFound,
    StoreError,
    UsageError,
)
from maskwatch.store.records import ApiTokenRecord, Role, SessionRecord, UserRecord
from maskwatch.store.store import Store
from tests.store.values import NOON, after, episode, jpeg, photo

RUNNER = CliRunner()


class Site:
    """A configuration file and the folder it names."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.config = folder / "maskwatch.yaml"
        self.config.write_text(f"storage: {{folder: {folder / 'data'}}}\n")

    def open(self) -> Store:
        """The store, as the service has it."""
        data = self.folder / "data"
        return Store.open(f"sqlite:///{data / 'maskwatch.db'}", data / "snapshots", Photos.BLURRED)

    def run(self, *words: str, answer: str | None = None) -> Result:
        """Runs a verb with this configuration."""
        return RUNNER.invoke(app, [*words, "--config", str(self.config)], input=answer)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """With one episode, ``e1``, and its photo."""
    made = Site(tmp_path / "site")
    with made.open() as store:
        taken = photo(store, episode_id="e1", content=jpeg(999))
        store.episodes.add(episode(id="e1", snapshot_id=taken.id))
    return made


def test_a_backup_can_be_restored_elsewhere(site: Site, tmp_path: Path) -> None:
    made = site.run("backup", str(tmp_path / "b.tar"))
    assert made.exit_code == 0, made.exception
    assert f"1 photos of {site.folder / 'data' / 'maskwatch.db'}" in made.stdout
    other = Site(tmp_path / "other")
    restored = other.run("restore", str(tmp_path / "b.tar"))
    assert restored.exit_code == 0, restored.exception
    with other.open() as store:
        one = store.episodes.get("e1")
        assert store.snapshots.read(one.snapshot_id or "") == jpeg(999)
        assert [entry.action for entry in store.audit.page()] == ["backup.restored", "backup.made"]
    again = other.run("restore", str(tmp_path / "b.tar"))
    assert isinstance(again.exception, BackupError)
    assert exit_code_of(again.exception) == 1


def test_the_audit_log_says_of_a_backup_that_could_not_be_written_that_it_failed(
    site: Site, tmp_path: Path
) -> None:
    refused = site.run("backup", str(tmp_path / "no folder" / "b.tar"))
    assert isinstance(refused.exception, BackupError)
    with site.open() as store:
        newest, *_ = store.audit.page()
        assert (newest.action, newest.detail) == ("backup.failed", {"file": "b.tar"})


@pytest.mark.skipif(sys.platform != "linux", reason="only there names of files are any bytes")
def test_a_backup_whose_name_is_no_text_is_noted_readably(site: Site, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.tar"
    backup = [sys.executable, "-m", "maskwatch", "backup", "--config", site.config, name]
    assert subprocess.run(backup, capture_output=True, check=False).returncode == 0
    with site.open() as store:
        assert [each.detail for each in store.audit.entries()] == [{"file": "caf\ufffd.tar"}]


def test_an_untouched_audit_log_is_ok_and_a_changed_one_is_not(site: Site) -> None:
    with site.open() as store:
        store.audit.append("eve", "a")
        store.audit.append("eve", "b")
    sound = site.run("audit", "verify")
    assert sound.exit_code == 0
    assert sound.stdout.startswith("ok; head 2:")
    head = sound.stdout.removeprefix("ok; head ").strip()
    assert site.run("audit", "verify", "--head", head).exit_code == 0
    with site.open() as store, store.database.write() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_no_delete"))
        connection.execute(sa.text("DELETE FROM audit WHERE seq = 2"))
    assert site.run("audit", "verify").exit_code == 0  # an end cut off needs a head to compare
    broken = site.run("audit", "verify", "--head", head)
    assert broken.exit_code == 1
    assert "the audit log is broken at entry 2" in broken.stderr


def test_a_head_that_is_none_is_refused(site: Site) -> None:
    refused = site.run("audit", "verify", "--head", "2")
    assert isinstance(refused.exception, UsageError)


def test_an_episode_is_exported(site: Site, tmp_path: Path) -> None:
    done = site.run("episodes", "export", "e1", "--output", str(tmp_path / "out"))
    assert done.exit_code == 0, done.exception
    told = json.loads((tmp_path / "out" / "e1" / "episode.json").read_text())
    assert told["episode"]["id"] == "e1"
    assert len(list((tmp_path / "out" / "e1").glob("*.jpg"))) == 1


def test_an_episode_is_deleted_when_one_says_yes(site: Site) -> None:
    assert isinstance(site.run("episodes", "delete", "e1", answer="n\n").exception, UsageError)
    with site.open() as store:
        assert store.episodes.count() == 1
    done = site.run("episodes", "delete", "e1", "--yes")
    assert done.stdout == "deleted episode e1 and 1 photo\n"
    with site.open() as store:
        assert store.episodes.count() == 0
        entry = store.audit.page()[0]
        assert entry.actor.startswith("cli:")
        assert entry.action == "episode.deleted"
    gone = site.run("episodes", "delete", "e1", "--yes")
    assert isinstance(gone.exception, RecordNotFound)


def test_an_episode_that_is_named_twice_is_handed_out_and_deleted_once(
    site: Site, tmp_path: Path
) -> None:
    made = site.run("episodes", "export", "e1", "e1", "--output", str(tmp_path / "out"))
    assert made.stdout.split() == [str(tmp_path / "out" / "e1")]
    done = site.run("episodes", "delete", "e1", "e1", "--yes")
    assert done.stdout == "deleted episode e1 and 1 photo\n"
    with site.open() as store:
        noted = [entry.action for entry in store.audit.page()]
    assert sorted(noted) == ["episode.deleted", "episode.exported"]


def test_who_has_lost_the_password_is_given_another_one(site: Site) -> None:
    pytest.importorskip("argon2")
    from maskwatch.web.security.passwords import check_password

    with site.open() as store:
        store.users.add(UserRecord("u", "Anna", Role.ADMIN, "hash", NOON))
        store.sessions.add(SessionRecord("s", "u", NOON, after(1000), NOON))
        store.tokens.add(ApiTokenRecord("t", "u", "nagios", "h", ("system:read",), NOON))
    new = "seven warm melons"
    done = site.run("users", "password", "anna", answer=f"{new}\n{new}\n")
    assert done.exit_code == 0, done.exception
    assert new not in done.stdout
    with site.open() as store:
        assert check_password(store.users.get("u").password_hash, new)
        assert store.sessions.of_user("u") == []
        assert store.tokens.of_user("u")[0].revoked_at is not None
        entry = store.audit.page()[0]
        assert entry.actor.startswith("cli:")
        assert (entry.action, entry.detail["name"]) == ("user.changed", "Anna")
    short = site.run("users", "password", "Anna", answer="melons\nmelons\n")
    assert isinstance(short.exception, UsageError)
    unknown = site.run("users", "password", "eve")
    assert isinstance(unknown.exception, RecordNotFound)
    assert str(unknown.exception) == "no user is called 'eve'; there are: Anna"


@pytest.mark.parametrize(
    "words",
    [
        ["backup", "b.tar"],
        ["audit", "verify"],
        ["episodes", "export", "e1"],
        ["episodes", "delete", "e1", "--yes"],
        ["users", "password", "anna"],
        ["alerts", "test", "horn", "--wait", "0"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_verb_that_finds_no_store_says_where_it_looked_and_makes_none(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "maskwatch.yaml"
    file.write_text("alerts: {channels: {horn: {kind: command, command: [horn]}}}\n")
    refused = RUNNER.invoke(app, [*words, "--config", str(file)])
    assert isinstance(refused.exception, StoreError)
    place = tmp_path / "maskwatch-data" / "maskwatch.db"
    assert str(refused.exception).startswith(f"there is no database at {place}; is storage.folder")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "words",
    [["backup", "b.tar"], ["episodes", "export", "e1"], ["episodes", "delete", "e1", "--yes"]],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_verb_that_finds_the_database_and_no_photos_says_where_it_looked_and_does_nothing(
    site: Site, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"  # from where the service was not started
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    site.config.write_text(
        f"storage: {{folder: data, url: 'sqlite:///{site.folder}/data/maskwatch.db'}}\n"
    )
    refused = site.run(*words)
    assert isinstance(refused.exception, StoreError)
    place = elsewhere / "data" / "snapshots"
    assert str(refused.exception).startswith(f"there are no photos at {place}; is storage.folder")
    assert list(elsewhere.iterdir()) == []
    with site.open() as store:
        assert store.snapshots.read(store.snapshots.where()[0].id) == jpeg(999)
        assert store.deletions.page().items == ()


@pytest.mark.parametrize(
    "words", [["backup"], ["audit", "verify"], ["episodes", "delete", "x", "-y"]]
)
def test_a_verb_without_the_extra_says_which_one_to_install(
    site: Site, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    refused = site.run(*words)
    assert isinstance(refused.exception, MissingExtra)
    assert "maskwatch[serve]" in str(refused.exception)


def test_no_configuration_means_the_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MASKWATCH_STORAGE__FOLDER", str(tmp_path))
    assert read_config("backup", None).storage.folder == tmp_path


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    refused = RUNNER.invoke(app, ["backup", "--config", str(tmp_path / "none.yaml")])
    assert isinstance(refused.exception, MaskwatchError)
