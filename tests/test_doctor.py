"""Each check against the real thing: an RTSP camera, a mail server, a database, a disk."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from maskwatch import doctor
from maskwatch.config.cameras import CameraConfig
from maskwatch.config.root import Config, parse_config
from maskwatch.doctor import Verdict
from maskwatch.store.database import Database
from maskwatch.store.ids import new_id
from maskwatch.store.records import StoredCamera
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade
from tests.servers.local import free_port, need_rtsp_server, port_of, rtsp_camera, web_server
from tests.servers.postgres import postgres


def config(text: str, folder: Path) -> Config:
    return parse_config(f"storage: {{folder: {folder}, min_free_gb: 0}}\n{text}", "test.yaml")


def camera(url: str) -> CameraConfig:
    return CameraConfig.model_validate({"url": url})


def test_a_camera_that_delivers_and_one_that_does_not() -> None:
    need_rtsp_server()
    with rtsp_camera() as server:
        found = doctor.check_camera("door", camera(f"rtsp://127.0.0.1:{port_of(server)}/cam"))
        assert found.verdict is Verdict.WARNING  # a camera of 320x240
        assert "320x240 is small" in found.said
        assert found.frame_bytes == 320 * 240 * 3
    found = doctor.check_camera("door", camera(f"rtsp://viewer:s3cret@127.0.0.1:{free_port()}/x"))
    assert (found.what, found.verdict) == ("camera door", Verdict.FAILED)
    assert found.advice
    assert "s3cret" not in f"{found}"


def test_a_still_picture_behind_an_address_is_no_camera(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "samples" / "states.jpg", tmp_path)
    with web_server(tmp_path) as server:
        found = doctor.check_camera("door", camera(f"{server.url}/states.jpg"))
    assert found.verdict is Verdict.FAILED
    assert "not a live stream" in found.said
    assert "live stream" in found.advice


def test_a_camera_that_is_switched_off_is_not_tried() -> None:
    off = CameraConfig.model_validate({"url": "rtsp://nowhere.test/1", "enabled": False})
    assert doctor.check_camera("door", off).said == "switched off"


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("cannot be opened: user name or password not accepted (401)", "correct user name"),
        ("cannot be opened: not found (404)", "path of the stream"),
        ("cannot be opened: connection refused", "nothing listens"),
        ("the decoder process died: not enough shared memory (/dev/shm)", "--shm-size"),
        (
            "cannot be opened: 10.0.0.5 is in a network that is not open to the dashboard",
            "networks",
        ),
        ("no picture within 30 s", "can this machine reach it"),
    ],
)
def test_the_advice_follows_from_the_reason(reason: str, advice: str) -> None:
    assert advice in doctor._advice_for_camera(reason)


@pytest.mark.parametrize(
    ("room_mb", "verdict"), [(64, Verdict.FAILED), (80, Verdict.OK)], ids=["short", "enough"]
)
def test_shared_memory_must_hold_a_frame_of_each_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_mb: int, verdict: Verdict
) -> None:
    def delivering(name: str, *_: object) -> doctor.Finding:
        return doctor.Finding(f"camera {name}", Verdict.OK, "", frame_bytes=3840 * 2160 * 3)

    def size_of(_: Path) -> SimpleNamespace:
        return SimpleNamespace(f_blocks=room_mb * 250, f_frsize=4000)

    monkeypatch.setattr(doctor, "check_camera", delivering)
    monkeypatch.setattr(doctor, "_SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(doctor.os, "statvfs", size_of)
    text = "cameras: {a: {url: 0}, b: {url: 1}, c: {url: 2}}\nweb: {port: 0}"
    found = list(doctor.examine(config(text, tmp_path)))[-1]
    assert (found.what, found.verdict) == ("shared memory", verdict)
    assert f"{room_mb} MB" in found.said
    assert ("--shm-size" in found.advice) == (verdict is Verdict.FAILED)


def test_a_clock_that_was_never_set_is_a_failure() -> None:
    assert doctor.check_clock(datetime(1970, 1, 2, tzinfo=UTC)).verdict is Verdict.FAILED
    found = doctor.check_clock(datetime(2027, 1, 2, tzinfo=UTC))
    assert found.verdict in (Verdict.OK, Verdict.WARNING)
    assert "2027-01-02" in found.said


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def storage_checks(config: Config) -> list[Verdict]:
    return [check(config).verdict for check in (doctor.check_database, doctor.check_disk)]


@pytest.mark.parametrize("place", ["", "to/be/made"])
def test_the_database_and_the_disk_are_tried_and_nothing_is_left(
    tmp_path: Path, place: str
) -> None:
    assert storage_checks(config("", tmp_path / place)) == [Verdict.OK] * 2
    assert contents(tmp_path) == {}


def test_a_database_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    there = config("", tmp_path)
    with Store.open(there.storage.database_url, there.storage.snapshots) as store:
        store.settings.set("a", "b")
    before = contents(tmp_path)
    assert storage_checks(there) == [Verdict.OK] * 2
    assert contents(tmp_path) == before


def test_a_database_may_be_tried_while_the_service_has_it_open(tmp_path: Path) -> None:
    there = config("", tmp_path)
    with Store.open(there.storage.database_url, there.storage.snapshots) as store:
        store.settings.set("a", "b")
        assert doctor.check_database(there).verdict is Verdict.OK
        assert (store.settings.get("a"), store.settings.get("doctor")) == ("b", None)


def test_a_file_that_the_store_has_not_opened_yet_stays_as_it_is(tmp_path: Path) -> None:
    """To open it as the store does would rewrite its header."""
    file = tmp_path / "maskwatch.db"
    file.touch()
    assert storage_checks(config("", tmp_path)) == [Verdict.OK] * 2
    assert contents(tmp_path) == {file: b""}
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TABLE notes (text)")
    before = contents(tmp_path)
    assert storage_checks(config("", tmp_path)) == [Verdict.OK] * 2
    assert contents(tmp_path) == before
    file.write_bytes(b"no database at all" * 100)
    assert storage_checks(config("", tmp_path)) == [Verdict.FAILED, Verdict.OK]
    assert file.read_bytes() == b"no database at all" * 100


def test_a_database_of_a_newer_version_is_named_and_one_of_an_older_stays(tmp_path: Path) -> None:
    there = config("", tmp_path)
    database = Database(there.storage.database_url)
    upgrade(database, known_revisions()[0])
    assert doctor.check_database(there).verdict is Verdict.OK
    with database.write() as connection:
        assert current_revision(connection) == known_revisions()[0]
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'm9999'"))
    found = doctor.check_database(there)
    assert (found.verdict, "newer version" in found.said) == (Verdict.FAILED, True)
    database.close()


def test_an_empty_database_of_a_server_stays_empty(tmp_path: Path) -> None:
    with postgres() as server, server.database() as url:
        there = parse_config(f"storage: {{folder: {tmp_path}, url: '{url}'}}", "test.yaml")
        found = doctor.check_database(there)
        assert (found.verdict, found.said) == (Verdict.OK, "PostgreSQL takes what is written")
        database = Database(url)
        with database.read() as connection:
            assert sa.inspect(connection).get_table_names() == []
        database.close()


def test_a_full_disk_and_a_folder_that_is_none_are_named(tmp_path: Path) -> None:
    storage = f"storage: {{folder: {tmp_path}, min_free_gb: 1000000}}"
    full = doctor.check_disk(parse_config(storage, "test.yaml"))
    assert (full.verdict, "less than storage.min_free_gb" in full.said) == (Verdict.WARNING, True)
    file = tmp_path / "file"
    file.touch()
    bad = config("", file / "folder")
    assert doctor.check_disk(bad).verdict is Verdict.FAILED
    found = doctor.check_database(bad)
    assert (found.verdict, "not a directory" in found.said) == (Verdict.FAILED, True)


CHANNELS = """
alerts:
  channels:
    mail: {{kind: email, host: 127.0.0.1, port: {port}, sender: a@example.org,
      to: [b@example.org], security: none, timeout_s: 5}}
    mqtt: {{kind: mqtt, host: 127.0.0.1, port: {port}, timeout_s: 5}}
    hook: {{kind: webhook, url: "http://127.0.0.1:{port}/x", secret: 0123456789abcdef}}
    bell: {{kind: command, command: [{program}]}}
"""


def test_channels_that_nobody_answers_are_named(tmp_path: Path) -> None:
    text = CHANNELS.format(port=free_port(), program="no-such-program")
    bad = config(text, tmp_path)
    found = {name: doctor.check_channel(bad, name) for name in bad.alerts.channels}
    assert {each.verdict for each in found.values()} == {Verdict.FAILED}
    assert "refused" in found["mail"].said.lower()
    assert "refused" in found["mqtt"].said
    assert "refused" in found["hook"].said
    assert "no program no-such-program" in found["bell"].said
    assert found["mail"].advice == "correct alerts.channels.mail"


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # by a module of Apprise
@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{kind: apprise, url: 'nosuchservice://x'}", "Apprise does not understand the url"),
        (
            "{kind: webhook, url: 'https://127.0.0.1:PORT/', secret: 0123456789abcdef,"
            " ca_file: nothing.pem}",
            "nothing.pem: no usable certificates",
        ),
    ],
)
def test_a_channel_that_keeps_the_service_from_starting_is_named(
    tmp_path: Path, channel: str, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given = channel.replace("PORT", str(listener.getsockname()[1]))
        bad = config(f"alerts: {{channels: {{a: {given}}}}}", tmp_path)
        found = doctor.check_channel(bad, "a")
    assert (found.verdict, said in found.said) == (Verdict.FAILED, True)
    assert found.advice == "correct alerts.channels.a"


def test_a_host_that_answers_and_a_program_that_is_there_are_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        text = CHANNELS.format(port=listener.getsockname()[1], program="python3")
        good = config(text, tmp_path)
        assert doctor.check_channel(good, "hook").verdict is Verdict.OK
        assert doctor.check_channel(good, "bell").verdict is Verdict.OK


def test_a_port_that_is_taken_may_be_the_service_itself(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        taken = doctor.check_port(config(f"web: {{port: {port}}}", tmp_path))
    assert taken.verdict is Verdict.WARNING
    assert "fine if the service is running" in taken.advice
    free = config(f"web: {{port: {free_port()}}}", tmp_path)
    assert doctor.check_port(free).verdict is Verdict.OK


def test_the_models_of_the_package_load_and_their_speed_is_measured(tmp_path: Path) -> None:
    found = doctor.check_models(config("cameras: {a: {url: 0, max_fps: 0.001}}", tmp_path))
    assert found.verdict is Verdict.OK
    assert "pictures a second" in found.said
    missing = config(f"inference: {{classifier_folder: {tmp_path}}}", tmp_path)
    assert doctor.check_models(missing).verdict is Verdict.FAILED


def test_cameras_that_look_for_far_faces_ask_more_of_the_models(tmp_path: Path) -> None:
    camera = "cameras: {a: {url: 0, max_fps: 0.001, small_faces: true}}"
    found = doctor.check_models(config(camera, tmp_path))
    assert found.verdict is Verdict.OK
    plain, fine = map(int, re.findall(r"(\d+) (?:pictures|of 1080p)", found.said))
    assert fine < plain


def test_a_check_that_fails_itself_is_a_finding_and_the_others_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> doctor.Finding:
        raise ValueError("s3cret")

    monkeypatch.setattr(doctor, "check_disk", fail)
    found = {each.what: each for each in doctor.examine(config("web: {port: 0}", tmp_path))}
    assert list(found) == ["clock", "models", "database", "disk", "dashboard"]
    assert found["disk"].verdict is Verdict.FAILED
    assert "ValueError in test_doctor.py, line" in found["disk"].said
    assert "s3cret" not in f"{found}"
    assert found["dashboard"].verdict is Verdict.OK


def test_whoever_has_heard_enough_does_not_wait_for_the_checks_that_have_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def slow(name: str, _: CameraConfig) -> doctor.Finding:
        tried.append(name)
        time.sleep(1)  # of 100, 8 at a time: the others have begun 12 seconds later
        return doctor.Finding(name, Verdict.OK, "")

    monkeypatch.setattr(doctor, "check_camera", slow)
    monkeypatch.setattr(doctor, "check_models", lambda _: doctor.Finding("models", Verdict.OK, ""))
    cameras = ", ".join(f"c{i}: {{url: rtsp://nowhere.test/{i}}}" for i in range(100))
    found = doctor.examine(config(f"cameras: {{{cameras}}}", tmp_path))
    assert next(found).what == "clock"
    found.close()
    assert len(tried) < 50


def test_everything_is_examined(tmp_path: Path) -> None:
    text = "cameras: {off: {url: 0, enabled: false}}\nweb: {port: 0}"
    names = [found.what for found in doctor.examine(config(text, tmp_path))]
    assert contents(tmp_path) == {}
    assert names == ["clock", "models", "database", "disk", "camera off", "dashboard"]


def stored(there: Config, name: str, **settings: object) -> None:
    """A camera as the dashboard adds it."""
    now = datetime.now(UTC)
    with Store.open(there.storage.database_url, there.storage.snapshots) as store:
        store.cameras.add(StoredCamera(new_id(), name, settings, now, now))


def test_cameras_of_the_dashboard_are_tried_too_where_the_service_may_reach_them(
    tmp_path: Path,
) -> None:
    there = config("cameras: {off: {url: 0, enabled: false}}\nweb: {port: 0}", tmp_path)
    stored(there, "ward", url=f"rtsp://127.0.0.1:{free_port()}/1", max_fps=60)
    stored(there, "cellar", url="rtsp://nowhere.test/1", enabled=False)
    before = contents(tmp_path)
    found = {each.what: each for each in doctor.examine(there)}
    assert contents(tmp_path) == before
    cameras = [what for what in found if what.startswith("camera ")]
    assert cameras == ["camera off", "camera cellar", "camera ward"]
    assert found["camera cellar"].said == "switched off"
    assert found["camera ward"].verdict is Verdict.FAILED
    assert "not open to the dashboard" in found["camera ward"].said
    assert "web.camera_networks" in found["camera ward"].advice


def test_the_speed_of_the_models_is_compared_with_cameras_of_the_dashboard_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = doctor.Finding("camera", Verdict.OK, "")
    monkeypatch.setattr(doctor, "check_camera", lambda *_: nothing)
    there = config("web: {port: 0}", tmp_path)
    for number in range(40):
        stored(there, f"ward {number}", url="rtsp://nowhere.test/1", max_fps=60)
    models = next(each for each in doctor.examine(there) if each.what == "models")
    assert (models.verdict, "ask for 2400" in models.said) == (Verdict.WARNING, True)


def test_cameras_of_a_database_that_another_version_made_are_left_alone(tmp_path: Path) -> None:
    there = config("web: {port: 0}", tmp_path)
    stored(there, "ward", url="rtsp://nowhere.test/1", enabled=False)
    database = Database(there.storage.database_url)
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'm9999'"))
    database.close()
    found = [each.what for each in doctor.examine(there)]
    assert found == ["clock", "models", "database", "disk", "dashboard"]
