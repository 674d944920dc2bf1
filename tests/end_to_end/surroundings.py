"""What a service needs around it: a camera, a mail server and a broker, with TLS and logins."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwatch.config.alerts import Security
from tests.end_to_end.serving import PATIENCE_S
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.local import free_port
from tests.servers.mail import PASSWORD, USER, MailServer, mail_server
from tests.servers.mqtt import Broker, Listener, listener, mosquitto
from tests.servers.rtsp import RtspCamera, rtsp_camera

READERS = ("ann@example.org", "ben@example.org")
"""Who gets mails."""


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Waits until it is so; fails, and says what was waited for, when it takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Camera:
    """A camera that plays a clip to whoever connects, from its start; it can lose its power.

    Args:
        clip: MP4 file with H.264.
    """

    def __init__(self, clip: Path) -> None:
        self._clip = clip
        self._running = ExitStack()
        self.port = 0
        self._camera: RtspCamera | None = None

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/clip"

    def start(self) -> None:
        self._camera = self._running.enter_context(rtsp_camera(self.port, clip=self._clip))
        self.port = self._camera.port

    def kill(self) -> None:
        assert self._camera is not None
        self._camera.process.kill()
        self._running.close()


@dataclass(frozen=True)
class Surroundings:
    folder: Path
    certificates: Certificates
    camera: Camera
    mail: MailServer
    broker: Broker
    home: Listener
    """A client of the broker that was there from the beginning."""

    def config(self, cameras: Mapping[str, object] | None = None) -> Path:
        """The configuration of a service for all this; without cameras, somebody has to add one."""
        port = free_port()
        login = {
            "host": "localhost",
            "username": USER,
            "password": PASSWORD,
            "ca_file": str(self.certificates.ca_file),
            "timeout_s": 5,
        }
        values = {
            "site": {"name": "Ward 3"},
            "cameras": dict(cameras or {}),
            "privacy": {"photos": "clear"},
            "storage": {"folder": str(self.folder / "data"), "min_free_gb": 0},
            "web": {
                "port": port,
                "base_url": f"http://127.0.0.1:{port}",
                "camera_networks": ["127.0.0.0/8"],
            },
            "alerts": {
                "channels": {
                    "shift": {
                        "kind": "email",
                        "port": self.mail.port,
                        "sender": "maskwatch@example.org",
                        "to": READERS,
                        **login,
                    },
                    "home": {"kind": "mqtt", "port": self.broker.port, "tls": True, **login},
                },
                "pacing": {"cooldown_camera_s": 0, "cooldown_person_s": 0, "rate_limit": None},
                "camera_trouble": {"channels": ["shift"], "after_s": 10},
                "retry": {"claim_s": 12, "first_delay_s": 1},
            },
        }
        path = self.folder / "maskwatch.yaml"
        path.write_text(json.dumps(values))  # which is YAML
        return path

    def told_home(self, topic: str) -> list[Any]:
        """Everything that was said so far on a topic below ``maskwatch``, as JSON."""
        said = [body for at, body, _ in list(self.home.heard) if at == f"maskwatch/{topic}"]
        return [json.loads(body) for body in said]


@contextmanager
def surroundings(folder: Path, clip: Path) -> Iterator[Surroundings]:
    """Starts all of it, on the loopback."""
    certificates = make_certificates(folder)
    camera = Camera(clip)
    with (
        mail_server(Security.STARTTLS, certificates) as mail,
        mosquitto(folder, certificates) as broker,
        listener(broker, certificates) as home,
    ):
        camera.start()
        try:
            yield Surroundings(folder, certificates, camera, mail, broker, home)
        finally:
            camera.kill()
