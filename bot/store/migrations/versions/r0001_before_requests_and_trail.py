"""Requests, asks, deliveries, offers and the audit trail.

*before*: may run while replicas with older code are up, since there is no older code that has a database.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ends", sa.Text),
    )
    op.create_index("requests_by_question", "requests", ["question", "asked_at"])
    op.create_index("requests_by_end", "requests", ["ended_at"])
    op.create_table(
        "asks",
        sa.Column("request", sa.String, sa.ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("deliveries_by_time", "deliveries", ["at"])
    op.create_table(
        "offers",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("pressed_by", sa.String),
    )
    op.create_index("offers_by_end", "offers", ["ends_at"])
    op.create_table(
        "entries",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("outcome", "user", "channel", "cluster", "kind", "namespace", "name", "hash")
        ),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("entries_by_object", "entries", ["name", "namespace", "kind", "cluster", "number"])
    op.create_index("entries_by_user", "entries", ["user", "number"])
    op.create_index("entries_by_channel", "entries", ["channel", "number"])
    op.create_index("entries_by_outcome", "entries", ["outcome", "number"])
    op.create_index("entries_by_time", "entries", ["at"])
