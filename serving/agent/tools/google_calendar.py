"""Google Calendar v3: the free times of one calendar within meeting hours, and events in it.

Needs a service account that the calendar is shared with ("Make changes to events"). An event's id is the action's, so
that sending it twice makes one event. Google lets a service account invite people by mail only where it acts for
somebody by domain-wide delegation; without that the event names the visitor, and nobody is written to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from core.errors import ConfigurationError, ToolError
from serving.agent.tools.calls import CLOSED, LATER, Call, Service, error_reason, json_of
from serving.agent.tools.hours import Hours, Span
from serving.agent.tools.tool import Booking

logger = logging.getLogger(__name__)

API = "https://www.googleapis.com/calendar/v3"
SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.freebusy",
)

_SECONDS = 10.0
_EXISTS, _GONE = 409, {404, 410}
_HINTS = {
    401: "check FRONTDESK_GOOGLE_CREDENTIALS.",
    403: "share the calendar with the service account, with the right to make changes to events.",
    404: "share the calendar with the service account, and check its id.",
}


class ServiceAccount:
    """Headers with an access token that still holds, as the account itself or as who it acts for."""

    def __init__(self, file: Path, subject: str | None = None) -> None:
        try:
            self._credentials = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
                str(file), scopes=SCOPES, subject=subject
            )
        except (OSError, ValueError, GoogleAuthError) as error:
            raise ConfigurationError(
                f"FRONTDESK_GOOGLE_CREDENTIALS={file} cannot be used: {error}. It is the JSON key of a service account."
            ) from error
        self._renewing = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        """For one request; ToolError where Google gives no token."""
        async with self._renewing:
            if not self._credentials.valid:
                await asyncio.to_thread(self._renew)
        return {"Authorization": f"Bearer {self._credentials.token}"}

    def _renew(self) -> None:
        try:
            self._credentials.refresh(partial(Request(), timeout=_SECONDS))
        except GoogleAuthError as error:
            logger.error(  # noqa: TRY400 - the traceback holds the signed assertion
                "Google gives the service account no token (%s): check FRONTDESK_GOOGLE_CREDENTIALS.",
                type(error).__name__,
            )
            raise ToolError(LATER if error.retryable else CLOSED) from None


class GoogleCalendar:
    """One calendar; `invites` where the account may write to visitors by mail."""

    def __init__(
        self,
        calendar: str,
        account: ServiceAccount,
        hours: Hours,
        minutes: int,
        *,
        invites: bool,
        base_url: str = API,
        service: Service | None = None,
    ) -> None:
        self.invites = invites
        self._calendar = calendar
        self._account = account
        self._hours = hours
        self._minutes = minutes
        self._base = base_url
        self._service = service or Service("Google Calendar")

    async def free(self, since: datetime, until: datetime) -> Sequence[datetime]:
        """When a meeting may begin: within meeting hours, and beside everything that the calendar calls busy."""
        length = timedelta(minutes=self._minutes)
        body = {"timeMin": _moment(since), "timeMax": _moment(until + length), "items": [{"id": self._calendar}]}
        call = Call("the free times", "POST", f"{self._base}/freeBusy", json=body)
        answer = json_of(await self._asked(call))
        known = answer.get("calendars", {}).get(self._calendar, {})
        if known.get("errors") or "busy" not in known:
            logger.error("Google Calendar does not show when the calendar is busy: %s", _HINTS[404])
            raise ToolError(CLOSED)
        return self._hours.starts(since, until, self._minutes, [_span(each) for each in known["busy"]])

    async def book(self, key: str, booking: Booking) -> None:
        """Puts an event into the calendar; one that is there already is ours, from before."""
        params = {"sendUpdates": "all" if self.invites else "none"}
        call = Call("a booking", "POST", self._events, write="again", params=params, json=self._event(key, booking))
        await self._asked(call, besides={_EXISTS})

    async def find(self, key: str, booking: Booking) -> bool:
        """Whether the event is there."""
        call = Call("a booking", "GET", f"{self._events}/{key}")
        answer = await self._asked(call, besides=_GONE)
        return answer.is_success and json_of(answer).get("status") != "cancelled"

    @property
    def _events(self) -> str:
        return f"{self._base}/calendars/{quote(self._calendar, safe='')}/events"

    def _event(self, key: str, booking: Booking) -> dict[str, Any]:
        zone = self._hours.zone.key
        end = booking.start + timedelta(minutes=self._minutes)
        event: dict[str, Any] = {
            "id": key,
            "summary": f"Meeting with {booking.name}",
            "description": f"{booking.name}, {booking.email}: booked in the chat on the website.",
            "start": {"dateTime": _moment(booking.start), "timeZone": zone},
            "end": {"dateTime": _moment(end), "timeZone": zone},
        }
        if self.invites:
            event["attendees"] = [{"email": booking.email, "displayName": booking.name}]
        return event

    async def _asked(self, call: Call, besides: set[int] | frozenset[int] = frozenset()) -> httpx.Response:
        answer = await self._service.ask(call, await self._account.headers())
        if answer.is_success or answer.status_code in besides:
            return answer
        hint = _HINTS.get(answer.status_code, "check the calendar's id.")
        raise self._service.refused(call, answer, error_reason(answer), hint)


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _span(busy: Mapping[str, str]) -> Span:
    return datetime.fromisoformat(busy["start"]), datetime.fromisoformat(busy["end"])
