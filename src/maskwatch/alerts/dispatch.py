"""Hands deliveries to their channels: claim a row, send, record the outcome.

Each channel has a thread of its own, so that a mail server that takes its time does not keep the
door display waiting. The rows in the store are the queue, so a crash loses nothing: what was
claimed and has no outcome is free again after ``retry.claim_s``.

A message can reach its receiver twice, with the same id, in two cases only. A server takes it but
answers too late. Or the process dies, or is stopped while the store cannot be written to, after the
receiver took it and before that is written down, which is what `_Courier._record` does next. A
courier sends one message at a time, so one crash repeats one message per channel at most, after
``retry.claim_s``.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from maskwatch.alerts.base import AlertChannel
from maskwatch.alerts.compose import Wording, compose
from maskwatch.alerts.due import (
    decided_at,
    held,
    hold_until,
    look_back,
    next_batch,
    no_sooner_than,
    retry_delay_s,
    why_unwanted,
)
from maskwatch.alerts.library import Library
from maskwatch.config.alerts import AlertsConfig, Pacing
from maskwatch.errors import ChannelError, StoreError
from maskwatch.store.ids import new_id
from maskwatch.store.records import Delivery
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

_POLL_S = 5.0
"""How long a courier sleeps at most: claims of a crashed process run out without a sound."""
_STORE_PAUSE_S = 1.0
_MOST_CLAIMED = 500
_NO_PACING = Pacing(cooldown_camera_s=0, cooldown_person_s=0, rate_limit=None)


@dataclass(frozen=True, slots=True)
class Office:
    """What all couriers work with."""

    store: Store
    library: Library
    wording: Wording
    config: AlertsConfig
    statistics_only: bool
    """Whether nothing is told of episodes (any more)."""


class Dispatcher:
    """Sends what is due, until it is stopped.

    Args:
        office: what to work with.
        channels: by name, as in ``office.config``.
    """

    def __init__(self, office: Office, channels: Mapping[str, AlertChannel]) -> None:
        self._office = office
        self._couriers = [_Courier(office, name, channel) for name, channel in channels.items()]

    def start(self) -> None:
        """Starts a thread for each channel; gives up what waits for channels that are gone."""
        for courier in self._couriers:
            courier.start()
        self._bury_strays()

    def wake(self) -> None:
        """Says that there may be something to send. Never blocks."""
        for courier in self._couriers:
            courier.wake()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Lets each channel finish the message in hand, for so long at most.

        Returns:
            Whether all did. What was not finished is tried again after the next start.
        """
        for courier in self._couriers:
            courier.ask_to_stop()
        ends_at = time.monotonic() + timeout_s
        ended = [courier.join(ends_at) for courier in self._couriers]  # each gets its chance
        return all(ended)

    def _bury_strays(self) -> None:
        """Rows for channels that the configuration no longer has would wait for ever."""
        queue = self._office.store.deliveries
        try:
            for name in queue.waiting_channels() - self._office.config.channels.keys():
                queue.give_up(name, f"no channel is called {name}")
        except StoreError as error:  # those of the other channels are not to wait for it
            _log.warning("messages for channels that are gone are left as they are: %s", error)


class _Courier:
    """One channel, its thread, and the messages that go through it."""

    def __init__(self, office: Office, name: str, channel: AlertChannel) -> None:
        self._office = office
        self._name = name
        self._channel = channel
        self._queue = office.store.deliveries
        self._config = office.config.channels[name]
        self._pacing = office.config.pacing_of(name) or _NO_PACING
        self._unrecorded: list[tuple[Delivery, datetime]] = []
        """Sent, and the store could not be told yet."""
        self._woken = threading.Event()
        self._stopping = False
        # A daemon: a program or server that hangs must not keep the service from ending.
        self._thread = threading.Thread(target=self._run, name=f"alerts {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def ask_to_stop(self) -> None:
        self._stopping = True
        self._woken.set()

    def join(self, ends_at: float) -> bool:
        """Whether the thread, which closes its channel last, ended before then (`monotonic`)."""
        if self._thread.ident is None:
            self._channel.close()
            return True
        self._thread.join(max(0.0, ends_at - time.monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        said = ""
        while not self._stopping:
            self._woken.clear()
            try:
                pause_s = self._work()
            except StoreError as error:
                if str(error) != said:
                    _log.warning("channel %s: the store cannot be used: %s", self._name, error)
                said = str(error)
                pause_s = _STORE_PAUSE_S
            except Exception:  # noqa: BLE001 - hides nothing: it is told in full, each time
                # Else one mistake would silence the channel for good. What is claimed comes again.
                _log.exception("channel %s: its messages cannot be worked on", self._name)
                pause_s = _POLL_S
            else:
                if said:
                    _log.warning("channel %s: the store can be used again", self._name)
                said = ""
            if not self._stopping:
                self._woken.wait(pause_s)
        self._settle_at_last()
        self._channel.close()

    def _work(self) -> float:
        """Sends what is due; returns for how many seconds nothing will be."""
        self._settle()
        now = datetime.now(UTC)
        rows = self._queue.claim(
            now, limit=_MOST_CLAIMED, lease_s=self._office.config.retry.claim_s, channel=self._name
        )
        # The claim runs from now on; there must be time left for one more attempt.
        claimed_until = now + timedelta(
            seconds=self._office.config.retry.claim_s - self._config.timeout_s
        )
        by_recipient = sorted(rows, key=lambda row: row.recipient or "")
        for _, group in groupby(by_recipient, key=lambda row: row.recipient):
            self._send_all(list(group), claimed_until)
        if rows:
            return 0.0
        due = self._queue.next_due(self._name)
        wait_s = _POLL_S if due is None else (due - datetime.now(UTC)).total_seconds()
        return min(max(wait_s, 0.0), _POLL_S)

    def _send_all(self, rows: list[Delivery], claimed_until: datetime) -> None:
        """Sends the rows of one recipient, in as many messages as the rate limit allows."""
        rows = [row for row in rows if self._is_wanted(row)]
        while rows:
            now = datetime.now(UTC)
            if self._stopping or now >= claimed_until:
                self._put_back([(row, now) for row in rows])
                return
            sent = self._sent_to(rows[0].recipient, now - look_back(self._pacing))
            free = self._free(rows, sent, now)
            rows = self._send_next(free, sent, now) if free else []

    def _free(
        self, rows: Sequence[Delivery], sent: Sequence[Delivery], now: datetime
    ) -> list[Delivery]:
        """The rows that need not wait for a digest; the others are put back."""
        free, waiting = [], []
        for row in rows:
            until = hold_until(row, self._pacing, sent, now, self._office.wording.zone)
            if until is None:
                free.append(row)
            else:
                waiting.append((held(row, until), until))
        self._put_back(waiting)
        return free

    def _send_next(
        self, rows: Sequence[Delivery], sent: Sequence[Delivery], now: datetime
    ) -> list[Delivery]:
        """Sends one message and returns the rows that are left; all wait if there is no room."""
        times = [row.sent_at for row in sent if row.sent_at is not None]
        batch = next_batch(rows, self._pacing.rate_limit, times, now)
        if batch.wait_until is not None:
            self._wait_for_room(rows, batch.wait_until)
            return []
        # Asked again, because the messages before this one may have taken their time.
        wanted = [row for row in batch.rows if self._is_wanted(row)]
        if wanted:
            self._send(self._joined(wanted))
        return [row for row in rows if row not in batch.rows]

    def _wait_for_room(self, rows: Sequence[Delivery], free_at: datetime) -> None:
        waiting = []
        for row in rows:
            until = no_sooner_than(row, free_at, self._pacing, self._office.wording.zone)
            waiting.append((held(row, until), until))
        self._put_back(waiting)

    def _joined(self, rows: Sequence[Delivery]) -> Sequence[Delivery]:
        """The rows of one message, which has the same id whenever it is sent again."""
        ids = {row.message_id for row in rows}
        if len(rows) == 1 or (len(ids) == 1 and None not in ids):
            return rows
        return self._queue.join(rows, new_id())

    def _is_wanted(self, row: Delivery) -> bool:
        """Whether a row is to be sent now; if not, it is withdrawn or put back."""
        known, now = self._office.library.known(row), datetime.now(UTC)
        why = why_unwanted(row, known, self._config, self._office.statistics_only, now)
        if why is not None:
            failed = f"; before that: {row.last_error}" if row.last_error else ""
            self._queue.withdraw(row, why + failed)
            return False
        until = decided_at(known)
        if until is not None:
            self._put_back([(row, until)])
        return until is None

    def _sent_to(self, recipient: str | None, since: datetime) -> list[Delivery]:
        """What this reader got."""
        sent = self._queue.sent_since(since, self._name)
        return [row for row in sent if row.recipient == recipient]

    def _put_back(self, rows: Sequence[tuple[Delivery, datetime]]) -> None:
        """Gives rows back; each is due again at its time."""
        if rows:
            with self._office.store.transaction():
                for row, until in rows:
                    self._queue.release(row, until)

    def _send(self, rows: Sequence[Delivery]) -> None:
        """Sends one message and writes down what became of it."""
        try:
            library = self._office.library
            episodes = library.episodes(rows)
            photo = None
            if len(episodes) == 1 and self._config.photo:
                photo = library.photo(episodes[0])
            alert = compose(rows, episodes, photo, self._office.wording, datetime.now(UTC))
            self._channel.send(alert)
        except ChannelError as error:
            self._record_failure(rows, error)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the courier's boundary
            # A channel with a bug must not end the courier, and the row must not be lost: it is
            # tried again like after any other failure.
            _log.exception("channel %s failed in a way that nobody foresaw", self._name)
            self._record_failure(rows, ChannelError(f"unforeseen: {type(error).__name__}"))
        else:
            self._record(rows, datetime.now(UTC))

    def _record(self, rows: Sequence[Delivery], at: datetime) -> None:
        # In memory first: if the store fails now, the message must still not be sent again.
        self._unrecorded += [(row, at) for row in rows]
        self._settle()

    def _settle(self) -> None:
        """Tells the store what was sent: all rows of a message, or none."""
        if not self._unrecorded:
            return
        with self._office.store.transaction():
            for row, at in self._unrecorded:
                self._queue.sent(row, at)
        self._unrecorded.clear()

    def _settle_at_last(self) -> None:
        try:
            self._settle()
        except StoreError as error:
            ids = ", ".join(row.id for row, _ in self._unrecorded)
            _log.error("channel %s: %s was sent and will be sent again: %s", self._name, ids, error)

    def _record_failure(self, rows: Sequence[Delivery], error: ChannelError) -> None:
        _log.warning("channel %s: %s: %s", self._name, rows[0].id, error.reason)
        # Chance spreads retries over time; nothing secret depends on it.
        chance = random.random()  # noqa: S311
        # The rows of a message share its fate, until the youngest of them is given up.
        attempts = min(row.attempts for row in rows)
        delay_s = retry_delay_s(self._office.config.retry, attempts, chance)
        retry_at = None if delay_s is None else datetime.now(UTC) + timedelta(seconds=delay_s)
        with self._office.store.transaction():
            for row in rows:
                self._queue.failed(row, error.reason, permanent=error.permanent, retry_at=retry_at)
