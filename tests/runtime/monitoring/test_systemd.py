from __future__ import annotations

import socket
import tempfile
from pathlib import Path

from maskwatch.runtime.monitoring.systemd import Systemd


def test_the_service_manager_is_told() -> None:
    # The path of a socket must be short.
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        path = str(Path(folder) / "notify")
        manager.bind(path)
        systemd = Systemd({"NOTIFY_SOCKET": path})
        systemd.ready("watching 2 cameras")
        systemd.alive()
        systemd.stopping()
        said = [manager.recv(200).decode() for _ in range(3)]
    assert said == ["READY=1\nSTATUS=watching 2 cameras", "WATCHDOG=1", "STOPPING=1"]


def test_without_a_service_manager_nothing_happens() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all"}):
        systemd = Systemd(environment)
        systemd.ready("")
        systemd.alive()
