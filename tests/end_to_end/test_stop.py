"""The service stops in time whatever its cameras do, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.end_to_end.serving import PATIENCE_S, serving
from tests.runtime.processes import is_running, slowness
from tests.servers.local import free_port, need_rtsp_server, silent_server
from tests.servers.rtsp import rtsp_camera

STOP_S = 5.0
"""What the service promises to need at most."""

TOO_BUSY = 4.0
"""A machine that makes everything take so many times longer says nothing about times."""


def test_cameras_that_hang_do_not_hold_up_the_end(tmp_path: Path) -> None:
    """Two deliver, one of them from a decoder that stands still; one is silent, one not there."""
    need_rtsp_server()
    with rtsp_camera() as camera, silent_server() as silent:
        live = f"rtsp://127.0.0.1:{camera.port}/person"
        addresses = {
            "door": live,
            "stuck": live,
            "silent": f"rtsp://127.0.0.1:{silent}/x",
            "gone": f"rtsp://127.0.0.1:{free_port()}/x",
        }
        config = tmp_path / "maskwatch.yaml"
        config.write_text(
            f"storage: {{folder: {tmp_path}/data, min_free_gb: 0}}\nweb: {{port: 0}}\ncameras:\n"
            + "".join(
                f"  {name}: {{url: '{url}', read_timeout_s: 120, open_timeout_s: 120}}\n"
                for name, url in addresses.items()
            )
        )
        with serving(config, "tests.end_to_end.service_program") as program:
            for name in ("door", "stuck"):
                program.wait_for(f"select 1 from episodes where camera = '{name}'")  # noqa: S608
            program.wait_for("select 1 from health where camera = 'gone' and state = 'lost'")
            stuck = program.decoders()[1]
            os.kill(stuck, signal.SIGSTOP)
            there = program.children()
            assert len(program.decoders()) >= 3
            slow = slowness()
            asked = time.monotonic()
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(PATIENCE_S) == 0
            took_s, slow = time.monotonic() - asked, max(slow, slowness())
            if slow < TOO_BUSY:  # or nothing could be told from it
                assert took_s < STOP_S * slow
            deadline = time.monotonic() + PATIENCE_S
            while any(is_running(pid) for pid in there):
                assert time.monotonic() < deadline, "a helper is still there"
                time.sleep(0.05)
            assert program.rows("select 1 from episodes where ended_at is null") == []
            assert "Traceback" not in program.log
