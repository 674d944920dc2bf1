"""A signed HTTP request.

The receiver recomputes HMAC-SHA256 with the shared secret over ``TIME.BODY``, where TIME is what
``X-Maskwatch-Signature: t=TIME,v1=HEX`` says (seconds since 1970) and BODY the bytes received, and
refuses what does not match or is old. ``Idempotency-Key`` is the same for every attempt.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from maskwatch.alerts.as_json import alert_as_json
from maskwatch.alerts.base import Alert
from maskwatch.alerts.channels.time_limit import Watch, time_limit
from maskwatch.alerts.channels.tls import trust
from maskwatch.config.alerts import WebhookConfig
from maskwatch.config.problems import without
from maskwatch.errors import ChannelError
from maskwatch.reasons import system_reason

# Answers that the same request will get again. Everything else may heal: a wrong address or token
# can be corrected while the message waits.
_FOR_GOOD = {400, 410, 411, 413, 415, 422}

_SHORTEST_SECRET = 4
"""Shorter values of headers are numbers and words, which reasons hold as well."""

_SHARES = 4
"""How many addresses of a host can be tried in the time of an attempt."""


def signature(secret: bytes, at: int, body: bytes) -> str:
    """The value of ``X-Maskwatch-Signature``.

    Args:
        secret: shared with the receiver.
        at: seconds since 1970.
        body: as sent.
    """
    mac = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


class WebhookChannel:
    """Posts each alert as JSON; redirects are not followed.

    Raises:
        UsageError: the file of certificates cannot be used.
    """

    def __init__(self, config: WebhookConfig, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._clock = clock
        self._client = httpx.Client(
            # httpx gives this to each address of a host: one that leads nowhere, as IPv6 does in
            # many networks, must leave time for those after it.
            timeout=httpx.Timeout(config.timeout_s, connect=config.timeout_s / _SHARES),
            verify=trust(config.ca_file),
            # The time limit of an attempt reaches the connections that are made in it.
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={name: value.get_secret_value() for name, value in config.headers.items()},
        )

    def send(self, alert: Alert) -> None:
        """See `AlertChannel`; any answer of 200 to 299 is a yes."""
        values = alert_as_json(alert, with_photo=self._config.photo)
        body = json.dumps(values, ensure_ascii=False).encode()
        secret = self._config.secret.get_secret_value().encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": alert.id,
            "X-Maskwatch-Signature": signature(secret, int(self._clock()), body),
        }
        with time_limit(self._config.timeout_s) as watch:
            status = self._post(body, headers, watch)
        if not 200 <= status < 300:
            raise ChannelError(f"answered {status}", permanent=status in _FOR_GOOD)

    def try_out(self) -> str:
        """See `TriableChannel`: connects to the host of the address, and lets go."""
        parts = urlsplit(self._config.url.get_secret_value())
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), self._config.timeout_s).close()
        except OSError as error:
            reason = system_reason(error)
            raise ChannelError(f"nobody answers at {parts.hostname}:{port}: {reason}") from error
        return f"{parts.hostname}:{port} answers"

    def close(self) -> None:
        """Lets go of the client; no connection is kept."""
        self._client.close()

    def _post(self, body: bytes, headers: Mapping[str, str], watch: Watch) -> int:
        """The status of the answer."""
        url = self._config.url.get_secret_value()
        told = {"trace": partial(_tell_connections, watch)}
        try:
            # The answer's body is not read: it may be endless.
            with self._client.stream(
                "POST", url, content=body, headers=headers, extensions=told
            ) as answer:
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChannelError(f"no answer: {self._reason(error)}") from error

    def _reason(self, error: Exception) -> str:
        """What went wrong, without what nobody may read: it goes to the log and the dashboard."""
        text = str(error) or type(error).__name__
        if self._config.url.get_secret_value() in text:
            return "wrong address"  # it may hold a token
        known = [self._config.secret, *self._config.headers.values()]
        secrets = [each.get_secret_value() for each in known]
        return without(text, [each for each in secrets if len(each) >= _SHORTEST_SECRET])


def _tell_connections(watch: Watch, happened: str, info: Mapping[str, Any]) -> None:
    """Passes on each new connection; called by httpx with everything that happens."""
    if happened.endswith("connect_tcp.complete"):
        watch(info["return_value"].get_extra_info("socket"))
