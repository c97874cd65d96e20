"""Where MLflow shows what a turn's nodes and models did, step by step."""

from __future__ import annotations

from core.settings import Settings


def trace_link(_turn_id: str, _settings: Settings) -> str | None:
    """The trace's address; None as long as turns are not traced."""
    return None
