"""Which build a question is answered from, and how a promotion is followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFoundError
from core.knowledge import Knowledge, to_batch
from core.records import Build, BuildStatus, Chunk, Message, Site
from core.similarity import STRANGERS
from serving.embedding import Vectors
from serving.retrieval import LiveRetriever, RecentSites


class Registry:
    """Sites and builds as the database has them; counts how often it is asked."""

    def __init__(self) -> None:
        self.site = Site("demo", live_build="one")
        self.asked = 0

    def get(self, name: str) -> Site:
        self.asked += 1
        if name != self.site.id:
            raise NotFoundError(f"no site {name}")
        return self.site


class Builds:
    """Every build has a table of its own name."""

    def get(self, build: str) -> Build:
        return Build(build, "demo", f"table_{build}", BuildStatus.PROMOTED, "model")


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    knowledge = Knowledge(str(tmp_path))
    for build in ("one", "two"):
        chunk = Chunk(f"c-{build}", "d", "p.md", "Hours", "/p", "", 0, f"Build {build} opens at nine.", 5, "h")
        table = knowledge.create(f"table_{build}", 2)
        table.add(to_batch([chunk], np.array([[1, 0]], np.float32)))
        table.build_indices()
    return knowledge


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Clock:
    """Time that stands still until it is moved."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Setting:
    """A retriever and the things around it that a test turns."""

    def __init__(self, knowledge: Knowledge, threads: ThreadPoolExecutor, pinned: str | None = None) -> None:
        self.sites = Registry()
        self.clock = Clock()
        self.embedded: list[tuple[str, list[str]]] = []
        self.retrieve = LiveRetriever(
            sites=RecentSites(self.sites, threads, self.clock),
            builds=Builds(),
            knowledge=knowledge,
            embed=self.embed,
            threads=threads,
            passages=3,
            pinned=pinned,
        )

    async def embed(self, model: str, texts: Sequence[str]) -> Vectors:
        self.embedded.append((model, list(texts)))
        return np.array([[1, 0]] * len(texts), np.float32)


async def test_passages_come_from_the_live_build_which_is_named(
    knowledge: Knowledge, threads: ThreadPoolExecutor
) -> None:
    setting = Setting(knowledge, threads)
    found = await setting.retrieve("demo", "When do you open?")
    assert found.build == "one"
    assert found.table_version >= 1
    assert [passage.chunk.id for passage in found.passages] == ["c-one"]
    assert setting.embedded == [("model", ["When do you open?"]), ("model", list(STRANGERS))]


async def test_of_a_follow_up_what_was_said_before_is_embedded_with_it(
    knowledge: Knowledge, threads: ThreadPoolExecutor
) -> None:
    setting = Setting(knowledge, threads)
    history = [Message("user", "When do you open?"), Message("assistant", "At nine.")]
    for question in ("And on Sundays?", "Why?"):
        await setting.retrieve("demo", question, history)
    first, second = (("model", [question, "When do you open?", "At nine."]) for question in ("And on Sundays?", "Why?"))
    assert setting.embedded == [first, ("model", list(STRANGERS)), second]  # what strangers are is asked once


async def test_a_promotion_is_followed_within_a_second(knowledge: Knowledge, threads: ThreadPoolExecutor) -> None:
    setting = Setting(knowledge, threads)
    await setting.retrieve("demo", "q")
    setting.sites.site = replace(setting.sites.site, live_build="two")
    setting.clock.seconds += 1.01
    assert (await setting.retrieve("demo", "q")).build == "two"


async def test_what_is_put_into_or_erased_from_the_live_table_is_followed_too(
    knowledge: Knowledge, threads: ThreadPoolExecutor
) -> None:
    setting = Setting(knowledge, threads)
    before = await setting.retrieve("demo", "q")
    chunk = Chunk("c-new", "new", "new.md", "New", "/new", "", 0, "Something new.", 3, "n")
    table = knowledge.open("table_one")
    table.put("new", to_batch([chunk], np.array([[1, 0]], np.float32)))
    table.put("d", None)
    setting.clock.seconds += 1.01
    after = await setting.retrieve("demo", "q")
    assert [passage.chunk.id for passage in after.passages] == ["c-new"]
    assert after.table_version > before.table_version


async def test_what_was_read_of_a_table_stays_while_the_table_does(
    knowledge: Knowledge, threads: ThreadPoolExecutor
) -> None:
    setting = Setting(knowledge, threads)
    first = (await setting.retrieve.live("demo")).vocabulary
    setting.clock.seconds += 1.01
    assert (await setting.retrieve.live("demo")).vocabulary is first
    knowledge.open("table_one").put("d", None)
    setting.clock.seconds += 1.01
    assert not (await setting.retrieve.live("demo")).vocabulary.knows("nine")


async def test_the_pointer_is_not_read_for_every_question(knowledge: Knowledge, threads: ThreadPoolExecutor) -> None:
    setting = Setting(knowledge, threads)
    for _ in range(5):
        await setting.retrieve("demo", "q")
    assert setting.sites.asked == 1


async def test_a_site_without_a_live_build_says_which_command_makes_one(
    knowledge: Knowledge, threads: ThreadPoolExecutor
) -> None:
    setting = Setting(knowledge, threads)
    setting.sites.site = Site("demo")
    with pytest.raises(NotFoundError, match="python -m pipelines index SOURCE --site demo"):
        await setting.retrieve("demo", "q")


async def test_a_first_promotion_is_noticed_too(knowledge: Knowledge, threads: ThreadPoolExecutor) -> None:
    setting = Setting(knowledge, threads)
    setting.sites.site = Site("demo")
    with pytest.raises(NotFoundError):
        await setting.retrieve("demo", "q")
    setting.sites.site = Site("demo", live_build="one")
    setting.clock.seconds += 1.01
    assert (await setting.retrieve("demo", "q")).build == "one"


async def test_a_pinned_build_answers_whatever_is_live(knowledge: Knowledge, threads: ThreadPoolExecutor) -> None:
    setting = Setting(knowledge, threads, pinned="two")
    assert (await setting.retrieve("demo", "q")).build == "two"
