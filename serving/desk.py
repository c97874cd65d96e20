"""The desk of one process: database, knowledge, agent and host of turns, wired from the settings.

The one place that chooses the real parts. An Agent replica holds one; so does a server without Ray, and `ask`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from core.database import Database, open_database
from core.errors import ConfigurationError
from core.knowledge import Knowledge, Memories
from core.records import Site
from core.settings import Settings
from core.traces import Traces
from serving.agent import Afford, Agent, NoTools, Offering, Writer, Writers, unlimited, unobserved
from serving.agent.answerable import weighing
from serving.agent.similarity import Embed as Reading
from serving.agent.summarizer import extract, summarizer_for
from serving.agent.tools import Toolboxes
from serving.authors import Authors
from serving.budget import Budget
from serving.consent import Consent
from serving.embedding import Embed, RecentVectors
from serving.hot import Hot, ProcessHot, open_hot
from serving.langsmith import finish_telling, tell_langsmith
from serving.languages import Languages
from serving.ledger import Ledger, TurnStore
from serving.memory import NoMemory, SessionMemory
from serving.offers import Offers
from serving.pins import Pins
from serving.readiness import Check
from serving.recall import MeaningRecall
from serving.retrieval import LiveRetriever, RecentSites
from serving.tracing import Tracer
from serving.turns import Act, TurnHost

_THREADS = 4  # SQLite's commits queue up behind each other anyway, and a search has threads of its own


@dataclass(frozen=True)
class Desk:
    """What answers questions in this process."""

    host: TurnHost
    checks: Mapping[str, Check]
    database: Database
    threads: ThreadPoolExecutor
    hot: Hot
    consent: Consent
    tracer: Tracer | None
    leaving: Sequence[Callable[[], object]]  # each waits, not for long, until traces have left

    @property
    def act(self) -> Act:
        """Takes a visitor's answer to an action."""
        return self.consent.answer

    async def close(self) -> None:
        """Wait for interrupted turns to be stored and summaries to be written, then let the stores go."""
        await self.host.drain()
        await self.consent.drain()
        await self.hot.close()
        await asyncio.gather(*map(asyncio.to_thread, self.leaving))
        self.threads.shutdown()
        self.database.close()


@dataclass(frozen=True)
class _Stores:
    """What the desk's parts share: settings, stores, and what was read of them last."""

    settings: Settings
    database: Database
    threads: ThreadPoolExecutor
    sites: RecentSites
    vectors: RecentVectors
    retriever: LiveRetriever


def open_desk(
    settings: Settings,
    embed: Embed,
    *,
    build: str | None = None,
    writer: Writer | None = None,
    turns: TurnStore | None = None,
    toolboxes: Toolboxes | None = None,
) -> Desk:
    """A desk that answers from each site's live build, or from `build` alone, with its model or with `writer`.

    Turns go to the database, or to `turns` instead: what is asked there is no visitor's conversation, and nothing is
    offered in it.
    """
    tell_langsmith(settings)
    stores = _stores(settings, embed, build)
    hot = ProcessHot() if turns else open_hot(settings.redis_url, settings.database_location)
    ledger = Ledger(turns or stores.database.turns, stores.threads, hot)
    reading = partial(RecentVectors(embed), settings.embedding_model)  # what was weighed is quoted or checked next
    writers = Writers(settings, reading)
    budget = unlimited if turns else Budget(stores.sites, stores.database.turns, stores.threads, writers.quoting)
    authors = Authors(writers, stores.sites, budget, embed=reading, window_ms=settings.coalesce_ms, only=writer)
    with suppress(ConfigurationError):  # built before the first visitor waits for it; `/ready` says what is wrong
        authors.of(Site(settings.site))
    memory = NoMemory() if turns else _memory(stores, with_models=writer is None)
    offers = _offers(stores, toolboxes or Toolboxes(settings), authors)
    tracer = _tracer(settings) if turns is None else None
    agent = _agent(stores, ledger, authors, reading, budget, memory, NoTools() if turns else offers, tracer)
    host = TurnHost(
        agent=agent,
        ledger=ledger,
        history_messages=settings.history_messages,
        afterwards=memory.follow,
        offered=offers.of_turn,
    )
    leaving: list[Callable[[], None]] = [partial(finish_telling, settings), *([tracer.close] if tracer else [])]
    consent = Consent(offers, ledger.tell)
    return Desk(host, _checks(stores, embed, authors), stores.database, stores.threads, hot, consent, tracer, leaving)


def _stores(settings: Settings, embed: Embed, build: str | None) -> _Stores:
    database = open_database(settings.database_location)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="stores")
    sites = RecentSites(database.sites, threads)
    vectors = RecentVectors(embed)
    retriever = LiveRetriever(
        sites=sites,
        builds=database.builds,
        knowledge=Knowledge(settings.knowledge_location),
        embed=vectors,
        threads=threads,
        passages=settings.passages,
        pinned=build,
    )
    return _Stores(settings, database, threads, sites, vectors, retriever)


def _agent(
    stores: _Stores,
    ledger: Ledger,
    authors: Authors,
    reading: Reading,
    budget: Afford,
    memory: NoMemory | SessionMemory,
    offering: Offering,
    tracer: Tracer | None,
) -> Agent:
    return Agent(
        retrieve=stores.retriever,
        writer_for=authors.writer,
        remember=ledger.remember,
        longest_question=stores.settings.max_question_chars,
        policy_for=partial(_policy, stores.settings),
        recall=memory.notes,
        find_pin=Pins(stores.database.pins, stores.threads, stores.vectors, stores.retriever.reads),
        speaks=Languages(stores.retriever.live, stores.threads),
        rewriter_for=authors.rewriter,
        afford=budget,
        observe=tracer or unobserved,
        owe=ledger.owe,
        weigh=weighing(reading),
        offering=offering,
    )


def _offers(stores: _Stores, toolboxes: Toolboxes, authors: Authors) -> Offers:
    """What the desk offers to do; what is wrong with that is said in the log before a visitor asks."""
    toolboxes.of(Site(stores.settings.site))
    return Offers(
        store=stores.database.actions,
        threads=stores.threads,
        sites=stores.sites,
        tools_of=toolboxes.of,
        caller_of=authors.caller,
        zone=stores.settings.time_zone,
    )


def _checks(stores: _Stores, embed: Embed, authors: Authors) -> dict[str, Check]:
    """What `/ready` asks."""
    site, threads = stores.settings.site, stores.threads
    return {
        "knowledge": lambda: stores.retriever.live(site),
        "database": lambda: asyncio.get_running_loop().run_in_executor(threads, stores.database.ping),
        "embedder": lambda: embed(stores.settings.embedding_model, ["ready?"]),
        "model": lambda: asyncio.get_running_loop().run_in_executor(threads, authors.of, Site(site)),
    }


def _memory(stores: _Stores, *, with_models: bool) -> SessionMemory:
    """What the desk remembers; the model that answered writes the summary, where models may."""
    settings = stores.settings
    memories = Memories(settings.memories_location, settings.embedding_model)
    return SessionMemory(
        summaries=stores.database.summaries,
        recall=MeaningRecall(memories, stores.vectors, settings.embedding_model, stores.threads),
        summarizer_for=partial(summarizer_for, settings=settings) if with_models else lambda _model: extract,
        messages=settings.history_messages,
        threads=stores.threads,
    )


def _tracer(settings: Settings) -> Tracer | None:
    return Tracer(Traces(settings.tracking_location), settings.trace_sample) if settings.trace_sample else None


def _policy(settings: Settings, site: str) -> str:
    """The site's rules for its answers, as they stand now: an operator's edit counts from the next question."""
    try:
        return (settings.site_folder(site) / "policy.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
