"""The benchmark of stored events empties the database that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra [serve]")

import sqlalchemy as sa
from benchmarks.events import run


def test_a_database_with_real_events_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'events.db'}"
    assert [result["events"] for result in run(url, [10], 1)] == [10]
    run(url, [20], 1)  # its own events may go
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE episodes SET model_version = '0.6' WHERE track = 3"))
    with pytest.raises(SystemExit, match="holds real events"):
        run(url, [10], 1)
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM episodes")).scalar_one() == 20
    engine.dispose()
