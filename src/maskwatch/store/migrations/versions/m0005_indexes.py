"""Indexes for what is asked all day, so that it takes no longer with years of rows.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes them, in place of those that led through all rows of a channel."""
    op.create_index("ix_deliveries_sent_at", "deliveries", ["sent_at"])
    op.drop_index("ix_deliveries_channel_sent_at", "deliveries")
