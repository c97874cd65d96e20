"""What waits for a visitor's yes, and where each site's bookings and calls for a person go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the table, and adds a site's own targets."""
    op.add_column("sites", sa.Column("booking", sa.Text))
    op.add_column("sites", sa.Column("handover", sa.Text))
    op.create_table(
        "actions",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("site", "person", "session_id", "turn", "tool")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "title")),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("arguments_hash", sa.Text, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("state", "result")),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("started_at", _INSTANT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["site", "person", "session_id"], ["sessions.site", "sessions.person", "sessions.id"]),
    )
    op.create_index("ix_actions_turn", "actions", ["turn"])
    op.create_index("actions_of_a_session", "actions", ["site", "person", "session_id", "tool"])
    under_way = sa.text("state IN ('running', 'done')")
    op.create_index(
        "actions_done_once",
        "actions",
        ["site", "person", "session_id", "arguments_hash"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
