"""The nouns of Frontdesk, each a frozen dataclass in this one place. They hold data and know no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import uuid4

Role = Literal["user", "assistant", "note"]


def now() -> datetime:
    """The time, always in UTC and aware of it."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh random identifier (32 hex digits)."""
    return uuid4().hex


@dataclass(frozen=True, slots=True)
class Site:
    """One website. `live_build` is the pointer: the build that answers, None before the first promotion."""

    id: str
    title: str = ""
    model: str | None = None  # answers alone, whatever tier the site is in
    live_build: str | None = None
    tier: str | None = None  # of the catalogue of models; None: the settings decide
    cap: float | None = None  # US dollars that its turns may cost in a UTC day; None: no end
    booking: str | None = None  # the calendar that visitors book in; None: the settings decide
    handover: str | None = None  # the webhook that a person is called by; None: the settings decide
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Pin:
    """An answer that a site's owner has fixed; it is given to whoever asks the question in whatever words."""

    id: str
    site: str
    question: str
    answer: str
    url: str = ""  # where the answer can be read; "" where nowhere
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a site's documents come from: a folder, a file, a glob, `s3://bucket/prefix`, a website or a sitemap."""

    id: str
    site: str
    uri: str
    base_url: str | None = None  # a document's URL is this plus its path; without it the page's own, else its path
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Document:
    """One file or page as Markdown with headings. `path` is relative to its source, with forward slashes."""

    id: str
    source: str
    path: str
    title: str
    url: str
    text: str
    sha256: str  # of the bytes it was read from
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. `text` is what a reader sees; what is embedded adds title and heading to it."""

    id: str
    document: str
    path: str
    title: str
    url: str
    heading: str  # the heading path inside the document, joined by " > "; "" above the first heading
    position: int  # 0, 1, 2, … within the document
    text: str
    tokens: int  # of `text`, by the embedding model's own tokenizer
    sha256: str  # of what is embedded; equal hashes may share a vector


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk with its scores; those of a search that did not return it are None."""

    chunk: Chunk
    score: float  # what the passages are ranked by
    dense: float | None = None  # cosine similarity, -1..1
    text: float | None = None  # BM25


class BuildStatus(StrEnum):
    """The life of a build."""

    BUILDING = "building"
    STAGED = "staged"
    PROMOTED = "promoted"  # is or was live; the site's pointer says which is
    FAILED = "failed"
    DROPPED = "dropped"  # its table is gone; what it was stays on record


@dataclass(frozen=True, slots=True)
class Build:
    """One indexing of a site: its own LanceDB table, and the settings and counts that explain it."""

    id: str
    site: str
    table: str
    status: BuildStatus
    embedding_model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)  # documents/added, chunks/embedded, ann/recall@10, …
    seconds: Mapping[str, float] = field(default_factory=dict)  # per stage
    created_at: datetime = field(default_factory=now)
    promoted_at: datetime | None = None
    promoted_by: str | None = None
    changes_applied: int = 0  # the last change of the site's log that its table holds
    verdict: str | None = None  # of the gate; None: never graded
    scores: Mapping[str, float] = field(default_factory=dict)  # that it was graded by


Outcome = Literal["added", "ignored", "failed"]


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """What a build made of one file of a source: a document, or a refusal with its reason."""

    id: str  # of the document
    source: str
    path: str
    sha256: str  # of its bytes; "" where they were not read
    outcome: Outcome = "added"
    reason: str = ""  # why it gave no document
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a site's change log: a document put, or, where there is none, erased."""

    document_id: str
    document: Document | None
    sequence: int = 0  # given by the log
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a conversation, or a note of what was said before the lines that are kept word for word."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said in a done turn; `sequence` is its place among all turns."""

    sequence: int
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of a session's turns up to and with the one at `covers`; 0 covers none."""

    text: str = ""
    covers: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation, known by (site, person, id). An anonymous person is the session itself."""

    site: str
    person: str
    id: str

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody vouches for who this is."""
        return self.person == self.id


@dataclass(frozen=True, slots=True)
class Citation:
    """The n-th mark of an answer, bound to the passage it quotes; `url` carries a text fragment."""

    n: int
    source_id: str  # the chunk's id
    title: str
    url: str
    heading: str
    quote: str


class TurnStatus(StrEnum):
    """Open until the host of the agent has committed it as done, aborted or failed."""

    OPEN = "open"
    DONE = "done"
    ABORTED = "aborted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model reported; zero where no model was asked."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Of two models' work, or of one model's in two calls."""
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one guard said of a turn, kept whether it let it pass or not."""

    guard: str  # attack, scope, grounded, links, leak, …
    allowed: bool
    reason: str = ""  # a sentence for the operator
    score: float | None = None  # what it was decided by, if by a number


Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the visitor said of an answer; the last word counts, and no rating takes an earlier one back."""

    rating: Rating | None
    comment: str = ""
    rated_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer, with all that explains it. Times are in UTC, timings in milliseconds."""

    id: str
    session: Session
    question: str
    status: TurnStatus = TurnStatus.OPEN
    answer: str = ""
    declined: bool = False
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    model: str = ""
    usage: Usage = Usage()
    cost: float = 0.0  # US dollars, by the price table of the day
    search: str = ""  # what was searched for: the question as it stands alone
    rulings: tuple[Ruling, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    build: str | None = None
    table_version: int | None = None
    error: str | None = None
    feedback: Feedback | None = None
    created_at: datetime = field(default_factory=now)
    ended_at: datetime | None = None


ActionKind = Literal["confirm", "form", "handoff"]


class ActionState(StrEnum):
    """Open until the visitor answers; running while it is done; then as it ended."""

    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    DECLINED = "declined"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class FormField:
    """One detail of an action, as a form asks for it or a question for a yes shows it."""

    name: str
    label: str
    type: Literal["text", "email", "long", "choice"]
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # of `choice`: each value, and what people read
    required: bool = True
    longest: int = 200  # characters

    def payload(self) -> dict[str, Any]:
        """As a client builds an input from it."""
        choices = [{"value": value, "label": label} for value, label in self.choices]
        told = {"name": self.name, "label": self.label, "type": self.type, "value": self.value}
        return told | {"required": self.required, "max_length": self.longest, "choices": choices}


@dataclass(frozen=True, slots=True)
class Action:
    """What waits for a visitor's yes: a tool, its arguments as far as they are known, and what became of it."""

    id: str
    session: Session
    turn: str
    tool: str
    kind: ActionKind
    title: str  # what happens upon a yes
    arguments: Mapping[str, str]
    fields: tuple[FormField, ...]
    expires_at: datetime
    state: ActionState = ActionState.OPEN
    result: str = ""  # the sentence that the visitor was told
    started_at: datetime | None = None  # when it last began to run
    created_at: datetime = field(default_factory=now)

    def payload(self) -> dict[str, Any]:
        """The native JSON object, as an `action` event carries it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "fields": [each.payload() for each in self.fields],
            "expires_at": self.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """What a stream carries: a type of DESIGN's native form and its fields, before any encoding.

    `id` counts from 1 within a turn and is given by the host of the turn, once.
    """

    type: Literal["start", "status", "sources", "token", "action", "end", "error"]
    data: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0

    def payload(self) -> dict[str, Any]:
        """The native JSON object: type, id, then the fields."""
        return {"type": self.type, "id": self.id, **self.data}
