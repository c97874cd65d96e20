"""What of our logging reaches the operator."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from serving.logs import log_to_stderr


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """The process' own stderr; our loggers are afterwards as they were."""
    written = StringIO()
    monkeypatch.setattr(sys, "__stderr__", written)
    loggers = [logging.getLogger(name) for name in ("core", "serving")]
    before = [(logger.handlers, logger.level, logger.propagate) for logger in loggers]
    yield written
    for logger, (handlers, level, propagates) in zip(loggers, before, strict=True):
        logger.handlers, logger.level, logger.propagate = handlers, level, propagates
        logger.setLevel(level)


def test_what_our_code_logs_from_the_level_on_is_written_once(stderr: StringIO) -> None:
    log_to_stderr("ERROR")
    log_to_stderr("WARNING")
    logging.getLogger("serving.turns").warning("a turn is late")
    logging.getLogger("core.embedder").info("loaded")
    assert stderr.getvalue().count("WARNING serving.turns: a turn is late") == 1
    assert "loaded" not in stderr.getvalue()


def test_even_where_sys_stderr_was_replaced(stderr: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", StringIO())
    log_to_stderr("DEBUG")
    logging.getLogger("core.embedder").debug("loaded")
    assert "loaded" in stderr.getvalue()
