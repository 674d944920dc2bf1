"""How the database goes about what the store asks of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from maskwatch.store.store import Store


def plan_of(store: Store, ask: Callable[[], object], words: str) -> str:
    """The plan, a step a line, of the first statement with these words while ``ask`` runs."""
    asked: list[tuple[str, Any]] = []

    def listen(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    engine = store.database.engine
    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        ask()
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)
    statement, parameters = next(each for each in asked if words in " ".join(each[0].split()))
    word = "EXPLAIN QUERY PLAN" if store.database.is_sqlite else "EXPLAIN"
    with store.database.read() as connection:
        rows = connection.exec_driver_sql(f"{word} {statement}", parameters).all()
    return "\n".join(str(row[-1]) for row in rows)
