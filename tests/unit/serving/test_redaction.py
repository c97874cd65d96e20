"""Logs hold no mail addresses, telephone or card numbers, and everything else as it was."""

from __future__ import annotations

import logging
import sys

import pytest

from serving.redaction import RedactingFormatter, redacted


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("Write to jo.doe+shop@mail.example.com, please", "Write to [email], please"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("call (089) 1234-5678.", "call [phone]."),
        ("my card is 4111 1111 1111 1111!", "my card is [card]!"),
        ("card=4111111111111111", "card=[card]"),
    ],
)
def test_personal_data_is_replaced(text: str, logged: str) -> None:
    assert redacted(text) == logged


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 10:58:23,120 turn 0a1b2c3d4e5f60718293a4b5c6d7e8f9 took 1234.567 ms",
        "http://127.0.0.1:8000/chat build aws-20261121-080155-390028",
        "550e8400-e29b-41d4-a716-446655440000",
        "order 4111 1111 1111 1112 of 48,223 chunks",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    assert redacted(text) == text


def test_a_traceback_that_quotes_a_visitor_is_redacted_too() -> None:
    try:
        raise ValueError("bad address jo@mail.example")  # noqa: TRY301 - it is the traceback that is looked at
    except ValueError:
        record = logging.LogRecord("serving", logging.ERROR, "", 1, "of %s", ("jo@mail.example",), sys.exc_info())
    line = RedactingFormatter("%(levelname)s %(message)s").format(record)
    assert line.startswith("ERROR of [email]")
    assert "jo@" not in line
