from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from maskwatch.alerts.channels.apprise import AppriseChannel
from maskwatch.config.alerts import AppriseConfig
from maskwatch.errors import ChannelError, UsageError
from tests.alerts import samples
from tests.servers.hooks import hook_server
from tests.servers.local import free_port

# One of the services that Apprise loads imports a module that Python 3.13 dropped.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


def channel(url: str, **values: Any) -> AppriseChannel:
    return AppriseChannel(AppriseConfig.model_validate({"url": url, **values}))


def test_title_text_link_and_photo_reach_the_service() -> None:
    alert = samples.alert(photo=samples.jpeg())
    with hook_server() as server:
        server.status = 200
        channel(f"json://127.0.0.1:{server.port}/").send(alert)
    values = json.loads(server.requests[0].body)
    assert values["title"] == "Door 1: nose out"
    links = alert.episodes[0].links
    assert links is not None
    assert "pull the mask up over your nose" in values["message"]
    assert links.view in values["message"]
    assert values["type"] == "warning"
    (photo,) = values["attachments"]
    assert base64.b64decode(photo["base64"]) == samples.jpeg()


def test_a_service_that_refuses_or_is_away_is_tried_again_later() -> None:
    with hook_server() as server:
        server.status = 500
        with pytest.raises(ChannelError) as raised:
            channel(f"json://127.0.0.1:{server.port}/").send(samples.alert())
    assert not raised.value.permanent
    with pytest.raises(ChannelError):
        channel(f"json://127.0.0.1:{free_port()}/").send(samples.message_to_try())


def test_the_service_has_as_long_for_its_answer_as_the_channel_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []
    original = requests.request

    def request(*arguments: Any, **named: Any) -> requests.Response:
        given.append(named["timeout"])
        return original(*arguments, **named)

    monkeypatch.setattr(requests, "request", request)
    with hook_server() as server:
        server.status = 200
        channel(f"json://127.0.0.1:{server.port}/", timeout_s=7).send(samples.alert())
    assert given == [(7, 7)]


@pytest.mark.parametrize(
    "url",
    [
        "nosuchservice://s3cret@x.org",
        "s3cret-without-a-scheme",
        "discord://s3cret",
        "https://discord.com/api/webhooks/s3cret/s3cret",
        "twilio://ACs3cret:s3cret@123",
    ],
)
def test_an_address_that_apprise_does_not_know_is_told_without_it(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UsageError, match="does not understand") as raised:
        channel(url)
    assert "s3cret" not in str(raised.value)
    assert "s3cret" not in caplog.text


def test_what_a_service_answers_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UsageError):
        channel("discord://s3cret")
    with hook_server() as server:
        server.status = 500
        service = channel(f"json://127.0.0.1:{server.port}/")
        with pytest.raises(ChannelError):
            service.send(samples.alert())
    assert "500" in caplog.text
