"""`maskwatch serve` as a process, with a real RTSP camera: what survives, and what must not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.serving import PATIENCE_S, Program, serving
from tests.runtime.processes import is_running, shared_memory_of, slowness
from tests.servers.local import need_rtsp_server
from tests.servers.rtsp import rtsp_camera

STOP_S = 5.0
"""What the service promises to need at most."""


@pytest.fixture(autouse=True)
def _needs_a_camera() -> None:
    need_rtsp_server()


@contextmanager
def watching(folder: Path, cameras: str) -> Iterator[Program]:
    """The service without a dashboard, with models that see painted squares."""
    config = folder / "maskwatch.yaml"
    config.write_text(
        f"storage: {{folder: {folder / 'data'}, min_free_gb: 0}}\nweb: {{enabled: false}}\n"
        f"cameras:\n{cameras}"
    )
    with serving(config, "tests.end_to_end.service_program") as program:
        yield program


def door(port: int) -> str:
    return f'  door: {{url: "rtsp://127.0.0.1:{port}/person", read_timeout_s: 5}}\n'


def all_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_violation_a_dead_decoder_a_reload_and_a_clean_stop(tmp_path: Path) -> None:
    with rtsp_camera() as camera, watching(tmp_path, door(camera.port)) as program:
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

        there = program.children()
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
    with rtsp_camera() as camera, watching(tmp_path, door(camera.port)) as program:
        program.wait_for("select 1 from episodes")
        there = program.children()
        (decoder,) = program.decoders()
        memory = shared_memory_of(decoder)
        assert memory
        program.process.kill()
        assert all_gone(there)
        assert not any(each.exists() for each in memory)


def test_a_crash_leaves_no_pictures_on_the_disk(tmp_path: Path) -> None:
    with rtsp_camera() as camera, watching(tmp_path, door(camera.port)) as program:
        program.wait_for("select 1 from health where state = 'connected'")
        for pid in (program.process.pid, *program.children()):
            limits = Path(f"/proc/{pid}/limits").read_text()
            [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
            assert core.split()[4:6] == ["0", "0"]


def test_a_camera_that_goes_away_and_comes_back_is_watched_again(tmp_path: Path) -> None:
    with rtsp_camera() as camera:
        port = camera.port
        nobody_is_remembered = door(port).replace("}", ", rule: {reentry_s: 0}}")
        with watching(tmp_path, nobody_is_remembered) as program:
            first = program.wait_for("select id from episodes")[0]
            camera.process.kill()
            program.wait_for("select 1 from health where state = 'lost'")
            program.wait_for("select 1 from episodes where ended_at is not null")
            with rtsp_camera(port):
                program.wait_for_health(
                    ("connection", "connected"), ("connection", "lost"), ("connection", "connected")
                )
                program.wait_for(f"select 1 from episodes where id <> '{first}'")  # noqa: S608
