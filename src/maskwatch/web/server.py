"""The dashboard and the REST API on their port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from maskwatch.alerts.service import LINK_SECRET
from maskwatch.config.web import WebConfig
from maskwatch.errors import DashboardError, UsageError
from maskwatch.reasons import system_reason
from maskwatch.store.store import Store
from maskwatch.web.app import create_app, setup_url
from maskwatch.web.context import WebContext
from maskwatch.web.listening import listen
from maskwatch.web.security.connections import BoundedProtocol
from maskwatch.web.startup import Startup

if TYPE_CHECKING:
    from maskwatch.runtime.monitoring.service import Service

_START_S = 60.0
"""So long the dashboard may take to begin, on a machine that has more to do than it can."""


_IDLE_S = 150
"""A connection that asks for nothing stays open for longer than proxies keep theirs (nginx 60 s,
Caddy 120): else one now and then asks while it is being closed, and people see an error 502."""


class DashboardServer:
    """The dashboard on its port, in a thread of its own.

    It has the port from the beginning: browsers that come before its start wait.

    Args:
        service: what it shows and controls.
        store: what it reads.
        announce: is told where it is.
        version: of this program.

    Raises:
        UsageError: the port cannot be listened on, or the certificate not be used.
    """

    def __init__(
        self, service: Service, store: Store, announce: Callable[[str], None], version: str
    ) -> None:
        web = service.config.web
        self._announce = announce
        self._service = service
        self._hub = service.hub
        context = WebContext(
            store=store,
            hub=service.hub,
            control=service,
            config=web,
            privacy=lambda: service.config.privacy,
            link_secret=store.settings.secret(LINK_SECRET),
            timezone=lambda: service.config.site.zone,
            version=version,
        )
        self._app = create_app(context)
        self._startup = Startup(self._app)
        self._server = uvicorn.Server(_uvicorn_config(self._startup, web))
        self._listening = listen(web)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Returns once browsers are answered, or the service must stop.

        Raises:
            DashboardError: they never will be.
        """
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if self._service.must_stop():
                return
            self._thread.join(0.02)
            if not self.is_alive:
                raise DashboardError(f"the dashboard cannot be started: {self._startup.failure}")
            if time.monotonic() > deadline:
                raise DashboardError(f"the dashboard has not started within {_START_S:.0f} s")
        self._announce(f"dashboard: {self.url}")
        link = setup_url(self._app, self.url)
        if link is not None:
            self._announce(f"first start: make the administrator at {link}")

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return self._listening.url

    @property
    def is_alive(self) -> bool:
        """Whether browsers are answered, or soon will be."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> bool:
        """Ends; open streams end first, and what does not is cut."""
        self._hub.close()
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._listening.socket.close()
        return not self._thread.is_alive()

    def _serve(self) -> None:
        with suppress(SystemExit):  # that it cannot be started, see `start`
            self._server.run([self._listening.socket])


def _uvicorn_config(app: Startup, web: WebConfig) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        # The dashboard itself decides which proxies it believes.
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=_IDLE_S,
        ssl_certfile=web.tls.certificate if web.tls else None,
        ssl_keyfile=web.tls.key if web.tls else None,
    )
    try:
        config.load()  # here, not in the thread: certificate and key are read
    except OSError as error:  # ssl.SSLError among them
        raise UsageError(f"web.tls: the certificate or its key: {system_reason(error)}") from error
    return config
