"""Calendly's API v2: the free times of one event type, and a booking of it by its Scheduling API.

Needs a personal access token of somebody who may book the event type, on a paid plan. There is no idempotency key: a
booking carries ours as `utm_content`, by which it is found again where the answer was lost.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from core.errors import ConfigurationError, TakenError, ToolError, UnsureError
from serving.agent.tools.calls import CLOSED, Call, Service, json_of
from serving.agent.tools.tool import Booking

logger = logging.getLogger(__name__)

API = "https://api.calendly.com"

_SOURCE = "frontdesk"
_NEEDS_VISITOR = {"ask_invitee", "outbound_call"}  # places that only the visitor can name
_TAKEN = "That time has just been taken. Please choose another one."
_HINTS = {
    401: "check FRONTDESK_CALENDLY_TOKEN.",
    403: "the token may not do this; the Scheduling API needs a paid plan and `scheduled_events:write`.",
    404: "check the event type that is named for booking.",
}
_WRONG_TIME = {400, 409, 422}


class Calendly:
    """One event type."""

    invites = True

    def __init__(
        self, event_type: str, token: SecretStr, zone: str, *, base_url: str = API, service: Service | None = None
    ) -> None:
        if not event_type.startswith(f"{API}/event_types/"):
            raise ConfigurationError(
                f"{event_type!r} is no event type of Calendly: name it as {API}/event_types/… (not its booking page)."
            )
        self._event_type = event_type
        self._headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        self._zone = zone
        self._base = base_url
        self._service = service or Service("Calendly")
        self._known: Mapping[str, Any] = {}  # the event type, once it was read

    async def free(self, since: datetime, until: datetime) -> Sequence[datetime]:
        """When a meeting may begin, as Calendly says."""
        params = {"event_type": self._event_type, "start_time": _moment(since), "end_time": _moment(until)}
        call = Call("the free times", "GET", f"{self._base}/event_type_available_times", params=params)
        found = self._read(call, await self._service.ask(call, self._headers), "collection")
        return sorted(datetime.fromisoformat(each["start_time"]) for each in found if each["status"] == "available")

    async def book(self, key: str, booking: Booking) -> None:
        """Makes the visitor an invitee, which Calendly tells both sides by mail."""
        body: dict[str, Any] = {
            "event_type": self._event_type,
            "start_time": _moment(booking.start),
            "invitee": {"name": booking.name, "email": booking.email, "timezone": self._zone},
            "tracking": {"utm_source": _SOURCE, "utm_content": key},
        }
        if place := _place(await self._details()):
            body["location"] = place
        call = Call("a booking", "POST", f"{self._base}/invitees", write="once", json=body)
        answer = await self._service.ask(call, self._headers)
        if answer.status_code in _WRONG_TIME and not await self._is_free(booking.start):
            raise TakenError(_TAKEN)
        self._read(call, answer, "resource")

    async def find(self, key: str, booking: Booking) -> bool:
        """Whether there is an event at that time with this visitor and our mark."""
        owner = (await self._details()).get("profile") or {}
        if owner.get("type") != "User":  # a team's events can be listed by its administrators only
            raise UnsureError(CLOSED)
        params = {
            "user": owner["owner"],
            "invitee_email": booking.email,
            "status": "active",
            "min_start_time": _moment(booking.start),
            "max_start_time": _moment(booking.start + timedelta(minutes=1)),
        }
        call = Call("the bookings", "GET", f"{self._base}/scheduled_events", params=params)
        events = self._read(call, await self._service.ask(call, self._headers), "collection")
        for event in events:
            if await self._carries(key, event["uri"], booking.email):
                return True
        return False

    async def _carries(self, key: str, event: str, email: str) -> bool:
        url = f"{self._base}/scheduled_events/{_last(event)}/invitees"
        call = Call("the invitees", "GET", url, params={"email": email, "status": "active"})
        invitees = self._read(call, await self._service.ask(call, self._headers), "collection")
        return any((invitee.get("tracking") or {}).get("utm_content") == key for invitee in invitees)

    async def _is_free(self, start: datetime) -> bool:
        return start in await self.free(start - timedelta(minutes=1), start + timedelta(minutes=1))

    async def _details(self) -> Mapping[str, Any]:
        if not self._known:
            call = Call("the event type", "GET", f"{self._base}/event_types/{_last(self._event_type)}")
            self._known = self._read(call, await self._service.ask(call, self._headers), "resource")
        return self._known

    def _read(self, call: Call, answer: httpx.Response, name: str) -> Any:
        body = json_of(answer)
        if not answer.is_success:
            hint = _HINTS.get(answer.status_code, "check the event type that is named for booking.")
            raise self._service.refused(call, answer, str(body.get("title", "")), hint)
        if name not in body:
            raise self._service.unreadable(call)
        return body[name]


def _place(event_type: Mapping[str, Any]) -> dict[str, str] | None:
    """The first of the event type's places that asks nothing more of the visitor; None where it has none at all."""
    places: Sequence[Mapping[str, Any]] = event_type.get("locations") or []
    if not places:
        return None
    for place in places:
        if place["kind"] not in _NEEDS_VISITOR:
            return {name: place[name] for name in ("kind", "location") if place.get(name)}
    logger.error("Each place of Calendly's event type has to be named by the visitor: add one that does not.")
    raise ToolError(CLOSED)


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _last(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2]
