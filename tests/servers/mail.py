"""A mail server that keeps what it gets: SMTP with TLS and logins, by aiosmtpd."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from maskwatch.config.alerts import Security
from tests.servers.certificates import Certificates
from tests.servers.local import free_port

USER, PASSWORD = "maskwatch", "correct horse"


@dataclass(frozen=True)
class Received:
    at: datetime
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"]).strip("<>").split("@")[0]


@dataclass
class MailServer:
    port: int
    mails: list[Received] = field(default_factory=list)
    answer: Callable[[str], str | None] = lambda _: None
    """A refusal for a recipient, such as "550 who is that?"; None to take it."""
    answer_to_data: str = "250 taken"
    """What the client is told when the mail is there; any but 250 refuses it."""
    password: str = PASSWORD
    pause_s: float = 0.0
    """How long it takes to answer when it has the mail."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, timeout_s: float = 20.0) -> list[Received]:
        """The mails, once there are so many; fails when they do not come."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.mails) >= count, timeout_s), self.mails
            return list(self.mails)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names, here and below
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        refusal = self.answer(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope
    ) -> str:
        if not self.answer_to_data.startswith("250"):
            return self.answer_to_data
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        with self.changed:
            self.mails.append(Received(datetime.now(UTC), tuple(envelope.rcpt_tos), message))
            self.changed.notify_all()
        await asyncio.sleep(self.pause_s)
        return self.answer_to_data

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            self.password.encode(),
        )
        return AuthResult(success=right, handled=False)  # False: aiosmtpd is to answer


@contextmanager
def mail_server(
    security: Security = Security.NONE,
    certificates: Certificates | None = None,
    port: int | None = None,
) -> Iterator[MailServer]:
    """A server on 127.0.0.1; with TLS of either kind it wants the login above."""
    server = MailServer(port or free_port())
    options: dict[str, Any] = {}
    if security is not Security.NONE:
        assert certificates is not None
        context = certificates.server_context()
        by_kind = {
            Security.STARTTLS: {"tls_context": context, "require_starttls": True},
            Security.TLS: {"ssl_context": context, "auth_require_tls": False},
        }
        options = {
            **by_kind[security],
            "authenticator": server.authenticate,
            "auth_required": True,
        }
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
