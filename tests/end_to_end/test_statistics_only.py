"""Statistics-only mode, over the whole service: no picture is written, sent or shown anywhere.

The same service runs twice on the same camera with the same person in front of it. Everything that
it wrote and everything that it sent is searched for pictures. Without the switch they are found in
each place, so the search is known to work; with it there is none in any.
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.serving import PATIENCE_S, Program, serving
from tests.pictures import pictures_in
from tests.servers.hooks import hook_server
from tests.servers.local import need_rtsp_server
from tests.servers.mail import mail_server
from tests.servers.mqtt import PASSWORD, USER, mosquitto, need_mosquitto
from tests.servers.relay import Relay, relay
from tests.servers.rtsp import rtsp_camera

ADMIN_PASSWORD = "seven slow lemons"  # noqa: S105 - made up
API = "/api/v1"
ENOUGH_BYTES = 200_000
"""Of a live stream: some pictures."""

LONG_ENOUGH = 40
"""Pictures, of which eight are looked at in a second."""

TOO_LATE = 502
"""The answer when a camera that is tested delivers no picture within 15 s."""


@dataclass
class Evidence:
    """What left the service, by the way it took."""

    found: dict[str, list[str]] = field(default_factory=dict)
    bytes_seen: dict[str, int] = field(default_factory=dict)
    violation_told: bool = False
    """Over MQTT, that somebody is in violation right now."""
    out_of_reach: set[str] = field(default_factory=set)
    """Ways that could not be tried, because the machine was too busy."""

    def search(self, place: str, data: bytes) -> None:
        self.found.setdefault(place, []).extend(pictures_in(data))
        self.bytes_seen[place] = self.bytes_seen.get(place, 0) + len(data)


def config_of(folder: Path, relays: Mapping[str, Relay], camera: str, *, only: bool) -> Path:
    channels = {
        "mail": {
            "kind": "email",
            "host": "127.0.0.1",
            "port": relays["mail"].port,
            "security": "none",
            "sender": "m@example.org",
            "to": ["ann@example.org"],
        },
        "home": {
            "kind": "mqtt",
            "host": "127.0.0.1",
            "port": relays["mqtt"].port,
            "username": USER,
            "password": PASSWORD,
        },
        "hook": {
            "kind": "webhook",
            "url": f"http://127.0.0.1:{relays['hook'].port}/",
            "secret": "s" * 16,
        },
    }
    values = {
        "privacy": {"photos": "clear", "statistics_only": only},
        "storage": {"folder": str(folder / "data"), "min_free_gb": 0},
        "web": {"port": 0, "camera_networks": ["127.0.0.0/8"]},
        "cameras": {"door": {"url": camera, "read_timeout_s": 60}},
        "alerts": {
            "channels": channels,
            "camera_trouble": {"channels": list(channels), "after_s": 0},
        },
    }
    path = folder / "maskwatch.yaml"
    path.write_text(json.dumps(values))  # which is YAML
    return path


def wait_until(condition: Callable[[], bool], program: Program) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, program.log
        time.sleep(0.1)


@contextmanager
def administrator(program: Program) -> Iterator[httpx.Client]:
    """Somebody who may see everything that there is to see."""
    link = re.compile(r"make the administrator at (http://\S+)/setup/(\S+)")
    program.wait_for_log("make the administrator at")
    base_url, secret = link.findall(program.log)[-1]
    headers = {"Accept-Encoding": "identity"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=PATIENCE_S) as client:
        first = {"secret": secret, "name": "anna", "password": ADMIN_PASSWORD}
        assert client.post(f"{API}/setup", json=first).status_code == 201
        client.headers["X-CSRF-Token"] = client.get(f"{API}/me").json()["csrf"]
        yield client


def somebody_is_in_violation(client: httpx.Client, *, only: bool) -> bool:
    answer = client.get(f"{API}/cameras/door/people")
    if answer.status_code != 200:
        return False
    people = answer.json()["people"]
    if not only:
        return any(person["episode_id"] for person in people)
    # Nothing is said of anybody: somebody who is there for so long is in violation by then.
    assert people == []
    status = client.get(f"{API}/cameras/door").json()["status"]
    return bool(status["people"] == 1 and status["frames"] > LONG_ENOUGH)


def look_at_everything(client: httpx.Client, camera: str, evidence: Evidence) -> None:
    """Asks for every kind of picture that the dashboard and its API know."""
    episodes = client.get(f"{API}/episodes").json()["items"]
    paths = ["/", "/events", "/cameras/door", f"{API}/cameras/door/people"]
    paths += [f"{API}/cameras/door/frame.jpg", f"{API}/review", f"{API}/review/export.zip"]
    for each in episodes:
        at = f"{API}/episodes/{each['id']}"
        paths += [at, f"{at}/photo", f"{at}/export.zip"]
    for path in paths:
        evidence.search("web", client.get(path).content)
    answer = client.post(f"{API}/cameras/test", json={"url": camera})
    if answer.status_code == TOO_LATE:
        evidence.out_of_reach.add("test")
    evidence.search("test", answer.content)
    seen = b""
    with client.stream("GET", f"{API}/cameras/door/stream.mjpg") as answer:
        for part in answer.iter_bytes():
            seen += part
            if len(seen) > ENOUGH_BYTES or seen.count(b"\xff\xd8\xff") > 2:
                break
    evidence.search("stream", seen)


def run(folder: Path, *, only: bool) -> tuple[Evidence, Program]:
    """The service from start to stop: a violation, all channels, every picture asked for."""
    evidence = Evidence()
    (folder / "temporary").mkdir()
    broker_folder = folder.with_name(f"{folder.name} broker")
    broker_folder.mkdir()
    with (
        mail_server() as mail,
        mosquitto(broker_folder) as broker,
        hook_server() as hook,
        relay(mail.port) as to_mail,
        relay(broker.port) as to_broker,
        relay(hook.port) as to_hook,
    ):
        relays = {"mail": to_mail, "mqtt": to_broker, "hook": to_hook}
        with rtsp_camera() as camera:
            url = f"rtsp://127.0.0.1:{camera.port}/person"
            config = config_of(folder, relays, url, only=only)
            with serving(config, "tests.end_to_end.service_program") as program:
                with administrator(program) as client:
                    wait_until(lambda: somebody_is_in_violation(client, only=only), program)
                    if not only:
                        wait_until(lambda: bool(mail.mails and hook.requests), program)
                    look_at_everything(client, url, evidence)
                    already = len(mail.mails), len(hook.requests)
                    camera.process.kill()  # of which they hear in either mode
                    wait_until(
                        lambda: len(mail.mails) > already[0] and len(hook.requests) > already[1],
                        program,
                    )
                program.process.send_signal(signal.SIGTERM)
                assert program.process.wait(PATIENCE_S) == 0
        for name, each in relays.items():
            for sent in each.sent:
                evidence.search(name, bytes(sent))
                evidence.violation_told |= b'"violation": true' in sent
    for path in folder.rglob("*"):
        if path.is_file():
            evidence.search("disk", path.read_bytes())
    return evidence, program


def test_no_picture_is_written_sent_or_shown_and_without_the_switch_they_are_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_rtsp_server()
    need_mosquitto()
    results = {}
    for only in (False, True):
        folder = tmp_path / ("only" if only else "all")
        folder.mkdir()
        # What is put into a temporary file or a home directory is searched, too.
        monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
        monkeypatch.setenv("HOME", str(folder))
        results[only] = run(folder, only=only)
    everything, nothing = results[False][0], results[True][0]

    places = {"mail", "mqtt", "hook", "web", "test", "stream", "disk"}
    with_pictures = {place for place, found in everything.found.items() if found}
    assert with_pictures == places - everything.out_of_reach
    assert not nothing.out_of_reach
    assert (everything.violation_told, nothing.violation_told) == (True, False)
    assert nothing.found == {place: [] for place in places}
    assert all(nothing.bytes_seen[place] > 0 for place in places)

    program = results[True][1]
    assert program.rows("select count(*) from people_buckets") == [(1,)]  # so it did look
    assert program.rows("select no_mask, hidden from people_buckets") == [(None, 1)]
    for table in ("episodes", "people", "snapshots", "reviews", "episode_readings"):
        assert program.rows(f"select count(*) from {table}") == [(0,)], table  # noqa: S608
    assert results[False][1].rows("select count(*) from episodes") == [(1,)]
