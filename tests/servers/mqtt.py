"""Mosquitto, the broker from Debian's packages, and a client that keeps what it hears."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.components import need
from tests.servers.certificates import Certificates
from tests.servers.local import free_port

USER, PASSWORD = "maskwatch", "correct horse"
_SBIN = "/usr/sbin/mosquitto"  # not on everybody's PATH


def _program() -> str | None:
    return shutil.which("mosquitto") or shutil.which(_SBIN)


def need_mosquitto() -> None:
    need("Mosquitto", _program() is not None, "apt: mosquitto")


@dataclass
class Broker:
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def mosquitto(
    folder: Path, certificates: Certificates | None = None, port: int | None = None
) -> Iterator[Broker]:
    """A broker on 127.0.0.1 that wants the login above; with certificates it speaks TLS only."""
    need_mosquitto()
    port = port or free_port()
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True)
    lines = [f"listener {port} 127.0.0.1", f"password_file {passwords}", "allow_anonymous false"]
    if certificates is not None:
        lines += [f"certfile {certificates.certificate}", f"keyfile {certificates.key}"]
    if os.getuid() == 0:
        lines.append("user root")  # it would become another user, who may not read the files
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    program = _program()
    assert program is not None
    with subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for_port(port)
            yield Broker(port, process)
        finally:
            process.kill()


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "Mosquitto did not start"
            time.sleep(0.02)
        else:
            return


@dataclass
class Listener:
    """Hears everything; the last word of each topic counts."""

    client: paho.Client
    heard: list[tuple[str, bytes, bool]] = field(default_factory=list)
    """Topic, payload, and whether the broker had kept it."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def last(self, topic: str) -> bytes | None:
        return next((body for at, body, _ in reversed(self.heard) if at == topic), None)

    def wait_for(self, topic: str, body: bytes | None = None, timeout_s: float = 20.0) -> bytes:
        """The last word of a topic, once it is ``body`` (or anything)."""

        def said() -> bool:
            last = self.last(topic)
            return last is not None and body in (None, last)

        with self.changed:
            topics = sorted({topic for topic, _, _ in self.heard})
            assert self.changed.wait_for(said, timeout_s), (topic, self.last(topic), topics)
            last = self.last(topic)
            assert last is not None
            return last


@contextmanager
def listener(broker: Broker, certificates: Certificates | None = None) -> Iterator[Listener]:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(USER, PASSWORD)
    if certificates is not None:
        client.tls_set(ca_certs=str(certificates.ca_file))
    ear = Listener(client)
    subscribed = threading.Event()

    def on_message(_client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        with ear.changed:
            ear.heard.append((message.topic, bytes(message.payload), message.retain))
            ear.changed.notify_all()

    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("localhost", broker.port)
    client.loop_start()
    try:
        client.subscribe("#", qos=1)
        assert subscribed.wait(60)
        yield ear
    finally:
        client.disconnect()
        client.loop_stop()
