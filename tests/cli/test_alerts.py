"""`maskwatch alerts test`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.cli.config_file import open_store, read_config
from maskwatch.cli.main import app
from maskwatch.errors import ChannelError, UsageError
from maskwatch.store.records import DeliveryState
from maskwatch.store.store import Store
from maskwatch.testing import RecordingChannel


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A file with two channels, and the store that the service once made."""
    file = tmp_path / "maskwatch.yaml"
    file.write_text(f"""
storage: {{folder: {tmp_path / "data"}}}
alerts:
  channels:
    mail: {{kind: email, host: mail.test, sender: a@x.org, to: [b@x.org, c@x.org]}}
    door: {{kind: command, command: ["true"]}}
""")
    Store.open(f"sqlite:///{tmp_path}/data/maskwatch.db", tmp_path / "data" / "snapshots").close()
    return file


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["alerts", "test", *words, "--config", str(config)])


@contextmanager
def serving(config: Path, channel: RecordingChannel) -> Iterator[None]:
    """The alerts of a running service, all through one channel."""
    settings = read_config("test", config)
    with open_store(settings) as store:
        channels = dict.fromkeys(settings.alerts.channels, channel)
        alerts = AlertService(store, AlertSettings.of(settings), lambda _: channels)
        alerts.start()
        try:
            yield
        finally:
            alerts.stop()


def test_everybody_whom_a_channel_reaches_gets_a_message(config: Path) -> None:
    channel = RecordingChannel()
    with serving(config, channel):
        result = run(config, "mail", "--wait", "120")
    assert result.exit_code == 0, result.output
    assert sorted(result.stdout.splitlines()) == ["b@x.org: sent", "c@x.org: sent"]
    assert {each.recipient for each in channel.alerts} == {"b@x.org", "c@x.org"}


def test_a_channel_that_refuses_is_told_with_its_reason(config: Path) -> None:
    error = ChannelError("the broker refused the login", permanent=True)
    with serving(config, RecordingChannel(lambda _: error)):
        result = run(config, "door", "--wait", "120")
    assert result.exit_code == 1
    assert result.stdout == "door: dead: the broker refused the login\n"


def test_what_nobody_sends_is_withdrawn(config: Path) -> None:
    result = run(config, "door", "--wait", "0")
    assert result.exit_code == 1
    assert "is maskwatch serve running?" in result.stdout
    with open_store(read_config("test", config)) as store:
        [row] = store.deliveries.page().items
        assert row.state is DeliveryState.CANCELLED
        assert [each.action for each in store.audit.page()] == ["channel.tested"]


def test_a_channel_that_there_is_not_is_named(config: Path) -> None:
    result = run(config, "pager")
    assert isinstance(result.exception, UsageError)
    assert "no channel 'pager'; there are: mail, door" in str(result.exception)
