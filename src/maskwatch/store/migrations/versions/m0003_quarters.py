"""People are also kept as sums over quarters of an hour, so that rates need not read every person.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STATES = ("mask", "incorrect", "no_mask", "unknown")
_FAULTS = ("nose_out", "under_chin", "chin_out", "other")
_COUNTS = (*_STATES, *_FAULTS)
_QUARTERS = {
    "sqlite": "CAST(strftime('%s', {row}.quarter_at) AS INTEGER) / 900",
    "postgresql": "(EXTRACT(EPOCH FROM {row}.quarter_at)::bigint / 900)::integer",
}


def upgrade() -> None:
    """Makes the table, adds up who is there, and has the database keep the sums from now on."""
    op.create_table(
        "people_quarters",
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("camera", "quarter", "zone", name="pk_people_quarters"),
        sqlite_with_rowid=False,
    )
    kind = op.get_bind().dialect.name
    sums = ", ".join(f"SUM({_is(name, 'people')})" for name in _COUNTS)
    everybody = ", ".join(f"SUM({name})" for name in _COUNTS)
    op.execute(
        f"INSERT INTO people_quarters SELECT camera, {_QUARTERS[kind].format(row='people')}, "  # noqa: S608
        f"COALESCE(zone, ''), {sums} FROM people GROUP BY 1, 2, 3"
    )
    op.execute(
        f"INSERT INTO people_quarters SELECT '', quarter, '', {everybody} "  # noqa: S608
        "FROM people_quarters GROUP BY quarter"
    )
    if kind == "sqlite":
        _keep_in_sqlite()
    else:
        _keep_in_postgres()


def _keep_in_sqlite() -> None:
    more, less = _change("sqlite", "NEW", "+"), _change("sqlite", "OLD", "-")
    for verb, body in (("insert", more), ("delete", less), ("update", f"{less} {more}")):
        op.execute(f"CREATE TRIGGER people_{verb}_counts AFTER {verb} ON people BEGIN {body} END")


def _keep_in_postgres() -> None:
    op.execute(
        "CREATE FUNCTION count_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_change('postgresql', 'OLD', '-')} END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_change('postgresql', 'NEW', '+')} END IF; "
        "RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER people_counts AFTER INSERT OR UPDATE OR DELETE ON people "
        "FOR EACH ROW EXECUTE FUNCTION count_people()"
    )


def _change(kind: str, row: str, sign: str) -> str:
    """Statements that add a row of ``people`` to its sums, or take it away again."""
    quarter = _QUARTERS[kind].format(row=row)
    values = ", ".join(f"{sign}{_is(name, row)}" for name in _COUNTS)
    added = ", ".join(f"{name} = people_quarters.{name} + excluded.{name}" for name in _COUNTS)
    nobody = " AND ".join(f"{name} = 0" for name in _STATES)
    change = (
        f"INSERT INTO people_quarters (camera, quarter, zone, {', '.join(_COUNTS)}) VALUES "  # noqa: S608
        f"({row}.camera, {quarter}, COALESCE({row}.zone, ''), {values}), "
        f"('', {quarter}, '', {values}) "
        f"ON CONFLICT (camera, quarter, zone) DO UPDATE SET {added};"
    )
    if sign == "+":
        return change
    return (
        f"{change} DELETE FROM people_quarters WHERE camera IN ({row}.camera, '') "  # noqa: S608
        f"AND quarter = {quarter} AND {nobody};"
    )


def _is(name: str, row: str) -> str:
    column = "state" if name in _STATES else "fault"
    return f"(CASE WHEN {row}.{column} = '{name}' THEN 1 ELSE 0 END)"
