from __future__ import annotations

import socket
from contextlib import closing
from ipaddress import ip_address, ip_network

import pytest

from maskwatch.frames.reach import Address, OutOfReach, Reach

LOOPBACK = Reach((ip_network("127.0.0.0/8"), ip_network("::1/128")))


class Names:
    """A resolver whose answer changes with each question, as a hostile one's does."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> list[Address]:
        self.asked += 1
        return [ip_address(self.answers.pop(0))]


def test_a_name_is_asked_for_once_and_its_answer_is_what_is_opened() -> None:
    names = Names("8.8.8.8", "127.0.0.1")
    url = Reach().pinned("rtsp://viewer:pass@camera.test:8554/1", names)
    assert url == "rtsp://viewer:pass@8.8.8.8:8554/1"
    assert names.asked == 1


def test_a_name_of_which_one_address_is_out_of_reach_is_refused() -> None:
    def both(_host: str, _port: int) -> list[Address]:
        return [ip_address("8.8.8.8"), ip_address("192.168.0.1")]

    with pytest.raises(OutOfReach, match=r"camera\.test is in a network that is not open"):
        Reach().pinned("rtsp://camera.test/1", both)
    allowed = Reach((ip_network("192.168.0.0/24"),)).pinned("rtsp://camera.test/1", both)
    assert allowed == "rtsp://8.8.8.8/1"


def test_the_server_is_still_told_its_name() -> None:
    options = Reach().options("http://viewer:pass@camera.test:8080/v")
    assert options["headers"] == "Host: camera.test:8080\r\n"


def test_nothing_but_pictures_is_opened_and_no_redirect_followed() -> None:
    options = Reach().options("http://camera.test/v")
    assert options["max_redirects"] == "0"
    assert not {"hls", "dash", "concat", "sdp"} & set(options["format_whitelist"].split(","))


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
def test_an_address_leads_to_its_own_kind_only(scheme: str) -> None:
    allowed = Reach().options(f"{scheme}://camera.test/v")["protocol_whitelist"].split(",")
    assert scheme in allowed
    assert not {"file", "data", "concat", "crypto", "unix", "pipe"} & set(allowed)
    assert ("tls" in allowed) == scheme.endswith("s")


@pytest.mark.parametrize(("family", "host"), [("AF_INET", "127.0.0.1"), ("AF_INET6", "::1")])
def test_the_peers_of_a_connection_are_looked_at(family: str, host: str) -> None:
    kind = getattr(socket, family)
    try:
        listener = socket.create_server((host, 0), family=kind)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener, closing(socket.create_connection(listener.getsockname()[:2])):
        LOOPBACK.check_peers()
        with pytest.raises(OutOfReach, match="not open to the dashboard"):
            Reach().check_peers()
