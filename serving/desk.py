"""The desk of one process: database, knowledge, agent and host of turns, wired from the settings.

The one place that chooses the real parts. An Agent replica holds one; so does a server without Ray, and `ask`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from core.database import Database, open_database
from core.errors import ConfigurationError
from core.knowledge import Knowledge, Memories
from core.records import Site
from core.settings import Settings
from serving.agent import Agent, Writer, Writers, checked, unlimited
from serving.agent.summarizer import Summarizer, extract, summarizer_for
from serving.budget import Budget
from serving.coalesce import CoalescingWriter
from serving.embedding import Embed, RecentVectors
from serving.hot import Hot, ProcessHot, open_hot
from serving.ledger import Ledger, TurnStore
from serving.memory import NoMemory, SessionMemory
from serving.pins import Pins
from serving.readiness import Check
from serving.recall import MeaningRecall
from serving.retrieval import LiveRetriever, RecentSites
from serving.turns import TurnHost

_THREADS = 4  # SQLite's commits queue up behind each other anyway, and a search has threads of its own


@dataclass(frozen=True)
class Desk:
    """What answers questions in this process."""

    host: TurnHost
    checks: Mapping[str, Check]
    database: Database
    threads: ThreadPoolExecutor
    hot: Hot

    async def close(self) -> None:
        """Wait for interrupted turns to be stored and summaries to be written, then let the stores go."""
        await self.host.drain()
        await self.hot.close()
        self.threads.shutdown()
        self.database.close()


def open_desk(
    settings: Settings,
    embed: Embed,
    *,
    build: str | None = None,
    writer: Writer | None = None,
    turns: TurnStore | None = None,
) -> Desk:
    """A desk that answers from each site's live build, or from `build` alone, with its model or with `writer`.

    Turns go to the database, or to `turns` instead: what is asked there is no visitor's conversation.
    """
    database = open_database(settings.database_location)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="stores")
    hot = ProcessHot() if turns else open_hot(settings.redis_url, settings.database_location)
    ledger = Ledger(turns or database.turns, threads, hot)
    recent_vectors = RecentVectors(embed)
    sites = RecentSites(database.sites, threads)
    retriever = LiveRetriever(
        sites=sites,
        builds=database.builds,
        knowledge=Knowledge(settings.knowledge_location),
        embed=recent_vectors,
        threads=threads,
        passages=settings.passages,
        pinned=build,
    )
    checking = partial(RecentVectors(embed), settings.embedding_model)
    writers = Writers(settings, partial(embed, settings.embedding_model), checking)

    def chosen(site: Site) -> Writer:
        return checked(writer, checking) if writer else writers.of(site)

    def writer_of(site: str) -> Writer:
        return CoalescingWriter(chosen(sites.last(site)), settings.coalesce_ms)

    async def embedding_model_of(site: str) -> str:
        return (await retriever.live(site)).build.embedding_model

    def summarizer_of(model: str) -> Summarizer:
        return extract if writer else summarizer_for(model, settings)

    memories = Memories(settings.memories_location, settings.embedding_model)
    memory: SessionMemory | NoMemory = (
        NoMemory()
        if turns
        else SessionMemory(
            summaries=database.summaries,
            recall=MeaningRecall(memories, recent_vectors, settings.embedding_model, threads),
            summarizer_for=summarizer_of,
            messages=settings.history_messages,
            threads=threads,
        )
    )

    with suppress(ConfigurationError):  # built before the first visitor waits for it; `/ready` says what is wrong
        chosen(Site(settings.site))
    agent = Agent(
        retrieve=retriever,
        writer_for=writer_of,
        remember=ledger.remember,
        longest_question=settings.max_question_chars,
        policy_for=partial(_policy, settings),
        recall=memory.notes,
        find_pin=Pins(database.pins, threads, recent_vectors, embedding_model_of),
        afford=unlimited if turns else Budget(sites, database.turns, threads, writers.quoting),
    )
    host = TurnHost(
        agent=agent,
        ledger=ledger,
        history_messages=settings.history_messages,
        afterwards=memory.follow,
    )
    checks: dict[str, Check] = {
        "database": lambda: asyncio.get_running_loop().run_in_executor(threads, database.ping),
        "knowledge": lambda: retriever.live(settings.site),
        "embedder": lambda: embed(settings.embedding_model, ["ready?"]),
        "model": lambda: asyncio.get_running_loop().run_in_executor(threads, chosen, Site(settings.site)),
    }
    return Desk(host, checks, database, threads, hot)


def _policy(settings: Settings, site: str) -> str:
    """The site's rules for its answers, as they stand now: an operator's edit counts from the next question."""
    try:
        return (settings.site_folder(site) / "policy.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
