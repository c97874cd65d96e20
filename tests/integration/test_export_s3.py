"""Conversations in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import boto3
import pytest

from core.conversations import SCHEMA, Conversations
from core.database import Batch, Database, migrate, open_database
from core.durable import Bucket
from core.errors import IntegrityError
from core.records import Turn, now
from core.settings import Settings
from pipelines.export import export_once
from tests.fakes.bucket import KEYS
from tests.fakes.records import answered, question

MIDNIGHT = now().replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def location(bucket: str) -> str:
    """A prefix inside the bucket."""
    return bucket.replace("?", "/some/prefix?")


@pytest.fixture
def database(sqlite_location: str) -> Iterator[Database]:
    migrate(sqlite_location)
    opened = open_database(sqlite_location)
    opened.sites.ensure("demo")
    yield opened
    opened.close()


def end_turn(database: Database, days_ago: int = 0) -> Turn:
    asked = database.turns.open(question(created_at=MIDNIGHT - timedelta(days=days_ago)))
    database.turns.close(answered(asked))
    return database.turns.get(asked.id)


def test_the_view_of_an_empty_bucket_has_the_right_columns(location: str) -> None:
    relation = Conversations(location).relation()
    assert relation.columns == [*SCHEMA.names, "date", "rating", "comment"]
    assert relation.fetchall() == []


def test_each_turn_is_exported_once_under_its_date(database: Database, location: str) -> None:
    turns = [end_turn(database, days) for days in (0, 1, 1)]
    assert export_once(database, Conversations(location)) == 3
    assert [file.folder for file in Bucket(location).stored()] == [
        f"date={turn.created_at.date()}" for turn in turns[1::-1]
    ]
    rows = Conversations(location).relation().select("turn_id", "date").fetchall()
    assert sorted(rows) == sorted((turn.id, turn.created_at.date()) for turn in turns)


def test_rows_are_the_same_as_in_a_folder(database: Database, location: str, settings: Settings) -> None:
    batch = Batch("b", (end_turn(database),))
    folder = Conversations(f"{settings.home}/conversations")
    for conversations in (Conversations(location), folder):
        conversations.write(batch)
    there, here = Conversations(location).relation(), folder.relation()
    assert (there.columns, there.types, there.fetchall()) == (here.columns, here.types, here.fetchall())


def test_writing_a_batch_again_replaces_it(database: Database, location: str) -> None:
    batch = Batch("b", (end_turn(database),))
    conversations = Conversations(location)
    assert conversations.write(batch) == conversations.write(batch)
    assert len(conversations.relation()) == len(Bucket(location).stored()) == 1


def test_the_view_can_be_asked_by_date(database: Database, location: str) -> None:
    for days in (0, 1, 2):
        end_turn(database, days)
    conversations = Conversations(location)
    export_once(database, conversations)
    yesterday: date = (MIDNIGHT - timedelta(days=1)).date()
    assert conversations.relation().filter(f"date = '{yesterday}'").count("*").fetchall() == [(1,)]


def test_a_batch_arrives_in_one_put(database: Database, location: str, s3_server: str) -> None:
    conversations = Conversations(location)
    conversations.write(Batch("b", (end_turn(database),)))
    store = Bucket(location)
    bucket, _, key = store.path(store.stored()[0].name).partition("/")
    stored = boto3.client("s3", endpoint_url=f"http://{s3_server}", **KEYS).head_object(Bucket=bucket, Key=key)
    assert "-" not in stored["ETag"]  # that of a multipart upload ends in "-" and the number of its parts


def test_what_reads_back_differently_is_refused(location: str) -> None:
    def refuse(_: bytes) -> None:
        raise IntegrityError("torn")

    with pytest.raises(IntegrityError):
        Bucket(location).put("a", b"x", refuse)
