"""Statistics-only mode: people are counted, and nothing else is written down.

No episode, no person, no photo, no message: only how many people had which state within some
minutes, with small counts hidden, and the health of the cameras.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.runtime.monitoring.chronicle import Chronicle, CountedPeople, Entry
from maskwatch.store.records import HealthRecord, PeopleBucket, PeopleCount, PersonRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StatisticsOnly:
    """A `Chronicle` that lets through nothing but counts.

    Args:
        chronicle: gets the counts.
        privacy: how many minutes a count spans, and which counts are too small.
        started_at: the first span begins here.
    """

    def __init__(self, chronicle: Chronicle, privacy: PrivacyConfig, started_at: datetime) -> None:
        self.privacy = privacy
        """As given."""
        self._chronicle = chronicle
        self._span = timedelta(minutes=privacy.statistics_minutes)
        self._smallest = privacy.statistics_min_count
        self._start = started_at
        self._end = _boundary(started_at, self._span) + self._span
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str | None], Counter[str]] = {}

    def write(self, entries: Sequence[Entry]) -> None:
        """Counts people, passes on health, forgets everything else."""
        with self._lock:
            for entry in entries:
                if isinstance(entry, PersonRecord):
                    counts = self._counts.setdefault((entry.camera, entry.zone), Counter())
                    counts.update([entry.state.value, *filter(None, [entry.fault])])
        self._chronicle.write([entry for entry in entries if isinstance(entry, HealthRecord)])

    def tick(self, now: datetime) -> None:
        """Writes the counts of a span that is over; to be called now and then."""
        if now >= self._end:
            self.flush(now)

    def flush(self, now: datetime) -> None:
        """Writes the counts so far as those of a span that ends now."""
        with self._lock:
            end = min(now, self._end)
            counts, self._counts = self._counts, {}
            # A clock that was set forward leaves out what spans there would have been.
            start, self._start = self._start, max(end, _boundary(now, self._span))
            self._end = _boundary(self._start, self._span) + self._span
        span_s = max(1, round((end - start).total_seconds()))
        self._chronicle.write(
            [
                CountedPeople(
                    PeopleBucket(camera, zone, start, span_s, PeopleCount(**sums)), self._smallest
                )
                for (camera, zone), sums in counts.items()
            ]
        )


def _boundary(at: datetime, span: timedelta) -> datetime:
    """The last full multiple of the span up to a moment."""
    return at - (at - _EPOCH) % span
