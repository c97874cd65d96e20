"""Turn <-> JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from math import inf, isnan, nan

from core.codec import from_json, to_json
from core.records import Turn
from tests.fakes.records import answered, chunk, question


def through_json(turn: Turn) -> Turn:
    return from_json(json.loads(json.dumps(to_json(turn), allow_nan=False)))


def test_a_turn_survives_json_exactly() -> None:
    for turn in (question(), answered(question())):
        assert through_json(turn) == turn
        assert type(through_json(turn).citations) is tuple


def test_numbers_that_json_lacks_survive() -> None:
    turn = through_json(answered(question(), timings={"a": nan, "b": inf, "c": -inf}))
    assert isnan(turn.timings["a"])
    assert (turn.timings["b"], turn.timings["c"]) == (inf, -inf)


def test_characters_that_a_store_would_refuse_are_replaced_everywhere() -> None:
    bad = "a\0b\ud83dc"
    turn = through_json(answered(question(bad), error=bad, timings={bad: 1.0}, passages=(), citations=()))
    assert turn.question == turn.error == "a\ufffdb\ufffdc"
    assert list(turn.timings) == ["a\ufffdb\ufffdc"]
    assert through_json(question("🏠")).question == "🏠"


def test_an_instant_in_another_zone_is_the_same_instant_in_utc() -> None:
    there = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    data = to_json(question(created_at=there))
    assert data["created_at"] == "2025-12-31T20:00:00+00:00"
    assert from_json(data).created_at == there
    assert from_json(data).created_at.tzinfo == UTC


def test_a_field_of_a_later_version_is_ignored() -> None:
    turn = question()
    assert from_json(to_json(turn) | {"mood": "fine"}) == turn


def test_a_chunk_inside_a_turn_is_a_chunk_again() -> None:
    turn = through_json(answered(question()))
    assert turn.passages[0].chunk == chunk()
    assert replace(turn.passages[0], score=1).score == 1
