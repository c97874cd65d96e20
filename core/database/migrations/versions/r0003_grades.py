"""How each build was graded: the gate's verdict and the scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the columns; builds from before have no grade."""
    op.add_column("builds", sa.Column("verdict", sa.Text, nullable=True))
    op.add_column("builds", sa.Column("scores", sa.JSON, nullable=False, server_default="{}"))
