"""The tables, as the code sees them; `migrations` makes them, and a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from core.codec import storable


class Instant(TypeDecorator[datetime]):
    """An aware time; in UTC on every store, though SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is refused, since nobody can say which instant it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text without the characters that PostgreSQL refuses, on every store, in values and in look-ups."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """What both stores can keep."""
        return None if value is None else storable(value)


def _sequence() -> Column[int]:
    # Order by this, not by time: two rows may share a microsecond, and clocks of two hosts disagree.
    return Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _words(name: str, *more: Any, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, Words, *more, nullable=nullable, **options)


metadata = MetaData()

sites = Table(
    "sites",
    metadata,
    _words("id", primary_key=True),
    _words("title"),
    _words("model", nullable=True),
    _words("live_build", nullable=True),  # no foreign key: builds point at sites, and promotion checks it
    _words("tier", nullable=True),
    Column("cap", Float),
    _words("booking", nullable=True),
    _words("handover", nullable=True),
    Column("created_at", Instant, nullable=False),
)

pins = Table(
    "pins",
    metadata,
    _words("id", primary_key=True),
    _words("site", ForeignKey("sites.id"), index=True),
    _words("question"),
    _words("answer"),
    _words("url"),
    Column("created_at", Instant, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    _words("id", primary_key=True),
    _words("site", ForeignKey("sites.id")),
    _words("uri"),
    _words("base_url", nullable=True),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("site", "uri", name="sources_once_per_site"),
)

builds = Table(
    "builds",
    metadata,
    _sequence(),
    _words("id", unique=True),
    _words("site", ForeignKey("sites.id"), index=True),
    _words("table"),
    _words("status"),
    _words("embedding_model"),
    Column("settings", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("seconds", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("promoted_at", Instant),
    _words("promoted_by", nullable=True),
    Column("changes_applied", BigInteger, nullable=False, server_default="0"),
    _words("verdict", nullable=True),
    Column("scores", JSON, nullable=False, server_default="{}"),
    sqlite_autoincrement=True,
)

files = Table(
    "files",
    metadata,
    _words("build", ForeignKey("builds.id"), primary_key=True),
    _words("id", primary_key=True),
    _words("source"),
    _words("path"),
    _words("sha256"),
    _words("outcome"),
    _words("reason"),
    Column("chunks", Integer, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    _sequence(),
    _words("site", ForeignKey("sites.id")),
    _words("document_id"),
    Column("document", JSON(none_as_null=True)),  # none: erased
    Column("created_at", Instant, nullable=False),
    Index("changes_of_a_site", "site", "sequence"),
    sqlite_autoincrement=True,
)

leases = Table(
    "leases",
    metadata,
    _words("name", primary_key=True),
    _words("holder"),
    Column("expires_at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    _words("site", ForeignKey("sites.id"), primary_key=True),
    _words("person", primary_key=True),
    _words("id", primary_key=True),
    Column("created_at", Instant, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    _words("site", primary_key=True),
    _words("person", primary_key=True),
    _words("session_id", primary_key=True),
    _words("text"),
    Column("covers", BigInteger, nullable=False),  # the sequence of the last turn that is in it
    Column("updated_at", Instant, nullable=False),
    ForeignKeyConstraint(["site", "person", "session_id"], ["sessions.site", "sessions.person", "sessions.id"]),
)

turns = Table(
    "turns",
    metadata,
    _sequence(),
    _words("id", unique=True),
    _words("site"),
    _words("person"),
    _words("session_id"),
    _words("question"),
    _words("status"),
    _words("answer"),
    Column("declined", Boolean, nullable=False),
    # JSON and not JSONB on PostgreSQL: it keeps every number and character as it was written.
    Column("citations", JSON, nullable=False),
    Column("passages", JSON, nullable=False),
    _words("model"),
    Column("usage", JSON, nullable=False),
    Column("cost", Float, nullable=False, server_default="0"),
    _words("search", server_default=""),
    Column("rulings", JSON, nullable=False, server_default="[]"),
    Column("timings", JSON, nullable=False),
    _words("build", nullable=True),
    Column("table_version", BigInteger),
    _words("error", nullable=True),
    Column("feedback", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    ForeignKeyConstraint(["site", "person", "session_id"], ["sessions.site", "sessions.person", "sessions.id"]),
    Index("turns_of_a_session", "site", "person", "session_id", "sequence"),
    Index("turns_paid", "site", "created_at", "cost", sqlite_where=text("cost > 0"), postgresql_where=text("cost > 0")),
    Index("turns_open", "created_at", sqlite_where=text("status = 'open'"), postgresql_where=text("status = 'open'")),
    sqlite_autoincrement=True,
)

actions = Table(
    "actions",
    metadata,
    _words("id", primary_key=True),
    _words("site"),
    _words("person"),
    _words("session_id"),
    _words("turn", index=True),  # no foreign key: what is offered is stored before its turn ends
    _words("tool"),
    _words("kind"),
    _words("title"),
    Column("arguments", JSON, nullable=False),
    _words("arguments_hash"),
    Column("fields", JSON, nullable=False),
    _words("state"),
    _words("result"),
    Column("expires_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(["site", "person", "session_id"], ["sessions.site", "sessions.person", "sessions.id"]),
    Index("actions_of_a_session", "site", "person", "session_id", "tool"),
    # The same thing is done once in a session, however many actions offer it.
    Index(
        "actions_done_once",
        "site",
        "person",
        "session_id",
        "arguments_hash",
        unique=True,
        sqlite_where=text("state IN ('running', 'done')"),
        postgresql_where=text("state IN ('running', 'done')"),
    ),
)

outbox = Table(
    "outbox",
    metadata,
    _sequence(),
    _words("turn_id", ForeignKey("turns.id"), unique=True),
    _words("batch", nullable=True),
    Column("exported_at", Instant),
    Column("remembered_at", Instant),
    Index(
        "outbox_pending",
        "sequence",
        sqlite_where=text("exported_at IS NULL"),
        postgresql_where=text("exported_at IS NULL"),
    ),
    Index(
        "outbox_unremembered",
        "sequence",
        sqlite_where=text("remembered_at IS NULL"),
        postgresql_where=text("remembered_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

ratings = Table(  # the outbox of feedback: a row each time a turn is rated
    "ratings",
    metadata,
    _sequence(),
    _words("turn_id", ForeignKey("turns.id")),
    _words("batch", nullable=True),
    Column("exported_at", Instant),
    Index(
        "ratings_pending",
        "sequence",
        sqlite_where=text("exported_at IS NULL"),
        postgresql_where=text("exported_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)
