"""The schema: made by several processes at once, the same as the code's, and refused when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from core.database import migrate, open_database
from core.database.engine import connect
from core.database.schema import metadata
from core.errors import ConfigurationError
from tests.fakes.race import race


@contextmanager
def writing(location: str) -> Iterator[Connection]:
    transactions = connect(location)
    with transactions.write() as connection:
        yield connection
    transactions.engine.dispose()


def test_migrations_make_the_tables_that_the_code_sees(location: str) -> None:
    migrate(location)
    with writing(location) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_make_the_partial_indices_too(location: str) -> None:
    """What `compare_metadata` does not look at."""
    migrate(location)
    with writing(location) as connection:
        for table in metadata.sorted_tables:
            for index in table.indexes:
                [made] = [i for i in inspect(connection).get_indexes(table.name) if i["name"] == index.name]
                has_condition = bool(index.dialect_options[connection.dialect.name]["where"] is not None)
                assert (
                    bool(made["dialect_options"].get(f"{connection.dialect.name}_where") is not None) == has_condition
                )


def test_migrating_again_changes_nothing(location: str) -> None:
    assert migrate(location) == migrate(location) == "0008"


def test_four_processes_may_migrate_at_once(location: str) -> None:
    assert race(migrate, [(location,)] * 4) == ["0008"] * 4
    open_database(location).close()


def test_a_migration_that_fails_half_way_leaves_nothing(location: str) -> None:
    with writing(location) as connection:
        connection.execute(text("CREATE TABLE outbox (id INTEGER)"))  # the last table it will want to make
    with pytest.raises(Exception, match="already exists"):
        migrate(location)
    with writing(location) as connection:
        assert inspect(connection).get_table_names() == ["outbox"]


def test_a_database_without_tables_is_refused_with_the_command(location: str) -> None:
    with writing(location):
        pass
    with pytest.raises(ConfigurationError, match="no tables yet: run `python -m core migrate`"):
        open_database(location)


def test_a_database_at_another_revision_is_refused(location: str) -> None:
    migrate(location)
    with writing(location) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match=r"is at revision 9999.*python -m core migrate"):
        open_database(location)
    with pytest.raises(ConfigurationError, match="does not know: update Frontdesk"):
        migrate(location)


def test_a_missing_file_is_refused_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="python -m core migrate"):
        open_database(f"sqlite:///{tmp_path / 'none.db'}")
    assert not list(tmp_path.iterdir())


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match="does not answer") as caught:
        open_database("postgresql://me:secret@127.0.0.1:9/name")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("url", ["", "frontdesk.db", "sqlite://", "sqlite:///:memory:", "mysql://host/name"])
def test_a_url_that_cannot_work_is_refused_with_what_to_set(url: str) -> None:
    with pytest.raises(ConfigurationError, match="Set it to sqlite:///path or postgresql://"):
        migrate(url)


def test_sqlite_commits_durably_and_reads_beside_a_writer(sqlite_location: str) -> None:
    migrate(sqlite_location)
    transactions = connect(sqlite_location)
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    with transactions.write(), transactions.read() as connection:
        for name, value in pragmas.items():
            assert connection.scalar(text(f"PRAGMA {name}")) == value
        assert connection.scalar(text("SELECT sqlite_version()")) >= "3.51.3"
    transactions.engine.dispose()


@pytest.mark.parametrize("place", ["postgresql://me:secret@127.0.0.1:1/name", "sqlite:///{tmp}/file/frontdesk.db"])
def test_a_database_that_cannot_be_had_is_named_without_its_password(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"The database .* cannot be used: .*FRONTDESK_DATABASE_URL") as raised:
        migrate(place.format(tmp=tmp_path))
    assert "secret" not in raised.value.message
