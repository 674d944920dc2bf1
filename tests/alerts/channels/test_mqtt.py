from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho

from maskwatch.alerts.base import CameraFacts, StateChannel
from maskwatch.alerts.channels.homeassistant import Announcement, Topics, slug
from maskwatch.alerts.channels.mqtt import MqttChannel
from maskwatch.alerts.service import AlertSettings
from maskwatch.build.channels import build_channels
from maskwatch.config.alerts import AlertsConfig, MqttConfig
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.site import SiteConfig
from maskwatch.errors import ChannelError, UsageError
from tests.alerts import samples
from tests.runtime.processes import wait_until
from tests.servers.certificates import Certificates
from tests.servers.local import free_port
from tests.servers.mqtt import PASSWORD, USER, Broker, Listener, listener, mosquitto
from tests.servers.relay import relay

DOOR = CameraFacts("Door 1", online=True, violation=True, people=2)
GATE = CameraFacts("Gate", online=False, violation=False, people=0)

ITSELF, ANNOUNCED = "maskwatch/status", "maskwatch/announced"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def ear(broker: Broker) -> Iterator[Listener]:
    with listener(broker) as hearing:
        yield hearing


def announcement(photos: bool = True) -> Announcement:
    return Announcement(
        Topics("maskwatch"), "homeassistant", "maskwatch", "1.2", photos, "https://m.example.org"
    )


@contextmanager
def channel(
    broker: Broker, announced: Announcement | None = None, **values: Any
) -> Iterator[MqttChannel]:
    given = {
        "host": "localhost",
        "port": broker.port,
        "username": USER,
        "password": PASSWORD,
        "timeout_s": 5,
        **values,
    }
    made = MqttChannel(MqttConfig.model_validate(given), announced)
    try:
        yield made
    finally:
        made.close()


def heard_alert(ear: Listener, topic: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(ear.wait_for(topic))
    return values


def test_an_alert_arrives_with_its_photo_and_the_broker_keeps_neither(
    broker: Broker, ear: Listener
) -> None:
    alert = samples.alert(photo=samples.jpeg())
    with channel(broker) as mqtt:
        mqtt.send(alert)
        values = heard_alert(ear, "maskwatch/cameras/Door 1/alert")
        assert ear.wait_for("maskwatch/cameras/Door 1/photo") == samples.jpeg()
    assert (values["id"], values["event_type"], values["camera"]) == (
        alert.id,
        "violation",
        "Door 1",
    )
    assert values["episodes"][0]["fault"] == "nose_out"
    assert "photo_jpeg_base64" not in values
    with listener(broker) as late:
        late.wait_for("maskwatch/status")
    assert {topic for topic, _, _ in late.heard} == {"maskwatch/status"}


def test_the_broker_keeps_the_photo_where_that_is_wanted(broker: Broker) -> None:
    with channel(broker, retain_photo=True) as mqtt:
        mqtt.send(samples.alert(photo=samples.jpeg()))
    with listener(broker) as late:
        assert late.wait_for("maskwatch/cameras/Door 1/photo") == samples.jpeg()


def test_without_photos_none_is_published(broker: Broker, ear: Listener) -> None:
    with channel(broker, photo=False) as mqtt:
        mqtt.send(samples.alert(photo=samples.jpeg()))
        ear.wait_for("maskwatch/cameras/Door 1/alert")
    assert ear.last("maskwatch/cameras/Door 1/photo") is None


def test_what_is_about_no_camera_or_several_has_a_topic_of_its_own(
    broker: Broker, ear: Listener
) -> None:
    digest = samples.alert(samples.episode("Door 1"), samples.episode("Gate"))
    with channel(broker) as mqtt:
        mqtt.send(digest)
        assert heard_alert(ear, "maskwatch/alert")["id"] == digest.id


def test_states_are_kept_for_those_who_come_later(broker: Broker) -> None:
    with channel(broker) as mqtt:
        mqtt.show([DOOR, GATE])
        mqtt.send(samples.message_to_try())  # an acknowledged message after them: they are there
        with listener(broker) as late:
            state = json.loads(late.wait_for("maskwatch/cameras/Door 1/state"))
            assert state == {"violation": True, "people": 2}
            assert late.wait_for("maskwatch/cameras/Door 1/status") == b"online"
            assert late.wait_for("maskwatch/cameras/Gate/status") == b"offline"
            assert late.wait_for("maskwatch/status") == b"online"
            kept = [retained for _, _, retained in late.heard]
    assert all(kept)


def test_only_what_changed_is_said_again(broker: Broker, ear: Listener) -> None:
    with channel(broker) as mqtt:
        mqtt.show([DOOR, GATE])
        ear.wait_for("maskwatch/cameras/Gate/state")
        for people in (3, 3, 4):
            mqtt.show([CameraFacts("Door 1", online=True, violation=True, people=people), GATE])
        ear.wait_for("maskwatch/cameras/Door 1/state", b'{"violation": true, "people": 4}')
    said = [topic for topic, _, _ in ear.heard]
    assert said.count("maskwatch/cameras/Door 1/state") == 3
    assert said.count("maskwatch/cameras/Gate/state") == 1


def test_a_clean_end_says_offline(broker: Broker, ear: Listener) -> None:
    with channel(broker) as mqtt:
        mqtt.show([DOOR])
        ear.wait_for("maskwatch/status", b"online")
    ear.wait_for("maskwatch/status", b"offline")


def test_a_process_that_dies_is_said_to_be_offline_by_the_broker(
    broker: Broker, ear: Listener
) -> None:
    with channel(broker) as mqtt:
        mqtt.show([DOOR])
        ear.wait_for("maskwatch/status", b"online")
        assert mqtt._client is not None
        socket = mqtt._client.socket()
        assert socket is not None
        mqtt._client.disconnect = lambda *_: None  # type: ignore[method-assign]
        mqtt._client.reconnect = lambda: None  # type: ignore[method-assign]
        socket.shutdown(2)  # as the kernel does for a dead process
        ear.wait_for("maskwatch/status", b"offline")


def test_after_the_broker_was_away_states_are_there_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker, channel(broker) as mqtt:
        mqtt.show([DOOR])
        mqtt.send(samples.message_to_try())
        broker.process.kill()
        broker.process.wait()
        assert wait_until(lambda: not mqtt._connected.is_set())
        mqtt.show([GATE])
        with mosquitto(tmp_path, port=broker.port) as again, listener(again) as late:
            assert late.wait_for("maskwatch/cameras/Gate/status") == b"offline"
            mqtt.send(samples.alert())
            late.wait_for("maskwatch/cameras/Door 1/alert")
            assert late.last("maskwatch/cameras/Door 1/state") in (None, b"")


def test_what_was_said_into_a_dead_connection_comes_before_what_holds_now(broker: Broker) -> None:
    state = "maskwatch/cameras/Door 1/state"
    with relay(broker.port) as network, channel(Broker(network.port, broker.process)) as mqtt:
        mqtt.show([DOOR])
        mqtt.send(samples.message_to_try())
        network.is_deaf = True
        mqtt.show([replace(DOOR, people=3)])
        assert wait_until(lambda: b'"people": 3' in network.sent[0])
        network.cut()
        assert wait_until(lambda: not mqtt._connected.is_set())
        network.is_deaf = False
        mqtt.show([replace(DOOR, violation=False, people=0)])
        mqtt.send(samples.message_to_try())
        with listener(broker) as late:
            assert json.loads(late.wait_for(state)) == {"violation": False, "people": 0}


def test_everything_goes_over_tls_with_a_login(tmp_path: Path, certificates: Certificates) -> None:
    with (
        mosquitto(tmp_path, certificates) as broker,
        listener(broker, certificates) as ear,
        channel(broker, tls=True, ca_file=certificates.ca_file) as mqtt,
    ):
        mqtt.send(samples.alert())
        ear.wait_for("maskwatch/cameras/Door 1/alert")


# paho leaves the socket to the garbage collector when the certificate is wrong.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_with_a_strange_certificate_gets_nothing(
    tmp_path: Path, certificates: Certificates, strange_certificates: Certificates
) -> None:
    with (
        mosquitto(tmp_path, certificates) as broker,
        channel(broker, tls=True, ca_file=strange_certificates.ca_file, timeout_s=1) as mqtt,
        pytest.raises(ChannelError, match=r"no MQTT broker at localhost: .*certificate"),
    ):
        mqtt.send(samples.alert())
    gc.collect()  # so that the warning comes here


def test_a_wrong_password_is_told_without_it_and_may_heal(broker: Broker) -> None:
    with (
        channel(broker, password="wrong staple", timeout_s=1) as mqtt,  # noqa: S106
        pytest.raises(ChannelError, match="not authorized") as raised,
    ):
        mqtt.send(samples.alert())
    assert not raised.value.permanent
    assert "staple" not in str(raised.value)


def test_without_a_broker_a_message_fails_and_is_not_sent_behind_our_back(tmp_path: Path) -> None:
    port = free_port()
    nobody = Broker(port, process=None)  # type: ignore[arg-type]
    with channel(nobody, timeout_s=0.3) as mqtt:
        with pytest.raises(ChannelError):
            mqtt.send(samples.alert(samples.episode("Early")))
        with mosquitto(tmp_path, port=port) as broker, listener(broker) as ear:
            assert wait_until(lambda: mqtt._connected.is_set())
            mqtt.send(samples.alert(samples.episode("Late")))
            ear.wait_for("maskwatch/cameras/Late/alert")
            assert ear.last("maskwatch/cameras/Early/alert") is None


def configs(ear: Listener) -> dict[str, dict[str, Any]]:
    """What Home Assistant would know, by topic."""
    latest = {t: body for t, body, _ in ear.heard if t.startswith("homeassistant/")}
    return {topic: json.loads(body) for topic, body in latest.items() if body}


def test_home_assistant_is_told_of_each_entity_and_can_read_its_topics(
    broker: Broker, ear: Listener
) -> None:
    with channel(broker, announcement()) as mqtt:
        mqtt.show([DOOR])
        mqtt.send(samples.alert(photo=samples.jpeg()))
        ear.wait_for("maskwatch/cameras/Door 1/alert")
        found = configs(ear)
        node = f"maskwatch/{slug('Door 1')}"
        assert set(found) == {
            f"homeassistant/binary_sensor/{node}_violation/config",
            f"homeassistant/sensor/{node}_people/config",
            f"homeassistant/event/{node}_alert/config",
            f"homeassistant/image/{node}_photo/config",
        }
        for topic, config in found.items():
            source = config.get("state_topic") or config["image_topic"]
            assert ear.last(source) is not None, topic
            for each in config["availability"]:
                assert ear.last(each["topic"]) == b"online"
            assert config["availability_mode"] == "all"
        image = found[f"homeassistant/image/{node}_photo/config"]
        assert ear.last(image["image_topic"]) == samples.jpeg()
        event = found[f"homeassistant/event/{node}_alert/config"]
        said = json.loads(ear.wait_for(event["state_topic"]))
        assert said["event_type"] in event["event_types"]
    assert len({config["unique_id"] for config in found.values()}) == 4
    assert {config["device"]["name"] for config in found.values()} == {"Door 1"}


def test_where_photos_are_not_allowed_there_is_no_image_entity() -> None:
    kinds = {topic.split("/")[1] for topic in announcement(photos=False).entities("Door 1")}
    assert kinds == {"binary_sensor", "sensor", "event"}


def test_entities_of_a_camera_that_is_gone_go_too(broker: Broker, ear: Listener) -> None:
    with channel(broker, announcement()) as mqtt:
        mqtt.show([DOOR, GATE])
        assert wait_until(lambda: len(configs(ear)) == 8)
        mqtt.show([GATE])
        assert wait_until(lambda: len(configs(ear)) == 4)
    assert {config["device"]["name"] for config in configs(ear).values()} == {"Gate"}


def test_entities_of_a_camera_that_went_while_we_were_away_go_too(broker: Broker) -> None:
    with channel(broker, announcement()) as mqtt:
        mqtt.show([DOOR, GATE])
        mqtt.send(samples.message_to_try())
    with listener(broker) as ear, channel(broker, announcement()) as mqtt:
        assert wait_until(lambda: len(configs(ear)) == 8)
        mqtt.show([GATE])
        assert wait_until(lambda: len(configs(ear)) == 4)


def kept(broker: Broker) -> set[str]:
    """The topics that the broker keeps something of, the service's own apart."""
    with listener(broker) as late:
        late.client.publish("heard all", b"yes", qos=1)  # comes after what the broker keeps
        late.wait_for("heard all")
        topics = {topic for topic, _, retained in late.heard if retained}
    return {topic for topic in topics if late.last(topic)} - {ITSELF, ANNOUNCED}


def earlier_run(broker: Broker, *cameras: CameraFacts, announced: Announcement | None) -> None:
    """Leaves behind what is kept of cameras, a photo each included."""
    with channel(broker, announced, retain_photo=True) as mqtt:
        mqtt.show(cameras)
        for each in cameras:
            mqtt.send(samples.alert(samples.episode(each.camera), photo=samples.jpeg()))


def topics_of(camera: CameraFacts, announced: Announcement | None) -> set[str]:
    own = {f"maskwatch/cameras/{camera.camera}/{what}" for what in ("status", "state", "photo")}
    return own | (set(announced.entities(camera.camera)) if announced else set())


@pytest.mark.parametrize("announced", [announcement(), None], ids=["announced", "not announced"])
@pytest.mark.parametrize("left", [[GATE], []], ids=["one is left", "none is left"])
@pytest.mark.parametrize("first", ["show", "send"])
def test_nothing_is_kept_of_cameras_that_went_while_we_were_away(
    broker: Broker, announced: Announcement | None, left: list[CameraFacts], first: str
) -> None:
    earlier_run(broker, DOOR, GATE, announced=announced)
    expected = {topic for each in left for topic in topics_of(each, announced)}
    assert kept(broker) == topics_of(DOOR, announced) | topics_of(GATE, announced)
    with channel(broker, announced, retain_photo=True) as mqtt:
        if first == "send":  # a message was waiting at the start
            mqtt.send(samples.message_to_try())
        mqtt.show(left)
        assert wait_until(lambda: kept(broker) == expected), kept(broker)


def test_the_photo_of_a_camera_that_is_gone_goes_too(broker: Broker) -> None:
    with channel(broker, retain_photo=True) as mqtt:
        mqtt.show([DOOR, GATE])
        mqtt.send(samples.alert(photo=samples.jpeg()))
        assert wait_until(lambda: kept(broker) == topics_of(DOOR, None) | said_of(GATE))
        mqtt.show([GATE])
        assert wait_until(lambda: kept(broker) == said_of(GATE))


def said_of(camera: CameraFacts) -> set[str]:
    """The topics of a camera that there is no photo of."""
    return {topic for topic in topics_of(camera, None) if not topic.endswith("/photo")}


def test_photos_that_are_no_longer_to_be_kept_go(broker: Broker) -> None:
    earlier_run(broker, DOOR, announced=None)
    with channel(broker) as mqtt:
        mqtt.show([DOOR])
        assert wait_until(lambda: kept(broker) == said_of(DOOR))


@pytest.mark.parametrize(
    ("privacy", "photo"),
    [({"photos": "none"}, True), ({"statistics_only": True}, True), ({}, False)],
)
def test_where_photos_are_no_longer_allowed_the_one_that_was_kept_goes(
    broker: Broker, privacy: dict[str, Any], photo: bool
) -> None:
    earlier_run(broker, DOOR, announced=None)
    mqtt = {
        "kind": "mqtt",
        "host": "localhost",
        "port": broker.port,
        "username": USER,
        "password": PASSWORD,
        "home_assistant": False,
        "retain_photo": True,
        "photo": photo,
    }
    alerts = AlertsConfig.model_validate({"channels": {"home": mqtt}})
    allowed = PrivacyConfig.model_validate(privacy)
    made = build_channels(AlertSettings(alerts, allowed, SiteConfig(), None))["home"]
    assert isinstance(made, StateChannel)
    made.show([DOOR])
    assert wait_until(lambda: kept(broker) == said_of(DOOR)), kept(broker)
    made.close()


@pytest.mark.parametrize(
    "now",
    [None, replace(announcement(), node="east wing"), replace(announcement(), prefix="ha")],
    ids=["home_assistant: false", "another client_id", "another discovery_topic"],
)
def test_announcements_that_are_made_no_more_or_elsewhere_go(
    broker: Broker, now: Announcement | None
) -> None:
    earlier_run(broker, DOOR, GATE, announced=announcement())
    somebody_elses = "homeassistant/sensor/maskwatch/by_hand/config"
    with listener(broker) as ear:
        ear.client.publish(somebody_elses, b"{}", qos=1, retain=True)
        ear.wait_for(somebody_elses)
    expected = topics_of(DOOR, now) | topics_of(GATE, now) | {somebody_elses}
    with channel(broker, now, retain_photo=True) as mqtt:
        mqtt.show([DOOR, GATE])
        assert wait_until(lambda: kept(broker) == expected), kept(broker)
        with listener(broker) as late:
            late.wait_for("maskwatch/cameras/Gate/state")
            late.client.publish("heard all", b"yes", qos=1)
            late.wait_for("heard all")
            assert (late.last(ANNOUNCED) is None) == (now is None)


@pytest.mark.parametrize(
    "listed",
    [
        b"no list",
        b"3",
        b"[3]",
        b'["homeassistant/#", "zigbee/bridge/config", "a/sensor/+/b/config"]',
    ],
)
def test_a_list_of_announcements_that_is_none_of_ours_takes_nothing_away(
    broker: Broker, listed: bytes
) -> None:
    others = "zigbee/bridge/config"
    with listener(broker) as ear:
        for topic, body in ((others, b"{}"), (ANNOUNCED, listed)):
            ear.client.publish(topic, body, qos=1, retain=True)
            ear.wait_for(topic)
    with channel(broker, announcement()) as mqtt:
        mqtt.show([GATE])
        mqtt.send(samples.message_to_try())
        assert wait_until(
            lambda: kept(broker) == said_of(GATE) | set(announcement().entities("Gate")) | {others}
        )


def test_before_the_cameras_are_known_nothing_is_taken_back(broker: Broker) -> None:
    earlier_run(broker, DOOR, announced=announcement())
    with channel(broker, announcement(), retain_photo=True) as mqtt:
        mqtt.send(samples.message_to_try())
        mqtt.send(samples.message_to_try())
        assert kept(broker) == topics_of(DOOR, announcement())


def test_all_waits_of_an_attempt_together_last_no_longer_than_it_may(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(message: paho.MQTTMessageInfo, timeout_s: float) -> bool:
        waits.append(timeout_s)
        return True

    with channel(broker) as mqtt:
        monkeypatch.setattr("maskwatch.alerts.channels.mqtt._wait", wait)
        mqtt.send(samples.alert(photo=samples.jpeg()))
    of_photo, of_alert, _farewell = waits
    assert of_alert < of_photo < 5


def test_once_closed_it_never_connects_again(broker: Broker, ear: Listener) -> None:
    with channel(broker) as mqtt:
        mqtt.show([DOOR])
        ear.wait_for("maskwatch/status", b"online")
    ear.wait_for("maskwatch/status", b"offline")
    mqtt.show([DOOR])  # as a reload and the main thread may do it at the same moment
    with pytest.raises(ChannelError, match="the channel was closed"):
        mqtt.send(samples.alert())
    assert mqtt._client is None


@pytest.mark.parametrize(
    ("one", "other"), [("Door 1", "door_1"), ("Tür", "Tur"), ("a-b", "a_b"), ("Ä", "Ö")]
)
def test_different_cameras_have_different_ids(one: str, other: str) -> None:
    assert slug(one) != slug(other)
    for name in (one, other):
        assert slug(name).isascii()
        assert slug(name).replace("_", "").isalnum()


def test_a_missing_file_of_certificates_is_told_at_the_start(nowhere: Path) -> None:
    config = MqttConfig(host="localhost", tls=True, ca_file=nowhere)
    with pytest.raises(UsageError, match=r"nothing\.pem"):
        MqttChannel(config, None)


def test_a_channel_that_was_never_used_closes_without_a_word() -> None:
    MqttChannel(MqttConfig(host="localhost"), None).close()


def test_it_is_a_channel_that_shows_states() -> None:
    assert isinstance(MqttChannel(MqttConfig(host="localhost"), None), StateChannel)
