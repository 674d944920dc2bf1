from __future__ import annotations

import threading

import pytest

from maskwatch.runtime.monitoring import systemd as systemd_module
from maskwatch.runtime.monitoring.systemd import Systemd
from tests.servers.service_manager import service_manager


def test_the_service_manager_is_told() -> None:
    with service_manager() as (manager, path):
        systemd = Systemd({"NOTIFY_SOCKET": path})
        systemd.ready("watching 2 cameras")
        systemd.alive()
        systemd.stopping()
        said = [manager.recv(200).decode() for _ in range(3)]
    assert said == ["READY=1\nSTATUS=watching 2 cameras", "WATCHDOG=1", "STOPPING=1"]


def test_the_service_manager_is_asked_to_wait_for_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(systemd_module, "_ASK_S", 0.05)
    with service_manager() as (manager, path), Systemd({"NOTIFY_SOCKET": path}).waiting():
        said = {manager.recv(200) for _ in range(3)}
    assert said == {b"EXTEND_TIMEOUT_USEC=120000000"}
    assert "systemd" not in {thread.name for thread in threading.enumerate()}


def test_without_a_service_manager_nothing_happens() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all"}):
        systemd = Systemd(environment)
        systemd.ready("")
        systemd.alive()
