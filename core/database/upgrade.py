"""Brings the schema to the newest migration, and refuses a database that is not there."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import URL, Connection, func, select
from sqlalchemy.exc import OperationalError

from core.database.engine import connect, database_url, sqlite_file
from core.errors import ConfigurationError

_MIGRATE_LOCK = 7_261_000  # PostgreSQL's advisory lock of those who migrate; any number that nobody else takes


def migrate(location: str) -> str:
    """Brings the database to the newest revision, which it returns; several at once are safe."""
    url = database_url(location)
    transactions = connect(location)
    try:
        with _file_lock(sqlite_file(url)), transactions.write() as connection:
            return _upgrade(connection)
    except OperationalError as error:
        raise _unusable(url, str(error.orig)) from error
    except OSError as error:
        raise _unusable(url, str(error)) from error
    finally:
        transactions.engine.dispose()


def require_head(connection: Connection) -> None:
    """ConfigurationError, which names the command, unless the schema is the one this code was written for."""
    current = MigrationContext.configure(connection).get_current_revision()
    with as_file(files("core.database") / "migrations") as folder:
        scripts = ScriptDirectory(folder)
    if current == scripts.get_current_head():
        return
    state = f"is at revision {current}" if current else "has no tables yet"
    raise ConfigurationError(f"The database {state}: run `python -m core migrate`.")


def _file_lock(file: Path | None) -> AbstractContextManager[object]:
    # Where two processes turn a new file to its write-ahead log at once, SQLite fails one without waiting.
    if file is None:
        return nullcontext()
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(f"{file}.migrate.lock")


def _unusable(url: URL, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"The database {url.render_as_string(hide_password=True)} cannot be used: {' '.join(reason.split())}. "
        "Start it, or set FRONTDESK_DATABASE_URL, or FRONTDESK_HOME to a folder that can be written to."
    )


def _upgrade(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATE_LOCK)))
    with as_file(files("core.database") / "migrations") as folder:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        _refuse_newer(connection, ScriptDirectory.from_config(config))
        command.upgrade(config, "head")
    return str(MigrationContext.configure(connection).get_current_revision())


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current and current not in {script.revision for script in scripts.walk_revisions()}:
        raise ConfigurationError(
            f"The database is at revision {current}, which this version does not know: update Frontdesk."
        )
