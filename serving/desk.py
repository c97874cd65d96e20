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
from serving.agent import Agent, Caller, ModelWriter, NoTools, Writer, Writers, checked, unlimited, unobserved
from serving.agent.answerable import weighing
from serving.agent.summarizer import extract, summarizer_for
from serving.agent.tools import Toolboxes
from serving.budget import Budget
from serving.coalesce import CoalescingWriter
from serving.consent import Consent
from serving.embedding import Embed, RecentVectors
from serving.hot import Hot, ProcessHot, open_hot
from serving.langsmith import finish_telling, tell_langsmith
from serving.languages import Languages
from serving.ledger import Ledger, TurnStore
from serving.memory import NoMemory, SessionMemory
from serving.offers import CallerOf, Offers
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
    database = open_database(settings.database_location)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="stores")
    hot = ProcessHot() if turns else open_hot(settings.redis_url, settings.database_location)
    ledger = Ledger(turns or database.turns, threads, hot)
    recent_vectors = RecentVectors(embed)
    sites = RecentSites(database.sites, threads)
    retriever = _retriever(settings, database, sites, recent_vectors, threads, build)
    reading = partial(RecentVectors(embed), settings.embedding_model)  # what was weighed is quoted or checked next
    writers = Writers(settings, reading)
    memory = NoMemory() if turns else _memory(settings, database, recent_vectors, threads, with_models=writer is None)

    def chosen(site: Site) -> Writer:
        return checked(writer, reading) if writer else writers.of(site)

    def writer_of(site: str) -> Writer:
        return CoalescingWriter(chosen(sites.last(site)), settings.coalesce_ms)

    def rewriter_of(site: str, language: str) -> Writer | None:
        return None if writer else writers.rewriter(sites.last(site), language)

    async def embedding_model_of(site: str) -> str:
        return (await retriever.live(site)).build.embedding_model

    tracer = _tracer(settings) if turns is None else None
    budget = unlimited if turns else Budget(sites, database.turns, threads, writers.quoting)

    async def caller_of(site: Site) -> Caller | None:
        if writer:
            return writer if isinstance(writer, ModelWriter) else None
        return None if await budget(site.id) else writers.caller(site)

    offers = _offers(settings, database, sites, threads, toolboxes or Toolboxes(settings), caller_of)
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
        speaks=Languages(retriever.live, threads),
        rewriter_for=rewriter_of,
        afford=budget,
        observe=tracer or unobserved,
        owe=ledger.owe,
        weigh=weighing(reading),
        offering=NoTools() if turns else offers,
    )
    host = TurnHost(
        agent=agent,
        ledger=ledger,
        history_messages=settings.history_messages,
        afterwards=memory.follow,
        offered=offers.of_turn,
    )
    ready: dict[str, Check] = {
        "knowledge": lambda: retriever.live(settings.site),
        **_checks(settings, database, embed, threads, chosen),
    }
    leaving: list[Callable[[], None]] = [partial(finish_telling, settings), *([tracer.close] if tracer else [])]
    return Desk(host, ready, database, threads, hot, Consent(offers, ledger.tell), tracer, leaving)


def _retriever(
    settings: Settings,
    database: Database,
    sites: RecentSites,
    vectors: RecentVectors,
    threads: ThreadPoolExecutor,
    build: str | None,
) -> LiveRetriever:
    return LiveRetriever(
        sites=sites,
        builds=database.builds,
        knowledge=Knowledge(settings.knowledge_location),
        embed=vectors,
        threads=threads,
        passages=settings.passages,
        pinned=build,
    )


def _offers(
    settings: Settings,
    database: Database,
    sites: RecentSites,
    threads: ThreadPoolExecutor,
    toolboxes: Toolboxes,
    caller_of: CallerOf,
) -> Offers:
    """What the desk offers to do; what is wrong with that is said in the log before a visitor asks."""
    toolboxes.of(Site(settings.site))
    return Offers(
        store=database.actions,
        threads=threads,
        sites=sites,
        tools_of=toolboxes.of,
        caller_of=caller_of,
        zone=settings.time_zone,
    )


def _checks(
    settings: Settings,
    database: Database,
    embed: Embed,
    threads: ThreadPoolExecutor,
    chosen: Callable[[Site], Writer],
) -> dict[str, Check]:
    """What `/ready` asks of everything but the knowledge."""
    return {
        "database": lambda: asyncio.get_running_loop().run_in_executor(threads, database.ping),
        "embedder": lambda: embed(settings.embedding_model, ["ready?"]),
        "model": lambda: asyncio.get_running_loop().run_in_executor(threads, chosen, Site(settings.site)),
    }


def _memory(
    settings: Settings, database: Database, vectors: RecentVectors, threads: ThreadPoolExecutor, *, with_models: bool
) -> SessionMemory:
    """What the desk remembers; the model that answered writes the summary, where models may."""
    memories = Memories(settings.memories_location, settings.embedding_model)
    return SessionMemory(
        summaries=database.summaries,
        recall=MeaningRecall(memories, vectors, settings.embedding_model, threads),
        summarizer_for=partial(summarizer_for, settings=settings) if with_models else lambda _model: extract,
        messages=settings.history_messages,
        threads=threads,
    )


def _tracer(settings: Settings) -> Tracer | None:
    return Tracer(Traces(settings.tracking_location), settings.trace_sample) if settings.trace_sample else None


def _policy(settings: Settings, site: str) -> str:
    """The site's rules for its answers, as they stand now: an operator's edit counts from the next question."""
    try:
        return (settings.site_folder(site) / "policy.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
