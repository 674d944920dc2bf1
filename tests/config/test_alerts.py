from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from maskwatch.config.alerts import AlertsConfig, ChannelConfig, EmailConfig, MqttConfig, Pacing

MAIL: dict[str, Any] = {"kind": "email", "host": "mail", "sender": "m@x.org", "to": ["a@x.org"]}
HORN: dict[str, Any] = {"kind": "command", "command": ["horn"]}
HOOK: dict[str, Any] = {"kind": "webhook", "url": "https://x.org/", "secret": "s" * 16}
MQTT: dict[str, Any] = {"kind": "mqtt", "host": "broker"}
SMS: dict[str, Any] = {"kind": "apprise", "url": "json://x.org"}
ALL = {"mail": MAIL, "horn": HORN, "hook": HOOK, "mqtt": MQTT, "sms": SMS}


def alerts(**values: Any) -> AlertsConfig:
    return AlertsConfig.model_validate(values)


def test_nothing_given_means_nobody_is_told() -> None:
    assert alerts().steps == ()


def test_the_kind_says_which_keys_a_channel_has() -> None:
    made: dict[str, ChannelConfig] = dict(alerts(channels=ALL).channels)
    assert {name: config.kind for name, config in made.items()} == {
        "mail": "email",
        "horn": "command",
        "hook": "webhook",
        "mqtt": "mqtt",
        "sms": "apprise",
    }


def test_people_are_spared_and_programs_are_not_unless_it_is_asked_for() -> None:
    pacing = {"cooldown_camera_s": 7}
    own = {**HORN, "pacing": {"cooldown_camera_s": 9}}
    config = alerts(channels={**ALL, "own": own}, pacing=pacing)
    found = {name: config.pacing_of(name) for name in config.channels}
    assert found == {
        "mail": Pacing(cooldown_camera_s=7),
        "sms": Pacing(cooldown_camera_s=7),
        "own": Pacing(cooldown_camera_s=9),
        "horn": None,
        "hook": None,
        "mqtt": None,
    }


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ({**MAIL, "to": []}, "at least 1"),
        ({**MAIL, "to": ["nobody"]}, "must be an address"),
        ({**MAIL, "to": ["a@x.org\r\nBcc: b@x.org"]}, "must be an address"),
        ({**MAIL, "sender": "Mask <m@x.org>"}, "must be an address"),
        ({**MAIL, "to": ["a@x..org"]}, "a part of this name is empty"),
        ({**MAIL, "sender": "m@."}, "a part of this name is empty"),
        ({**MAIL, "username": "m"}, "go together"),
        ({**MQTT, "topic": "a/#"}, "must be a topic"),
        ({**MQTT, "topic": "/a"}, "must be a topic"),
        ({**MQTT, "password": "p"}, "needs a username"),
        ({**MQTT, "ca_file": "ca.pem"}, "need tls"),
        ({**MQTT, "tls": True, "key_file": "k.pem"}, "go together"),
        ({**HORN, "command": []}, "at least 1"),
        ({**HORN, "timeout_s": 31}, "less than or equal to 30"),
        ({"kind": "pigeon"}, "pigeon"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(channel: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        alerts(channels={"it": channel})


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"pacing": {"digest_at": ["07:00Z"]}}, "local time without an offset"),
        ({"ladder": [{"channels": ["horn"], "after_s": 1e12}]}, "less than or equal to 315360000"),
        ({"retry": {"max_delay_s": 1e12}}, "less than or equal to 315360000"),
        ({"retry": {"first_delay_s": 0}}, "greater than 0"),
        ({"retry": {"give_up_after_s": float("inf")}}, "finite|less than or equal"),
    ],
)
def test_times_that_no_clock_shows_are_refused(section: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        alerts(channels={"horn": HORN}, **section)


def test_a_channel_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValidationError, match=r"no channel 'post'; there are: mail, horn"):
        alerts(channels={"mail": MAIL, "horn": HORN}, ladder=[{"channels": ["post"]}])
    with pytest.raises(ValidationError, match=r"no channel 'post'; there are: none"):
        alerts(camera_trouble={"channels": ["post"]})


def test_an_attempt_must_not_outlive_its_claim() -> None:
    with pytest.raises(ValidationError, match=r"claim_s = 30 must be at least twice"):
        alerts(channels={"mail": MAIL}, retry={"claim_s": 30})


@pytest.mark.parametrize(
    ("second", "shared"),
    [
        ({"topic": "other"}, "client_id"),
        ({"client_id": "other"}, "topic"),
        ({"host": MQTT["host"].upper(), "port": 1883, "topic": "other"}, "client_id"),
    ],
)
def test_channels_that_would_push_each_other_off_their_broker_are_refused(
    second: dict[str, Any], shared: str
) -> None:
    channels = {"home": MQTT, "display": {**MQTT, **second}}
    reason = f"'home' and 'display' are at the same broker: each needs a {shared} of its own"
    with pytest.raises(ValidationError, match=reason):
        alerts(channels=channels)


@pytest.mark.parametrize(
    "second",
    [{"topic": "other", "client_id": "other"}, {"host": "other.example.org"}, {"tls": True}],
)
def test_channels_at_a_broker_that_it_can_tell_apart_are_taken(second: dict[str, Any]) -> None:
    assert len(alerts(channels={"home": MQTT, "display": {**MQTT, **second}}).channels) == 2


def test_the_name_of_an_mqtt_client_is_not_empty() -> None:
    with pytest.raises(ValidationError, match=r"client_id\n.*at least 1 character"):
        MqttConfig(**MQTT, client_id="")


def test_ports_follow_from_the_protection() -> None:
    for security, port in [("starttls", 587), ("tls", 465), ("none", 25)]:
        assert EmailConfig(**{**MAIL, "security": security}).port_or_default == port
    assert MqttConfig(**MQTT).port_or_default == 1883
    assert MqttConfig(**MQTT, tls=True).port_or_default == 8883
    assert MqttConfig(**MQTT, port=99).port_or_default == 99


def test_no_secret_shows_when_the_section_is_printed() -> None:
    secrets = {
        "mail": {**MAIL, "username": "m", "password": "s3cret"},
        "mqtt": {**MQTT, "username": "m", "password": "s3cret"},
        "hook": {**HOOK, "url": "https://x.org/s3cret", "headers": {"Authorization": "s3cret"}},
        "sms": {**SMS, "url": "json://x.org/s3cret"},
    }
    assert "s3cret" not in repr(alerts(channels=secrets))
    assert "s3cret" not in alerts(channels=secrets).model_dump_json()


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "https://h.example.org:8443/a?b=c",
        "https://[::1]:80/x",
        "https://k\u00e4se.example/x",
        "HTTP://H/",
    ],
)
def test_an_address_that_a_request_can_go_to_is_taken(url: str) -> None:
    alerts(channels={"hook": {**HOOK, "url": url}})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://h/t0ken", "must begin with https:// or http://"),
        ("https:///t0ken", "must begin with https:// or http:// and name a host"),
        ("https://127.0.0.1:99999/t0ken", "port from 1 to 65535"),
        ("https://127.0.0.1:0/t0ken", "port from 1 to 65535"),
        ("https://h:http/t0ken", "port from 1 to 65535"),
        ("https://[::1/t0ken", "IPv6 number stands in brackets"),
        ("https://a..b/t0ken", "a part of this name is empty or too long"),
        (f"https://{'a' * 64}/t0ken", "a part of this name is empty or too long"),
        ("https://h/t0ken\n", "must not hold blanks or line breaks"),
    ],
)
def test_any_other_is_refused_without_a_token_in_it(url: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        alerts(channels={"hook": {**HOOK, "url": url}})
    assert reason in str(caught.value)
    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("channel", [MAIL, MQTT])
@pytest.mark.parametrize("host", ["a..b", "https://mail", "m@h", "mail example", f"{'a' * 64}.org"])
def test_a_host_that_no_machine_can_be_called_is_refused(
    channel: dict[str, Any], host: str
) -> None:
    with pytest.raises(ValidationError, match="host"):
        alerts(channels={"office": {**channel, "host": host}})


@pytest.mark.parametrize(
    "value",
    [
        "Bearer geheim-\u00fc",
        "Bearer geheim ",
        " geheim",
        "geheim\n",
        "geheim\r\nX-Other: 1",
        "geheim\n\n",
    ],
)
def test_a_value_that_no_header_can_have_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(ValidationError, match=r"headers\.Authorization") as caught:
        alerts(channels={"hook": {**HOOK, "headers": {"Authorization": value}}})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "Two Words", "Colon:", "K\u00e4se", "Break\n"])
def test_a_name_that_no_header_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="must be the name of a header"):
        alerts(channels={"hook": {**HOOK, "headers": {name: "x"}}})


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "Content-Type", "X-Maskwatch-Signature"]
)
def test_a_header_that_the_webhook_sets_by_itself_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a header that the webhook sets by itself"):
        alerts(channels={"hook": {**HOOK, "headers": {name: "5"}}})


def test_headers_as_people_use_them_are_taken() -> None:
    headers = {"Authorization": "Basic dTpw", "X-Note": "a, b\tc; d", "X-Empty": ""}
    alerts(channels={"hook": {**HOOK, "headers": headers}})
