"""The application on Ray Serve, as visitors meet it: one server for all tests, a model of known pace behind it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from core.database import Database, open_database
from core.records import Turn, TurnStatus, new_id
from core.settings import Settings
from evals.fake_model import FakeModelOptions
from tests.fakes.chat_model import ChatModel, chat_model
from tests.fakes.discord import FakeDiscord
from tests.fakes.server import Server, ask, running
from tests.fakes.site import PAGES, furnish, promote

TOKENS = 20
QUOTED = " ".join(text for _, text in PAGES.values())  # what no guard takes for invented


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return furnish(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def model() -> Iterator[ChatModel]:
    with chat_model(FakeModelOptions(first_token_ms=20, tokens_per_second=60, tokens=TOKENS)) as model:
        yield model


@pytest.fixture(scope="module")
def discord() -> Iterator[FakeDiscord]:
    with FakeDiscord() as discord:
        yield discord


@pytest.fixture(scope="module")
def server(settings: Settings, model: ChatModel, discord: FakeDiscord) -> Iterator[Server]:
    tools = {"FRONTDESK_HANDOVER_WEBHOOK": discord.url}
    with running(settings.home, FRONTDESK_EXPORT_SECONDS="1", **model.environment, **tools) as server:
        yield server


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_location)
    yield database
    database.close()


def ended(database: Database, turn_id: str, seconds: float = 5) -> Turn:
    """The turn once it is no longer open."""
    deadline = time.monotonic() + seconds
    while (turn := database.turns.get(turn_id)).status is TurnStatus.OPEN:
        assert time.monotonic() < deadline, "the turn is still open"
        time.sleep(0.05)
    return turn


def test_it_says_that_it_is_ready(server: Server) -> None:
    answer = httpx.get(f"{server.url}/ready")
    assert answer.json() == {
        "status": "ready",
        "dependencies": {"database": "ok", "knowledge": "ok", "embedder": "ok", "model": "ok"},
    }
    assert httpx.get(f"{server.url}/api/health").json() == {"status": "healthy"}


def test_a_turn_streams_from_start_to_end(server: Server, database: Database) -> None:
    events = ask(server.url, "When are you open on Saturdays?")
    kinds = [event["type"] for event in events]
    assert kinds[:4] == ["start", "status", "sources", "status"]
    assert kinds[-1] == "end"
    assert set(kinds[4:-1]) == {"token"}
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[2]["sources"][0]["title"] == "Opening hours"
    assert "".join(event["content"] for event in events if event["type"] == "token") == events[-1]["content"]
    assert database.turns.get(events[0]["turn_id"]).answer == events[-1]["content"]


def test_a_checked_answer_comes_sentence_by_sentence(server: Server, model: ChatModel) -> None:
    with model.behaving(FakeModelOptions(first_token_ms=20, tokens_per_second=60, text=QUOTED)):
        tokens = Counter(event["type"] for event in ask(server.url, "Is shipping free?"))["token"]
    assert 4 < tokens < len(QUOTED.split())


def test_chat_answers_with_the_end_object(server: Server) -> None:
    body = {"message": "Is shipping free?", "session_id": "json"}
    answer = httpx.post(f"{server.url}/chat", json=body, timeout=30)
    assert answer.json()["type"] == "end"


def test_the_same_turn_twice_is_one_turn(server: Server, model: ChatModel) -> None:
    turn = new_id()
    first = ask(server.url, "Is shipping free?", turn=turn)
    asked = len(model.prompts())
    second = ask(server.url, "Is shipping free?", turn=turn)
    assert second[-1]["content"] == first[-1]["content"]
    assert [event["type"] for event in second] == ["start", "sources", "token", "end"]
    assert len(model.prompts()) == asked


def test_a_turn_in_progress_is_a_conflict(server: Server) -> None:
    body = {"message": "Is shipping free?", "session_id": "twice", "turn_id": new_id()}
    with httpx.stream("POST", f"{server.url}/chat/stream", json=body, timeout=30) as first:
        lines = first.iter_lines()
        next(lines)
        second = httpx.post(f"{server.url}/chat/stream", json=body, timeout=30)
        assert second.status_code == 409, second.text
        assert second.json()["error"]["code"] == "conflict"
        assert second.headers["Retry-After"] == "1"


def test_a_client_that_leaves_ends_its_turn_at_once(server: Server, database: Database) -> None:
    body = {"message": "Is shipping free?", "session_id": "leaves", "turn_id": new_id()}
    with httpx.stream("POST", f"{server.url}/chat/stream", json=body, timeout=30) as answer:
        next(answer.iter_lines())
    left = ended(database, body["turn_id"])
    assert left.status is TurnStatus.ABORTED
    assert lasted(left) < 1


def test_so_does_one_that_waits_for_the_whole_answer(server: Server, database: Database) -> None:
    body = {"message": "Is shipping free?", "session_id": "leaves", "turn_id": new_id()}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/chat", json=body, timeout=0.2)
    left = ended(database, body["turn_id"])
    assert left.status is TurnStatus.ABORTED
    assert lasted(left) < 1


def lasted(turn: Turn) -> float:
    assert turn.ended_at is not None
    return (turn.ended_at - turn.created_at).total_seconds()


def test_the_session_is_remembered(server: Server, model: ChatModel) -> None:
    first = ask(server.url, "Is shipping free?", session="memory")
    ask(server.url, "And how long does it take?", session="memory")
    said = [message["content"] for message in model.prompts()[-1] if message["role"] in {"user", "assistant"}]
    assert said[0] == "Is shipping free?"
    assert said[1] == first[-1]["content"]


async def test_a_crowd_is_answered_or_refused_and_nobody_hangs(server: Server, model: ChatModel) -> None:
    thinking = FakeModelOptions(first_token_ms=4000, tokens_per_second=0, tokens=TOKENS)  # until all have asked
    limits = httpx.Limits(max_connections=300)
    with model.behaving(thinking):
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            bodies = [{"message": "Is shipping free?", "session_id": f"crowd{n}"} for n in range(220)]
            answers = await asyncio.gather(*(client.post(f"{server.url}/chat", json=body) for body in bodies))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.json()["error"]["code"] == "overloaded"
    assert int(refused.headers["Retry-After"]) > 0


def test_a_promoted_build_answers_within_two_seconds(server: Server, settings: Settings) -> None:
    page = ("Opening hours", "From May on the shop is open on Sundays from noon to five.")
    promote(settings, {**PAGES, "hours.md": page})
    time.sleep(2)
    sources = ask(server.url, "Is the shop open on Sundays?", session="promotion")[2]["sources"]
    assert page[1] in [source["snippet"] for source in sources]


def test_errors_keep_their_shape_and_their_id_behind_serves_proxy(server: Server) -> None:
    headers = {"X-Request-ID": "mine", "Content-Type": "application/json"}
    answer = httpx.post(f"{server.url}/chat", content=b"{", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["request_id"] == "mine" == answer.headers["X-Request-ID"]


def test_a_failure_that_visitors_are_told_was_logged_is_in_the_servers_output(
    server: Server, settings: Settings
) -> None:
    policy = settings.site_folder(settings.site) / "policy.md"
    policy.mkdir(parents=True)  # where a file is read
    turn = new_id()
    try:
        last = ask(server.url, "Is shipping free?", session="logged", turn=turn)[-1]
    finally:
        policy.rmdir()
    assert (last["type"], last["code"]) == ("error", "internal_error")
    assert "it was logged" in last["content"]
    until_logged(server, f"ERROR serving.turns: turn {turn} failed")
    until_logged(server, "IsADirectoryError")


def until_logged(server: Server, words: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while words not in server.log.read_text():
        assert time.monotonic() < deadline, f"{words!r} is not in the log"
        time.sleep(0.2)


def test_whoever_comes_through_a_proxy_is_not_taken_for_the_machines_own_user(server: Server) -> None:
    body = {"message": "Is shipping free?", "session_id": "far"}
    answer = httpx.post(f"{server.url}/chat", json=body, headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code == 401


def test_the_worker_runs_beside_it_and_exports(server: Server, settings: Settings) -> None:
    [worker] = server.children("-m pipelines worker")
    assert worker.is_running()
    deadline = time.monotonic() + 10
    while not list((settings.home / "conversations").rglob("*.parquet")):
        assert time.monotonic() < deadline, "nothing was exported"
        time.sleep(0.2)


def test_what_is_said_of_an_answer_is_kept_and_exported(server: Server, settings: Settings, database: Database) -> None:
    turn_id = ask(server.url, "Is shipping free?")[0]["turn_id"]
    answer = httpx.post(f"{server.url}/chat/turns/{turn_id}/feedback", json={"rating": "down", "comment": "No."})
    assert answer.json() == {"turn_id": turn_id, "rating": "down", "comment": "No."}
    kept = database.turns.get(turn_id).feedback
    assert kept is not None
    assert (kept.rating, kept.comment) == ("down", "No.")
    deadline = time.monotonic() + 10
    while not list((settings.home / "conversations").glob("feedback/*/*.parquet")):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_person_is_called_once_and_only_upon_a_yes(server: Server, discord: FakeDiscord) -> None:
    events = ask(server.url, "I want to talk to a human", session="calls", turn="calls-1")
    [action] = [event["action"] for event in events if event["type"] == "action"]
    told_again = ask(server.url, "I want to talk to a human", session="calls", turn="calls-1")
    assert action in [event.get("action") for event in told_again]
    url = f"{server.url}/chat/actions/{action['id']}"
    missing = httpx.post(url, json={"answer": "yes", "fields": {"name": "Ann", "email": "nowhere"}})
    assert (missing.status_code, missing.json()["error"]["param"]) == (422, "fields.email")
    assert discord.asked == 0
    fields = {"name": "Ann", "email": "ann@mail.example", "message": "It is broken."}
    with ThreadPoolExecutor(6) as threads:
        sent = [threads.submit(httpx.post, url, json={"answer": "yes", "fields": fields}) for _ in range(6)]
        answers = [each.result() for each in sent]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert "on its way to a person" in httpx.post(url, json={"answer": "yes"}).json()["content"]
    assert (discord.asked, len(discord.messages)) == (1, 1)
    assert httpx.post(f"{server.url}/chat/actions/nowhere", json={"answer": "yes"}).status_code == 404


def test_it_stops_within_seconds_and_leaves_nothing_running(server: Server) -> None:
    """The last test of this server."""
    children = server.children()
    assert len(children) > 5
    assert server.stop() < 20
    assert server.process.returncode == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
