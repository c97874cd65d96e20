"""Google's token endpoint and Calendar v3 on loopback, as strict as their documentation: one calendar, one account."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.fakes.web_service import Asked, FakeService, Told, shape_problems

CALENDAR = "team@shop.example"
ACCOUNT = "frontdesk@project.iam.gserviceaccount.com"

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = {"https://www.googleapis.com/auth/calendar.events", "https://www.googleapis.com/auth/calendar.freebusy"}
_EVENT_ID = re.compile(r"[0-9a-v]{5,1024}")
_EVENT = {
    "id": str,
    "summary": str,
    "description": str,
    "location": str,
    "attendees": list,
    "guestsCanInviteOthers": bool,
    "guestsCanSeeOtherGuests": bool,
    "extendedProperties": dict,
    "reminders": dict,
}

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FakeGoogle(FakeService):
    """`busy` are spans; whoever acts for `delegates` may invite people."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: list[tuple[datetime, datetime]] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.shared = True
        self.delegates = {"owner@shop.example"}
        self._tokens: dict[str, str] = {}  # token: whom it stands for

    def key_file(self, folder: Path) -> Path:
        """The account's JSON key, as Google hands it out."""
        private = KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = folder / "account.json"
        told = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "1",
            "private_key": private.decode(),
            "client_email": ACCOUNT,
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        file.write_text(json.dumps(told))
        return file

    @property
    def api(self) -> str:
        return f"{self.url}/calendar/v3"

    def writes(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method != "GET" and asked.path.endswith("/events")]

    def answer(self, asked: Asked) -> Told:
        if (asked.method, asked.path) == ("POST", "/token"):
            return self._token(asked)
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self._tokens:
            return _error(401, "authError", "Invalid Credentials")
        if (asked.method, asked.path) == ("POST", "/calendar/v3/freeBusy"):
            return self._free_busy(asked.body)
        found = re.fullmatch(r"/calendar/v3/calendars/([^/]+)/events(?:/(\w+))?", asked.path)
        if not found or unquote(found[1]) != CALENDAR or not self.shared:
            return _error(404, "notFound", "Not Found")
        if asked.method == "POST" and not found[2]:
            return self._insert(asked, self._tokens[bearer])
        if asked.method == "GET" and found[2]:
            event = self.events.get(found[2])
            return Told(200, event) if event else _error(404, "notFound", "Not Found")
        return _error(404, "notFound", "Not Found")

    def _token(self, asked: Asked) -> Told:
        body = asked.body
        if set(body) != {"grant_type", "assertion"} or body["grant_type"] != _GRANT:
            return Told(400, {"error": "unsupported_grant_type"})
        public = KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        claims = jwt.decode(body["assertion"], certs=public)  # type: ignore[no-untyped-call]
        right = claims["iss"] == ACCOUNT and claims["aud"] in {
            f"{self.url}/token",
            "https://oauth2.googleapis.com/token",
        }
        if not right or set(claims["scope"].split()) != _SCOPES or claims["exp"] > time.time() + 3700:
            return Told(400, {"error": "invalid_grant", "error_description": "Bad assertion"})
        token = f"ya29.{len(self._tokens)}"
        self._tokens[token] = claims.get("sub", ACCOUNT)
        return Told(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _free_busy(self, body: Any) -> Told:
        problems = shape_problems(
            body,
            {"timeMin": str, "timeMax": str, "items": list},
            {"timeZone": str, "groupExpansionMax": int, "calendarExpansionMax": int},
        )
        if problems:
            return _error(400, "badRequest", "; ".join(problems))
        low, high = (datetime.fromisoformat(body[name]) for name in ("timeMin", "timeMax"))
        if low.tzinfo is None or low >= high:
            return _error(400, "timeRangeEmpty", "The specified time range is empty.")
        calendars: dict[str, Any] = {}
        for item in body["items"]:
            known = item["id"] == CALENDAR and self.shared
            busy = [
                {"start": start.isoformat(), "end": end.isoformat()}
                for start, end in (*self.busy, *map(_span, self.events.values()))
                if start < high and low < end
            ]
            missing = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
            calendars[item["id"]] = {"busy": busy} if known else missing
        return Told(200, {"kind": "calendar#freeBusy", "timeMin": body["timeMin"], "calendars": calendars})

    def _insert(self, asked: Asked, who: str) -> Told:
        body = asked.body
        problems = shape_problems(body, {"start": dict, "end": dict}, _EVENT) or [
            *shape_problems(body["start"], {"dateTime": str}, {"timeZone": str}),
            *shape_problems(body["end"], {"dateTime": str}, {"timeZone": str}),
            *(p for guest in body.get("attendees", []) for p in shape_problems(guest, {"email": str}, _GUEST)),
        ]
        if problems or asked.query.get("sendUpdates") not in {"all", "externalOnly", "none", None}:
            return _error(400, "badRequest", "; ".join(problems))
        if not _EVENT_ID.fullmatch(body.get("id", "aaaaa")):
            return _error(400, "invalid", "Invalid resource id value.")
        start, end = _span(body)
        if start.tzinfo is None or end <= start:
            return _error(400, "timeRangeEmpty", "The specified time range is empty.")
        if body.get("attendees") and who not in self.delegates:
            return _error(
                403,
                "forbiddenForServiceAccounts",
                "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.",
            )
        if body["id"] in self.events:
            return _error(409, "duplicate", "The requested identifier already exists.")
        self.events[body["id"]] = {"kind": "calendar#event", "status": "confirmed", **body}
        return Told(200, self.events[body["id"]])


_GUEST = {"displayName": str, "optional": bool, "comment": str}


def _span(event: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(event["start"]["dateTime"]), datetime.fromisoformat(event["end"]["dateTime"])


def _error(status: int, reason: str, message: str) -> Told:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return Told(status, {"error": {"errors": errors, "code": status, "message": message}})
