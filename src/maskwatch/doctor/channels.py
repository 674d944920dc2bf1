"""The channels: whether each could send."""

from __future__ import annotations

from contextlib import closing

from maskwatch.alerts.base import TriableChannel
from maskwatch.alerts.service import AlertSettings
from maskwatch.build.channels import build_channel
from maskwatch.config.root import Config
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.errors import MaskwatchError


def check_channel(config: Config, name: str) -> Finding:
    """Whether a channel could send, as far as that can be told without sending."""
    what = f"channel {name}"
    said = "cannot be tried without sending: use the test in the dashboard"
    try:
        # The service does not start when one cannot be built, whether it can be tried or not.
        with closing(build_channel(name, AlertSettings.of(config))) as channel:
            if isinstance(channel, TriableChannel):
                said = channel.try_out()
    except MaskwatchError as error:
        return Finding(what, Grade.FAILED, str(error), f"correct alerts.channels.{name}")
    return Finding(what, Grade.OK, said)
