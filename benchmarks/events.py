"""``python -m benchmarks.events``: how long the API's queries take with so many stored events.

Fills a database by SQL, because ten million rows one by one would take a day, and asks the store
what the API's handlers ask it, and those who send messages. An event is an episode; for each there
is a person as well, and a message that was sent.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from maskwatch.errors import StoreError
from maskwatch.store.records import CountBy, EpisodeFilter
from maskwatch.store.store import Store
from maskwatch.types import State

YEARS = 3
END = datetime(2026, 1, 1, tzinfo=UTC)
START = END - timedelta(days=365 * YEARS)
_CAMERAS = 20
_MODEL = "bench"
"""Version of the model that all events made here are of."""
_HALL = EpisodeFilter(cameras=("camera 7",))

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS "
    "(SELECT {low} UNION ALL SELECT i + 1 FROM n WHERE i < {high})",
    "postgresql": "WITH n(i) AS (SELECT generate_series({low}, {high}))",
}
_TIMES = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', {start} + {at} * 1.0, 'unixepoch') || '000'",
    "postgresql": "to_timestamp({start} + {at})",
}
_IDS = {
    "sqlite": "printf('%012x%020x', CAST(1000 * ({start} + {at}) AS INTEGER), i)",
    "postgresql": "lpad(to_hex((1000 * ({start} + {at}))::bigint), 12, '0')"
    " || lpad(to_hex(i), 20, '0')",
}
_EPISODES = """
{numbers} INSERT INTO episodes
  (id, camera, zone, track, state, fault, coverage, started_at, ended_at, model_version)
SELECT {id}, 'camera ' || (i % {cameras}), NULL, i,
  CASE i % 3 WHEN 0 THEN 'incorrect' ELSE 'no_mask' END,
  CASE i % 3 WHEN 0 THEN 'nose_out' ELSE NULL END, 12.5, {start}, {end}, '{model}'
FROM n"""
_PEOPLE = """
{numbers} INSERT INTO people
  (id, camera, zone, track, state, fault, first_at, last_at, quarter_at)
SELECT {id}, 'camera ' || (i % {cameras}), NULL, i,
  CASE i % 5 WHEN 0 THEN 'incorrect' WHEN 1 THEN 'no_mask' ELSE 'mask' END,
  CASE i % 5 WHEN 0 THEN 'nose_out' ELSE NULL END, {start}, {end}, {quarter}
FROM n"""
_DELIVERIES = """
{numbers} INSERT INTO deliveries
  (id, kind, channel, stage, payload, created_at, not_before, attempts, state, permanent, sent_at)
SELECT {id}, 'violation', 'mail', 0, '{{}}', {start}, {start}, 1, 'sent', FALSE, {end}
FROM n"""
_ROUNDING = {"sqlite": 0.0, "postgresql": 0.5}
"""What a cast to an integer has to be given so that it rounds down."""
_BATCH = 100_000


def fill(store: Store, total: int) -> None:
    """Makes it hold so many events, spread evenly over the years."""
    kind = store.database.engine.dialect.name
    step = (END - START).total_seconds() / total
    # An engine of its own, because the store's gives up waiting after 15 seconds.
    engine = sa.create_engine(store.database.engine.url)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM episodes"))
        connection.execute(sa.text("DELETE FROM people"))
        connection.execute(sa.text("DELETE FROM deliveries"))
    for first in range(0, total, _BATCH):
        last = min(first + _BATCH, total) - 1
        base, at = int(START.timestamp()), f"i * {step!r}"
        quarter = f"(900 * CAST({at} / 900 - {_ROUNDING[kind]} AS INTEGER))"
        times = {
            "id": _IDS[kind].format(start=base, at=at),
            "start": _TIMES[kind].format(start=base, at=at),
            "end": _TIMES[kind].format(start=base, at=f"({at} + 30)"),
            "quarter": _TIMES[kind].format(start=base, at=quarter),
        }
        numbers = _NUMBERS[kind].format(low=first, high=last)
        with engine.begin() as connection:
            for statement in (_EPISODES, _PEOPLE, _DELIVERIES):
                text = statement.format(numbers=numbers, cameras=_CAMERAS, model=_MODEL, **times)
                connection.exec_driver_sql(text)
    if kind == "postgresql":  # it does so by itself before long, SQLite never
        with engine.begin() as connection:
            connection.execute(sa.text("ANALYZE"))
    engine.dispose()


def refuse_real_events(store: Store) -> None:
    """Ends the program where the database holds what it did not fill in itself.

    Raises:
        SystemExit: it does; nothing was changed.
    """
    model = sa.text("SELECT count(*) FROM episodes WHERE model_version <> :bench")
    with store.database.engine.connect() as connection:
        real = connection.execute(model, {"bench": _MODEL}).scalar_one()
        people = connection.execute(sa.text("SELECT count(*) FROM people")).scalar_one()
    if real or people != store.episodes.count():
        raise SystemExit("this database holds real events: give an empty one, all is deleted in it")


def queries(store: Store) -> dict[str, Callable[[], object]]:
    """What the handlers of the API ask, by what they serve."""
    zone = ZoneInfo("Europe/Berlin")
    day, month, year = (END - timedelta(days=days) for days in (1, 30, 365))
    incorrect = EpisodeFilter(states=(State.INCORRECT,))
    seen, search = EpisodeFilter(acknowledged=True), EpisodeFilter(text="entrance")
    return {
        "list: newest 50": lambda: store.episodes.page(),
        "list: one camera": lambda: store.episodes.page(_HALL),
        "list: one state": lambda: store.episodes.page(incorrect),
        "list: a year ago": lambda: store.episodes.page(EpisodeFilter(until=year)),
        "list: ongoing": lambda: store.episodes.page(EpisodeFilter(ongoing=True)),
        "list: none acknowledged": lambda: store.episodes.page(seen),
        "search: in vain": lambda: store.episodes.page(search),
        "search: count": lambda: store.episodes.count(search),
        "count: all": lambda: store.episodes.count(),
        "messages: what is due": lambda: store.deliveries.claim(END, channel="mail"),
        "cameras with episodes": lambda: store.episodes.cameras(),
        "rate: a day by hour": lambda: store.people.counts(day, END, CountBy.HOUR, timezone=zone),
        "rate: a month by day": lambda: store.people.counts(month, END, CountBy.DAY, timezone=zone),
        "rate: a year by day": lambda: store.people.counts(year, END, CountBy.DAY, timezone=zone),
    }


def measured(store: Store, rounds: int) -> dict[str, float | None]:
    """Milliseconds per query, of several tries the quickest: the others waited for the machine.

    None where the store gave up waiting.
    """
    found: dict[str, float | None] = {}
    for name, query in queries(store).items():
        times = [_time_of(query) for _ in range(rounds)]
        done = [each for each in times if each is not None]
        found[name] = round(min(done), 2) if done else None
        print(f"  {name:24} {found[name]} ms", flush=True)
    return found


def _time_of(query: Callable[[], object]) -> float | None:
    begin = time.perf_counter()
    try:
        query()
    except StoreError:
        return None
    return 1000 * (time.perf_counter() - begin)


def run(url: str, sizes: Sequence[int], rounds: int) -> list[dict[str, object]]:
    """Fills the database to each size in turn and measures there."""
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as snapshots:
        store = Store.open(url, Path(snapshots))
        refuse_real_events(store)
        kind = store.database.engine.dialect.name
        for size in sizes:
            if store.episodes.count() != size:
                fill(store, size)
            print(f"{kind}, {size:,} events", flush=True)
            results.append({"database": kind, "events": size, "ms": measured(store, rounds)})
        store.close()
    return results


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--url", action="append", required=True, help="of an empty database")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    results = [each for url in wanted.url for each in run(url, wanted.sizes, wanted.rounds)]
    wanted.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
