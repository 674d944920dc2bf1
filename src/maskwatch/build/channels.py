"""Alert channels of a configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from maskwatch.build.names import named
from maskwatch.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from maskwatch.alerts.base import AlertChannel
    from maskwatch.alerts.service import AlertSettings
    from maskwatch.config.alerts import (
        AppriseConfig,
        CommandConfig,
        EmailConfig,
        MqttConfig,
        WebhookConfig,
    )


def build_channels(settings: AlertSettings) -> dict[str, AlertChannel]:
    """The alert channels of a configuration, by name. They connect when they are first used.

    Raises:
        UsageError: one cannot work as configured; says which and why.
        MissingExtra: one needs a package that is not installed.
    """
    return {name: build_channel(name, settings) for name in settings.alerts.channels}


def build_channel(name: str, settings: AlertSettings) -> AlertChannel:
    """One of them; see `build_channels`."""
    config = settings.alerts.channels[name]
    make = named(CHANNELS, config.kind, "kind of channel")
    try:
        return make(config, settings)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the channel {name!r} ({error.name})", "serve") from error
    except UsageError as error:
        raise UsageError(f"channel {name!r}: {error}") from error


def _email(config: EmailConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.email import EmailChannel

    return EmailChannel(config)


def _mqtt(config: MqttConfig, settings: AlertSettings) -> AlertChannel:
    from maskwatch import __version__
    from maskwatch.alerts.channels.homeassistant import Announcement, Topics
    from maskwatch.alerts.channels.mqtt import MqttChannel

    photos = config.photo and settings.privacy.images_allowed
    announcement = Announcement(
        topics=Topics(config.topic),
        prefix=config.discovery_topic,
        node=config.client_id,
        version=__version__,
        photos=photos,
        dashboard_url=settings.base_url,
    )
    # So that a photo of a time with another policy does not stay in the broker either.
    allowed = config.model_copy(update={"retain_photo": config.retain_photo and photos})
    return MqttChannel(allowed, announcement if config.home_assistant else None)


def _webhook(config: WebhookConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.webhook import WebhookChannel

    return WebhookChannel(config)


def _apprise(config: AppriseConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.apprise import AppriseChannel

    return AppriseChannel(config)


def _command(config: CommandConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.command import CommandChannel

    return CommandChannel(config)


CHANNELS: dict[str, Callable[[Any, AlertSettings], AlertChannel]] = {
    "email": _email,
    "mqtt": _mqtt,
    "webhook": _webhook,
    "apprise": _apprise,
    "command": _command,
}
"""What makes each kind of alert channel, from a configuration of that kind; modules load on use."""
