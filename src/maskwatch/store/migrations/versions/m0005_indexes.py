"""Indexes for what is asked all day, so that it takes no longer with years of rows.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes them; one goes that led through everything that a channel ever sent."""
    op.create_index("ix_deliveries_sent_at", "deliveries", ["sent_at"])
    op.drop_index("ix_deliveries_channel_sent_at", "deliveries")
    op.create_index("ix_snapshots_kind_size", "snapshots", ["kind", "size"])
    op.create_index("ix_health_camera_at_id", "health", ["camera", "at", "id"])
