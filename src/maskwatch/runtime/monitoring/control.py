"""What others may ask of the running service; the service is the real one, a test may double it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from maskwatch.config.cameras import CameraConfig
from maskwatch.models.card import ModelCard
from maskwatch.store.records import Delivery


class CameraPhase(StrEnum):
    """What a camera does at the moment."""

    CONNECTING = "connecting"
    """The first connection is being made."""
    WATCHING = "watching"
    """Pictures come and are looked at."""
    LOST = "lost"
    """The connection broke, or was never made; another attempt follows."""
    FROZEN = "frozen"
    """Pictures come, and all are the same."""
    STOPPED = "stopped"
    """Switched off, by its settings or by hand."""


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How one camera is doing."""

    camera: str
    """Its name."""
    address: str
    """As it may be shown: `CameraConfig.address`."""
    phase: CameraPhase
    since: datetime
    """Of the phase; aware, UTC."""
    reason: str = ""
    """Why it is lost, frozen or switched off, for people."""
    attempt: int = 0
    """Attempts in a row to connect again."""
    retry_in_s: float | None = None
    """From the last attempt on; None when none is waited for."""
    width: int = 0
    """Of its pictures in pixels; 0 before the first one."""
    height: int = 0
    fps: float = 0.0
    """Pictures that were looked at, a second, over the last ten seconds."""
    offered_fps: float = 0.0
    """Pictures that came to be looked at."""
    frames: int = 0
    """Looked at since the start."""
    dropped: int = 0
    """Replaced by newer ones before there was time to look at them, since the start."""
    damaged: float = 0.0
    """Share of those of the last minute that were left out as damaged, in [0, 1]."""
    latency_s: float | None = None
    """From capture to verdict, over the last ten seconds; None without pictures."""
    last_frame_at: datetime | None = None
    people: int = 0
    """Whom it sees now."""
    required: bool = True
    """Whether masks are required there now, by its schedule."""
    from_dashboard: bool = False
    """Added in the dashboard, so it may be changed there."""
    enabled: bool = True
    """False when its settings switch it off, so that it cannot be started by hand."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A camera of the dashboard that cannot be watched."""

    name: str
    problems: tuple[str, ...] = ()
    """Of its settings, key and reason each; none when the configuration file has its name."""

    def __str__(self) -> str:
        why = "; ".join(self.problems) or "the configuration file has one of that name"
        return f"{self.name}: {why}"


@dataclass(frozen=True, slots=True)
class InferenceStatus:
    """How the models keep up with all cameras together."""

    fps: float
    """Pictures looked at, a second, over the last ten seconds."""
    offered_fps: float
    dropped: int
    """Of all cameras, since the start."""
    queue: int
    """Cameras whose newest picture waits, right now."""
    busy: float
    """Share of the time during which the models worked, in [0, 1]."""
    overloaded: bool
    """The box is too slow for what is asked of it: pictures are dropped, evenly."""
    model: str
    """Version of the mask classifier."""
    device: str
    """What the models really run on."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The service as a whole."""

    started_at: datetime
    ready: bool
    """Models are loaded and do not hang, and every camera has been tried once."""
    version: str
    config_loaded_at: datetime
    config_error: str = ""
    """Why the last change of the configuration was refused; empty when it was taken."""
    store_error: str = ""
    """Why nothing can be written at the moment; empty when all is well."""
    unwritten: int = 0
    """Records that wait for the store."""


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What became of a wish to read the configuration, or the dashboard's cameras, again."""

    accepted: bool
    """False: nothing has changed, the old configuration stays in force."""
    changes: tuple[str, ...] = ()
    """Such as ``camera door: restarted``."""
    problems: tuple[str, ...] = ()
    """Why it was refused, key, value and reason each; or which cameras were left out, and why."""


@dataclass(frozen=True, slots=True)
class CameraProbe:
    """What an address showed when it was connected to once."""

    width: int
    """Of its picture in pixels."""
    height: int
    jpeg: bytes | None
    """The picture, every face in it hidden; None where the privacy policy allows no pictures."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel that messages go out through."""

    name: str
    """As in the configuration."""
    kind: str
    """Such as ``email``."""
    recipients: int
    """How many people it tells one by one; 1 for one that has no addresses."""


class ServiceControl(Protocol):
    """The running service as the dashboard sees it.

    Every method may be called from any thread. Those that say so block: call them in a worker
    thread.
    """

    def status(self) -> ServiceStatus:
        """The service as a whole."""
        ...

    def camera_states(self) -> Sequence[CameraStatus]:
        """All cameras, in the order of the configuration, then those of the dashboard."""
        ...

    def left_out(self) -> Sequence[LeftOut]:
        """The cameras of the dashboard that `camera_states` is without."""
        ...

    def camera_config(self, camera: str) -> CameraConfig | None:
        """What the configuration file says of a camera; None when it does not name it."""
        ...

    def inference_state(self) -> InferenceStatus:
        """How the models keep up."""
        ...

    def model_cards(self) -> Sequence[ModelCard]:
        """The cards of the models that run; a detector of another program has none."""
        ...

    def test_camera(self, url: str, timeout_s: float = 15.0) -> CameraProbe:
        """Connects to an address once, looks at one picture and lets go. Blocks.

        Whether the address may be reached at all is for the caller to decide (``web`` does).

        Raises:
            SourceError: no picture came, and why.
            UsageError: it is no address.
        """
        ...

    def channels(self) -> Sequence[ChannelFacts]:
        """The channels of the configuration, in its order."""
        ...

    def test_channel(self, channel: str) -> Sequence[Delivery]:
        """Queues a test message to everybody whom a channel reaches; returns at once.

        Raises:
            UsageError: there is no channel of that name.
        """
        ...

    def start_camera(self, camera: str) -> None:
        """Switches a camera on that was stopped by hand.

        Raises:
            UsageError: there is no camera of that name, or its settings switch it off.
        """
        ...

    def stop_camera(self, camera: str) -> None:
        """Switches a camera off until the next start of the service. Blocks for up to 3 s.

        Raises:
            UsageError: there is no camera of that name.
        """
        ...

    def reload(self) -> ReloadOutcome:
        """Reads the configuration and the dashboard's cameras again. Blocks for some seconds."""
        ...

    def watch_stored_cameras(self) -> ReloadOutcome:
        """Watches the dashboard's cameras as they stand in the store now. Blocks for some seconds.

        To be called after one was added, changed or deleted there. It needs no right file: the
        configuration stays as it is in force, so nothing is refused.

        Raises:
            StoreError: they cannot be read; all goes on as before.
        """
        ...

    def stop(self) -> None:
        """Asks the whole service to stop; returns at once."""
        ...
