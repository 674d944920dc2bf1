"""Statistics-only mode: people are counted, and nothing else is written down.

No episode, no person, no photo, no message: only how many people had which state within some
minutes, with small counts hidden, and the health of the cameras.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.runtime.monitoring.records.chronicle import Chronicle, CountedPeople, Entry
from maskwatch.store.records import HealthRecord, PeopleBucket, PeopleCount, PersonRecord

_DAY = timedelta(days=1)


class StatisticsOnly:
    """A `Chronicle` that lets through nothing but counts.

    Spans are counted from local midnight and none goes beyond one: it belongs to one local day.

    Args:
        chronicle: gets the counts.
        privacy: how many minutes a count spans, and which counts are too small.
        zone: time zone of the days that people are counted by.
        started_at: the first span begins here.
    """

    def __init__(
        self, chronicle: Chronicle, privacy: PrivacyConfig, zone: tzinfo, started_at: datetime
    ) -> None:
        self.privacy, self.zone = privacy, zone
        """As given."""
        self._chronicle = chronicle
        self._length = timedelta(minutes=privacy.statistics_minutes)
        self._smallest = privacy.statistics_min_count
        self._start = self._told_until = started_at
        _, self._end = self._span_of(started_at)
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
        # A clock that was set back ends it, too: it would go on until the clock has caught up.
        if not self._start <= now < self._end:
            self.flush(now)

    def flush(self, now: datetime) -> None:
        """Writes the counts so far as those of a span that ends now."""
        with self._lock:
            start, end = self._start, self._end if now < self._start else min(now, self._end)
            counts, self._counts = self._counts, {}
            self._told_until = max(self._told_until, end)
            # A clock that was set forward leaves out what spans there would have been. After one
            # that was set back, a span that begins as one of before would be taken for that.
            begun, self._end = self._span_of(now)
            self._start = begun if begun >= self._told_until else now
        span_s = max(1, round((end - start).total_seconds()))
        self._chronicle.write(
            [
                CountedPeople(
                    PeopleBucket(camera, zone, start, span_s, PeopleCount(**sums)), self._smallest
                )
                for (camera, zone), sums in counts.items()
            ]
        )

    def _span_of(self, at: datetime) -> tuple[datetime, datetime]:
        """Start and end of the span that a moment lies in, in UTC."""
        day = at.astimezone(self.zone).date()
        midnight, next_midnight = (
            datetime.combine(each, time(), self.zone).astimezone(UTC) for each in (day, day + _DAY)
        )
        start = at - (at - midnight) % self._length
        return start, min(start + self._length, next_midnight)
