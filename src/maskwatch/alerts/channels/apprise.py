"""The services that Apprise knows: SMS, Telegram, Slack and a hundred more."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import apprise
from apprise.attachment.memory import AttachMemory

from maskwatch.alerts.base import Alert
from maskwatch.config.alerts import AppriseConfig
from maskwatch.errors import ChannelError, UsageError
from maskwatch.store.records import DeliveryKind


class AppriseChannel:
    """Hands each alert to one service.

    Raises:
        UsageError: Apprise does not understand the address.
    """

    def __init__(self, config: AppriseConfig) -> None:
        asset = apprise.AppriseAsset(
            app_id="maskwatch",
            app_desc="maskwatch",
            storage_mode=apprise.PersistentStoreMode.MEMORY,  # photos must not reach the disk
        )
        self._service = apprise.Apprise(asset=asset)
        self._config = config
        with _hushed():
            is_known = self._service.add(config.url.get_secret_value())
        if not is_known:
            raise UsageError("Apprise does not understand the url (it may hold a password)")
        for service in self._service:
            service.socket_connect_timeout = service.socket_read_timeout = config.timeout_s

    def send(self, alert: Alert) -> None:
        """See `AlertChannel`. Apprise tells success from failure and nothing else."""
        kind = apprise.NotifyType.WARNING
        if alert.kind is DeliveryKind.TEST:
            kind = apprise.NotifyType.INFO
        photo = None
        if alert.photo is not None:
            name = f"{alert.id}.jpg"
            photo = AttachMemory(alert.photo, name, "image/jpeg")  # type: ignore[no-untyped-call]
        taken = self._service.notify(
            body=_body(alert),
            title=alert.title,
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
            attach=photo,
        )
        if not taken:
            raise ChannelError("the service did not take the message")

    def close(self) -> None:
        """Nothing is kept open."""


@contextmanager
def _hushed() -> Iterator[None]:
    """Keeps out of the log what Apprise says of an address: it shows the tokens in it."""
    log = logging.getLogger("apprise")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _body(alert: Alert) -> str:
    if len(alert.episodes) == 1 and alert.episodes[0].links is not None:
        return f"{alert.text}\n{alert.episodes[0].links.view}"
    return alert.text
