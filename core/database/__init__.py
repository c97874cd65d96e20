"""The database: sites, sources, builds, sessions, turns and the outbox, on SQLite or PostgreSQL alike."""

from core.database.database import Database, open_database
from core.database.outbox import Batch
from core.database.upgrade import migrate

__all__ = ["Batch", "Database", "migrate", "open_database"]
