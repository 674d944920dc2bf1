"""The section ``alerts``: who is told what, how, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import combinations
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from maskwatch.config.base import (
    FilePath,
    HostName,
    LocalTime,
    Name,
    Seconds,
    Section,
    host_name,
    http_address,
)
from maskwatch.config.cameras import HoursConfig
from maskwatch.words import Language

Port = Annotated[int, Field(ge=1, le=65535)]
Timeout = Annotated[float, Field(gt=0, le=30)]
"""Of one attempt. At most half of ``retry.claim_s``, so that no attempt outlives its claim."""

MAIL_ADDRESS = re.compile(r"[^\s@<>\"',;:()\[\]]+@[^\s@<>\"',;:()\[\]]+")
# https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 and #section-5.5
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"([!-~]([\t -~]*[!-~])?)?")
_OWN_HEADERS = frozenset(
    {"content-length", "content-type", "idempotency-key", "transfer-encoding"}
    | {"x-maskwatch-signature"}
)
"""What says how long a webhook's request is, what is in it and from whom."""
_TOPIC = re.compile(r"[^#+\x00/]+(/[^#+\x00/]+)*")


def _mail_address(text: str) -> str:
    if not MAIL_ADDRESS.fullmatch(text):
        raise ValueError("must be an address such as officer@example.org")
    host_name(text.rpartition("@")[2])
    return text


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise ValueError("must be a topic such as maskwatch/ward-3, without + and #")
    return text


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        raise ValueError("must be the name of a header, such as Authorization")
    if text.lower() in _OWN_HEADERS:
        raise ValueError("is a header that the webhook sets by itself")
    return text


def _header_value(value: SecretStr) -> SecretStr:
    if not _HEADER_VALUE.fullmatch(value.get_secret_value()):
        raise ValueError(
            "must be of letters, digits and signs of ASCII, without blanks or line breaks around it"
        )
    return value


MailAddress = Annotated[str, AfterValidator(_mail_address)]
Topic = Annotated[str, AfterValidator(_topic)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]


class RateLimit(Section):
    """How many messages one recipient gets at most; what is beyond is put into one message."""

    messages: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Messages within `per_s`, at most."""
    per_s: Annotated[float, Field(gt=0, le=7 * 86400)] = 3600
    """How long the messages are counted."""


class Pacing(Section):
    """What keeps people from drowning in messages. Nothing is dropped: it goes into a digest."""

    cooldown_camera_s: Seconds = 60
    """How long after a message about a camera further episodes there go into the digest."""
    cooldown_person_s: Seconds = 600
    """The same for episodes of one and the same person."""
    quiet_hours: tuple[HoursConfig, ...] = ()
    """Episodes in these hours go into a digest that comes when they are over."""
    digest_only: bool = False
    """Every episode goes into the digest; none is told at once."""
    digest_every_s: Annotated[float, Field(ge=60, le=86400)] = 3600
    """How often a digest is sent, counted from midnight, local time. None is sent without news."""
    digest_at: tuple[LocalTime, ...] = ()
    """Local times of the day at which digests are sent, such as `["07:00"]`, instead of
    `digest_every_s`."""
    rate_limit: RateLimit | None = RateLimit()
    """Per recipient, digests included; null for none."""


class _Channel(Section):
    """What all channels share."""

    pacing: Pacing | None = None
    """Instead of `alerts.pacing`; for `mqtt`, `webhook` and `command` nothing is paced unless
    this is given, because programs do not drown."""
    stale_after_s: Seconds | None = None
    """A message older than this is given up instead of sent; null means better late than never."""
    photo: bool = True
    """Whether to send the photo; the section `privacy` decides first."""
    timeout_s: Timeout = 20
    """Of one attempt."""

    @property
    def recipients(self) -> tuple[str | None, ...]:
        """Who gets a delivery of their own; ``(None,)`` for a channel without recipients."""
        return (None,)

    @property
    def is_paced(self) -> bool:
        """Whether ``alerts.pacing`` applies when the channel says nothing."""
        return False


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_SMTP_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


class EmailConfig(_Channel):
    """Mail over SMTP."""

    kind: Literal["email"] = "email"
    """Says that it is one of these."""
    host: Annotated[HostName, Field(min_length=1)]
    """Name of the mail server."""
    port: Port | None = None
    """By default 587 for `starttls`, 465 for `tls`, 25 for `none`."""
    security: Security = Security.STARTTLS
    """`starttls` and `tls` check the server's certificate; `none` sends everything in clear."""
    username: str | None = None
    """For the login; goes with `password`."""
    password: SecretStr | None = None
    """For the login; never sent without TLS."""
    sender: MailAddress
    """Address that mails come from."""
    to: Annotated[tuple[MailAddress, ...], Field(min_length=1)]
    """Each gets a mail of their own, with links of their own."""
    ca_file: FilePath | None = None
    """Certificates to trust instead of the system's."""

    @property
    def recipients(self) -> tuple[str | None, ...]:
        """One delivery per address: a refused one must not keep the others from being told."""
        return tuple(dict.fromkeys(self.to))

    @property
    def is_paced(self) -> bool:
        """People read it."""
        return True

    @property
    def port_or_default(self) -> int:
        """The port that is meant."""
        return self.port or _SMTP_PORTS[self.security]

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> EmailConfig:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.password is not None and self.security is Security.NONE:
            raise ValueError("a password would be sent in clear: use starttls or tls")
        return self


class MqttConfig(_Channel):
    """Messages, states and Home Assistant entities over MQTT."""

    kind: Literal["mqtt"] = "mqtt"
    """Says that it is one of these."""
    host: Annotated[HostName, Field(min_length=1)]
    """Name of the broker."""
    port: Port | None = None
    """By default 1883, or 8883 with TLS."""
    tls: bool = False
    """Whether to speak TLS and check the broker's certificate; else everything is in clear."""
    ca_file: FilePath | None = None
    """Certificates to trust instead of the system's."""
    certificate_file: FilePath | None = None
    """The client's own certificate, where the broker asks for one."""
    key_file: FilePath | None = None
    """Of the client's own certificate."""
    username: str | None = None
    """For the login."""
    password: SecretStr | None = None
    """For the login."""
    client_id: Annotated[str, Field(min_length=1)] = "maskwatch"
    """Must be another one for each maskwatch, and each channel, at the same broker."""
    topic: Topic = "maskwatch"
    """All topics lie below it; must be another one for each maskwatch, and each channel, at the
    same broker."""
    home_assistant: bool = True
    """Whether to announce entities to Home Assistant."""
    discovery_topic: Topic = "homeassistant"
    """Where Home Assistant listens for announcements."""
    retain_photo: bool = False
    """Whether the broker keeps the last photo of each camera; no retention rule reaches it."""

    @property
    def port_or_default(self) -> int:
        """The port that is meant."""
        return self.port or (8883 if self.tls else 1883)

    @property
    def broker(self) -> tuple[str, int]:
        """Where it is, as far as its address tells."""
        return self.host.casefold(), self.port_or_default

    @model_validator(mode="after")
    def _tls_is_whole(self) -> MqttConfig:
        files = (self.ca_file, self.certificate_file, self.key_file)
        if not self.tls and any(file is not None for file in files):
            raise ValueError("ca_file, certificate_file and key_file need tls: true")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together")
        if self.password is not None and self.username is None:
            raise ValueError("a password needs a username")
        return self


class WebhookConfig(_Channel):
    """A signed HTTP request to a program of yours."""

    kind: Literal["webhook"] = "webhook"
    """Says that it is one of these."""
    url: SecretStr
    """`https://…`; `http://…` sends everything in clear."""
    secret: Annotated[SecretStr, Field(min_length=16)]
    """Shared with the receiver, which checks the signature with it; 16 characters or more."""
    headers: Mapping[HeaderName, HeaderValue] = {}
    """Further headers, such as `Authorization`."""
    ca_file: FilePath | None = None
    """Certificates to trust instead of the system's."""

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: SecretStr) -> SecretStr:
        http_address(url.get_secret_value())
        return url


class AppriseConfig(_Channel):
    """One of the services that Apprise knows: SMS, Telegram, Slack, Teams, Signal, ..."""

    kind: Literal["apprise"] = "apprise"
    """Says that it is one of these."""
    url: SecretStr
    """As https://appriseit.com/services/ describes it; one service per channel, because a retry
    repeats everything in it."""

    @property
    def is_paced(self) -> bool:
        """People read it."""
        return True


class CommandConfig(_Channel):
    """A program on this machine: a sound, a display, a GPIO pin."""

    kind: Literal["command"] = "command"
    """Says that it is one of these."""
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments; no shell reads them. The alert comes as JSON on standard input."""
    photo: bool = False
    """Whether the JSON holds the photo (base64); the section `privacy` decides first."""
    stale_after_s: Seconds | None = 60
    """A door display must not show today what happened yesterday."""


ChannelConfig: TypeAlias = Annotated[
    EmailConfig | MqttConfig | WebhookConfig | AppriseConfig | CommandConfig,
    Field(discriminator="kind"),
]


class OnlyWhile(StrEnum):
    """When a step of the ladder is still wanted."""

    ALWAYS = "always"
    UNACKNOWLEDGED = "unacknowledged"
    """Nobody has acknowledged the episode, nor called it wrong."""
    ONGOING = "ongoing"
    """As ``unacknowledged``, and the violation still holds."""


ChannelName: TypeAlias = Name
"""What a channel is called, here as in the dashboard."""


class Step(Section):
    """One step of the escalation ladder."""

    channels: Annotated[tuple[ChannelName, ...], Field(min_length=1)]
    """Names of channels."""
    after_s: Seconds = 0
    """How long after the violation was confirmed."""
    only_while: OnlyWhile = OnlyWhile.ALWAYS
    """`always`, `unacknowledged`, or `ongoing` (and not acknowledged)."""


class CameraTrouble(Section):
    """Who is told when a camera is down."""

    channels: tuple[ChannelName, ...] = ()
    """Names of channels; none: nobody is told."""
    after_s: Seconds = 120
    """A camera that is back sooner, and stays for a minute, is no news."""


class Retry(Section):
    """What becomes of a message that could not be sent."""

    first_delay_s: Annotated[Seconds, Field(gt=0)] = 5
    """How long after the first failure it is tried again, give or take a quarter."""
    factor: Annotated[float, Field(ge=1, le=10)] = 2
    """Each delay is the one before times this."""
    max_delay_s: Annotated[Seconds, Field(gt=0)] = 900
    """No delay is longer."""
    give_up_after_s: Annotated[Seconds, Field(gt=0)] = 86400
    """How long a message is tried before it is dead: it stays in the list of deliveries and can be
    sent again from there."""
    claim_s: Annotated[float, Field(ge=1, le=3600)] = 60
    """How long until a message that was claimed by a process that died is free again."""


class AlertsConfig(Section):
    """Who is told what, how, and how often."""

    channels: dict[ChannelName, ChannelConfig] = Field(default_factory=dict)
    """Ways to reach somebody, by a name of your choice."""
    ladder: tuple[Step, ...] = ()
    """Who is told first, and who when that did not help; without it all channels at once."""
    pacing: Pacing = Pacing()
    """For the channels that people read: `email` and `apprise`."""
    camera_trouble: CameraTrouble = CameraTrouble()
    """Who is told when a camera is down."""
    retry: Retry = Retry()
    """What becomes of a message that could not be sent."""
    language: Language | None = None
    """Of messages; none for that of the dashboard (`web.language`)."""
    links_valid_s: Annotated[float, Field(ge=60, le=90 * 86400)] = 7 * 86400
    """How long the links of a message work. There are links when `web.base_url` is given."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The ladder that is meant."""
        if self.ladder or not self.channels:
            return self.ladder
        return (Step(channels=tuple(self.channels)),)

    def pacing_of(self, channel: str) -> Pacing | None:
        """The pacing that applies to a channel; None for none."""
        config = self.channels[channel]
        return config.pacing or (self.pacing if config.is_paced else None)

    @model_validator(mode="after")
    def _names_are_known(self) -> AlertsConfig:
        used = [name for step in self.ladder for name in step.channels]
        for name in [*used, *self.camera_trouble.channels]:
            if name not in self.channels:
                known = ", ".join(self.channels) or "none"
                raise ValueError(f"there is no channel {name!r}; there are: {known}")
        for name, channel in self.channels.items():
            if channel.timeout_s * 2 > self.retry.claim_s:
                raise ValueError(
                    f"retry.claim_s = {self.retry.claim_s:g} must be at least twice the timeout_s "
                    f"= {channel.timeout_s:g} of channel {name!r}"
                )
        return self

    @model_validator(mode="after")
    def _channels_at_a_broker_are_told_apart(self) -> AlertsConfig:
        # A broker throws the one of two clients of a name out for the other, and what one channel
        # announces or keeps below a topic the other takes back.
        clients = [
            (name, channel)
            for name, channel in self.channels.items()
            if isinstance(channel, MqttConfig)
        ]
        for (one, first), (other, second) in combinations(clients, 2):
            for key in ("client_id", "topic"):
                if first.broker == second.broker and getattr(first, key) == getattr(second, key):
                    raise ValueError(
                        f"the channels {one!r} and {other!r} are at the same broker: each needs a "
                        f"{key} of its own"
                    )
        return self
