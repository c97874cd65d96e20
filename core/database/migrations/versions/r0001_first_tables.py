"""The first tables: sites, sources, builds, sessions, turns, outbox."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the tables, parents first."""
    _create_sites()
    _create_builds()
    _create_turns()
    _create_outbox()


def _sequence() -> sa.Column[int]:
    return sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)


def _text(name: str, *more: Any, nullable: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *more, nullable=nullable, **options)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)


def _create_sites() -> None:
    op.create_table(
        "sites",
        _text("id", primary_key=True),
        _text("title"),
        _text("model", nullable=True),
        _text("live_build", nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "sources",
        _text("id", primary_key=True),
        _text("site", sa.ForeignKey("sites.id")),
        _text("uri"),
        _text("base_url", nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.UniqueConstraint("site", "uri", name="sources_once_per_site"),
    )


def _create_builds() -> None:
    op.create_table(
        "builds",
        _sequence(),
        _text("id", unique=True),
        _text("site", sa.ForeignKey("sites.id"), index=True),
        _text("table"),
        _text("status"),
        _text("embedding_model"),
        _json("settings"),
        _json("counts"),
        _json("seconds"),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("promoted_at", _INSTANT),
        sqlite_autoincrement=True,
    )


def _create_turns() -> None:
    op.create_table(
        "sessions",
        _text("site", sa.ForeignKey("sites.id"), primary_key=True),
        _text("person", primary_key=True),
        _text("id", primary_key=True),
        sa.Column("created_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "turns",
        _sequence(),
        _text("id", unique=True),
        _text("site"),
        _text("person"),
        _text("session_id"),
        _text("question"),
        _text("status"),
        _text("answer"),
        sa.Column("declined", sa.Boolean, nullable=False),
        _json("citations"),
        _json("passages"),
        _text("model"),
        _json("usage"),
        _json("timings"),
        _text("build", nullable=True),
        sa.Column("table_version", sa.BigInteger),
        _text("error", nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.ForeignKeyConstraint(["site", "person", "session_id"], ["sessions.site", "sessions.person", "sessions.id"]),
        sqlite_autoincrement=True,
    )
    op.create_index("turns_of_a_session", "turns", ["site", "person", "session_id", "sequence"])
    still_open = sa.text("status = 'open'")
    op.create_index("turns_open", "turns", ["created_at"], sqlite_where=still_open, postgresql_where=still_open)


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        _sequence(),
        _text("turn_id", sa.ForeignKey("turns.id"), unique=True),
        _text("batch", nullable=True),
        sa.Column("exported_at", _INSTANT),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("exported_at IS NULL")
    op.create_index("outbox_pending", "outbox", ["sequence"], sqlite_where=waiting, postgresql_where=waiting)
