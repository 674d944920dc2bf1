from __future__ import annotations

import hmac
import time
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import ValidationError

from maskwatch.alerts.channels.email import EmailChannel, mail_of
from maskwatch.alerts.compose import compose
from maskwatch.config.alerts import EmailConfig, Security
from maskwatch.errors import ChannelError, UsageError
from maskwatch.store.records import DeliveryKind
from tests.alerts import samples
from tests.servers.certificates import Certificates
from tests.servers.local import dripping_server, free_port, silent_server, two_addresses
from tests.servers.mail import PASSWORD, USER, MailServer, mail_server

ANN = "ann@example.org"
WRONG = "wrong staple"

# The login that follows is protected by TLS from the first byte, which aiosmtpd does not see.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def channel(port: int, **values: Any) -> EmailChannel:
    given = {
        "host": "localhost",
        "port": port,
        "sender": "maskwatch@example.org",
        "to": [ANN],
        "security": "none",
        "timeout_s": 5,
        **values,
    }
    return EmailChannel(EmailConfig.model_validate(given))


def secure(server: MailServer, security: Security, ca_file: Path, **values: Any) -> EmailChannel:
    login = {"username": USER, "password": PASSWORD, "ca_file": ca_file, "security": security}
    return channel(server.port, **{**login, **values})


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_mail_arrives_over_tls_with_a_login(
    security: Security, certificates: Certificates
) -> None:
    alert = samples.alert(recipient=ANN, photo=samples.jpeg())
    with mail_server(security, certificates) as server:
        secure(server, security, certificates.ca_file).send(alert)
        (mail,) = server.wait_for(1)
    assert mail.recipients == (ANN,)
    assert mail.id == alert.id
    assert mail.message["Subject"] == "Door 1: nose out"
    assert mail.message["To"] == ANN
    assert mail.message["From"] == "maskwatch <maskwatch@example.org>"


def parts_of(message: EmailMessage) -> dict[str, EmailMessage]:
    return {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}


def test_the_photo_lies_in_the_mail_and_the_html_shows_it() -> None:
    with mail_server() as server:
        channel(server.port).send(samples.alert(recipient=ANN, photo=samples.jpeg()))
        (mail,) = server.wait_for(1)
    parts = parts_of(mail.message)
    photo = parts["image/jpeg"]
    assert photo.get_content() == samples.jpeg()
    assert photo["Content-Disposition"].startswith("inline")
    cid = str(photo["Content-ID"]).strip("<>")
    assert f'src="cid:{cid}"' in parts["text/html"].get_content()


def test_text_and_html_say_camera_time_fault_advice_and_links() -> None:
    about = samples.in_zone(samples.episode(), "left lane")
    alert = samples.alert(about, recipient=ANN)
    parts = parts_of(mail_of(alert, "m@example.org"))
    links = alert.episodes[0].links
    assert links is not None
    for content in (parts["text/plain"].get_content(), parts["text/html"].get_content()):
        assert "Nose out" in content
        assert "Door 1, left lane" in content
        assert "2026-03-02 12:00:00 CET" in content
        assert "pull the mask up over your nose" in content
        assert "12" in content
        for link in (links.acknowledge, links.wrong, links.view):
            assert link in content


@pytest.mark.parametrize("episodes", [1, 2])
def test_text_and_html_say_that_a_program_judged_this(episodes: int) -> None:
    about = [samples.episode() for _ in range(episodes)]
    parts = parts_of(mail_of(samples.alert(*about, recipient=ANN), "m@example.org"))
    for content in (parts["text/plain"].get_content(), parts["text/html"].get_content()):
        assert "programs err" in content


def test_a_test_message_claims_no_judgement() -> None:
    text = parts_of(mail_of(samples.message_to_try(ANN), "m@example.org"))["text/plain"]
    assert "programs err" not in text.get_content()


def test_addresses_of_domains_beyond_ascii_are_written_as_every_server_knows_them() -> None:
    german, sender = "ann@k\u00e4se.example", "maskwatch@k\u00e4se.example"
    with mail_server() as server:
        channel(server.port, to=[german], sender=sender).send(samples.alert(recipient=german))
        (mail,) = server.wait_for(1)
    assert mail.recipients == ("ann@xn--kse-qla.example",)
    assert mail.message["To"] == "ann@xn--kse-qla.example"
    assert mail.message["From"] == "maskwatch <maskwatch@xn--kse-qla.example>"


def test_whatever_is_said_the_mail_is_sent_in_ascii() -> None:
    alert = replace(samples.alert(recipient=ANN), text="K\u00e4se: Nase frei", episodes=())
    assert mail_of(alert, "m@example.org").as_bytes().isascii()


def test_without_a_photo_there_is_no_picture_in_the_mail() -> None:
    message = mail_of(samples.alert(recipient=ANN), "m@example.org")
    assert set(parts_of(message)) == {"text/plain", "text/html"}
    assert b"<img" not in message.as_bytes()


def test_a_digest_lists_its_episodes_and_how_many_more_there_are() -> None:
    about = [samples.episode("Gate") for _ in range(33)]
    message = mail_of(samples.alert(*about, recipient=ANN), "m@example.org")
    assert message["Subject"] == "33 violations: Gate"
    html = parts_of(message)["text/html"].get_content()
    assert html.count(">nose out</span>") == 30
    assert html.count("2026-03-02 12:00:00 CET") == 30
    assert "and 3 more" in html
    assert "and 3 more" in parts_of(message)["text/plain"].get_content()


@pytest.mark.parametrize("episodes", [0, 1, 2])
def test_text_and_html_say_that_a_camera_is_down_whatever_else_they_say(episodes: int) -> None:
    about = [samples.episode() for _ in range(episodes)]
    trouble = samples.delivery(None, DeliveryKind.CAMERA_HEALTH, reason="timed out")
    rows = [*(samples.delivery(each, recipient=ANN) for each in about), trouble]
    alert = compose(rows, about, None, samples.WORDING, samples.NOON)
    parts = parts_of(mail_of(replace(alert, recipient=ANN, title="x"), "m@example.org"))
    for content in (parts["text/plain"].get_content(), parts["text/html"].get_content()):
        assert "timed out" in content


def test_the_date_is_that_of_the_attempt_though_the_news_is_older() -> None:
    about, later = samples.episode(), samples.NOON + timedelta(hours=18)
    rows = [samples.delivery(about, recipient=ANN)]
    alert = compose(rows, [about], None, samples.WORDING, later)
    assert mail_of(alert, "m@example.org")["Date"] == "Tue, 03 Mar 2026 06:00:00 +0100"


def test_what_people_called_their_cameras_cannot_become_html() -> None:
    alert = samples.alert(samples.episode("<b>Door</b> & co"), recipient=ANN)
    html = parts_of(mail_of(alert, "m@example.org"))["text/html"].get_content()
    assert "<b>Door" not in html
    assert "&lt;b&gt;Door&lt;/b&gt; &amp; co" in html


def test_a_site_stands_before_the_subject() -> None:
    alert = replace(samples.alert(recipient=ANN), site="Ward 3")
    assert mail_of(alert, "m@example.org")["Subject"] == "[Ward 3] Door 1: nose out"


@pytest.mark.parametrize(
    "title",
    [
        "Ärzte Süd Äußere Küche Äußere Äußere Station Tür Station: Nase frei",
        "4 Verstöße: مدخل الطوارئ 5, Halle 7, כניסה ראשית 2 und 1 weitere",
        "Küche 🏥 " + 10 * "Donaudampfschifffahrtsgesellschaftskapitänskajüte ",
        30 * "x" + " " + 300 * "y",
        "Door 1: nose out",
    ],
)
def test_however_long_a_subject_is_its_words_stay_apart(title: str) -> None:
    alert = replace(samples.alert(recipient=ANN), site="Klinikum Süd", title=title)
    sent = mail_of(alert, "m@example.org").as_bytes()
    assert sent.isascii()
    assert max(map(len, sent.splitlines())) < 998  # RFC 5322
    read = message_from_bytes(sent, policy=default)
    assert read["Subject"] == f"[Klinikum Süd] {title}".strip()


def test_a_line_break_in_site_or_title_costs_no_mail_and_smuggles_no_header_in() -> None:
    alert = samples.alert(recipient=ANN)
    alert = replace(alert, site="Ward 3\n", title="Door\r\nBcc: everybody@example.org")
    message = mail_of(alert, "m@example.org")
    assert message["Subject"] == "[Ward 3 ] Door Bcc: everybody@example.org"
    assert message["Bcc"] is None


def test_a_wrong_password_is_told_without_it_and_may_heal(certificates: Certificates) -> None:
    with mail_server(Security.STARTTLS, certificates) as server:
        bad = secure(server, Security.STARTTLS, certificates.ca_file, password=WRONG)
        with pytest.raises(ChannelError, match="login refused: 535") as raised:
            bad.send(samples.alert(recipient=ANN))
    assert not raised.value.permanent
    assert WRONG not in str(raised.value)
    assert server.mails == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_password_with_letters_beyond_ascii_is_sent_as_utf_8(
    mechanism: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(SMTP, "auth_LOGIN" if mechanism == "PLAIN" else "auth_PLAIN")
    german = "K\u00e4se-1234 \u20ac"
    with mail_server(Security.STARTTLS, certificates) as server:
        server.password = german
        there = secure(server, Security.STARTTLS, certificates.ca_file, password=german)
        there.try_out()
        there.send(samples.alert(recipient=ANN))
        assert len(server.wait_for(1)) == 1
        wrong = secure(server, Security.STARTTLS, certificates.ca_file, password=f"{german}!")
        with pytest.raises(ChannelError, match="login refused: 535") as raised:
            wrong.try_out()
    assert "1234" not in str(raised.value)


def test_a_challenge_is_answered_with_such_a_password(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[object] = []

    async def challenge(self: SMTP, _server: SMTP, _arguments: list[str]) -> AuthResult:
        answers.append(await self.challenge_auth("<1@mail>"))
        return AuthResult(success=True, handled=False)

    monkeypatch.setattr(SMTP, "auth_CRAM__MD5", challenge, raising=False)
    german = "K\u00e4se-1234"
    with mail_server(Security.STARTTLS, certificates) as server:
        secure(server, Security.STARTTLS, certificates.ca_file, password=german).try_out()
    digest = hmac.new(german.encode(), b"<1@mail>", "md5").hexdigest()
    assert answers == [f"{USER} {digest}".encode()]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_server_with_a_strange_certificate_gets_no_password(
    security: Security, certificates: Certificates, strange_certificates: Certificates
) -> None:
    with mail_server(security, certificates) as server:
        wary = secure(server, security, strange_certificates.ca_file)
        with pytest.raises(ChannelError, match="certificate") as raised:
            wary.send(samples.alert(recipient=ANN))
    assert not raised.value.permanent
    assert server.mails == []


def test_a_certificate_for_another_host_is_refused(misnamed_certificates: Certificates) -> None:
    with mail_server(Security.TLS, misnamed_certificates) as server:
        wary = secure(server, Security.TLS, misnamed_certificates.ca_file)
        with pytest.raises(ChannelError, match="certificate"):
            wary.send(samples.alert(recipient=ANN))


def test_a_server_that_offers_no_tls_gets_nothing() -> None:
    with mail_server() as server, pytest.raises(ChannelError, match="STARTTLS"):
        channel(server.port, security="starttls").send(samples.alert(recipient=ANN))
    assert server.mails == []


@pytest.mark.parametrize(
    ("refusal", "permanent"), [("550 who is that?", True), ("451 come back later", False)]
)
def test_a_refused_recipient_is_for_good_when_the_server_says_so(
    refusal: str, permanent: bool
) -> None:
    with mail_server() as server:
        server.answer = lambda _: refusal
        with pytest.raises(ChannelError, match=f"recipient refused: {refusal[:3]}") as raised:
            channel(server.port).send(samples.alert(recipient=ANN))
    assert raised.value.permanent is permanent


@pytest.mark.parametrize(
    ("refusal", "permanent"), [("554 that is spam", True), ("452 disk full", False)]
)
def test_a_refused_mail_is_for_good_when_the_server_says_so(refusal: str, permanent: bool) -> None:
    with mail_server() as server:
        server.answer_to_data = refusal
        with pytest.raises(ChannelError, match=f"mail refused: {refusal}") as raised:
            channel(server.port).send(samples.alert(recipient=ANN))
    assert raised.value.permanent is permanent


def test_a_server_that_is_down_or_says_nothing_is_tried_again_later() -> None:
    with pytest.raises(ChannelError, match="no mail server at localhost") as raised:
        channel(free_port()).send(samples.alert(recipient=ANN))
    assert not raised.value.permanent
    with silent_server() as port, pytest.raises(ChannelError, match=r"no answer within 0\.3 s"):
        channel(port, timeout_s=0.3).send(samples.alert(recipient=ANN))


def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    with mail_server() as server, two_addresses(server.port) as host:
        channel(server.port, host=host, timeout_s=2).send(samples.alert(recipient=ANN))
        assert server.wait_for(1)


def test_addresses_that_do_not_answer_take_no_longer_than_an_attempt() -> None:
    with silent_server() as port, two_addresses(port) as host:
        begun_at = time.monotonic()
        with pytest.raises(ChannelError, match="no answer within 1 s"):
            channel(port, host=host, timeout_s=1).send(samples.alert(recipient=ANN))
    assert time.monotonic() - begun_at < 1.8


@pytest.mark.parametrize("first", [b"220-hello\r\n", b"220 hello\r\n250-hello\r\n"])
def test_a_server_that_never_comes_to_the_point_is_left_when_the_time_is_over(
    first: bytes,
) -> None:
    with dripping_server(first, b"250-please wait\r\n") as port:
        slow = channel(port, timeout_s=1, host="127.0.0.1")
        with pytest.raises(ChannelError, match="no answer within 1 s") as raised:
            slow.send(samples.alert(recipient=ANN))
    assert not raised.value.permanent


def test_a_refusal_is_one_although_the_farewell_takes_too_long() -> None:
    answers = b"220 hello\r\n250 hello\r\n250 go on\r\n550 who is that?\r\n250 again\r\n"
    with dripping_server(answers, b"221-bye\r\n") as port:
        slow = channel(port, timeout_s=1, host="127.0.0.1")
        with pytest.raises(ChannelError, match="recipient refused: 550") as raised:
            slow.send(samples.alert(recipient=ANN))
    assert raised.value.permanent


def test_a_check_does_not_take_longer_than_an_attempt_either() -> None:
    with dripping_server(b"220-hello\r\n", b"220-please wait\r\n") as port:
        slow = channel(port, timeout_s=0.5, host="127.0.0.1")
        with pytest.raises(ChannelError, match=r"no answer within 0\.5 s"):
            slow.try_out()


def test_a_password_is_never_sent_in_clear() -> None:
    with pytest.raises(ValidationError, match="in clear"):
        channel(25, username="a", password=WRONG)


def test_a_missing_file_of_certificates_is_told_at_the_start(nowhere: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.pem"):
        channel(25, security="tls", ca_file=nowhere)
