"""What visitors say of an answer, and its way to Parquet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the column, and the outbox of ratings."""
    op.add_column("turns", sa.Column("feedback", sa.JSON))
    op.create_table(
        "ratings",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("turn_id", sa.Text, sa.ForeignKey("turns.id"), nullable=False),
        sa.Column("batch", sa.Text),
        sa.Column("exported_at", sa.DateTime(timezone=True)),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("exported_at IS NULL")
    op.create_index("ratings_pending", "ratings", ["sequence"], sqlite_where=waiting, postgresql_where=waiting)
