"""Notices when the health of one camera changes, and writes that down."""

from __future__ import annotations

from maskwatch.runtime.monitoring.camera.capture import Link
from maskwatch.runtime.monitoring.control import CameraPhase
from maskwatch.runtime.monitoring.records.chronicle import Chronicle
from maskwatch.store.records import HealthKind, HealthRecord, HealthState


class TroubleWatch:
    """The troubles of one camera: lost, frozen, or its pictures cannot be worked on.

    Args:
        camera: its name.
        chronicle: takes every change.
    """

    def __init__(self, camera: str, chronicle: Chronicle) -> None:
        self._camera = camera
        self._chronicle = chronicle
        self._models_fail = self._is_frozen = self._is_connected = False

    def note_link(self, link: Link) -> None:
        """Takes in where the connection stands, and whether the picture is frozen."""
        if self._is_frozen and link.phase is not CameraPhase.FROZEN:
            self._is_frozen = False
            self._write(HealthKind.FROZEN, HealthState.OK, "")
        if link.phase is CameraPhase.LOST:
            self._is_connected = False
            self._write(HealthKind.CONNECTION, HealthState.LOST, link.reason)
        elif link.phase in (CameraPhase.WATCHING, CameraPhase.FROZEN) and not self._is_connected:
            self._is_connected = True
            self._write(HealthKind.CONNECTION, HealthState.CONNECTED, "")
        if link.phase is CameraPhase.FROZEN:
            self._is_frozen = True
            self._write(HealthKind.FROZEN, HealthState.FROZEN, link.reason)

    def note_models(self, reason: str) -> None:
        """Takes in why a picture could not be worked on; empty when it could."""
        if bool(reason) != self._models_fail:
            self._models_fail = bool(reason)
            state = HealthState.FAILED if reason else HealthState.OK
            self._write(HealthKind.INFERENCE, state, reason)

    def _write(self, kind: HealthKind, state: HealthState, reason: str) -> None:
        self._chronicle.write([HealthRecord.now(self._camera, kind, state, reason)])
