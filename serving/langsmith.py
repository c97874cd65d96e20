"""LangSmith, which LangGraph tells of each turn by itself where the usual variables are set. Knows no turn.

Its client writes from threads of its own, drops what does not get through, and keeps no turn waiting; nor, this way,
the end of the process.
"""

from __future__ import annotations

from core.settings import Settings, provide_environment

_PATIENCE = 5.0  # seconds that the end of the process waits for what is not sent yet


def tell_langsmith(settings: Settings) -> None:
    """Let its client find what `.env` says, and end with the process: else a silent server would hold up the exit."""
    if settings.langsmith_tracing:
        provide_environment({**settings.langsmith_environment, "LANGSMITH_USE_DAEMON": "true"})


def finish_telling(settings: Settings) -> None:
    """Wait for what is not sent yet, for a while."""
    if settings.langsmith_tracing:
        from langsmith.run_trees import get_cached_client

        get_cached_client().flush(timeout=_PATIENCE)
