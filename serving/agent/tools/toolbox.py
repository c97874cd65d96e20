"""The tools of each site: what its owner has named, else what the settings name. Built once for each target."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from core.errors import ConfigurationError
from core.records import Site, now
from core.settings import Settings, is_webhook
from serving.agent.tools import booking, handover
from serving.agent.tools.booking import BookingTool
from serving.agent.tools.calendly import API as CALENDLY
from serving.agent.tools.calendly import Calendly
from serving.agent.tools.handover import HandoverTool
from serving.agent.tools.hours import read_hours
from serving.agent.tools.tool import Calendar, Tool

logger = logging.getLogger(__name__)

NOWHERE = "none"  # a site's own word for what it does not offer though the settings do

_EXAMPLE = "calendly:https://api.calendly.com/event_types/… or google:team@example.com"


class Toolboxes:
    """The tools of all sites, by name. `calendly` and `google` are where these services are."""

    def __init__(
        self,
        settings: Settings,
        *,
        calendly: str = CALENDLY,
        google: str | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._settings = settings
        self._calendly = calendly
        self._google = google
        self._clock = clock
        self._built: dict[tuple[str, str, str], Tool | None] = {}  # by tool, target and site

    def of(self, site: Site) -> dict[str, Tool]:
        """The site's tools; one that cannot be built is said in the log, and is not offered."""
        return {
            name: tool
            for name, target, build in (
                (booking.NAME, site.booking or self._settings.booking, self._booking),
                (handover.NAME, site.handover or _secret(self._settings.handover_webhook), self._handover),
            )
            if target and target != NOWHERE and (tool := self._tool(name, target, site, build))
        }

    def _tool(self, name: str, target: str, site: Site, build: Callable[[str, Site], Tool]) -> Tool | None:
        key = (name, target, site.title or site.id)
        if key not in self._built:
            try:
                self._built[key] = build(target, site)
            except ConfigurationError as error:
                logger.error("Site %s does not offer %s: %s", site.id, name, error.message)  # noqa: TRY400
                self._built[key] = None
        return self._built[key]

    def _booking(self, target: str, _site: Site) -> Tool:
        return BookingTool(self.calendar(target), ZoneInfo(self._settings.time_zone), self._clock)

    def _handover(self, target: str, site: Site) -> Tool:
        return HandoverTool(SecretStr(checked_webhook(target)), site.title or site.id)

    def calendar(self, target: str) -> Calendar:
        """The calendar of that name; ConfigurationError says what is missing for it."""
        service, _, name = target.partition(":")
        match service:
            case "calendly" if name:
                return self._of_calendly(name)
            case "google" if name:
                return self._of_google(name)
        raise ConfigurationError(f"{target!r} names no calendar to book in: write {_EXAMPLE}.")

    def _of_calendly(self, event_type: str) -> Calendar:
        if not (token := self._settings.calendly_token):
            raise ConfigurationError("Booking with Calendly needs a token: set FRONTDESK_CALENDLY_TOKEN.")
        return Calendly(event_type, token, self._settings.time_zone, base_url=self._calendly)

    def _of_google(self, calendar: str) -> Calendar:
        from serving.agent.tools.google_calendar import API, GoogleCalendar, ServiceAccount

        settings = self._settings
        if not settings.google_credentials:
            raise ConfigurationError(
                "Booking in Google Calendar needs a service account: set FRONTDESK_GOOGLE_CREDENTIALS."
            )
        hours = read_hours(settings.meeting_hours, ZoneInfo(settings.time_zone))
        account = ServiceAccount(settings.google_credentials, settings.google_subject)
        build = partial(GoogleCalendar, calendar, account, hours, settings.meeting_minutes)
        return build(invites=settings.google_subject is not None, base_url=self._google or API)


def checked_webhook(url: str) -> str:
    """The URL; ConfigurationError, which does not repeat it, where it is not Discord's."""
    if not is_webhook(url):
        raise ConfigurationError("A person is called by a Discord webhook: https://discord.com/api/webhooks/…")
    return url


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
