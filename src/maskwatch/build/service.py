"""The monitoring service, out of all its parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from maskwatch import __version__
from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.build.channels import build_channels
from maskwatch.build.models import BuildOptions, build_classifier, build_detector
from maskwatch.config.inference import InferenceConfig
from maskwatch.config.root import Config, load_config
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR
from maskwatch.models.card import read_card
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.runtime.monitoring.records.housekeeping import Housekeeper
from maskwatch.runtime.monitoring.service import Parts, Service, ServiceModels
from maskwatch.runtime.monitoring.systemd import Systemd
from maskwatch.store.store import Store
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.web.server import DashboardServer


def build_service(
    config: Config,
    config_file: Path | None,
    announce: Callable[[str], None],
) -> Service:
    """The whole service, not started.

    Args:
        config: in force from the start.
        config_file: read again when it changes; None for defaults and environment.
        announce: is told where the dashboard is, and the one-time link of a first start.

    Raises:
        MaskwatchError: a model, the store or a channel cannot be used.
    """
    with Systemd().waiting():  # tables of an older version may take long
        store = Store.open(
            config.storage.database_url, config.storage.snapshots, config.privacy.stored_photos
        )
    alerts = AlertService(store, AlertSettings.of(config), build_channels)

    def web(service: Service) -> DashboardServer:
        return DashboardServer(service, store, announce, __version__)

    return Service(
        config,
        Parts(
            store=store,
            models=load_models(config.inference),
            load=lambda: load_config(config_file),
            alerts=alerts,
            web=web if config.web.enabled else None,
            housekeeping=Housekeeper(store),
            config_file=config_file,
            version=__version__,
        ),
    )


def load_models(config: InferenceConfig) -> ServiceModels:
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
    built = build_detector(options, floor=TrackerSettings().floor_score)
    classifier = build_classifier(options)
    card = read_card(config.classifier_folder or DEFAULT_CLASSIFIER, "mask_classifier", None)
    own = [config.detector_folder or DEFAULT_DETECTOR] if config.detector == "yunet" else []
    return ServiceModels(
        inference=SharedInference(built.detect, classifier, batch=config.batch),
        score=built.score,
        version=f"{card.name} {card.version}",
        device=config.device,
        cards=(*(read_card(folder, "face_detector") for folder in own), card),
    )
