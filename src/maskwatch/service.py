"""Puts the service together: the one place that knows all its parts."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from maskwatch import __version__
from maskwatch.alerts.service import LINK_SECRET, AlertService
from maskwatch.build import BuildOptions, build_channels, build_classifier, build_detector
from maskwatch.config.inference import InferenceConfig
from maskwatch.config.root import Config, load_config
from maskwatch.config.web import WebConfig
from maskwatch.errors import UsageError
from maskwatch.models import DEFAULT_CLASSIFIER
from maskwatch.models.card import read_card
from maskwatch.runtime.monitoring.housekeeping import Housekeeper
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.service import Models, Parts, Service, alert_settings
from maskwatch.store.store import Store
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.web.app import create_app, setup_url
from maskwatch.web.context import WebContext

_log = logging.getLogger(__name__)


def build_service(
    config: Config,
    config_file: Path | None,
    announce: Callable[[str], None],
    *,
    models: Models | None = None,
) -> Service:
    """The whole service, not started.

    Args:
        config: in force from the start.
        config_file: read again when it changes; None for defaults and environment.
        announce: is told where the dashboard is, and the one-time link of a first start.
        models: in place of those that the configuration names.

    Raises:
        MaskwatchError: a model, the store or a channel cannot be used.
    """
    store = Store.open(
        config.storage.database_url, config.storage.snapshots, config.privacy.stored_photos
    )
    alerts = AlertService(store, alert_settings(config), build_channels)

    def web(service: Service) -> DashboardServer:
        return DashboardServer(service, store, announce)

    return Service(
        config,
        Parts(
            store=store,
            models=models or load_models(config.inference),
            load=lambda: load_config(config_file),
            alerts=alerts,
            web=web if config.web.enabled else None,
            housekeeping=Housekeeper(store),
            config_file=config_file,
            version=__version__,
        ),
    )


def load_models(config: InferenceConfig) -> Models:
    """The models that the section ``inference`` names, ready to run.

    Raises:
        ModelError: a file is missing, damaged, or cannot be run here.
    """
    options = BuildOptions(
        config.detector,
        config.detector_folder,
        config.classifier_folder,
        config.threads,
        config.device,
    )
    built = build_detector(options, floor=TrackerSettings().min_score)
    classifier = build_classifier(options)
    card = read_card(config.classifier_folder or DEFAULT_CLASSIFIER, "mask_classifier", None)
    return Models(
        inference=SharedInference(built.detect, classifier, batch=config.batch),
        score=built.score,
        version=f"{card.name} {card.version}",
        device=config.device,
    )


_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
"""Addresses that mean every interface: no browser opens them."""


@dataclass(frozen=True, slots=True)
class _Listening:
    """A socket that waits for browsers, and how people write its address."""

    socket: socket.socket
    url: str


class DashboardServer:
    """The dashboard on its port, in a thread of its own.

    Args:
        service: what it shows and controls.
        store: what it reads.
        announce: is told where it is.

    Raises:
        UsageError: the port cannot be listened on.
    """

    def __init__(self, service: Service, store: Store, announce: Callable[[str], None]) -> None:
        web = service.config.web
        self._announce = announce
        self._hub = service.hub
        self._listening = _listen(web)
        context = WebContext(
            store=store,
            hub=service.hub,
            control=service,
            config=web,
            privacy=lambda: service.config.privacy,
            zone=lambda: service.config.site.zone,
            version=__version__,
            link_secrets=(store.settings.secret(LINK_SECRET),),
        )
        self._app = create_app(context)
        self._server = uvicorn.Server(_uvicorn_config(self._app, web))
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listening.socket],), name="web", daemon=True
        )

    def start(self) -> None:
        """Begins to serve."""
        base_url = self._listening.url
        self._thread.start()
        self._announce(f"dashboard: {base_url}")
        link = setup_url(self._app, base_url)
        if link is not None:
            self._announce(f"first start: make the administrator at {link}")

    def stop(self, timeout_s: float) -> bool:
        """Ends; open streams end first, and what does not is cut."""
        self._hub.close()
        self._server.should_exit = True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


def _uvicorn_config(app: object, web: WebConfig) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        # The dashboard itself decides which proxies it believes.
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=web.tls.certificate if web.tls else None,
        ssl_keyfile=web.tls.key if web.tls else None,
    )


def _listen(web: WebConfig) -> _Listening:
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        listener = socket.create_server((web.host, web.port), family=family)
    except OSError as error:
        reason = (error.strerror or "not possible").lower()
        raise UsageError(f"web: cannot listen on {web.host}:{web.port}: {reason}") from error
    port = listener.getsockname()[1]
    host = f"[{web.host}]" if family == socket.AF_INET6 else web.host
    if web.host in _EVERYWHERE:
        host = "localhost"
    scheme = "https" if web.tls else "http"
    return _Listening(listener, web.base_url or f"{scheme}://{host}:{port}")
