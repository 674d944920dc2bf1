"""The channels: whether each could send."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

from maskwatch.config.alerts import (
    ChannelConfig,
    CommandConfig,
    EmailConfig,
    MqttConfig,
    WebhookConfig,
)
from maskwatch.config.root import Config
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.errors import ChannelError, MaskwatchError
from maskwatch.reasons import system_reason


def check_channel(config: Config, name: str) -> Finding:
    """Whether a channel could send, as far as that can be told without sending."""
    from maskwatch.alerts.service import AlertSettings
    from maskwatch.build import build_channel

    what = f"channel {name}"
    try:
        # The service does not start when this fails; none of them connects yet.
        build_channel(name, AlertSettings.of(config)).close()
        said = _tried(config.alerts.channels[name])
    except MaskwatchError as error:
        return Finding(what, Grade.FAILED, str(error), f"correct alerts.channels.{name}")
    return Finding(what, Grade.OK, said)


def _tried(channel: ChannelConfig) -> str:
    """What is found where a channel sends to; raises ChannelError."""
    if isinstance(channel, EmailConfig):
        from maskwatch.alerts.channels.email import EmailChannel

        EmailChannel(channel).check()
        return f"{channel.host}:{channel.port_or_default} lets us in"
    if isinstance(channel, MqttConfig):
        from maskwatch.alerts.channels.mqtt import check_broker

        check_broker(channel)
        return f"{channel.host}:{channel.port_or_default} lets us in"
    if isinstance(channel, WebhookConfig):
        return _reach(channel.url.get_secret_value(), channel.timeout_s)
    if isinstance(channel, CommandConfig):
        return _executable(channel.command[0])
    return "cannot be tried without sending: use the test in the dashboard"


def _reach(url: str, timeout_s: float) -> str:
    """Connects to the host of an address and lets go; raises ChannelError."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout_s).close()
    except OSError as error:
        reason = system_reason(error)
        raise ChannelError(f"nobody answers at {parts.hostname}:{port}: {reason}") from error
    return f"{parts.hostname}:{port} answers"


def _executable(program: str) -> str:
    """Where a program is; raises ChannelError."""
    found = shutil.which(program)
    if found is None:
        raise ChannelError(f"there is no program {program}, or it may not be run")
    return f"{Path(found)} can be run"
