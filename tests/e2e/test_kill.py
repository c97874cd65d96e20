"""kill -9 of any process while people chat: no acknowledged turn is lost, none is doubled."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from core.conversations import Conversations
from core.database import open_database
from core.records import new_id
from core.settings import Settings
from pipelines.export import export_once
from tests.fakes.server import Server, events_of, running
from tests.fakes.site import furnish

CLIENTS = 4
VICTIMS = {
    "agent": ("ray::ServeReplica:frontdesk:Agent",),
    "ingress": ("ray::ServeReplica:frontdesk:Ingress",),
    "proxy": ("ray::ProxyActor",),
    "worker": ("-m pipelines worker",),
}
QUESTIONS = ["Is shipping free?", "When are you open on Saturdays?", "Can I return an opened bag of coffee?"]


class Visitor:
    """Asks one question after another and asks again, under the same turn_id, until it knows how a turn ended."""

    def __init__(self, url: str, number: int, stop: threading.Event) -> None:
        self.answers: dict[str, str] = {}  # acknowledged turns: their `end` was seen
        self.interrupted: list[str] = []
        self._url = url
        self._number = number
        self._stop = stop

    def chat(self) -> None:
        while not self._stop.is_set():
            self._settle({"message": random.choice(QUESTIONS), "session_id": f"v{self._number}", "turn_id": new_id()})

    def _settle(self, question: dict[str, str]) -> None:
        deadline = time.monotonic() + 60
        while (last := self._last_event(question)) is None:
            assert time.monotonic() < deadline, f"nobody says how turn {question['turn_id']} ended"
            time.sleep(0.2)
        if last["type"] == "end":
            self.answers[question["turn_id"]] = last["content"]
        else:
            assert last["code"] == "interrupted", last
            self.interrupted.append(question["turn_id"])

    def _last_event(self, question: dict[str, str]) -> dict[str, str] | None:
        """The turn's last event; None when it is not known yet: try again."""
        try:
            answer = httpx.post(f"{self._url}/chat/stream", json=question, timeout=30)
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            # 404: Serve's proxy, just back, that knows no route yet
            assert answer.status_code in {404, 409, 500, 503}, answer.text
            return None
        last = events_of(answer.text)[-1]
        return last if last["type"] in {"end", "error"} else None


def kill(server: Server, victim: str) -> None:
    """Kill -9, by the process id of a child of this very server."""
    process = random.choice(server.children(*VICTIMS[victim]))
    process.kill()


def until_back(server: Server, victim: str, dead: set[int]) -> None:
    deadline = time.monotonic() + 60
    while not {process.pid for process in server.children(*VICTIMS[victim])} - dead:
        assert time.monotonic() < deadline, f"no {victim} came back"
        time.sleep(0.2)


def kill_round(server: Server, victim: str, seconds: float = 3.0) -> list[Visitor]:
    """Visitors chat, the victim is killed among them, they chat on until it is back."""
    stop = threading.Event()
    visitors = [Visitor(server.url, number, stop) for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        chats = [pool.submit(visitor.chat) for visitor in visitors]
        try:
            time.sleep(seconds)
            before = {process.pid for process in server.children(*VICTIMS[victim])}
            kill(server, victim)
            until_back(server, victim, before)
            time.sleep(seconds)
        finally:
            stop.set()
        for chat in chats:
            chat.result()
    return visitors


def check(settings: Settings, visitors: list[Visitor]) -> None:
    """Every acknowledged turn is in the Parquet once, as it was told; nothing is there twice."""
    database = open_database(settings.database_location)
    conversations = Conversations(settings.conversations_location)
    export_once(database, conversations)
    database.close()
    rows = conversations.relation().project("turn_id, status, answer").fetchall()
    counted = Counter(row[0] for row in rows)
    assert [turn for turn, times in counted.items() if times > 1] == []
    stored = {turn: (status, answer) for turn, status, answer in rows}
    told = {turn: ("done", answer) for visitor in visitors for turn, answer in visitor.answers.items()}
    assert told
    assert {turn: stored.get(turn) for turn in told} == told
    interrupted = {turn for visitor in visitors for turn in visitor.interrupted}
    assert {stored[turn][0] for turn in interrupted if turn in stored} <= {"aborted", "failed"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return furnish(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[Server]:
    with running(Path(settings.home), FRONTDESK_EXPORT_SECONDS="1") as server:
        yield server


@pytest.mark.parametrize("victim", VICTIMS)
def test_no_acknowledged_turn_is_lost_or_doubled(server: Server, settings: Settings, victim: str) -> None:
    check(settings, kill_round(server, victim))


@pytest.mark.long
@pytest.mark.parametrize("round_", range(5))
@pytest.mark.parametrize("victim", VICTIMS)
def test_nor_in_many_rounds(server: Server, settings: Settings, victim: str, round_: int) -> None:
    check(settings, kill_round(server, victim, seconds=random.uniform(0.5, 3)))
