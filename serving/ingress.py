"""HTTP in, a host of turns asked, HTTP out. Knows no agent, no store and no Ray; decides nothing of the domain."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, Field

from core.codec import storable
from core.records import Event, Feedback, Rating, Session, Turn, new_id
from core.settings import Settings
from serving import errors
from serving.answers import Answer, Outcome
from serving.auth import AnonymousAccess
from serving.envelope import BodyLimit
from serving.listening import last_event, told_to_the_end, unless_left
from serving.pages import Documents, demo_folder, widget_routes
from serving.sse import EventStream

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Host(Protocol):
    """Where turns are run: in this process, or in replicas behind a handle."""

    def run(self, turn: Turn) -> AsyncGenerator[list[Event]]:
        """Batches of events, to be closed when nobody listens any more."""

    async def rate(self, turn_id: str, feedback: Feedback, *, site: str, session: str | None) -> Turn:
        """Keep what a visitor says of an answer; the turn with it."""

    async def act(self, answer: Answer) -> Outcome:
        """What came of a visitor's answer to an action."""

    async def ready(self) -> Mapping[str, str]:
        """What each dependency answers: "ok", or a sentence."""


class Ask(BaseModel):
    """A question of a visitor. The same `turn_id` twice is one turn."""

    message: Annotated[str, AfterValidator(storable)]  # JSON may hold halves of characters, which no encoder takes
    session_id: Id
    turn_id: Id = Field(default_factory=new_id)

    def turn(self, site: str) -> Turn:
        """As a new turn; an anonymous person is the session itself."""
        return Turn(self.turn_id, Session(site, self.session_id, self.session_id), self.message)


class Opinion(BaseModel):
    """What a visitor says of an answer, in place of anything said before; no rating takes it back.

    Whoever names the session too is heard only if the turn is of it.
    """

    rating: Rating | None
    comment: Annotated[str, Field(max_length=2000), AfterValidator(storable)] = ""
    session_id: Id | None = None


class Rated(BaseModel):
    """What is kept of it."""

    turn_id: str
    rating: Rating | None
    comment: str


class Decision(BaseModel):
    """A visitor's answer to an `action` event; the session, where it is given, must be the one it was offered in."""

    answer: Literal["yes", "no"]
    fields: Annotated[dict[str, str], Field(max_length=20)] = Field(default_factory=dict)
    session_id: Id | None = None

    def to(self, action: str, site: str) -> Answer:
        """As the answer to this action."""
        return Answer(site, action, self.answer == "yes", self.fields, self.session_id)


def create_app(settings: Settings, host: Host, *, lifespan: Lifespan | None = None) -> FastAPI:
    """The whole of Frontdesk over HTTP, in front of `host`."""
    app = FastAPI(title="Frontdesk", lifespan=lifespan, redoc_url=None)
    errors.install(app)
    app.add_middleware(BodyLimit, limit=_body_limit(settings))
    app.include_router(_health_routes(host))
    app.include_router(_chat_routes(host, settings.site), dependencies=[Depends(AnonymousAccess(settings))])
    if settings.demo_pages is not None:
        app.mount("/pages", Documents(demo_folder(settings.demo_pages)))
    app.router.routes.extend(widget_routes())
    return app


def _body_limit(settings: Settings) -> int:
    """Room for the longest question with every character escaped as JSON may (12 bytes), and its ids."""
    return 12 * settings.max_question_chars + 4096


def _health_routes(host: Host) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health")
    @router.get("/api/health")
    async def health() -> dict[str, str]:
        """The process answers."""
        return {"status": "healthy"}

    @router.get("/ready")
    async def ready() -> JSONResponse:
        """What each dependency answers; 503 unless all are ok."""
        answers = await host.ready()
        is_ready = all(answer == "ok" for answer in answers.values())
        status = "ready" if is_ready else "not ready"
        return JSONResponse({"status": status, "dependencies": dict(answers)}, 200 if is_ready else 503)

    return router


def _chat_routes(host: Host, site: str) -> APIRouter:
    router = APIRouter(tags=["chat"])

    @router.post("/chat/stream", responses={200: {"content": {"text/event-stream": {}}}})
    async def chat_stream(ask: Ask) -> Response:
        """The turn as it happens: start, status, sources, token …, then end or error."""
        # Until the first batch is here a refusal can still be a status code.
        batches = host.run(ask.turn(site))
        first = await anext(batches)
        return EventStream(told_to_the_end(first, batches))

    @router.post("/chat")
    async def chat(ask: Ask, request: Request) -> Response:
        """The turn's `end` object, once it is there."""
        last = await unless_left(request, last_event(host.run(ask.turn(site))))
        if last is None:
            return Response(status_code=499)  # nobody will read it
        if last.type == "end":
            return JSONResponse(last.payload())
        failure = last.data
        return errors.response_of_code(
            request, failure["code"], failure["content"], retry_after=failure.get("retry_after")
        )

    @router.post("/chat/turns/{turn_id}/feedback")
    async def feedback(turn_id: Id, opinion: Opinion) -> Rated:
        """Thumbs and a comment for an answer that has ended."""
        said = Feedback(opinion.rating, opinion.comment)
        turn = await host.rate(turn_id, said, site=site, session=opinion.session_id)
        kept = turn.feedback or said
        return Rated(turn_id=turn.id, rating=kept.rating, comment=kept.comment)

    @router.post("/chat/actions/{action}")
    async def answer_action(action: Id, decision: Decision) -> JSONResponse:
        """What an `action` event asked for: done upon a yes, once; the sentence that says so, or what is asked anew."""
        return JSONResponse((await host.act(decision.to(action, site))).payload())

    return router
