"""Mail over SMTP, with the photo in it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from functools import cache

import jinja2

from maskwatch.alerts.base import Alert
from maskwatch.alerts.channels.replies import shown
from maskwatch.alerts.channels.time_limit import Watch, time_limit
from maskwatch.alerts.channels.tls import trust
from maskwatch.alerts.compose import moment_of, place_of
from maskwatch.alerts.text import MessageWords
from maskwatch.config.alerts import EmailConfig, Security
from maskwatch.errors import ChannelError
from maskwatch.palette import STYLES, as_hex
from maskwatch.reasons import system_reason


class _Subject(UniqueUnstructuredHeader):
    """A subject whose words stay apart: by itself it loses spaces between words with umlauts.

    See https://github.com/python/cpython/issues/92081.
    """

    name: str

    def fold(self, *, policy: Policy) -> str:
        """The header as lines of ASCII."""
        lines = Header(str(self), header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {lines}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Subject)  # type: ignore[arg-type] # typeshed knows no mix-ins
_IN_ASCII = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
"""Not every server takes more, and smtplib does not ask."""
_COLOURS = {state: (as_hex(style.colour), as_hex(style.text)) for state, style in STYLES.items()}
"""Behind the word for a state, and of the word."""
_SHORTEST_SHARE_S = 0.001
"""Of the time for one address; 0 would mean not to wait at all."""


class EmailChannel:
    """Sends one mail to one recipient, over a connection of its own.

    Raises:
        UsageError: the file of certificates cannot be used.
    """

    def __init__(self, config: EmailConfig) -> None:
        self._config = config
        self._trust = trust(config.ca_file)

    def send(self, alert: Alert) -> None:
        """See `AlertChannel`; the server's yes to the whole mail is what counts."""
        message = mail_of(alert, self._config.sender)
        with time_limit(self._config.timeout_s) as watch, self._failures_in_our_words():
            self._deliver(message, watch)

    def try_out(self) -> str:
        """See `TriableChannel`: connects, logs in and hangs up; nobody gets a mail."""
        with time_limit(self._config.timeout_s) as watch, self._failures_in_our_words():
            _hang_up(self._connect(watch))
        return f"{self._config.host}:{self._config.port_or_default} lets us in"

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _failures_in_our_words(self) -> Iterator[None]:
        try:
            yield
        except smtplib.SMTPException as error:
            raise _channel_error(error) from error
        except OSError as error:  # ssl.SSLError among them
            reason = f"no mail server at {self._config.host}: {system_reason(error)}"
            raise ChannelError(reason) from error

    def _deliver(self, message: EmailMessage, watch: Watch) -> None:
        server = self._connect(watch)
        try:
            server.send_message(message)
        finally:
            _hang_up(server)

    def _connect(self, watch: Watch) -> smtplib.SMTP:
        config = self._config
        server = _Server(config, self._trust, watch)
        try:
            if config.security is Security.STARTTLS:
                server.starttls(context=self._trust)
            if config.username is not None and config.password is not None:
                server.login(config.username, _Utf8(config.password.get_secret_value()))
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server


class _Server(smtplib.SMTP):
    """A mail server that was connected to; what is sent to it can be broken off."""

    def __init__(self, config: EmailConfig, trusted: ssl.SSLContext, watch: Watch) -> None:
        self._at_once = trusted if config.security is Security.TLS else None
        self._watch = watch
        super().__init__(config.host, config.port_or_default, _own_name(), timeout=config.timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """The connection: here smtplib lets others have their say, before the first word."""
        connection = _connected(host, port, timeout)
        self._watch(connection)
        if self._at_once is None:
            return connection
        return self._at_once.wrap_socket(connection, server_hostname=host)

    def auth(
        self, mechanism: str, authobject: Callable[..., str | None], **options: bool
    ) -> tuple[int, bytes]:
        """One kind of login, in UTF-8 as RFC 4616 has it: smtplib's own takes ASCII only."""

        def answer(*challenge: bytes) -> str | None:
            said = authobject(*challenge)
            return None if said is None else _Utf8(said)

        return super().auth(mechanism, answer, **options)  # type: ignore[arg-type]


def _connected(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connection to the first address of a host that answers; all of them share the time.

    `socket.create_connection` gives all of it to each address, so that one that leads nowhere, as
    IPv6 does in many networks, takes it from those after it, at every attempt.
    """
    ends_at = time.monotonic() + timeout_s
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure = OSError("it has no address")
    for tried, (family, kind, protocol, _, address) in enumerate(found):
        share_s = (ends_at - time.monotonic()) / (len(found) - tried)
        try:
            with ExitStack() as unless_connected:
                connection = socket.socket(family, kind, protocol)
                unless_connected.callback(connection.close)
                connection.settimeout(max(share_s, _SHORTEST_SHARE_S))
                connection.connect(address)
                connection.settimeout(timeout_s)
                unless_connected.pop_all()
                return connection
        except OSError as error:
            failure = error
    raise failure


class _Utf8(str):
    """Text that is sent as UTF-8 by whoever means to send it as ASCII."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        return super().encode("utf-8", errors)


def mail_of(alert: Alert, sender: str) -> EmailMessage:
    """The mail that says what an alert says: as text, as HTML, and with the photo inside."""
    assert alert.recipient is not None  # noqa: S101 - this channel's rows all have one
    message = EmailMessage(policy=_IN_ASCII)
    local, domain = _parts(sender)
    message["From"] = Address("maskwatch", local, domain)
    message["To"] = Address("", *_parts(alert.recipient))
    subject = f"[{alert.site}] {alert.title}" if alert.site else alert.title
    message["Subject"] = " ".join(subject.split())  # a line break in a header is refused
    # Of now: readers sort by it, and a digest must not lie below what was read yesterday.
    message["Date"] = format_datetime(alert.attempted_at)
    # Many servers and readers drop a second mail with the same id: a retry cannot annoy there.
    message["Message-ID"] = f"<{alert.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no "I am on holiday" in return
    message["X-Auto-Response-Suppress"] = "All"
    words = MessageWords.of(alert.language)
    message.set_content(_text(alert, words))
    photo_id = f"{alert.id}.photo@{domain}"
    html = _template("mail.html").render(
        alert=alert,
        photo_id=photo_id,
        place_of=place_of,
        moment_of=moment_of,
        words=words,
        colours=_COLOURS,
    )
    message.add_alternative(html, subtype="html")
    if alert.photo is not None:
        body = message.get_payload(1)
        assert isinstance(body, EmailMessage)  # noqa: S101 - the alternative just added
        body.add_related(
            alert.photo,
            "image",
            "jpeg",
            cid=f"<{photo_id}>",
            disposition="inline",
            filename=f"{alert.id}.jpg",
        )
    message["Content-Language"] = alert.language  # last: adding content drops such headers
    return message


def _parts(address: str) -> tuple[str, str]:
    """What stands before and behind the ``@``, the domain as every mail server knows it."""
    local, _, domain = address.rpartition("@")
    return local, domain.encode("idna").decode()


def _text(alert: Alert, words: MessageWords) -> str:
    lines = [alert.text, ""]
    for each in alert.episodes if len(alert.episodes) == 1 else ():
        if each.links is not None:
            lines += [
                f"{words('mail.acknowledge')}: {each.links.acknowledge}",
                f"{words('mail.wrong')}: {each.links.wrong}",
                f"{words('mail.view')}: {each.links.view}",
                "",
            ]
    if alert.episodes:
        lines.append(words("mail.caution"))
    return "\n".join(lines)


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maskwatch.alerts"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _own_name() -> str:
    """How to introduce ourselves. Left alone, smtplib asks the DNS, which may take seconds."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _hang_up(server: smtplib.SMTP) -> None:
    """Ends the conversation politely; a mail that was taken stays taken whatever comes back."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _channel_error(error: smtplib.SMTPException) -> ChannelError:
    """What a failure means: only a no to this very mail or recipient is for good."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return ChannelError(f"recipient refused: {code} {shown(reply)}", permanent=code >= 500)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return ChannelError(f"login refused: {_reply(error)}")
    if isinstance(error, smtplib.SMTPSenderRefused):
        too_big = error.smtp_code == 552
        return ChannelError(f"sender refused: {_reply(error)}", permanent=too_big)
    if isinstance(error, smtplib.SMTPDataError):
        return ChannelError(f"mail refused: {_reply(error)}", permanent=error.smtp_code >= 500)
    if isinstance(error, smtplib.SMTPResponseException):
        return ChannelError(f"the server says: {_reply(error)}")
    return ChannelError(f"mail server: {shown(str(error))}")


def _reply(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {shown(error.smtp_error)}"
