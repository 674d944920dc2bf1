"""Changes of the configuration while the service runs: all of one is taken, or nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from maskwatch.config.root import Config
from maskwatch.errors import ConfigError, MaskwatchError, StoreError
from maskwatch.runtime.monitoring.configuration.in_force import InForce, differ
from maskwatch.runtime.monitoring.control import ReloadOutcome

_log = logging.getLogger(__name__)

_Stamp = tuple[int, int, int]

_AGAIN_S = 30.0
"""Not sooner: a database that does not answer holds the loop up for half as long each time."""


class Reloading:
    """Takes changes of the file and of the dashboard's cameras, one at a time, from any thread.

    Args:
        in_force: what changes.
        load: reads the configuration again; raises ConfigError.
        path: the file, which is watched for changes; None for none.
    """

    def __init__(self, in_force: InForce, load: Callable[[], Config], path: Path | None) -> None:
        self.loaded_at = datetime.now(UTC)
        """When what is in force was read."""
        self.error = ""
        """Why the last change was refused; empty when it was taken."""
        self._in_force = in_force
        self._load = load
        self._file = WatchedFile(path)
        self._changing = threading.Lock()
        self._again_at = float("inf")
        """When (`monotonic`) to try again what an error kept from being taken."""

    def is_due(self) -> bool:
        """Whether there is something to be taken; to be asked every few seconds."""
        return self._file.is_due() or time.monotonic() >= self._again_at

    def reload(self) -> ReloadOutcome:
        """Reads the configuration again; the old one stays in force unless all of it is right."""
        with self._changing:
            self._again_at = float("inf")
            self._file.note_reading()
            try:
                new = self._load()
                frozen = _needs_restart(self._in_force.config, new)
                if frozen:
                    return self._refuse([f"{key}: a change needs a restart" for key in frozen])
                outcome = self._in_force.take(new)
            except ConfigError as error:
                return self._refuse([str(problem) for problem in error.problems])
            except StoreError as error:  # nothing is wrong with the configuration
                self._try_again()
                return self._refuse([f"{error}; it is tried again"])
            except MaskwatchError as error:
                return self._refuse([str(error)])
            except Exception as error:  # noqa: BLE001 - hides nothing: it is told in full
                # Else a mistake that nobody foresaw would end the service, which watches people.
                _log.exception("the configuration cannot be taken, or not all of it")
                self._try_again()
                self.error = f"unforeseen: {type(error).__name__}; the log has all of it"
                return ReloadOutcome(accepted=False, problems=(self.error,))
            self.loaded_at, self.error = datetime.now(UTC), ""
            return _told(outcome)

    def watch_stored_cameras(self) -> ReloadOutcome:
        """Watches the cameras of the dashboard as they are now, whatever has become of the file.

        Raises:
            StoreError: they cannot be read; a reload is tried half a minute later, as after any
                other error.
        """
        with self._changing:
            try:
                return _told(self._in_force.watch_cameras())
            except Exception:
                self._try_again()
                raise

    def _try_again(self) -> None:
        self._again_at = time.monotonic() + _AGAIN_S

    def _refuse(self, problems: Sequence[str]) -> ReloadOutcome:
        self.error = "; ".join(problems)
        _log.error("the configuration is refused, the old one stays: %s", self.error)
        return ReloadOutcome(accepted=False, problems=tuple(problems))


class WatchedFile:
    """A file that is to be read again once it has changed, and nobody is writing to it any more.

    Editors and copies write in several steps. The first half of a configuration may be right by
    itself: cameras would go, and what is kept for less long by default would be deleted for good.

    Args:
        path: None for a file that never changes.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        # Due at the second look: it may have been changed while the models were loaded.
        self._read: _Stamp | None = None
        self._seen: _Stamp | None = None

    def note_reading(self) -> None:
        """It is about to be read."""
        self._read = _stamp(self._path)

    def is_due(self) -> bool:
        """Whether it has changed since it was read, but no more since this was last asked."""
        before, self._seen = self._seen, _stamp(self._path)
        return self._seen == before and self._seen != self._read


def _stamp(path: Path | None) -> _Stamp | None:
    """Changes when the file does, also when an editor puts a new one in its place."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


def _needs_restart(old: Config, new: Config) -> list[str]:
    """Keys that cannot change while the service runs."""
    frozen = [name for name in ("inference", "web") if differ(old, new, name)]
    if (old.storage.database_url, old.storage.folder) != (
        new.storage.database_url,
        new.storage.folder,
    ):
        frozen.append("storage.url and storage.folder")
    return frozen


def _told(outcome: ReloadOutcome) -> ReloadOutcome:
    """The same, once the log has it."""
    for change in outcome.changes:
        _log.info("configuration: %s", change)
    return outcome
