"""Clock, disk and port of this machine."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

from maskwatch.config.root import parse_config
from maskwatch.doctor.database import check_database
from maskwatch.doctor.finding import Grade
from maskwatch.doctor.host import check_clock, check_disk, check_port
from tests.doctor.configured import config
from tests.servers.local import free_port


def test_a_clock_that_was_never_set_is_a_failure() -> None:
    assert check_clock(datetime(1970, 1, 2, tzinfo=UTC)).grade is Grade.FAILED
    found = check_clock(datetime(2027, 1, 2, tzinfo=UTC))
    assert found.grade in (Grade.OK, Grade.WARNING)
    assert "2027-01-02" in found.said


def test_a_full_disk_and_a_folder_that_is_none_are_named(tmp_path: Path) -> None:
    storage = f"storage: {{folder: {tmp_path}, min_free_gb: 1000000}}"
    full = check_disk(parse_config(storage, "test.yaml"))
    assert (full.grade, "less than storage.min_free_gb" in full.said) == (Grade.WARNING, True)
    file = tmp_path / "file"
    file.touch()
    bad = config("", file / "folder")
    assert check_disk(bad).grade is Grade.FAILED
    found = check_database(bad)
    assert (found.grade, "not a directory" in found.said) == (Grade.FAILED, True)


def test_a_port_that_is_taken_may_be_the_service_itself(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        taken = check_port(config(f"web: {{port: {port}}}", tmp_path))
    assert taken.grade is Grade.WARNING
    assert "fine if the service is running" in taken.advice
    free = config(f"web: {{port: {free_port()}}}", tmp_path)
    assert check_port(free).grade is Grade.OK
