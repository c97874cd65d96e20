"""What memory needs: a summary for each session, and which ended turns can be recalled by meaning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the table and the marker; turns from before wait to be remembered."""
    op.create_table(
        "summaries",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("covers", sa.BigInteger, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["site", "person", "session_id"], ["sessions.site", "sessions.person", "sessions.id"]),
    )
    op.add_column("outbox", sa.Column("remembered_at", _INSTANT))
    waiting = sa.text("remembered_at IS NULL")
    op.create_index("outbox_unremembered", "outbox", ["sequence"], sqlite_where=waiting, postgresql_where=waiting)
