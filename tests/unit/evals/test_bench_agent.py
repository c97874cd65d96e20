"""What is made of the times of turns: what is left of each after model, retrieval, commits and check."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInputError
from core.settings import Settings
from evals.bench.agent import Cost, Row, report, run


def cost(*, total: float, answer: float, model: float = 5.0, cpu: float = 20.0, writing: float = 0.0) -> Cost:
    """A turn whose commits take 3 and 4 ms, and its retrieval 20."""
    nodes = {"retrieve": 20.0, "answer": answer, "remember": 4.0, "total": total}
    return Cost(total, opened=3.0, model=model, cpu=cpu, loop=12.0, writing=writing, nodes=nodes)


def row(question: str, extra: float = 0.0) -> Row:
    """30 ms of check, 10 ms of overhead in what is written, 8 in what is quoted, and tracing adds 2 and 1."""
    return Row(
        question,
        {
            "written": cost(total=72 + extra, answer=40),
            "unchecked": cost(total=42, answer=10),
            "quoted": cost(total=135 + extra, answer=101, model=100),
            "written_traced": cost(total=74 + extra, answer=40, writing=25),
            "quoted_traced": cost(total=136 + extra, answer=101, model=100, writing=24),
        },
    )


def test_overhead_is_what_is_left_of_a_turn() -> None:
    told = report([row("a")], [row("a"), row("b"), row("c", extra=100)])
    assert told.figures["overhead_ms"] == 10
    assert told.figures["quoted/overhead_ms"] == 8
    assert told.figures["overhead_cpu_ms"] == 7
    assert (told.figures["check_ms"], told.figures["check_first_ms"]) == (30, 30)
    assert (told.figures["commits_ms"], told.figures["written/retrieval_ms"]) == (7, 20)
    assert told.figures["overhead_p95_ms"] > 90
    assert told.figures["ratio"] == pytest.approx(62 / 72)
    low, high = told.intervals["overhead_ms"]
    assert low <= 10 <= high


def test_tracing_is_stated_apart() -> None:
    figures = report([row("a")], [row("a"), row("b")]).figures
    assert (figures["written/trace_added_ms"], figures["quoted/trace_added_ms"]) == (2, 1)
    assert (figures["written/trace_cpu_ms"], figures["quoted/trace_cpu_ms"]) == (25, 24)


def test_each_node_has_its_figure() -> None:
    figures = report([row("a")], [row("a")]).figures
    assert figures["written/node/answer_ms"] == 40
    assert "written/node/total_ms" not in figures


def test_a_sample_without_pages_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nope holds no folder of pages"):
        run(settings, tmp_path / "nope")
