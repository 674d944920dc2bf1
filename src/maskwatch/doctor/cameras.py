"""The cameras: which there are, and whether each delivers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskwatch.config.cameras import CameraConfig
from maskwatch.config.root import Config
from maskwatch.doctor.database import is_in_use
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.doctor.host import MORE_SHARED_MEMORY
from maskwatch.errors import MaskwatchError, SourceCause, SourceError
from maskwatch.frames.reach import Reach
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.monitoring.camera.probe import first_frame
from maskwatch.runtime.monitoring.configuration.fleet import PlannedCamera
from maskwatch.runtime.monitoring.configuration.planning import planned_cameras
from maskwatch.store.database import Database, sqlite_file
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions

_TIMEOUT_S = 30.0
_SMALLEST_USEFUL_PX = 480
_ADVICE = {
    SourceCause.NOT_LIVE: "take the address of the camera's live stream: see its manual",
    SourceCause.NO_MEMORY: MORE_SHARED_MEMORY,
    SourceCause.OUT_OF_REACH: (
        "name its network in web.camera_networks, or write the camera into the file"
    ),
    SourceCause.LOGIN: "correct user name and password in the address",
    SourceCause.NOT_FOUND: "the camera is there, the path of the stream is wrong: see its manual",
    SourceCause.REFUSED: "the machine is there, nothing listens on that port: is RTSP switched on?",
    None: "is the camera on, and can this machine reach it (ping, VLAN, firewall)?",
}


def cameras_to_try(config: Config) -> Mapping[str, PlannedCamera]:
    """The cameras of the file and those of the dashboard.

    The file's alone where there is no database that this version has used: it is not to be made,
    changed or brought up to date. What is wrong with it is for `check_database` to say.
    """
    of_file = {name: PlannedCamera(each) for name, each in config.cameras.items()}
    storage = config.storage
    file = sqlite_file(storage.database_url)
    try:
        if file is not None and not is_in_use(file):
            return of_file
        database = Database(storage.database_url)
        with Store(database, storage.snapshots, config.privacy.stored_photos) as store:
            with database.read() as connection:
                if current_revision(connection) != known_revisions()[-1]:
                    return of_file
            return planned_cameras(config, store).cameras
    except (MaskwatchError, OSError):
        return of_file


def check_camera(name: str, config: CameraConfig, reach: Reach | None = None) -> Finding:
    """Whether a camera delivers a picture, and one large enough to read faces in.

    Args:
        name: of the camera.
        config: its section.
        reach: where its address may lead; None for anywhere.
    """
    what = f"camera {name}"
    if not config.enabled:
        return Finding(what, Grade.OK, "switched off")
    try:
        frame = first_frame(config, _TIMEOUT_S, DecoderProcess, reach)
    except SourceError as error:
        return Finding(what, Grade.FAILED, str(error), _ADVICE[error.cause])
    height, width = frame.image.shape[:2]
    said = f"{config.address}: {width}x{height}"
    if np.ptp(frame.image) < 16:
        return Finding(
            what,
            Grade.WARNING,
            f"{said}, a single colour",
            "is the lens covered, or the light off?",
            frame.image.nbytes,
        )
    if min(height, width) < _SMALLEST_USEFUL_PX:
        return Finding(
            what,
            Grade.WARNING,
            f"{said} is small",
            "use the camera's main stream: faces need 40 pixels or more",
            frame.image.nbytes,
        )
    return Finding(what, Grade.OK, said, frame_bytes=frame.image.nbytes)
