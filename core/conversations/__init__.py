"""Conversations: ended turns and their ratings as Parquet, written, folded together, and asked through DuckDB."""

from core.conversations import views
from core.conversations.files import Conversations
from core.conversations.opened import conversations
from core.conversations.schema import SCHEMA

__all__ = ["SCHEMA", "Conversations", "conversations", "views"]
