"""Deliveries that are sent in one message know it.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes room for the message's id."""
    op.add_column("deliveries", sa.Column("message_id", sa.Text()))
