"""`maskwatch serve` as a process, with a real RTSP camera: what survives, and what must not."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.runtime.processes import is_running
from tests.servers.local import need_rtsp_server, port_of, rtsp_camera

PATIENCE_S = 180.0
"""For what takes a second on a machine that does nothing else."""

STOP_S = 5.0
"""What the service promises to need at most."""


@pytest.fixture(autouse=True)
def _needs_a_camera() -> None:
    need_rtsp_server()


class Program:
    """A running `maskwatch serve`, seen from outside: its database, its log, its processes."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What is in its database; nothing before there is one."""
        file = f"file:{self.folder / 'data' / 'maskwatch.db'}?mode=ro"
        with (
            contextlib.suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(file, uri=True)) as database,
        ):
            return database.execute(query).fetchall()
        return []

    def health(self) -> list[tuple[object, ...]]:
        return self.rows("select kind, state from health where camera = 'door' order by at, id")

    def wait_for(self, query: str) -> tuple[object, ...]:
        """The first row of a query, once there is one."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.rows(query)):
            assert time.monotonic() < deadline, f"{query}: {self.health()}\n{self.log}"
            assert self.process.poll() is None, self.log
            time.sleep(0.1)
        return found[0]

    def wait_for_health(self, *expected: tuple[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.health() != list(expected):
            assert time.monotonic() < deadline, f"{self.health()}\n{self.log}"
            time.sleep(0.1)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def wait_for_log(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.log:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.1)

    def children(self) -> dict[int, str]:
        """Process ids of all its children, and what they run."""
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    found[int(entry.name)] = (entry / "cmdline").read_text()
        return found

    def decoders(self) -> list[int]:
        return [pid for pid, command in self.children().items() if "spawn_main" in command]


@contextmanager
def serving(folder: Path, cameras: str) -> Iterator[Program]:
    config = folder / "maskwatch.yaml"
    config.write_text(
        f"storage: {{folder: {folder / 'data'}, min_free_gb: 0}}\nweb: {{enabled: false}}\n"
        f"cameras:\n{cameras}"
    )
    command = [sys.executable, "-m", "tests.end_to_end.service_program", "serve", "-c", str(config)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=Path(__file__).parents[2], start_new_session=True
        )
    try:
        yield Program(folder, process)
    finally:
        process.kill()
        process.wait()


def door(port: int) -> str:
    return f'  door: {{url: "rtsp://127.0.0.1:{port}/person", read_timeout_s: 5}}\n'


def all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def slowness() -> float:
    """How much longer than alone a computation takes on this machine right now, at least 1."""
    began, worked = time.monotonic(), time.process_time()
    sum(i * i for i in range(2_000_000))
    return max(1.0, (time.monotonic() - began) / (time.process_time() - worked))


def test_a_violation_a_dead_decoder_a_reload_and_a_clean_stop(tmp_path: Path) -> None:
    with rtsp_camera() as camera, serving(tmp_path, door(port_of(camera))) as program:
        state = program.wait_for("select state, ended_at, snapshot_id from episodes")
        assert state[:2] == ("no_mask", None)
        assert state[2] is not None
        assert len(list(tmp_path.rglob("*.jpg"))) == 1

        (decoder,) = program.decoders()
        os.kill(decoder, signal.SIGKILL)
        program.wait_for_health(
            ("connection", "connected"), ("connection", "lost"), ("connection", "connected")
        )
        assert all_gone([decoder])
        assert len(program.decoders()) == 1

        config = tmp_path / "maskwatch.yaml"
        good = config.read_text()
        config.write_text(good + "  gate: {url: 'rtsp://viewer:s3cret@h/1', max_fps: 1000}\n")
        program.process.send_signal(signal.SIGHUP)
        program.wait_for_log("the configuration is refused, the old one stays")
        assert "cameras.gate.max_fps = 1000" in program.log
        config.write_text(good.replace("door:", "gate:"))
        program.wait_for("select 1 from health where camera = 'gate' and state = 'connected'")
        assert "s3cret" not in program.log

        there = list(program.children())
        slow = slowness()
        asked = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(PATIENCE_S) == 0
        took_s = time.monotonic() - asked
        assert took_s < STOP_S * max(slow, slowness())
        assert all_gone(there)
        assert program.rows("select 1 from episodes where ended_at is null") == []
        assert "left" not in program.log.rpartition("stopping")[2]


def test_nothing_survives_a_killed_service(tmp_path: Path) -> None:
    with rtsp_camera() as camera, serving(tmp_path, door(port_of(camera))) as program:
        program.wait_for("select 1 from episodes")
        there = list(program.children())
        assert len(program.decoders()) == 1
        memory = set(Path("/dev/shm").glob("psm_*"))  # noqa: S108 - where shared memory is seen
        assert memory
        program.process.kill()
        assert all_gone(there)
        assert not memory & set(Path("/dev/shm").glob("psm_*"))  # noqa: S108


def test_a_camera_that_goes_away_and_comes_back_is_watched_again(tmp_path: Path) -> None:
    with rtsp_camera() as camera:
        port = port_of(camera)
        with serving(tmp_path, door(port)) as program:
            program.wait_for("select 1 from episodes")
            camera.kill()
            program.wait_for("select 1 from health where state = 'lost'")
            with rtsp_camera(port):
                program.wait_for_health(
                    ("connection", "connected"), ("connection", "lost"), ("connection", "connected")
                )
                before = program.rows("select count(*) from people")[0]
                assert before is not None
