from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from maskwatch.alerts.channels.webhook import WebhookChannel
from maskwatch.config.alerts import WebhookConfig
from maskwatch.errors import ChannelError
from tests.alerts import samples
from tests.servers.certificates import Certificates
from tests.servers.hooks import Request, hook_server
from tests.servers.local import dripping_server, free_port, silent_server, two_addresses

SECRET = "shared by both of us"  # noqa: S105
AT = 1_772_449_200


@contextmanager
def channel(url: str, **values: Any) -> Iterator[WebhookChannel]:
    given = {"url": url, "secret": SECRET, "timeout_s": 5, **values}
    made = WebhookChannel(WebhookConfig.model_validate(given), clock=lambda: AT + 0.7)
    try:
        yield made
    finally:
        made.close()


def as_a_receiver_checks_it(request: Request, secret: str) -> bool:
    """As the documentation tells receivers to."""
    parts = dict(each.split("=", 1) for each in request.headers["X-Maskwatch-Signature"].split(","))
    signed = parts["t"].encode() + b"." + request.body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return parts["t"] == str(AT) and hmac.compare_digest(parts["v1"], expected)


def test_a_signed_request_says_what_happened_and_can_be_recognised_when_repeated() -> None:
    alert = samples.alert(photo=samples.jpeg())
    with hook_server() as server, channel(f"http://127.0.0.1:{server.port}/hook?x=1") as hook:
        hook.send(alert)
        hook.send(alert)
    first, second = server.requests
    assert first.path == "/hook?x=1"
    assert as_a_receiver_checks_it(first, SECRET)
    assert not as_a_receiver_checks_it(first, "another secret..")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == alert.id
    assert first.headers["Content-Type"] == "application/json"
    values = json.loads(first.body)
    assert (values["version"], values["id"], values["event_type"]) == (1, alert.id, "violation")
    assert values["episodes"][0]["what"] == "nose out"
    assert values["episodes"][0]["started_at"] == "2026-03-02T12:00:00.000+01:00"
    assert base64.b64decode(values["photo_jpeg_base64"]) == samples.jpeg()


def test_the_photo_stays_at_home_where_that_is_wanted() -> None:
    with (
        hook_server() as server,
        channel(f"http://127.0.0.1:{server.port}/", photo=False) as hook,
    ):
        hook.send(samples.alert(photo=samples.jpeg()))
    assert "photo_jpeg_base64" not in json.loads(server.requests[0].body)


def test_it_goes_over_tls_with_headers_of_ones_own(certificates: Certificates) -> None:
    values = {"ca_file": certificates.ca_file, "headers": {"Authorization": "Bearer abc"}}
    with (
        hook_server(certificates) as server,
        channel(f"https://localhost:{server.port}/", **values) as hook,
    ):
        hook.send(samples.alert())
    assert server.requests[0].headers["Authorization"] == "Bearer abc"


def test_a_strange_certificate_is_refused(certificates: Certificates) -> None:
    with (
        hook_server(certificates) as server,
        channel(f"https://localhost:{server.port}/") as hook,
        pytest.raises(ChannelError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        hook.send(samples.alert())
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (422, True), (401, False), (404, False), (429, False), (500, False)],
)
def test_an_answer_that_the_same_request_would_get_again_is_for_good(
    status: int, permanent: bool
) -> None:
    with hook_server() as server, channel(f"http://127.0.0.1:{server.port}/") as hook:
        server.status = status
        with pytest.raises(ChannelError, match=f"answered {status}") as raised:
            hook.send(samples.alert())
    assert raised.value.permanent is permanent


def test_redirects_are_not_followed() -> None:
    with hook_server() as elsewhere, hook_server() as server:
        server.status, server.location = 307, f"http://127.0.0.1:{elsewhere.port}/"
        with (
            channel(f"http://127.0.0.1:{server.port}/") as hook,
            pytest.raises(ChannelError, match="answered 307"),
        ):
            hook.send(samples.alert())
    assert elsewhere.requests == []


def test_what_goes_wrong_is_told_without_headers_and_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = "Bearer t0ps3cret"  # noqa: S105

    def fail(*_: Any, **options: Any) -> None:
        raise httpx.LocalProtocolError(f"illegal: {token!r}, {SECRET}, 1 of 2")

    headers = {"Authorization": token, "X-Version": "1"}
    with channel("http://127.0.0.1/", headers=headers) as hook:
        monkeypatch.setattr(hook._client, "stream", fail)
        with pytest.raises(ChannelError) as raised:
            hook.send(samples.alert())
    assert raised.value.reason == "no answer: illegal: '***', ***, 1 of 2"


def test_nobody_there_and_nobody_answering_are_tried_again_without_telling_the_token() -> None:
    with (
        channel(f"http://127.0.0.1:{free_port()}/?token=t0ps3cret") as hook,
        pytest.raises(ChannelError, match="no answer") as raised,
    ):
        hook.send(samples.alert())
    assert not raised.value.permanent
    assert "t0ps3cret" not in str(raised.value)
    with (
        silent_server() as port,
        channel(f"http://127.0.0.1:{port}/", timeout_s=0.3) as hook,
        pytest.raises(ChannelError, match=r"no answer within 0\.3 s"),
    ):
        hook.send(samples.alert())


def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    with (
        hook_server() as server,
        two_addresses(server.port) as host,
        channel(f"http://{host}:{server.port}/", timeout_s=2) as hook,
    ):
        hook.send(samples.alert())
    assert len(server.requests) == 1


def test_who_answers_in_drops_is_left_when_the_time_is_over() -> None:
    with (
        dripping_server(b"HTTP/1.1 200 OK\r\n", b"X-More: to come\r\n") as port,
        channel(f"http://127.0.0.1:{port}/", timeout_s=1) as hook,
        pytest.raises(ChannelError, match="no answer within 1 s") as raised,
    ):
        hook.send(samples.alert())
    assert not raised.value.permanent


def test_an_answer_counts_although_its_body_never_ends() -> None:
    with (
        dripping_server(b"HTTP/1.1 200 OK\r\n\r\n", b"more to come") as port,
        channel(f"http://127.0.0.1:{port}/") as hook,
    ):
        hook.send(samples.alert())


@pytest.mark.parametrize("url", ["ftp://x.org/", "x.org/hook", "https://", "https:///hook"])
def test_what_is_no_web_address_is_told_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="https://"):
        WebhookConfig.model_validate({"url": url, "secret": SECRET})


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="16"):
        WebhookConfig.model_validate({"url": "https://x.org/", "secret": "short"})
