"""Everything that maskwatch raises on purpose.

::

    MaskwatchError
    ├── SourceError          a source cannot be read; names it and the reason
    │   ├── SourceNotFound   no such file, folder, or nothing matches a glob
    │   ├── UnreadableImage  not an image, truncated, empty
    │   ├── ImageTooLarge    over the stated pixel limit (decompression bombs)
    │   ├── UnreadableVideo  no video stream, damaged beyond use
    │   └── SourceLost       a live source stopped delivering
    ├── OutputError          a result cannot be written (disk full, no permission)
    ├── ModelError           a model file or its card cannot be used
    │   ├── ModelNotFound
    │   ├── ChecksumMismatch
    │   └── CardError        the card does not fit the model or this version
    ├── StoreError           the database or the photos cannot be used
    │   ├── StoreFull        no room left on the disk
    │   ├── StoreTaken       another service watches with it
    │   ├── RecordNotFound   nothing is stored under that id
    │   ├── RecordExists     something is stored under that id or name already
    │   ├── RecordChanged    somebody else was quicker: it is no longer as it was seen
    │   ├── SnapshotRefused  the privacy policy forbids this photo
    │   ├── SnapshotDamaged  a photo is gone or is not the one that was stored
    │   └── BackupError      a backup cannot be written, or is damaged, or does not fit
    ├── ConfigError          the configuration is wrong; names every key, value and reason
    ├── ChannelError         an alert could not be sent; says whether a retry can help
    ├── LinkError            a link of an alert is not ours, was changed, or is too old
    ├── AccessDenied         somebody may not do this; says what would be needed
    │   ├── NotLoggedIn      nobody knows who asks
    │   └── Throttled        too many tries, or too much at once; says how long to wait
    ├── DashboardError       the dashboard cannot be served, or no longer
    ├── MissingExtra         an optional package is needed; names the extra to install
    └── UsageError           the request itself makes no sense
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class MaskwatchError(Exception):
    """Base of all errors that maskwatch raises on purpose; they can go from process to process."""

    def __reduce__(self) -> tuple[object, ...]:
        # An exception would be built anew from its message, and most are built from something else.
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[MaskwatchError], args: tuple[object, ...]) -> MaskwatchError:
    return kind.__new__(kind, *args)


class SourceCause(StrEnum):
    """Why a source cannot be read, where there is something to do about it."""

    REFUSED = "refused"
    """The machine is there, and nothing listens."""
    LOGIN = "login"
    """User name or password are wrong."""
    NOT_FOUND = "not found"
    """The server is there, and has nothing of that name."""
    NOT_LIVE = "not live"
    """It is a recording or a picture where a camera is wanted."""
    OUT_OF_REACH = "out of reach"
    """It lies in a network that is not open to whoever gave the address."""
    NO_MEMORY = "no memory"
    """There is not enough shared memory for its pictures."""


class SourceError(MaskwatchError):
    """A source cannot be read.

    Args:
        source: path or URL as given, with any password masked.
        reason: one short clause for people, without a full stop.
        cause: the same for programs; None for all that they need not tell apart.
    """

    def __init__(self, source: str, reason: str, cause: SourceCause | None = None) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason
        self.cause = cause


class SourceNotFound(SourceError):
    """No such file or folder, or nothing matches."""


class UnreadableImage(SourceError):
    """The file is not an image, or is damaged."""


class ImageTooLarge(SourceError):
    """The image has more pixels than the limit allows."""


class UnreadableVideo(SourceError):
    """The file has no video stream, or nothing in it can be decoded."""


class SourceLost(SourceError):
    """A live source stopped delivering frames."""


class OutputError(MaskwatchError):
    """A result cannot be written.

    Args:
        path: where it should have gone.
        reason: one short clause for people, without a full stop.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class ModelError(MaskwatchError):
    """A model file or its card cannot be used."""


class ModelNotFound(ModelError):
    """The model folder or one of its files is missing."""


class ChecksumMismatch(ModelError):
    """The model file is not the one that its card describes."""


class CardError(ModelError):
    """The card is unreadable, incomplete, or does not fit the model."""


class StoreError(MaskwatchError):
    """The database or the photos cannot be used."""


class StoreFull(StoreError):
    """No room is left on the disk. What was to be written is not, what was there still is."""


class StoreTaken(StoreError):
    """Another service watches with this store."""


class RecordNotFound(StoreError):
    """Nothing is stored under that id, or under the one that it belongs to."""


class RecordExists(StoreError):
    """Something is stored under that id or name already."""


class RecordChanged(StoreError):
    """Somebody else was quicker: what is stored is no longer as the one who acts has seen it."""


class SnapshotRefused(StoreError):
    """The privacy policy forbids to store this photo."""


class SnapshotDamaged(StoreError):
    """A photo's file is gone, or is not the one that was stored."""


class BackupError(StoreError):
    """A backup cannot be written, is damaged, or does not fit where it should go."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong with a configuration."""

    key: str
    """Such as ``cameras[0].url``; empty when it is about the whole file."""
    value: str | None
    """As given, without secrets; None when there is none or it would say nothing."""
    reason: str
    """One short clause for people, without a full stop."""
    line: int | None = None
    """In the file, from 1."""

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        value = "" if self.value is None else f" = {self.value}"
        key = f"{self.key}{value}: " if self.key else ""
        return f"{where}{key}{self.reason}"


class ConfigError(MaskwatchError):
    """The configuration is wrong.

    Args:
        source: the file, or "environment".
        problems: everything that is wrong, at least one.
    """

    def __init__(self, source: str, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("; ".join(f"{source}: {problem}" for problem in problems))
        self.source = source
        self.problems = tuple(problems)


class ChannelError(MaskwatchError):
    """An alert could not be sent.

    Args:
        reason: one short clause for people, without a full stop and without passwords.
        permanent: True when trying this very message again cannot help, such as a recipient whom
            the server does not know. A wrong password is not permanent: somebody may correct it.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class LinkError(MaskwatchError):
    """A link of an alert is not ours, was changed, or is too old; the message says which."""


class AccessDenied(MaskwatchError):
    """Somebody may not do this; the message says what would be needed."""


class NotLoggedIn(AccessDenied):
    """Nobody knows who asks: no session, a session that ended, or an unknown token."""


class Throttled(AccessDenied):
    """Too many tries, or too much at once.

    Args:
        wait_s: until the next try.
        what: there is too much of.
    """

    def __init__(self, wait_s: float, what: str = "wrong passwords") -> None:
        super().__init__(f"too many {what}: wait {wait_s:.0f} s")
        self.wait_s = wait_s


class DashboardError(MaskwatchError):
    """The dashboard cannot be served, or no longer; the message says why."""


class MissingExtra(MaskwatchError):
    """An optional package is needed.

    Args:
        what: the feature that needs it.
        extra: the extra of this package that installs it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'maskwatch[{extra}]'")
        self.extra = extra


class UsageError(MaskwatchError):
    """The request itself makes no sense; the message says what would."""
