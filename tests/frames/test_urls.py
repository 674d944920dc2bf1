from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwatch.frames.urls import mask_password, reason_to_refuse, scheme_of


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("rtsp://admin:s3cret@10.0.0.5:554/cam", "rtsp://admin:***@10.0.0.5:554/cam"),
        ("rtsp://10.0.0.5/cam", "rtsp://10.0.0.5/cam"),
        ("http://host:8080/video.mjpg?fps=5", "http://host:8080/video.mjpg?fps=5"),
        ("RTSP://Admin:x@Host/Cam", "RTSP://Admin:***@Host/Cam"),
        ("rtsp://admin@host/cam", "rtsp://admin@host/cam"),
        ("rtsp://:x@host/cam", "rtsp://:***@host/cam"),
        ("udp://@239.0.0.1:1234", "udp://@239.0.0.1:1234"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://10.0.0.5:80/a@b", "http://10.0.0.5:80/a@b"),
        ("http://host/a@b:c", "http://host/a@b:c"),
        # Delimiters that nobody escaped.
        ("rtsp://admin:p@ss@host/cam", "rtsp://admin:***@host/cam"),
        ("rtsp://admin:p:s:s@host/cam", "rtsp://admin:***@host/cam"),
        ("rtsp://admin:pa/ss#x?y@host/cam", "rtsp://admin:***@host/cam"),
        ("rtsp://admin:Win@ter/2024@cam:554/h264", "rtsp://admin:***@cam:554/h264"),
        ("rtsp://admin:P@ss#word@cam/1", "rtsp://admin:***@cam/1"),
        ("rtsp://björn:pä@:/#% x@cam/1", "rtsp://björn:***@cam/1"),
        ("rtsp://a@b.de:pa/ss@cam/1", "rtsp://a@b.de:***@cam/1"),
        # An address without a flaw looks the same, so too much of it is hidden.
        ("rtsp://admin:s3cret@cam/a@b", "rtsp://admin:***@b"),
        # In the query and in the path.
        ("http://h/v?user=a&password=b&fps=5", "http://h/v?user=a&password=***&fps=5"),
        ("http://h/v?pwd=b", "http://h/v?pwd=***"),
        ("http://h/v?passwort=b&Kennwort=c", "http://h/v?passwort=***&Kennwort=***"),
        ("http://h/v?loginuse=a&loginpas=b", "http://h/v?loginuse=a&loginpas=***"),
        ("https://h/v?access_token=b.c-d#t=5", "https://h/v?access_token=***#t=5"),
        ("https://h/v?X-Amz-Signature=ab&e=1", "https://h/v?X-Amz-Signature=***&e=1"),
        ("https://h/v?PassWord=b", "https://h/v?PassWord=***"),
        ("http://h/v.cgi?user=admin&pw=b&fps=5", "http://h/v.cgi?user=admin&pw=***&fps=5"),
        ("http://h/v?usr=a&PW=b", "http://h/v?usr=a&PW=***"),
        ("http://h/v?u=a&p=b", "http://h/v?u=a&p=***"),
        ("http://h/v?P=b#t=5", "http://h/v?P=***#t=5"),
        ("http://h/v?loginuse=a&LoginPw=b", "http://h/v?loginuse=a&LoginPw=***"),
        ("http://h/v?Pin=1&pincode=2&CODE=3", "http://h/v?Pin=***&pincode=***&CODE=***"),
        ("rtsp://h/user=admin_pw=b_channel=1.sdp", "rtsp://h/user=admin_pw=***_channel=1.sdp"),
        ("http://h/v?login=admin:b&fps=5", "http://h/v?login=***&fps=5"),
        ("http://h/v?pass%77ord=b&p%61sswd=c&a=%26", "http://h/v?password=***&passwd=***&a=%26"),
        ("http://h/v?passwd[]=b&pass%5B0%5D=c", "http://h/v?passwd[]=***&pass%5B0%5D=***"),
        ("rtsp://h:554/0/admin:b/main", "rtsp://h:554/0/admin:***/main"),
        ("rtsp://u:a@h/0/admin:b/main", "rtsp://u:***@h/0/admin:***/main"),
        ("rtsp://h/live/ch:1", "rtsp://h/live/ch:1"),
        # What only begins or ends like one of them.
        (
            "http://h/v?page=1&pos=2&speed=3&profile=4&ptz=5&ip=6&spin=7&codec=h264&pwm=8&pip=9",
            "http://h/v?page=1&pos=2&speed=3&profile=4&ptz=5&ip=6&spin=7&codec=h264&pwm=8&pip=9",
        ),
        (
            "rtsp://h/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp",
            "rtsp://h/user=admin_password=***_channel=1_stream=0.sdp",
        ),
        # Not URLs.
        ("photos/password=x.jpg", "photos/password=x.jpg"),
        ("0", "0"),
        ("", ""),
        ("C:\\clips\\a.mp4", "C:\\clips\\a.mp4"),
    ],
)
def test_hides_passwords_and_nothing_else(url: str, masked: str) -> None:
    assert mask_password(url) == masked


@given(st.text())
def test_never_raises(text: str) -> None:
    mask_password(text)
    mask_password(f"rtsp://{text}")


@given(
    st.text(min_size=1).filter(lambda p: "secret" not in p),
    st.sampled_from(["rtsp", "http", "rtmps"]),
)
def test_no_password_however_odd_gets_through(odd: str, scheme: str) -> None:
    url = f"{scheme}://user:TOPsecret{odd}@host/cam"
    assert "TOPsecret" not in mask_password(url)


passwords = st.text(st.sampled_from("@/?#:%[]= &") | st.characters(exclude_categories=["C"]))


@given(passwords)
def test_of_no_password_any_character_is_shown(password: str) -> None:
    url = f"rtsp://admin:{password}@10.0.0.5/stream"
    assert mask_password(url) == "rtsp://admin:***@10.0.0.5/stream"


@given(passwords)
def test_no_part_of_a_password_is_ever_taken_for_a_host(password: str) -> None:
    is_cut = any(delimiter in password for delimiter in "/?#")
    assert bool(reason_to_refuse(f"rtsp://admin:{password}@cam/stream")) == is_cut


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:p#ss@10.0.0.5/1",
        "rtsp://admin:12/34@10.0.0.5/1",
        "rtsp://admin:Win@ter/2024@10.0.0.5:554/h264",
        # Could be meant either way.
        "rtsp://admin:s3cret@cam/a@b",
        "http://cam:8080/a@b",
    ],
)
def test_an_address_that_can_be_understood_wrongly_is_refused_without_showing_it(url: str) -> None:
    assert reason_to_refuse(url) == (
        "special characters in the user name or password must be written as %23 for #, %25 for %, "
        "%2F for /, %3F for ?, %40 for @; likewise any @ after the host"
    )


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://cam/1",
        "rtsp://admin:p%23s%40s@cam/1",
        "rtsp://admin:p@ss@cam/1",
        "udp://@239.0.0.1:1234",
        "http://cam/a@b:c",
        "http://10.0.0.5:8080/a@b",
        "rtsp://admin:s3cret@10.0.0.5:554/a@b?c=d@e",
        "rtsp://admin:s3cret@[fe80::1]:554/a@b",
        "rtsp://[fe80::1]:554/a@b",
        "clips/a:b/c@d.mp4",
    ],
)
def test_any_other_address_is_not_refused(url: str) -> None:
    assert reason_to_refuse(url) is None


def test_masking_twice_changes_nothing() -> None:
    once = mask_password("http://a:b@h/v?token=c")
    assert mask_password(once) == once


@pytest.mark.parametrize(
    ("location", "scheme"),
    [
        ("RTSP://h/c", "rtsp"),
        ("http://h", "http"),
        ("C://clips", None),
        ("a.mp4", None),
        ("0", None),
        ("folder/http://x", None),
    ],
)
def test_scheme_of(location: str, scheme: str | None) -> None:
    assert scheme_of(location) == scheme
