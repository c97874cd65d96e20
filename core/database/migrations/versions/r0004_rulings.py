"""What explains a turn further: what was searched for, what the guards said, what it cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the columns; turns from before were searched for as they were asked."""
    op.add_column("turns", sa.Column("cost", sa.Float, nullable=False, server_default="0"))
    op.add_column("turns", sa.Column("search", sa.Text, nullable=False, server_default=""))
    op.add_column("turns", sa.Column("rulings", sa.JSON, nullable=False, server_default="[]"))
