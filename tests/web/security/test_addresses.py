"""Which addresses the box may be told to connect to."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest
from fastapi.testclient import TestClient

from maskwatch.errors import UsageError
from maskwatch.web.security.addresses import Address, checked_address
from tests.web.world import World


def resolver(*addresses: str) -> Callable[[str, int], list[Address]]:
    return lambda *_: [ip_address(each) for each in addresses]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.1.5", "172.16.0.1", "169.254.169.254", "0.1.2.3"),
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1"),
        *("100.64.0.1", "255.255.255.255", "::", "2002:7f00:1::", "64:ff9b::7f00:1"),
        *("fec0::1", "::7f00:1", "::ffff:0:10.0.0.1", "64:ff9b:1::a00:1"),
    ],
)
def test_special_networks_are_closed_by_default(address: str) -> None:
    with pytest.raises(UsageError, match=r"web\.camera_networks"):
        checked_address("rtsp://camera.example/1", (), resolver(address))


def test_a_name_with_one_bad_address_among_good_ones_is_refused() -> None:
    with pytest.raises(UsageError):
        checked_address("rtsp://camera.example/1", (), resolver("8.8.8.8", "127.0.0.1"))


def test_a_network_that_the_configuration_names_is_open() -> None:
    networks = (ip_network("192.168.20.0/24"),)
    url = "rtsp://viewer:pa%40ss@cam.lan:8554/stream?x=1"
    checked = checked_address(url, networks, resolver("192.168.20.7"))
    assert checked == "rtsp://viewer:pa%40ss@192.168.20.7:8554/stream?x=1"
    with pytest.raises(UsageError):
        checked_address(url, networks, resolver("192.168.21.7"))


def test_the_address_that_was_checked_is_the_one_that_is_opened() -> None:
    assert checked_address("http://cam.example/v", (), resolver("8.8.4.4")) == "http://8.8.4.4/v"
    # With TLS the certificate speaks for the name.
    url = "rtsps://cam.example/v"
    assert checked_address(url, (), resolver("8.8.4.4")) == url


def test_a_host_that_nobody_knows_is_told_from_one_that_is_closed() -> None:
    def nobody(*_: object) -> list[Address]:
        raise OSError("Name or service not known")

    with pytest.raises(UsageError, match="no host is called 'nowhere'"):
        checked_address("rtsp://nowhere/1", (), nobody)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "/etc/passwd", "concat:a|b", "ftp://8.8.8.8/", "rtsp://", ""),
        *("http://8.8.8.8:99999/", "rtsp://8.8.8.8/\r\nX: y", "gopher://8.8.8.8/", "data:x", "0"),
    ],
)
def test_only_addresses_of_cameras_are_addresses(url: str) -> None:
    with pytest.raises(UsageError):
        checked_address(url, (), resolver("8.8.8.8"))


def test_unusual_ways_to_write_loopback_are_seen_through() -> None:
    for host in ("localhost", "127.1", "2130706433", "0x7f000001"):
        with pytest.raises(UsageError):
            checked_address(f"http://{host}/", ())


def test_the_dashboard_tests_no_camera_in_a_closed_network(admin: TestClient, world: World) -> None:
    for body in ({"url": "http://127.0.0.1:22/"}, {"url": "http://169.254.169.254/latest"}):
        answer = admin.post("/api/v1/cameras/test", json=body)
        assert answer.status_code == 422
        assert "web.camera_networks" in answer.json()["detail"]
    assert world.service.tested == []


def test_nor_saves_one(admin: TestClient, world: World) -> None:
    for url in ("rtsp://127.0.0.1/x", "/dev/video0", "0", "udp://8.8.8.8:1"):
        body = {"name": "trick", "settings": {"url": url}}
        assert admin.post("/api/v1/cameras", json=body).status_code == 422
    assert world.store.cameras.all() == []
