"""What a site's owner decides: its tier, its spending cap, its pinned answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the columns, the index that a day's spending is summed by, and the table of pins."""
    op.add_column("sites", sa.Column("tier", sa.Text))
    op.add_column("sites", sa.Column("cap", sa.Float))
    paid = sa.text("cost > 0")
    op.create_index("turns_paid", "turns", ["site", "created_at", "cost"], sqlite_where=paid, postgresql_where=paid)
    op.create_table(
        "pins",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, sa.ForeignKey("sites.id"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("question", "answer", "url")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_pins_site", "pins", ["site"])
