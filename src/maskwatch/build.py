"""From names and model folders to running objects: the one file that knows concrete classes."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from maskwatch.errors import MissingExtra, ModelError, UsageError
from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR

if TYPE_CHECKING:
    from maskwatch.alerts.base import AlertChannel
    from maskwatch.alerts.service import AlertSettings
    from maskwatch.config.alerts import (
        AppriseConfig,
        CommandConfig,
        EmailConfig,
        MqttConfig,
        WebhookConfig,
    )
    from maskwatch.faces.base import FaceDetector
    from maskwatch.masks.base import MaskClassifier

DETECTORS = {
    "yunet": "maskwatch.build:_yunet",
    "ssd-res10": "maskwatch.build:_ssd_res10",
    "mtcnn": "maskwatch.build:_mtcnn",
}
"""What makes each face detector; modules load on use."""

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
"""Devices and the ONNX Runtime execution provider of each."""

CHANNELS = {
    "email": "maskwatch.build:_email",
    "mqtt": "maskwatch.build:_mqtt",
    "webhook": "maskwatch.build:_webhook",
    "apprise": "maskwatch.build:_apprise",
    "command": "maskwatch.build:_command",
}
"""What makes each kind of alert channel; modules load on use."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Which models, and how they run."""

    detector: str = "yunet"
    """A key of ``DETECTORS``."""
    detector_folder: Path | None = None
    """None for the weights in the package."""
    classifier_folder: Path | None = None
    """None for the weights in the package."""
    threads: int | None = None
    """Of one inference; None leaves the choice to ONNX Runtime."""
    device: str = "cpu"
    """A key of ``PROVIDERS``."""

    @property
    def provider(self) -> str:
        """The ONNX Runtime execution provider; raises UsageError for an unknown device."""
        return _known(PROVIDERS, self.device, "device")


@dataclass(frozen=True, slots=True)
class BuiltDetector:
    """A detector, and from which score on its faces count."""

    detect: FaceDetector
    """Delivers faces from the floor on that was asked for."""
    score: float
    """The threshold at which the detector is meant to be used, or the one asked for."""


def build_detector(
    options: BuildOptions, *, score: float | None = None, floor: float = 1.0
) -> BuiltDetector:
    """The face detector of a name.

    Args:
        options: which, and how it runs.
        score: from which score on faces count; None for what the model recommends.
        floor: weaker faces, down to this score, are delivered too.

    Raises:
        UsageError: there is no detector or device of that name.
        ModelError: its files are missing, damaged, or cannot be run.
        MissingExtra: it needs a package that is not installed.
    """
    module, _, function = _known(DETECTORS, options.detector, "detector").partition(":")
    built: BuiltDetector = getattr(importlib.import_module(module), function)(options, score, floor)
    return built


def build_classifier(options: BuildOptions) -> MaskClassifier:
    """The mask classifier of a model folder.

    Raises:
        UsageError: there is no device of that name.
        ModelError: a file is missing, damaged, or cannot be run.
    """
    from maskwatch.masks.onnx import OnnxMaskClassifier

    return OnnxMaskClassifier.from_folder(
        options.classifier_folder or DEFAULT_CLASSIFIER,
        threads=options.threads,
        provider=options.provider,
    )


def build_channels(settings: AlertSettings) -> dict[str, AlertChannel]:
    """The alert channels of a configuration, by name. They connect when they are first used.

    Raises:
        UsageError: one cannot work as configured; says which and why.
        MissingExtra: one needs a package that is not installed.
    """
    return {name: build_channel(name, settings) for name in settings.alerts.channels}


def build_channel(name: str, settings: AlertSettings) -> AlertChannel:
    """One of them; see `build_channels`."""
    config = settings.alerts.channels[name]
    module, _, function = _known(CHANNELS, config.kind, "kind of channel").partition(":")
    try:
        channel: AlertChannel = getattr(importlib.import_module(module), function)(config, settings)
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the channel {name!r} ({error.name})", "serve") from error
    except UsageError as error:
        raise UsageError(f"channel {name!r}: {error}") from error
    return channel


def _email(config: EmailConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.email import EmailChannel

    return EmailChannel(config)


def _mqtt(config: MqttConfig, settings: AlertSettings) -> AlertChannel:
    from maskwatch import __version__
    from maskwatch.alerts.channels.homeassistant import Announcement, Topics
    from maskwatch.alerts.channels.mqtt import MqttChannel

    photos = config.photo and settings.privacy.images_allowed
    announcement = Announcement(
        topics=Topics(config.topic),
        prefix=config.discovery_topic,
        node=config.client_id,
        version=__version__,
        photos=photos,
        dashboard_url=settings.base_url,
    )
    # So that a photo of a time with another policy does not stay in the broker either.
    allowed = config.model_copy(update={"retain_photo": config.retain_photo and photos})
    return MqttChannel(allowed, announcement if config.home_assistant else None)


def _webhook(config: WebhookConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.webhook import WebhookChannel

    return WebhookChannel(config)


def _apprise(config: AppriseConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.apprise import AppriseChannel

    return AppriseChannel(config)


def _command(config: CommandConfig, _settings: AlertSettings) -> AlertChannel:
    from maskwatch.alerts.channels.command import CommandChannel

    return CommandChannel(config)


def _yunet(options: BuildOptions, score: float | None, floor: float) -> BuiltDetector:
    from maskwatch.faces.yunet import YuNetDetector

    detector = YuNetDetector.from_folder(
        options.detector_folder or DEFAULT_DETECTOR,
        threads=options.threads,
        provider=options.provider,
    )
    wanted = detector.settings.score_threshold if score is None else score
    detector.settings = replace(detector.settings, score_threshold=min(wanted, floor))
    return BuiltDetector(detector, wanted)


def _ssd_res10(options: BuildOptions, score: float | None, floor: float) -> BuiltDetector:
    from maskwatch.faces.ssd_res10 import SsdRes10Detector

    if options.detector_folder is None:
        raise ModelError("the detector ssd-res10 has no weights in the package: give its folder")
    wanted = 0.5 if score is None else score
    return BuiltDetector(SsdRes10Detector(options.detector_folder, min(wanted, floor)), wanted)


def _mtcnn(options: BuildOptions, score: float | None, floor: float) -> BuiltDetector:
    from maskwatch.faces.mtcnn import MtcnnDetector, MtcnnSettings

    wanted = MtcnnSettings().score_threshold if score is None else score
    settings = MtcnnSettings(score_threshold=min(wanted, floor))
    detector = MtcnnDetector(options.detector_folder, settings, options.threads, options.provider)
    return BuiltDetector(detector, wanted)


def _known(table: dict[str, str], name: str, what: str) -> str:
    try:
        return table[name]
    except KeyError:
        raise UsageError(f"no {what} is called {name!r}; there are {', '.join(table)}") from None
