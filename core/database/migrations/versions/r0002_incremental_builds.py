"""What incremental builds need: the files of each build, the change log, leases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables, and the columns of builds that go with them."""
    op.add_column("builds", _text("promoted_by", nullable=True))
    op.add_column("builds", sa.Column("changes_applied", sa.BigInteger, nullable=False, server_default="0"))
    _create_files()
    _create_changes()
    _create_leases()


def _text(name: str, *more: Any, nullable: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *more, nullable=nullable, **options)


def _create_files() -> None:
    op.create_table(
        "files",
        _text("build", sa.ForeignKey("builds.id"), primary_key=True),
        _text("id", primary_key=True),
        *(_text(name) for name in ("source", "path", "sha256", "outcome", "reason")),
        sa.Column("chunks", sa.Integer, nullable=False),
    )


def _create_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        _text("site", sa.ForeignKey("sites.id")),
        _text("document_id"),
        sa.Column("document", sa.JSON),
        sa.Column("created_at", _INSTANT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("changes_of_a_site", "changes", ["site", "sequence"])


def _create_leases() -> None:
    op.create_table(
        "leases",
        _text("name", primary_key=True),
        _text("holder"),
        sa.Column("expires_at", _INSTANT, nullable=False),
    )
