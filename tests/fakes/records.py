"""Records for tests, with something in every field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.records import Build, BuildStatus, Chunk, Citation, Passage, Ruling, Session, Turn, TurnStatus, Usage, new_id

SESSION = Session("demo", "visitor-1", "session-1")


def chunk(name: str = "c1") -> Chunk:
    return Chunk(
        name, "d1", "shop/häuser.md", "Häuser", "https://x/häuser", "Top > Sub", 2, "Öffnet um 9 🏠.\n", 7, "ab"
    )


def passages() -> tuple[Passage, ...]:
    return (Passage(chunk(), 0.1 + 0.2, dense=-1 / 3, text=None), Passage(chunk("c2"), 1e-300, text=12.5))


def question(text: str = "When do you open?", session: Session = SESSION, **fields: Any) -> Turn:
    """A turn that has just been asked."""
    return Turn(new_id(), session, text, **fields)


def answered(turn: Turn, **fields: Any) -> Turn:
    """The turn with a whole answer, done unless the fields say otherwise."""
    answer: dict[str, Any] = {
        "status": TurnStatus.DONE,
        "answer": f"Answer to {turn.question}",
        "citations": (Citation(1, "c1", "Häuser", "https://x/häuser#:~:text=um%209", "Top > Sub", "Öffnet um 9 🏠."),),
        "passages": passages(),
        "model": "extractive",
        "usage": Usage(7, 5),
        "cost": 0.00021,
        "search": "When does the shop open?",
        "rulings": (Ruling("scope", True, "near the site's own pages", 0.71), Ruling("links", False, "no such page")),
        "timings": {"retrieve": 12.25, "answer": 0.1},
        "build": "b1",
        "table_version": 2**40,
        "ended_at": datetime(2026, 11, 21, 23, 59, 59, 999999, UTC),
    }
    return replace(turn, **answer | fields)


def build(site: str = "demo", **fields: Any) -> Build:
    """A build that has just begun."""
    name = new_id()
    made: dict[str, Any] = {"settings": {"chunk_tokens": 200, "where": None}, "embedding_model": "tiny"}
    return Build(name, site, f"build_{name}", BuildStatus.BUILDING, **made | fields)
