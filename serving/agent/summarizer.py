"""Who writes a session's summary: the model of its site, within bounds; the extractive one where there is none.

A model that fails costs nothing but its version of the notes.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import Any

from langchain_core.language_models import BaseChatModel

from core.errors import ConfigurationError
from core.local_model import LOCAL
from core.records import Exchange
from core.settings import Settings
from serving.agent.extractive import Extractive
from serving.agent.models import chat_model
from serving.agent.summary import bounded, extractive

logger = logging.getLogger(__name__)

Summarizer = Callable[[str, Sequence[Exchange]], Awaitable[str]]  # the old summary and new turns -> the new summary

_TEMPLATE = Template(files(__package__).joinpath("summary.txt").read_text(encoding="utf-8"))
_FENCE = re.compile(r"<(?=\s*/?\s*(?:notes|messages))", re.IGNORECASE)
_LONGEST = 600  # characters of a message that a model is shown
_MOST_TOKENS = 200


@lru_cache(maxsize=64)
def summarizer_for(model: str, settings: Settings) -> Summarizer:
    """Who summarizes where this model answers: it, but not one that is there for trying, or that cannot be had."""
    if model not in {Extractive.name, LOCAL}:
        with suppress(ConfigurationError):
            return ModelSummarizer(chat_model(model, settings))
    return extract


async def extract(summary: str, said: Sequence[Exchange]) -> str:
    """The summary without a model."""
    return await asyncio.to_thread(extractive, summary, said)


class ModelSummarizer:
    """Asks a chat model, for `seconds` at most."""

    def __init__(self, model: BaseChatModel, seconds: float = 20) -> None:
        self._model: Any = model.bind(max_tokens=_MOST_TOKENS)
        self._seconds = seconds

    async def __call__(self, summary: str, said: Sequence[Exchange]) -> str:
        """The model's summary, or the extractive one."""
        try:
            async with asyncio.timeout(self._seconds):
                text = "".join([str(chunk.text) async for chunk in self._model.astream(prompt(summary, said))])
        except Exception:  # every provider has exceptions of its own, and none of them may cost the summary
            logger.warning("the model wrote no summary; an extractive one stands in", exc_info=True)
            return await extract(summary, said)
        return bounded(text.strip()) or await extract(summary, said)


def prompt(summary: str, said: Sequence[Exchange]) -> str:
    """What the model is asked, of bounded length."""
    lines = [f"Visitor: {_cut(each.question)}\nAssistant: {_cut(each.answer)}" for each in said]
    return _TEMPLATE.substitute(notes=_inert(summary) or "(none yet)", messages="\n".join(lines)).strip()


def _cut(text: str) -> str:
    return _inert(" ".join(text.split())[:_LONGEST])


def _inert(text: str) -> str:
    """A message cannot close the fence around it."""
    return _FENCE.sub("&lt;", text)
