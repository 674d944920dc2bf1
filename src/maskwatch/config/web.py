"""The section ``web``: the dashboard and the REST API, and who may reach what."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from maskwatch.config.base import FilePath, HostName, Seconds, Section, http_address
from maskwatch.words import Language

Network = IPv4Network | IPv6Network


class TlsConfig(Section):
    """Certificate of the web server, for a box without a reverse proxy before it."""

    certificate: FilePath
    """PEM file with the certificate and its chain."""
    key: FilePath
    """PEM file with the private key."""


class LoginConfig(Section):
    """Sessions, and what wrong passwords lead to."""

    session_s: Annotated[float, Field(ge=60, le=30 * 86400)] = 12 * 3600
    """How long after the login a session ends."""
    idle_s: Annotated[float, Field(ge=60, le=30 * 86400)] = 2 * 3600
    """How long without any use before a session ends."""
    tries: Annotated[int, Field(ge=1, le=100)] = 5
    """Wrong passwords in a row before a user has to wait; an address gets four times as many."""
    wait_s: Annotated[float, Field(ge=1, le=3600)] = 30
    """The first wait; it doubles with every further wrong password."""
    longest_wait_s: Annotated[float, Field(ge=1, le=86400)] = 900
    """No wait is longer."""
    min_password: Annotated[int, Field(ge=8, le=128)] = 12
    """Characters that a password needs."""
    setup_s: Seconds = 24 * 3600
    """How long the one-time set-up link of the first start works."""


class WebConfig(Section):
    """The dashboard and the REST API."""

    enabled: bool = True
    """Whether there is a web server at all."""
    host: HostName = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for every interface, `::` for those of IPv6 too."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port to listen on; 0 for any free one."""
    base_url: str | None = None
    """How people reach it from outside, such as `https://maskwatch.example.org`, for links."""
    tls: TlsConfig | None = None
    """Serve HTTPS directly."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of reverse proxies whose `X-Forwarded-*` headers are believed."""
    language: Language = Language.ENGLISH
    """Of new users, and of the login page where the browser asks for neither."""
    login: LoginConfig = LoginConfig()
    """Sessions and wrong passwords."""
    camera_networks: tuple[Network, ...] = ()
    """Loopback, private and link-local networks in which cameras may be added and tested in
    the dashboard, such as `192.168.20.0/24`; public addresses need no entry."""
    metrics_public: bool = False
    """Whether `/metrics` answers without a token."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = 1 << 20
    """Larger requests are refused."""
    max_streams: Annotated[int, Field(ge=1, le=1000)] = 32
    """Live pictures and event streams that are open at the same time; one user gets three quarters
    of them."""

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = http_address(value)
        address = f"{parts.scheme}://{parts.netloc}".lower()
        if value.rstrip("/").lower() != address or "@" in address:
            raise ValueError("must be https:// or http:// and a host of its own, and nothing else")
        return address

    @model_validator(mode="after")
    def _waits_are_in_order(self) -> Self:
        if self.login.longest_wait_s < self.login.wait_s:
            raise ValueError("login.longest_wait_s must not be below login.wait_s")
        return self

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it over HTTPS, by itself or by way of a proxy."""
        return self.tls is not None or (self.base_url or "").startswith("https://")
