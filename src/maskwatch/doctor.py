"""Tries everything that the service needs, and says of each whether it works and what to do.

Nothing is changed and nobody is alerted; it may run while the service runs. What is written to see
whether it can be is taken back.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from maskwatch.config.alerts import (
    ChannelConfig,
    CommandConfig,
    EmailConfig,
    MqttConfig,
    WebhookConfig,
)
from maskwatch.config.cameras import CameraConfig
from maskwatch.config.root import Config
from maskwatch.errors import ChannelError, MaskwatchError, SourceError
from maskwatch.frames.reach import Reach
from maskwatch.reasons import system_reason
from maskwatch.runtime.live.child import DecoderProcess
from maskwatch.runtime.monitoring.capture import NOT_LIVE
from maskwatch.runtime.monitoring.fleet import PlannedCamera
from maskwatch.runtime.monitoring.planning import planned_cameras
from maskwatch.runtime.monitoring.probe import first_frame
from maskwatch.store.database import Database, sqlite_file
from maskwatch.store.settings import Settings
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade
from maskwatch.types import Frame

if TYPE_CHECKING:
    from maskwatch.runtime.monitoring.inference import SharedInference

_CAMERA_TIMEOUT_S = 30.0
_SMALLEST_USEFUL_PX = 480
_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that shows an earlier time was never set."""

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - measured, not written to
_MORE_SHARED_MEMORY = "give /dev/shm more room (docker run --shm-size 256m)"

_TIME_ERROR = 5  # "clock not synchronized", see adjtimex(2)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    what: str
    """Such as ``camera door``."""
    verdict: Verdict
    said: str
    """What was found, in a clause, without passwords."""
    advice: str = ""
    """What to do about it; empty when nothing is to be done."""
    frame_bytes: int = 0
    """Of one picture of a camera that delivers; 0 for everything else."""


Check = Callable[[], Finding]


def examine(config: Config) -> Iterator[Finding]:
    """Runs all checks, the cameras' at the same time, and yields what they found, in order."""
    planned = _planned_cameras(config)
    cameras = {name: each.config for name, each in planned.items()}
    reach = Reach(config.web.camera_networks)
    checks: list[tuple[str, Check]] = [
        ("clock", lambda: check_clock(datetime.now(UTC))),
        ("models", lambda: check_models(config.model_copy(update={"cameras": cameras}))),
        ("database", lambda: check_database(config)),
        ("disk", lambda: check_disk(config)),
        *(
            (f"camera {name}", _camera_check(name, each, reach if each.from_dashboard else None))
            for name, each in planned.items()
        ),
        *((f"channel {name}", _channel_check(config, name)) for name in config.alerts.channels),
    ]
    if config.web.enabled:
        checks.append(("dashboard", lambda: check_port(config)))
    frames: list[int] = []
    pool = ThreadPoolExecutor(max_workers=8)
    try:
        for future in [pool.submit(_found, what, check) for what, check in checks]:
            finding = future.result()
            frames.append(finding.frame_bytes)
            yield finding
    finally:
        pool.shutdown(cancel_futures=True)  # whoever presses Ctrl-C wants to hear of no others
    if any(frames) and _SHARED_MEMORY.is_dir():
        yield _found("shared memory", lambda: check_shared_memory(sum(frames)))


def _found(what: str, check: Check) -> Finding:
    """What a check finds, or that it failed itself: the others are to be heard all the same."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a boundary; says where, so that it can be mended
        last = traceback.extract_tb(error.__traceback__)[-1]
        # Not what it says: that may hold a password.
        where = f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
        return Finding(
            what,
            Verdict.FAILED,
            f"the check itself failed: {where}",
            "look for a slip in this part of the configuration, and report the line above",
        )


def check_clock(now: datetime) -> Finding:
    """Whether the clock shows a plausible time and is kept right by a time server."""
    advice = "set the clock and switch on time synchronisation (timedatectl set-ntp true)"
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < _NOT_BEFORE:
        return Finding("clock", Verdict.FAILED, f"it shows {shown}", advice)
    if _is_synchronised() is False:
        return Finding("clock", Verdict.WARNING, f"{shown}, not synchronised", advice)
    return Finding("clock", Verdict.OK, shown)


def check_models(config: Config) -> Finding:
    """Whether the models load, and how long a picture takes them."""
    from maskwatch.service import load_models

    try:
        models = load_models(config.inference)
    except MaskwatchError as error:
        return Finding(
            "models",
            Verdict.FAILED,
            str(error),
            "correct the section inference, or install maskwatch again",
        )
    watched = [each for each in config.cameras.values() if each.enabled]
    models.inference.start()
    try:
        kinds = {False, *(each.small_faces for each in watched)}
        took_s = {kind: _look_s(models.inference, small_faces=kind) for kind in kinds}
    except MaskwatchError as error:
        return Finding("models", Verdict.FAILED, str(error), "try inference.device: cpu")
    finally:
        models.inference.stop()
    wanted_fps = sum(each.max_fps for each in watched)
    said = f"{models.version} on {models.device}, {1 / took_s[False]:.0f} pictures a second"
    if True in kinds:
        said += f" or {1 / took_s[True]:.0f} of 1080p with small_faces"
    if sum(each.max_fps * took_s[each.small_faces] for each in watched) > 1:
        return Finding(
            "models",
            Verdict.WARNING,
            f"{said}, and the cameras ask for {wanted_fps:.0f}",
            "lower max_fps of the cameras; until then pictures are dropped evenly",
        )
    return Finding("models", Verdict.OK, said)


def _look_s(inference: SharedInference, *, small_faces: bool) -> float:
    """Seconds that one look for faces takes."""
    height, width = (1080, 1920) if small_faces else (720, 1280)
    blank = Frame("blank", 0, 0.0, np.full((height, width, 3), 90, np.uint8))
    inference.look(lambda: blank, lambda *_: [], small_faces=small_faces)  # the first is slower
    began = time.perf_counter()
    inference.look(lambda: blank, lambda *_: [], small_faces=small_faces)
    return time.perf_counter() - began


def check_database(config: Config) -> Finding:
    """Whether the database can be opened and written to; nothing of it is kept."""
    url = config.storage.database_url
    file = sqlite_file(url)
    advice = "check storage.url and storage.folder, and who may write there"
    try:
        if file is None or _is_in_use(file):
            _write_and_undo(url)
        else:
            _try_to_make(file)
    except MaskwatchError as error:
        return Finding("database", Verdict.FAILED, str(error), advice)
    except OSError as error:
        return Finding("database", Verdict.FAILED, f"{file}: {system_reason(error)}", advice)
    kind = "PostgreSQL" if file is None else "SQLite"
    return Finding("database", Verdict.OK, f"{kind} takes what is written")


def check_disk(config: Config) -> Finding:
    """Whether photos can be written, and how much room there is."""
    folder = config.storage.folder
    try:
        with tempfile.NamedTemporaryFile(dir=_that_is_there(folder)) as file:
            file.write(b"0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            free_gb = shutil.disk_usage(file.name).free / 1e9
    except OSError as error:
        reason = system_reason(error)
        advice = "set storage.folder to a folder that this user may write to"
        return Finding("disk", Verdict.FAILED, f"{folder}: {reason}", advice)
    said = f"{free_gb:.1f} GB free in {folder}"
    if free_gb < config.storage.min_free_gb:
        return Finding(
            "disk",
            Verdict.WARNING,
            f"{said}, less than storage.min_free_gb = {config.storage.min_free_gb:g}",
            "make room: the oldest photos are deleted until there is",
        )
    return Finding("disk", Verdict.OK, said)


def check_camera(name: str, config: CameraConfig, reach: Reach | None = None) -> Finding:
    """Whether a camera delivers a picture, and one large enough to read faces in.

    Args:
        name: of the camera.
        config: its section.
        reach: where its address may lead; None for anywhere.
    """
    what = f"camera {name}"
    if not config.enabled:
        return Finding(what, Verdict.OK, "switched off")
    try:
        frame = first_frame(config, _CAMERA_TIMEOUT_S, DecoderProcess, reach)
    except SourceError as error:
        return Finding(what, Verdict.FAILED, str(error), _advice_for_camera(error.reason))
    height, width = frame.image.shape[:2]
    said = f"{config.address}: {width}x{height}"
    if np.ptp(frame.image) < 16:
        return Finding(
            what,
            Verdict.WARNING,
            f"{said}, a single colour",
            "is the lens covered, or the light off?",
            frame.image.nbytes,
        )
    if min(height, width) < _SMALLEST_USEFUL_PX:
        return Finding(
            what,
            Verdict.WARNING,
            f"{said} is small",
            "use the camera's main stream: faces need 40 pixels or more",
            frame.image.nbytes,
        )
    return Finding(what, Verdict.OK, said, frame_bytes=frame.image.nbytes)


def check_shared_memory(needed_bytes: int) -> Finding:
    """Whether there is room for one frame of each camera, as they pass between processes.

    Counted is all the room there is, as the service may be running and have its part already.
    """
    system = os.statvfs(_SHARED_MEMORY)
    room_bytes = system.f_blocks * system.f_frsize
    said = f"{room_bytes / 1e6:.0f} MB in {_SHARED_MEMORY}"
    if room_bytes < needed_bytes:
        return Finding(
            "shared memory",
            Verdict.FAILED,
            f"{said}, and the cameras need {needed_bytes / 1e6:.0f}",
            _MORE_SHARED_MEMORY,
        )
    return Finding("shared memory", Verdict.OK, said)


def check_channel(config: Config, name: str) -> Finding:
    """Whether a channel could send, as far as that can be told without sending."""
    from maskwatch.alerts.service import AlertSettings
    from maskwatch.build import build_channel

    what = f"channel {name}"
    try:
        # The service does not start when this fails; none of them connects yet.
        build_channel(name, AlertSettings.of(config)).close()
        said = _tried(config.alerts.channels[name])
    except MaskwatchError as error:
        return Finding(what, Verdict.FAILED, str(error), f"correct alerts.channels.{name}")
    return Finding(what, Verdict.OK, said)


def _tried(channel: ChannelConfig) -> str:
    """What is found where a channel sends to; raises ChannelError."""
    if isinstance(channel, EmailConfig):
        from maskwatch.alerts.channels.email import EmailChannel

        EmailChannel(channel).check()
        return f"{channel.host}:{channel.port_or_default} lets us in"
    if isinstance(channel, MqttConfig):
        from maskwatch.alerts.channels.mqtt import check_broker

        check_broker(channel)
        return f"{channel.host}:{channel.port_or_default} lets us in"
    if isinstance(channel, WebhookConfig):
        return _reach(channel.url.get_secret_value(), channel.timeout_s)
    if isinstance(channel, CommandConfig):
        return _executable(channel.command[0])
    return "cannot be tried without sending: use the test in the dashboard"


def check_port(config: Config) -> Finding:
    """Whether the dashboard's port is free, or taken by what seems to be the service itself."""
    web = config.web
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        socket.create_server((web.host, web.port), family=family).close()
    except OSError as error:
        reason = system_reason(error)
        return Finding(
            "dashboard",
            Verdict.WARNING,
            f"{web.host}:{web.port}: {reason}",
            "fine if the service is running; otherwise choose another web.port",
        )
    return Finding("dashboard", Verdict.OK, f"{web.host}:{web.port} is free")


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


def _write_and_undo(url: str) -> None:
    """Writes to a database, making tables where there are none, and takes it back."""
    database = Database(url)
    try:
        with suppress(_Undone), database.write() as connection:
            # Tables of an older version stay: to bring them up to date may take the service's time.
            if current_revision(connection) not in known_revisions():
                upgrade(database)
            Settings(database).set("doctor", datetime.now(UTC).isoformat())
            raise _Undone
    finally:
        database.close()


def _try_to_make(file: Path) -> None:
    """Writes to a database beside the place of SQLite's file: a copy of the file if there is one.

    To open the file itself would make it, or change how it is written to.
    """
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=_that_is_there(file.parent)) as folder:
        trial = Path(folder, file.name)
        if file.exists():
            file.open("r+b").close()  # raises when it may not be written to
            shutil.copy(file, trial)
        _write_and_undo(f"sqlite:///{trial}")


def _is_in_use(file: Path) -> bool:
    """Whether SQLite writes to the file the way that the store has it do (WAL).

    Bytes 18 and 19 say so, see https://www.sqlite.org/fileformat.html#file_format_version_numbers
    """
    try:
        with file.open("rb") as content:
            return content.read(20)[18:] == b"\2\2"
    except FileNotFoundError:
        return False


def _that_is_there(folder: Path) -> Path:
    """The folder, or the nearest one above it that need not be made."""
    path = folder.absolute()
    return next(each for each in (path, *path.parents) if os.path.lexists(each))


def _planned_cameras(config: Config) -> Mapping[str, PlannedCamera]:
    """The cameras of the file and those of the dashboard.

    The file's alone where there is no database that this version has used: it is not to be made,
    changed or brought up to date. What is wrong with it is for `check_database` to say.
    """
    of_file = {name: PlannedCamera(each) for name, each in config.cameras.items()}
    storage = config.storage
    file = sqlite_file(storage.database_url)
    try:
        if file is not None and not _is_in_use(file):
            return of_file
        database = Database(storage.database_url)
        with Store(database, storage.snapshots, config.privacy.stored_photos) as store:
            with database.read() as connection:
                if current_revision(connection) != known_revisions()[-1]:
                    return of_file
            return planned_cameras(config, store)[0]
    except (MaskwatchError, OSError):
        return of_file


def _camera_check(name: str, camera: PlannedCamera, reach: Reach | None) -> Check:
    return lambda: check_camera(name, camera.config, reach)


def _channel_check(config: Config, name: str) -> Check:
    return lambda: check_channel(config, name)


def _advice_for_camera(reason: str) -> str:
    if reason == NOT_LIVE:
        return "take the address of the camera's live stream: see its manual"
    if "shared memory" in reason:
        return _MORE_SHARED_MEMORY
    if "not open to the dashboard" in reason:
        return "name its network in web.camera_networks, or write the camera into the file"
    if "401" in reason or "password" in reason:
        return "correct user name and password in the address"
    if "404" in reason or "not found" in reason:
        return "the camera is there, the path of the stream is wrong: see its manual"
    if "refused" in reason:
        return "the machine is there, nothing listens on that port: is RTSP switched on?"
    return "is the camera on, and can this machine reach it (ping, VLAN, firewall)?"


def _reach(url: str, timeout_s: float) -> str:
    """Connects to the host of an address and lets go; raises ChannelError."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout_s).close()
    except OSError as error:
        reason = system_reason(error)
        raise ChannelError(f"nobody answers at {parts.hostname}:{port}: {reason}") from error
    return f"{parts.hostname}:{port} answers"


def _executable(program: str) -> str:
    """Where a program is; raises ChannelError."""
    found = shutil.which(program)
    if found is None:
        raise ChannelError(f"there is no program {program}, or it may not be run")
    return f"{Path(found)} can be run"


def _is_synchronised() -> bool | None:
    """What the kernel says of its clock; None where that is not known."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    # The call only reads when the first field, ``modes``, is 0; struct timex has 208 bytes at most.
    state: int = libc.adjtimex(ctypes.create_string_buffer(512))
    return None if state < 0 else state != _TIME_ERROR
