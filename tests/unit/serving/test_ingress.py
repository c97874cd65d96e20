"""The HTTP surface in front of a fake host."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import (
    ConfigurationError,
    ConflictError,
    ExpiredError,
    FrontdeskError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    ToolError,
    UnsureError,
)
from core.records import Action, ActionState, Event, Feedback, Session, Turn, now
from core.settings import Settings
from serving.answers import Answer, Outcome
from serving.envelope import RequestId
from serving.ingress import create_app
from serving.turns import LocalHost
from tests.fakes.turns import Desk


class FakeHost:
    """A desk behind the ingress' protocol; `refusal` is raised in place of the first batch."""

    def __init__(self, desk: Desk) -> None:
        self.refusal: Exception | None = None
        self.breaks: Exception | None = None
        self.answers: dict[str, str] = {"database": "ok"}
        self._local = LocalHost(desk.host, window_ms=0, limit=9, checks={})

    async def run(self, turn: Turn) -> AsyncGenerator[list[Event]]:
        if self.refusal is not None:
            raise self.refusal
        async for batch in self._local.run(turn):
            yield batch
            if self.breaks is not None:
                raise self.breaks

    async def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None) -> Turn:
        return await self._local.rate(turn_id, feedback, site=site, session=session)

    async def act(self, answer: Answer) -> Outcome:
        return await self._local.act(answer)

    async def ready(self) -> Mapping[str, str]:
        return self.answers


def client_of(asked: FakeHost, /, *, url: str = "http://localhost:8000", **settings: Any) -> httpx.AsyncClient:
    app = create_app(Settings(_env_file=None, **settings), asked)
    transport = httpx.ASGITransport(RequestId(app), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=url)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost(Desk())


@pytest.fixture
def client(host: FakeHost) -> httpx.AsyncClient:
    return client_of(host)


ASK = {"message": "Are you open?", "session_id": "s1", "turn_id": "t1"}


def events_of(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize("path", ["/health", "/api/health"])
async def test_health(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


async def test_ready_says_what_each_dependency_answers(host: FakeHost, client: httpx.AsyncClient) -> None:
    assert (await client.get("/ready")).json() == {"status": "ready", "dependencies": {"database": "ok"}}
    host.answers = {"database": "ok", "knowledge": "No build is live."}
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["dependencies"]["knowledge"] == "No build is live."


async def test_the_stream_carries_native_events_with_ids(client: httpx.AsyncClient) -> None:
    answer = await client.post("/chat/stream", json=ASK)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith('id: 1\ndata: {"type":"start","id":1,"turn_id":"t1","session_id":"s1"}\n\n')
    assert [event["type"] for event in events_of(answer.text)] == [
        "start",
        "status",
        "sources",
        "token",
        "token",
        "end",
    ]


async def test_a_turn_without_an_id_gets_one(client: httpx.AsyncClient) -> None:
    answer = await client.post("/chat/stream", json={"message": "Hello?", "session_id": "s1"})
    events = events_of(answer.text)
    assert len(events[0]["turn_id"]) == 32
    assert events[0]["turn_id"] == events[-1]["turn_id"]


async def test_chat_answers_with_the_end_object(client: httpx.AsyncClient) -> None:
    answer = await client.post("/chat", json=ASK)
    assert answer.json()["type"] == "end"
    assert answer.json()["content"] == "Hello there."


async def test_half_a_character_is_replaced_before_anybody_reads_it() -> None:
    desk = Desk()
    body = rb'{"message": "Open\ud800?\u0000", "session_id": "s1"}'
    headers = {"Content-Type": "application/json"}
    for path in ("/chat/stream", "/chat"):
        assert (await client_of(FakeHost(desk)).post(path, content=body, headers=headers)).status_code == 200
    assert {turn.question for turn, _ in desk.agent.asked} == {"Open\ufffd?\ufffd"}


async def test_the_same_turn_twice_is_one_turn(client: httpx.AsyncClient) -> None:
    first = (await client.post("/chat", json=ASK)).json()
    second = (await client.post("/chat", json=ASK)).json()
    assert {**first, "id": 0} == {**second, "id": 0}


async def test_an_overloaded_host_is_a_503_that_says_when_to_come_back(host: FakeHost) -> None:
    host.refusal = OverloadedError("Too many people are asking.", retry_after=1.2)
    for path in ("/chat", "/chat/stream"):
        answer = await client_of(host).post(path, json=ASK)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "2"
        assert answer.json()["error"]["code"] == "overloaded"
        assert answer.json()["error"]["type"] == "overloaded_error"


async def test_a_turn_that_fails_is_an_error_event_or_a_status(host: FakeHost) -> None:
    host.refusal = None
    desk = Desk()
    desk.agent.failure = OverloadedError("The model is busy.", retry_after=7)
    stream = await client_of(FakeHost(desk)).post("/chat/stream", json=ASK)
    assert events_of(stream.text)[-1] == {
        "type": "error",
        "id": 6,
        "content": "The model is busy.",
        "code": "overloaded",
        "retry_after": 7,
    }
    answer = await client_of(FakeHost(desk)).post("/chat", json={**ASK, "turn_id": "t2"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


async def test_a_stream_that_breaks_off_ends_with_an_error_event(host: FakeHost) -> None:
    host.breaks = RuntimeError("the replica is gone")
    events = events_of((await client_of(host).post("/chat/stream", json=ASK)).text)
    assert [event["type"] for event in events] == ["start", "error"]
    assert events[-1]["code"] == "internal_error"
    assert events[-1]["id"] == 2
    assert "replica" not in events[-1]["content"]


@pytest.mark.parametrize(
    ("body", "status", "param", "says"),
    [
        (b"{", 400, None, "not JSON"),
        (b"{}", 422, "message", "required"),
        (b'{"message": 3, "session_id": "s"}', 422, "message", "string"),
        (b'{"message": "x", "session_id": ""}', 422, "session_id", "pattern"),
        (b'{"message": "x", "session_id": "s", "turn_id": "a b"}', 422, "turn_id", "pattern"),
        (b'{"message": "' + b"x" * 100_000 + b'", "session_id": "s"}', 413, None, "longer than"),
    ],
)
async def test_a_body_that_cannot_be_used_is_refused_in_the_one_shape(
    client: httpx.AsyncClient, body: bytes, status: int, param: str | None, says: str
) -> None:
    answer = await client.post("/chat/stream", content=body, headers={"content-type": "application/json"})
    error = answer.json()["error"]
    assert answer.status_code == status
    assert set(error) == {"code", "message", "type", "param", "request_id"}
    assert says in error["message"]
    assert error["param"] == param
    assert error["request_id"] == answer.headers["X-Request-ID"]


async def test_a_path_that_does_not_exist_is_refused_in_the_one_shape(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-ID": "mine-1"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.json()["error"]["request_id"] == "mine-1" == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/chat", 405), ("GET", "/chat/stream", 405), ("POST", "/nope", 404), ("POST", "/", 405)],
)
async def test_a_wrong_method_and_a_wrong_path_are_told_apart(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "type", "param", "request_id"}


async def test_an_unforeseen_failure_is_a_500_without_insides(host: FakeHost, caplog: pytest.LogCaptureFixture) -> None:
    host.refusal = RuntimeError("password=hunter2")
    answer = await client_of(host).post("/chat", json=ASK)
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert answer.headers["X-Request-ID"] == answer.json()["error"]["request_id"]
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text


@pytest.mark.parametrize(
    ("settings", "url", "headers", "status"),
    [
        ({}, "http://localhost:8000", {}, 200),
        ({}, "http://[::1]:8000", {}, 200),
        ({}, "http://localhost:8000", {"X-Forwarded-For": "1.2.3.4"}, 401),
        ({}, "http://localhost:8000", {"X-Forwarded-Proto": "https"}, 401),
        ({}, "http://localhost:8000", {"Forwarded": "for=1.2.3.4"}, 401),
        ({}, "http://frontdesk.example", {}, 401),
        ({}, "http://localhost:8000", {"Host": "rebound.example"}, 401),
        ({"host": "0.0.0.0"}, "http://localhost:8000", {}, 401),
        ({"host": "0.0.0.0", "allow_anonymous": True}, "http://frontdesk.example", {"Via": "1.1 proxy"}, 200),
    ],
)
async def test_anonymous_questions_are_taken_only_where_nobody_else_can_ask(
    host: FakeHost, settings: dict[str, Any], url: str, headers: dict[str, str], status: int
) -> None:
    answer = await client_of(host, url=url, **settings).post("/chat", json=ASK, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["error"]["code"] == "unauthenticated"
        assert "FRONTDESK_ALLOW_ANONYMOUS" in answer.json()["error"]["message"]


async def test_the_demo_page_loads_only_its_own_files(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert "<title>Frontdesk</title>" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    for name in ("chat.js", "stream.js", "chat.css"):
        assert (await client.get(f"/{name}")).status_code == 200


async def test_the_api_pages_are_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 200
    assert "/chat/stream" in (await client.get("/openapi.json")).json()["paths"]


@pytest.fixture
def pages(tmp_path: Path, host: FakeHost) -> httpx.AsyncClient:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "hours.md").write_text("# Hours")
    (folder / "shop.html").write_text("<script>alert(1)</script>")
    for name in ("logo.svg", "shop.xhtml", "feed.xml"):
        (folder / name).write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    (folder / "manual.pdf").write_bytes(b"%PDF-1.4")
    (folder / "out").symlink_to(tmp_path / "secret.txt")
    return client_of(host, demo_pages=folder)


async def test_documents_open_under_pages(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/pages/hours.md")
    assert answer.text == "# Hours"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ["shop.html", "logo.svg", "shop.xhtml", "feed.xml", "hours.md"])
async def test_a_document_runs_nothing_in_the_servers_name(pages: httpx.AsyncClient, name: str) -> None:
    answer = await pages.get(f"/pages/{name}")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_pdf_opens_in_the_browsers_viewer(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/pages/manual.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "Content-Security-Policy" not in answer.headers


def test_demo_pages_that_are_no_folder_are_said_by_their_key(tmp_path: Path, host: FakeHost) -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_DEMO_PAGES"):
        client_of(host, demo_pages=tmp_path / "nowhere")


@pytest.mark.parametrize("path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "out", "/etc/passwd"])
async def test_nothing_outside_the_folder_opens(pages: httpx.AsyncClient, path: str) -> None:
    answer = await pages.get(httpx.URL(f"http://localhost:8000/pages/{path}"))
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


async def test_an_answer_is_rated_and_the_last_word_counts(client: httpx.AsyncClient) -> None:
    await client.post("/chat", json=ASK)
    path = "/chat/turns/t1/feedback"
    first = await client.post(path, json={"rating": "down", "comment": "Too long.", "session_id": "s1"})
    assert (first.status_code, first.json()) == (200, {"turn_id": "t1", "rating": "down", "comment": "Too long."})
    assert (await client.post(path, json={"rating": "up"})).json() == {"turn_id": "t1", "rating": "up", "comment": ""}
    assert (await client.post(path, json={"rating": None})).json()["rating"] is None


@pytest.mark.parametrize(
    ("turn_id", "body", "status", "param"),
    [
        ("t2", {"rating": "up"}, 404, None),
        ("t1", {"rating": "up", "session_id": "s2"}, 404, None),
        ("t1", {"rating": "five stars"}, 422, "rating"),
        ("t1", {"comment": "no rating"}, 422, "rating"),
        ("t1", {"rating": "down", "comment": "x" * 2001}, 422, "comment"),
        ("t%201", {"rating": "up"}, 422, "turn_id"),
    ],
)
async def test_a_rating_that_cannot_be_taken_is_refused(
    client: httpx.AsyncClient, turn_id: str, body: dict[str, Any], status: int, param: str | None
) -> None:
    await client.post("/chat", json=ASK)
    answer = await client.post(f"/chat/turns/{turn_id}/feedback", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


class ActingHost(FakeHost):
    """Notes the answers to actions, and says what it is told; raises what it is told to."""

    def __init__(self, fails: Exception | None = None) -> None:
        super().__init__(Desk())
        self.fails = fails
        self.answers_taken: list[Answer] = []

    async def act(self, answer: Answer) -> Outcome:
        self.answers_taken.append(answer)
        if self.fails:
            raise self.fails
        session = Session(answer.site, "s1", "s1")
        done = Action("a1", session, "t1", "note", "form", "Write", {}, (), now(), ActionState.DONE)
        return Outcome(done, "It is written.")


async def test_an_answer_to_an_action_is_handed_on_and_told() -> None:
    host = ActingHost()
    body = {"answer": "yes", "fields": {"name": "Ann"}, "session_id": "s1"}
    answer = await client_of(host).post("/chat/actions/a1", json=body)
    assert answer.json() == {"id": "a1", "state": "done", "content": "It is written.", "action": None}
    assert host.answers_taken == [Answer("demo", "a1", yes=True, fields={"name": "Ann"}, session="s1")]
    await client_of(host).post("/chat/actions/a1", json={"answer": "no"})
    assert host.answers_taken[-1] == Answer("demo", "a1", yes=False)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("no"), 404),
        (ExpiredError("over"), 410),
        (ConflictError("now", retry_after=2), 409),
        (InvalidInputError("missing", param="fields.email"), 422),
        (ToolError("away", retry_after=3), 502),
        (UnsureError("unsure", retry_after=60), 504),
    ],
)
async def test_what_an_action_meets_is_told_in_the_one_shape(error: FrontdeskError, status: int) -> None:
    answer = await client_of(ActingHost(error)).post("/chat/actions/a1", json={"answer": "yes"})
    told = answer.json()["error"]
    assert (answer.status_code, told["code"], told["message"], told["param"]) == (
        status,
        error.code,
        error.message,
        error.param,
    )
    assert answer.headers.get("retry-after") == (f"{error.retry_after:.0f}" if error.retry_after else None)


@pytest.mark.parametrize(
    "body", [{}, {"answer": "maybe"}, {"answer": "yes", "fields": {"name": 1}}, {"answer": "yes", "session_id": "../"}]
)
async def test_an_answer_that_is_none_is_refused(body: dict[str, Any]) -> None:
    host = ActingHost()
    assert (await client_of(host).post("/chat/actions/a1", json=body)).status_code == 422
    assert host.answers_taken == []


async def test_actions_are_answered_by_those_who_may_chat() -> None:
    host = ActingHost()
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    answer = await client_of(host).post("/chat/actions/a1", json={"answer": "yes"}, headers=proxied)
    assert (answer.status_code, host.answers_taken) == (401, [])
