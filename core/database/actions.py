"""Actions: what waits for a visitor's yes. Who moves one on has seen the state it moves on from; all others lose.

Running and done actions of a session have arguments of their own: the same thing, offered twice, is done once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, exists, select, update
from sqlalchemy.exc import IntegrityError

from core.codec import plain
from core.database.engine import Transactions, insert_if_absent
from core.database.schema import actions
from core.errors import NotFoundError
from core.records import Action, ActionState, Session, now

_ACTION = TypeAdapter(Action)


def digest(tool: str, arguments: Mapping[str, str]) -> str:
    """What makes two actions the same thing to do."""
    told = json.dumps([tool, dict(arguments)], sort_keys=True, ensure_ascii=False)
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


class Actions:
    """The actions of all sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def create(self, action: Action) -> None:
        """Stores what is offered; its session is known."""
        with self._transactions.write() as connection:
            insert_if_absent(connection, actions, _row(action))

    def get(self, action: str) -> Action:
        """The action, or NotFoundError."""
        with self._transactions.read() as connection:
            return _action(connection, action)

    def of_turn(self, turn: str) -> list[Action]:
        """What was offered in the turn."""
        query = select(actions).where(actions.c.turn == turn).order_by(actions.c.created_at, actions.c.id)
        with self._transactions.read() as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def was_offered(self, session: Session, tool: str) -> bool:
        """Whether the session has met this tool."""
        with self._transactions.read() as connection:
            return bool(connection.scalar(select(exists().where(_of(session), actions.c.tool == tool))))

    def waiting(self, session: Session, at: datetime) -> Action | None:
        """What the session was offered last, if it is open and has not expired by then; else None."""
        query = select(actions).where(_of(session)).order_by(actions.c.created_at.desc(), actions.c.id.desc()).limit(1)
        with self._transactions.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        last = _record(row) if row else None
        return last if last and last.state is ActionState.OPEN and last.expires_at > at else None

    def begin(self, seen: Action, arguments: Mapping[str, str]) -> Action | None:
        """The action, running with these arguments, if it is still as it was seen.

        None where it is not, or where the session has another one running or done with the same arguments.
        """
        running = replace(seen, arguments=arguments, state=ActionState.RUNNING, started_at=now())
        return running if self._move(seen, running) else None

    def end(self, seen: Action, state: ActionState, result: str = "") -> Action | None:
        """The action as it ended, or open again, if it is still as it was seen; else None."""
        ended = replace(seen, state=state, result=result)
        return ended if self._move(seen, ended) else None

    def same(self, action: Action, arguments: Mapping[str, str]) -> Action | None:
        """The session's action that runs, or is done, with the same arguments."""
        twin = actions.c.arguments_hash == digest(action.tool, arguments)
        under_way = actions.c.state.in_([ActionState.RUNNING, ActionState.DONE])
        query = select(actions).where(_of(action.session), twin, under_way)
        with self._transactions.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return _record(row) if row else None

    def erase(self, site: str, person: str) -> int:
        """Forgets all that was offered to the person; returns how much it was."""
        theirs = (actions.c.site == site) & (actions.c.person == person)
        with self._transactions.write() as connection:
            return connection.execute(delete(actions).where(theirs)).rowcount

    def _move(self, seen: Action, to: Action) -> bool:
        unchanged = and_(
            actions.c.id == seen.id,
            actions.c.state == seen.state,
            actions.c.started_at.is_not_distinct_from(seen.started_at),
        )
        names = ("arguments", "arguments_hash", "state", "result", "started_at")
        values = {name: value for name, value in _row(to).items() if name in names}
        try:
            with self._transactions.write() as connection:
                return connection.execute(update(actions).where(unchanged).values(values)).rowcount == 1
        except IntegrityError:  # the index that lets the same thing be done once
            return False


def _of(session: Session) -> ColumnElement[bool]:
    return and_(*(actions.c[name] == value for name, value in _key(session).items()))


def _key(session: Session) -> dict[str, str]:
    return {"site": session.site, "person": session.person, "session_id": session.id}


def _row(action: Action) -> dict[str, Any]:
    instants: dict[str, datetime | None] = {
        "expires_at": action.expires_at,
        "started_at": action.started_at,
        "created_at": action.created_at,
    }
    data: dict[str, Any] = plain(action)
    del data["session"]
    return data | instants | _key(action.session) | {"arguments_hash": digest(action.tool, data["arguments"])}


def _action(connection: Connection, action: str) -> Action:
    row = connection.execute(select(actions).where(actions.c.id == action)).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"There is no action {action!r}.")
    return _record(row)


def _record(row: RowMapping) -> Action:
    data: dict[str, Any] = dict(row)
    session = {"site": data.pop("site"), "person": data.pop("person"), "id": data.pop("session_id")}
    del data["arguments_hash"]
    return _ACTION.validate_python(data | {"session": session})
