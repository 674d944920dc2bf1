"""Messages, states and Home Assistant entities over MQTT."""

from __future__ import annotations

import json
import logging
import queue
import ssl
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from maskwatch.alerts.as_json import alert_as_json
from maskwatch.alerts.base import Alert, CameraFacts
from maskwatch.alerts.channels.homeassistant import (
    OFFLINE,
    ONLINE,
    Announcement,
    Topics,
    announced_in,
)
from maskwatch.alerts.channels.tls import show_certificate, trust
from maskwatch.config.alerts import MqttConfig
from maskwatch.errors import ChannelError
from maskwatch.reasons import system_reason

_log = logging.getLogger(__name__)

_AT_LEAST_ONCE = 1
_KEEPALIVE_S = 30
_LONGEST_PAUSE_S = 60
_FAREWELL_S = 1.0


class MqttChannel:
    """Keeps a connection to a broker; publishes alerts, and how the cameras are doing.

    States are retained and published again after each connection; what the broker keeps of cameras
    that are gone is taken back, and so are announcements that are made no more, or under another
    name. When this process dies, the broker itself says ``offline`` (last will). The first `send`
    or `show` connects, and none after `close`: two connections of the same name would push each
    other out.

    Args:
        config: of the channel.
        announcement: for Home Assistant; None announces nothing.

    Raises:
        UsageError: a file of certificates cannot be used.
    """

    def __init__(self, config: MqttConfig, announcement: Announcement | None) -> None:
        self._config = config
        self._topics = Topics(config.topic)
        self._announcement = announcement
        self._lock = threading.Lock()
        self._wanted: dict[str, bytes] = {}
        """Retained topics and what they should say."""
        self._allowed: set[str] | None = None
        """Topics that the broker may keep something of; None before the first `show`."""
        self._kept: set[str] = set()
        """Topics that it does keep something of, as far as is known."""
        self._is_closed = False
        self._connected = threading.Event()
        self._why_not = "not connected yet"
        self._trust = _trust(config)
        self._client: paho.Client | None = None

    def send(self, alert: Alert) -> None:
        """See `AlertChannel`; the broker's acknowledgement is a yes."""
        ends_at = time.monotonic() + self._config.timeout_s
        if not self._connect():
            raise ChannelError("the channel was closed")
        if not self._connected.wait(self._config.timeout_s):
            raise ChannelError(f"no MQTT broker at {self._config.host}: {self._why_not}")
        topics, camera = self._topics, alert.camera
        if alert.photo is not None and camera is not None and self._config.photo:
            photo, is_kept = topics.of(camera, "photo"), self._config.retain_photo
            self._publish(photo, alert.photo, ends_at, retain=is_kept)
            if is_kept:
                with self._lock:
                    self._kept.add(photo)
        body = json.dumps(alert_as_json(alert, with_photo=False)).encode()
        self._publish(topics.alert if camera is None else topics.of(camera, "alert"), body, ends_at)

    def show(self, cameras: Sequence[CameraFacts]) -> None:
        """See `StateChannel`."""
        if not self._connect():
            return
        wanted: dict[str, bytes] = {}
        for facts in cameras:
            wanted |= self._states(facts)
        wanted |= self._announcements(cameras)
        photos = {self._topics.of(facts.camera, "photo") for facts in cameras}
        with self._lock:
            before, self._wanted = self._wanted, wanted
            self._allowed = wanted.keys() | (photos if self._config.retain_photo else set())
            self._kept |= wanted.keys()
            if self._client is not None and self._connected.is_set():
                changed = {
                    topic: body for topic, body in wanted.items() if before.get(topic) != body
                }
                _retain(self._client, changed)
                self._tidy(self._client)

    def try_out(self) -> str:
        """See `TriableChannel`: connects as a client of its own, and leaves; publishes nothing."""
        config = self._config
        # The same name would throw a running service off the broker.
        client = _bare_client(config, f"{config.client_id}-check", self._trust)
        answers: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
        client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.put(reason)
        try:
            client.connect(config.host, config.port_or_default, keepalive=_KEEPALIVE_S)
            client.loop_start()
            reason = answers.get(timeout=config.timeout_s)
        except OSError as error:  # ssl.SSLError among them
            why = system_reason(error)
            raise ChannelError(f"no MQTT broker at {config.host}: {why}") from error
        except queue.Empty:
            raise ChannelError(f"no answer within {config.timeout_s:g} s") from None
        finally:
            client.disconnect()
            client.loop_stop()
        if reason.is_failure:
            raise ChannelError(f"the broker refuses: {str(reason).lower()}")
        return f"{config.host}:{config.port_or_default} lets us in"

    def close(self) -> None:
        """Says ``offline`` and lets go of the connection, for good."""
        with self._lock:
            self._is_closed = True
        if self._client is None:
            return
        if self._connected.is_set():
            farewell = self._client.publish(
                self._topics.status, OFFLINE, qos=_AT_LEAST_ONCE, retain=True
            )
            _wait(farewell, _FAREWELL_S)
        self._drop()

    def _states(self, facts: CameraFacts) -> dict[str, bytes]:
        topics = self._topics
        state = {"violation": facts.violation, "people": facts.people}
        return {
            topics.of(facts.camera, "status"): (ONLINE if facts.online else OFFLINE).encode(),
            topics.of(facts.camera, "state"): json.dumps(state).encode(),
        }

    def _announcements(self, cameras: Sequence[CameraFacts]) -> dict[str, bytes]:
        if self._announcement is None or not cameras:
            return {}
        made: dict[str, Any] = {}
        for facts in cameras:
            made |= self._announcement.entities(facts.camera)
        made[self._topics.announced] = sorted(made)
        return {topic: json.dumps(content).encode() for topic, content in made.items()}

    def _publish(self, topic: str, body: bytes, ends_at: float, *, retain: bool = False) -> None:
        assert self._client is not None  # noqa: S101 - `send` connects
        message = self._client.publish(topic, body, qos=_AT_LEAST_ONCE, retain=retain)
        if _wait(message, max(0.0, ends_at - time.monotonic())):
            return
        # The client would send it again by itself, and so would the retry: start afresh.
        self._drop()
        self._why_not = "it acknowledged nothing"
        raise ChannelError(f"no acknowledgement within {self._config.timeout_s:g} s")

    def _connect(self) -> bool:
        """Makes the connection if there is none; False when it is too late for one."""
        with self._lock:
            if self._client is None and not self._is_closed:
                self._client = self._new_client()
            return not self._is_closed

    def _drop(self) -> None:
        client = self._client
        if client is not None:
            client.disconnect()
            client.loop_stop()
        with self._lock:
            self._client = None
            self._connected.clear()

    def _new_client(self) -> paho.Client:
        config = self._config
        client = _bare_client(config, config.client_id, self._trust)
        client.will_set(self._topics.status, OFFLINE, qos=_AT_LEAST_ONCE, retain=True)
        client.reconnect_delay_set(1, _LONGEST_PAUSE_S)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.connect_async(config.host, config.port_or_default, keepalive=_KEEPALIVE_S)
        client.loop_start()
        return client

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._why_not = str(reason).lower()
            _log.warning("MQTT broker %s refuses: %s", self._config.host, self._why_not)
            return
        kept = [self._topics.of("+", what) for what in ("status", "state", "photo")]
        kept.append(self._topics.announced)
        if self._announcement is not None:
            kept.append(self._announcement.ours)
        client.subscribe([(topic, 0) for topic in kept])  # finds those of cameras that are gone

    def _on_subscribe(
        self, client: paho.Client, _data: Any, _id: int, _reasons: Any, _properties: Any
    ) -> None:
        """The first answer of the broker.

        Not sooner: after `_on_connect` paho says once more what the last connection was told and
        nobody acknowledged, which is not how things are now.
        """
        client.publish(self._topics.status, ONLINE, qos=_AT_LEAST_ONCE, retain=True)
        with self._lock:  # so that what `show` publishes meanwhile is not overtaken by older news
            _retain(client, self._wanted)
            self._tidy(client)
            self._connected.set()

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        error = sys.exception()  # paho calls this while it handles it
        self._why_not = "no connection" if error is None else str(error).lower()

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if self._connected.is_set():  # else the reason is known already, and better
            self._connected.clear()
            self._why_not = str(reason).lower()

    def _on_message(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        """Something below our topics: what the broker kept, or our own words that come back."""
        if message.retain and message.payload:
            with self._lock:
                self._kept.add(message.topic)
                if message.topic == self._topics.announced:
                    self._kept |= announced_in(message.payload)
                self._tidy(client)
        elif message.topic.endswith("/photo"):
            # What was kept has come before it, and each photo to come would come back, too.
            client.unsubscribe(self._topics.of("+", "photo"))

    def _tidy(self, client: paho.Client) -> None:
        """Has the broker forget what it keeps and should not any more; needs the lock."""
        if self._allowed is not None:
            _retain(client, dict.fromkeys(self._kept - self._allowed, b""))
            self._kept &= self._allowed


def _trust(config: MqttConfig) -> ssl.SSLContext | None:
    if not config.tls:
        return None
    context = trust(config.ca_file)
    if config.certificate_file is not None:
        show_certificate(context, config.certificate_file, config.key_file)
    return context


def _bare_client(config: MqttConfig, client_id: str, trusted: ssl.SSLContext | None) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    if trusted is not None:
        client.tls_set_context(trusted)
    if config.username is not None:
        password = config.password.get_secret_value() if config.password else None
        client.username_pw_set(config.username, password)
    return client


def _retain(client: paho.Client, bodies: Mapping[str, bytes]) -> None:
    for topic, body in bodies.items():
        client.publish(topic, body, qos=_AT_LEAST_ONCE, retain=True)


def _wait(message: paho.MQTTMessageInfo, timeout_s: float) -> bool:
    """Whether the broker acknowledged in time."""
    try:
        message.wait_for_publish(timeout_s)
    except (RuntimeError, ValueError):  # the connection broke, or the client's queue is full
        return False
    return message.is_published()
