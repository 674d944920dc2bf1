"""Channels that could send and channels that could not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from maskwatch.doctor.channels import check_channel
from maskwatch.doctor.finding import Grade
from tests.doctor.configured import config
from tests.servers.local import free_port

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
    found = {name: check_channel(bad, name) for name in bad.alerts.channels}
    assert {each.grade for each in found.values()} == {Grade.FAILED}
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
        found = check_channel(bad, "a")
    assert (found.grade, said in found.said) == (Grade.FAILED, True)
    assert found.advice == "correct alerts.channels.a"


def test_a_host_that_answers_and_a_program_that_is_there_are_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        text = CHANNELS.format(port=listener.getsockname()[1], program="python3")
        good = config(text, tmp_path)
        assert check_channel(good, "hook").grade is Grade.OK
        assert check_channel(good, "bell").grade is Grade.OK
