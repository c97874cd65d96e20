"""Calendly's API v2 on loopback, as strict as its documentation: one event type of one user, booked by a token."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.fakes.web_service import Asked, FakeService, Told, shape_problems

API = "https://api.calendly.com"
EVENT_TYPE = f"{API}/event_types/AAAAAAAAAAAAAAAA"
USER = f"{API}/users/UUUUUUUUUUUUUUUU"
TOKEN = "eyJ-personal-access-token"

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+", re.IGNORECASE)
_KINDS = {"physical", "google_conference", "zoom_conference", "microsoft_teams_conference", "custom", "inbound_call"}
_WEEK = timedelta(days=7)


class FakeCalendly(FakeService):
    """`now` is its clock; `free` are the times on offer."""

    def __init__(self, now: datetime, free: list[datetime]) -> None:
        super().__init__()
        self.now = now
        self.free = free
        self.locations: list[dict[str, Any]] = [{"kind": "google_conference"}]
        self.booked: list[dict[str, Any]] = []

    def writes(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method != "GET"]

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "Unauthenticated", "The access token is invalid")
        routes = {
            ("GET", "/event_type_available_times"): self._available,
            ("GET", f"/event_types/{EVENT_TYPE.rpartition('/')[2]}"): self._event_type,
            ("POST", "/invitees"): self._book,
            ("GET", "/scheduled_events"): self._events,
        }
        if route := routes.get((asked.method, asked.path)):
            return route(asked)
        if asked.method == "GET" and (found := re.fullmatch(r"/scheduled_events/(\w+)/invitees", asked.path)):
            return self._invitees(found[1], asked)
        return _error(404, "Resource Not Found", "The server could not find the requested resource.")

    def _available(self, asked: Asked) -> Told:
        query = asked.query
        if set(query) != {"event_type", "start_time", "end_time"} or query["event_type"] != EVENT_TYPE:
            return _invalid("event_type, start_time and end_time are required")
        if not all(_MOMENT.fullmatch(query[name]) for name in ("start_time", "end_time")):
            return _invalid("must be UTC timestamps")
        start, end = (datetime.fromisoformat(query[name]) for name in ("start_time", "end_time"))
        if start <= self.now:
            return _invalid("start_time must be in the future")
        if not start < end <= start + _WEEK:
            return _invalid("date range can be no greater than 1 week (7 days)")
        times = [
            {
                "status": "available",
                "invitees_remaining": 1,
                "start_time": _moment(time),
                "scheduling_url": f"https://calendly.com/acme/chat/{_moment(time)}",
            }
            for time in self.free
            if start <= time < end
        ]
        return Told(200, {"collection": times})

    def _event_type(self, _asked: Asked) -> Told:
        profile = {"type": "User", "name": "Ann", "owner": USER}
        kind = {"uri": EVENT_TYPE, "name": "Chat", "active": True, "duration": 30, "kind": "solo", "slug": "chat"}
        return Told(
            200, {"resource": {**kind, "profile": profile, "locations": self.locations, "custom_questions": []}}
        )

    def _book(self, asked: Asked) -> Told:
        body = asked.body
        problems = shape_problems(
            body,
            {"event_type": str, "start_time": str, "invitee": dict},
            {"location": dict, "tracking": dict, "questions_and_answers": list, "event_guests": list},
        ) or [
            *shape_problems(
                body["invitee"],
                {"name": str, "email": str, "timezone": str},
                {"first_name": str, "last_name": str, "text_reminder_number": str},
            ),
            *shape_problems(body.get("location", {}), {}, {"kind": str, "location": str}),
            *shape_problems(body.get("tracking", {}), {}, dict.fromkeys(_TRACKING, str)),
        ]
        if problems:
            return _invalid("; ".join(problems))
        if not _MOMENT.fullmatch(body["start_time"]) or not _MAIL.fullmatch(body["invitee"]["email"]):
            return _invalid("start_time or email")
        if bool(self.locations) != ("location" in body) or ("location" in body and not self._has(body["location"])):
            return _invalid("location does not match the event type")
        start = datetime.fromisoformat(body["start_time"])
        if body["event_type"] != EVENT_TYPE or start not in self.free or start <= self.now:
            return _error(400, "Invalid Argument", "The event is not available at this time")
        self.free.remove(start)
        self.booked.append({"id": uuid4().hex, "start": start, **body})
        return Told(201, {"resource": self._invitee(self.booked[-1])})

    def _has(self, location: dict[str, str]) -> bool:
        return location["kind"] in _KINDS and location in self.locations

    def _events(self, asked: Asked) -> Told:
        query = asked.query
        known = {"user", "organization", "invitee_email", "status", "min_start_time", "max_start_time", "count", "sort"}
        if not set(query) <= known or query.get("user") != USER or query.get("status") not in {None, "active"}:
            return _invalid("user")
        low, high = (datetime.fromisoformat(query[name]) for name in ("min_start_time", "max_start_time"))
        events = [
            {"uri": f"{API}/scheduled_events/{each['id']}", "start_time": _moment(each["start"]), "status": "active"}
            for each in self.booked
            if each["invitee"]["email"] == query["invitee_email"] and low <= each["start"] <= high
        ]
        return Told(200, {"collection": events, "pagination": {"count": len(events), "next_page": None}})

    def _invitees(self, event: str, asked: Asked) -> Told:
        if not set(asked.query) <= {"email", "status", "sort", "count", "page_token"}:
            return _invalid("unknown parameter")
        found = [self._invitee(each) for each in self.booked if each["id"] == event]
        return Told(200, {"collection": found, "pagination": {"count": len(found), "next_page": None}})

    def _invitee(self, booked: dict[str, Any]) -> dict[str, Any]:
        event = f"{API}/scheduled_events/{booked['id']}"
        told = {"uri": f"{event}/invitees/{booked['id']}", "event": event, "status": "active"}
        links = {"cancel_url": "https://calendly.com/cancellations/1", "reschedule_url": "https://calendly.com/r/1"}
        return {**told, **booked["invitee"], **links, "tracking": booked.get("tracking", {})}


_TRACKING = ("utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "salesforce_uuid")


def _error(status: int, title: str, message: str) -> Told:
    return Told(status, {"title": title, "message": message, "details": []})


def _invalid(what: str) -> Told:
    details = [{"parameter": what, "message": what}]
    return Told(
        400, {"title": "Invalid Argument", "message": "The supplied parameters are invalid.", "details": details}
    )


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def path_of(uri: str) -> str:
    return urlsplit(uri).path
