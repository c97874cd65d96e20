"""kill -9 of a nightly run at any step, while a visitor asks and documents are put and erased: nothing is lost."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from core.conversations import Conversations
from core.database import migrate, open_database
from core.embedder import load_encoder
from core.knowledge import Knowledge
from core.records import BuildStatus, Change, Document, Session, Turn, TurnStatus, new_id, now
from core.settings import Settings
from core.tracking import Tracking
from pipelines.index import ungraded
from pipelines.nightly import nightly
from pipelines.site import registering
from pipelines.stage import Stores, changes_of, models_of
from serving.desk import open_desk
from serving.embedding import EmbeddingThread, Encoders
from tests.fakes.commands import ROOT
from tests.fakes.doomed import STEPS
from tests.fakes.site import PAGES, share_models

USUAL = ("chunks are written", "a change is replayed")  # the rest only in the long run
QUESTIONS = ["Is shipping free?", "When are you open on Saturdays?", "Can I return an opened bag of coffee?"]
EDITION = re.compile(r"edition (\d+)")


class Busy(threading.Thread):
    """Does something again and again while a block runs; what it met is raised at the end."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self.settings = settings
        self.stop = threading.Event()
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop.set()
        self.join(90)
        if self.error and error is None:
            raise self.error

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - raised where it is read
            self.error = error

    def work(self) -> None:
        raise NotImplementedError


class Visitor(Busy):
    """Asks one question after another; every turn must end with an answer."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.turns: list[Turn] = []

    def work(self) -> None:
        asyncio.run(self._ask())

    def follow(self, build: str | None) -> None:
        """Until an answer came from this build: the pointer is believed for a second."""
        deadline = time.monotonic() + 30
        while not self.turns or self.turns[-1].build != build:
            assert self.is_alive() and time.monotonic() < deadline, f"no answer comes from build {build}"
            self.stop.wait(0.05)

    async def _ask(self) -> None:
        embed = EmbeddingThread(Encoders(lambda model: load_encoder(model, self.settings)))
        desk = open_desk(self.settings, embed)
        try:
            while not self.stop.is_set():
                asked = QUESTIONS[len(self.turns) % len(QUESTIONS)]
                turn = Turn(new_id(), Session("demo", "p", new_id()), asked)
                last = [event async for event in desk.host.run(turn)][-1]
                assert last.type == "end", last
                self.turns.append(desk.database.turns.get(turn.id))
                await asyncio.sleep(0.05)
        finally:
            await desk.close()
            embed.close()


class Editor(Busy):
    """Puts documents, and erases every third again; what was acknowledged counts."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.put: set[str] = set()
        self.erased: set[str] = set()

    def work(self) -> None:
        database = open_database(self.settings.database_location)
        stores = Stores(
            database, Knowledge(self.settings.knowledge_location), Tracking(self.settings.tracking_location)
        )
        changes = changes_of(self.settings, stores)
        while not self.stop.wait(0.1):
            name = new_id()
            text = f"# Note\n\nThe canteen serves dish {name[:6]}.\n"
            changes.make("demo", Change(name, Document(name, "uploads", f"{name}.md", "Note", "", text, name)))
            self.put.add(name)
            if len(self.put) % 3 == 0:
                changes.make("demo", Change(name, None))
                self.put.discard(name)
                self.erased.add(name)
        database.close()


class House:
    """A site whose pages are all new each night."""

    def __init__(self, home: Path) -> None:
        share_models(home)
        self.settings = Settings(_env_file=None, home=home, keep_builds=1, grace_seconds=8)
        self.pages = home / "pages"
        self.pages.mkdir()
        self.edition = 0
        migrate(self.settings.database_location)
        self.database = open_database(self.settings.database_location)
        self.knowledge = Knowledge(self.settings.knowledge_location)
        self.stores = Stores(self.database, self.knowledge, Tracking(self.settings.tracking_location))
        self.put: set[str] = set()
        self.erased: set[str] = set()
        self.print_pages()
        with registering(self.database, "demo", str(self.pages), None):
            self.night()
        for _ in range(2):
            self.print_pages()
            self.night()

    def print_pages(self) -> None:
        self.edition += 1
        for name, (title, text) in PAGES.items():
            (self.pages / name).write_text(f"# {title}\n\nThis is edition {self.edition}. {text}\n")
        (self.pages / "same.md").write_text("# About\n\nWe roast coffee.\n")

    def night(self) -> str:
        models = models_of(self.settings)
        return nightly("demo", self.settings, self.stores, models, lambda *_: None, grade=ungraded).outcome

    def killed_night(self, step: str) -> None:
        """In a process of its own, as it is the process that is killed."""
        process = subprocess.run(
            [sys.executable, "-m", "tests.fakes.doomed", "demo", step],
            cwd=ROOT,
            env={
                **os.environ,
                "FRONTDESK_HOME": str(self.settings.home),
                "FRONTDESK_KEEP_BUILDS": "1",
                "FRONTDESK_GRACE_SECONDS": "8",
            },
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert process.returncode == -signal.SIGKILL, process.stderr

    def check_knowledge(self) -> None:
        """One whole live build with all that was put and nothing that was erased, and no table of nobody."""
        live = self.database.builds.get(self.database.sites.get("demo").live_build or "")
        table = self.knowledge.open(live.table)
        table.verify(sum(file.chunks for file in self.database.builds.files(live.id)))
        assert self.put <= table.documents()
        assert not self.erased & table.documents()
        builds = self.database.builds.of("demo")
        assert BuildStatus.BUILDING not in {build.status for build in builds}
        there = {build.table for build in builds if build.status in (BuildStatus.STAGED, BuildStatus.PROMOTED)}
        assert set(self.knowledge.tables()) == there
        long_ago = now() - 2 * timedelta(seconds=self.settings.grace_seconds)
        old = [build for build in builds if build.table in there and (build.promoted_at or build.created_at) < long_ago]
        assert len(old) <= 3  # the younger ones may still have readers, however many a quick machine has made

    def check_conversations(self) -> None:
        """Every turn that ended is in the Parquet, once."""
        rows = Conversations(self.settings.conversations_location).relation().project("turn_id").fetchall()
        assert len(rows) == len(set(rows))
        assert self.database.outbox.claim(1) is None


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("home"))
    yield house
    house.database.close()


def check_answers(turns: list[Turn]) -> None:
    """Each from one build, and that build of one edition."""
    editions: dict[str | None, set[str]] = defaultdict(set)
    for turn in turns:
        assert turn.status is TurnStatus.DONE
        editions[turn.build] |= {found for each in turn.passages for found in EDITION.findall(each.chunk.text)}
    assert turns
    assert {build: len(found) for build, found in editions.items()} == dict.fromkeys(editions, 1)


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=() if step in USUAL else pytest.mark.long) for step in STEPS]
)
def test_a_night_killed_once(house: House, step: str) -> None:
    house.print_pages()
    with Visitor(house.settings) as visitor, Editor(house.settings) as editor:
        house.killed_night(step)
        again = house.night()
        visitor.follow(house.database.sites.get("demo").live_build)
    house.put |= editor.put
    house.erased |= editor.erased
    assert again in ("promoted", "unchanged")
    assert editor.put and editor.erased
    check_answers(visitor.turns)
    assert str(house.edition) in EDITION.findall(" ".join(each.chunk.text for each in visitor.turns[-1].passages))
    assert house.night() == "unchanged"  # and what was asked meanwhile is exported
    house.check_knowledge()
    house.check_conversations()
