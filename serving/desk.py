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
from core.knowledge import Knowledge
from core.records import Site
from core.settings import Settings
from serving.agent import Agent, Writer, Writers, unlimited
from serving.budget import Budget
from serving.coalesce import CoalescingWriter
from serving.embedding import Embed, RecentVectors
from serving.ledger import Ledger, TurnStore
from serving.pins import Pins
from serving.readiness import Check
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

    async def close(self) -> None:
        """Wait for interrupted turns to be stored, then let the database go."""
        await self.host.drain()
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
    ledger = Ledger(turns or database.turns, threads)
    sites = RecentSites(database.sites, threads)
    recent = RecentVectors(embed)
    retriever = LiveRetriever(
        sites=sites,
        builds=database.builds,
        knowledge=Knowledge(settings.knowledge_location),
        embed=recent,
        threads=threads,
        passages=settings.passages,
        pinned=build,
    )
    writers = Writers(settings, partial(embed, settings.embedding_model))

    def chosen(site: Site) -> Writer:
        return writer or writers.of(site)

    def writer_of(site: str) -> Writer:
        return CoalescingWriter(chosen(sites.last(site)), settings.coalesce_ms)

    async def embedding_model_of(site: str) -> str:
        return (await retriever.live(site)).build.embedding_model

    with suppress(ConfigurationError):  # built before the first visitor waits for it; `/ready` says what is wrong
        chosen(Site(settings.site))
    agent = Agent(
        retrieve=retriever,
        writer_for=writer_of,
        remember=ledger.remember,
        longest_question=settings.max_question_chars,
        policy_for=partial(_policy, settings),
        find_pin=Pins(database.pins, threads, recent, embedding_model_of),
        afford=unlimited if turns else Budget(sites, database.turns, threads, writers.quoting),
    )
    host = TurnHost(agent=agent, ledger=ledger, history_messages=settings.history_messages)
    checks: dict[str, Check] = {
        "database": lambda: asyncio.get_running_loop().run_in_executor(threads, database.ping),
        "knowledge": lambda: retriever.live(settings.site),
        "embedder": lambda: embed(settings.embedding_model, ["ready?"]),
        "model": lambda: asyncio.get_running_loop().run_in_executor(threads, chosen, Site(settings.site)),
    }
    return Desk(host, checks, database, threads)


def _policy(settings: Settings, site: str) -> str:
    """The site's rules for its answers, as they stand now: an operator's edit counts from the next question."""
    try:
        return (settings.site_folder(site) / "policy.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
