"""How much is simulated, and how it spreads over sites, days and hours. Draws nothing twice: a seed is a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Weights = NDArray[np.float64]

LAST_DAY = date(2025, 12, 31)  # fixed, so that a seed gives the same year whenever it is simulated

_ZONES = ("Europe/Berlin", "America/New_York", "Europe/London", "America/Los_Angeles", "Asia/Tokyo", "Australia/Sydney")
_MODELS = ("extractive", "openai:gpt-4o-mini", "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5")
_GROWTH = 3.0  # times as many turns on the last day as on the first
_HOURS = np.array([3, 2, 1, 1, 1, 2, 5, 9, 14, 19, 22, 22, 19, 20, 21, 20, 18, 16, 15, 16, 17, 14, 9, 5], float)
_SHOP = np.array([1.0, 0.95, 0.95, 1.0, 1.1, 1.25, 1.15])  # Monday first: visitors come when they are off work
_OFFICE = np.array([1.15, 1.2, 1.2, 1.1, 0.95, 0.35, 0.3])


@dataclass(frozen=True, slots=True)
class SimulatedSite:
    """A website with its share of the traffic, its clock and the model that answers there."""

    name: str
    weight: float
    zone: ZoneInfo
    week: Weights
    model: str
    opens: float  # the share of the period that has passed when it opens


@dataclass(frozen=True)
class Plan:
    """So many turns over so many days that end with LAST_DAY."""

    turns: int
    days: int
    sites: int = 12
    seed: int = 0

    def date(self, day: int) -> date:
        """The date of the n-th day."""
        return LAST_DAY - timedelta(days=self.days - 1 - day)

    @cached_property
    def websites(self) -> tuple[SimulatedSite, ...]:
        """A few large ones and many small ones; a third of them open during the period."""
        chance = np.random.default_rng([self.seed, 1])
        return tuple(
            SimulatedSite(
                name=f"site-{number + 1:02}",
                weight=1 / (number + 1) ** 1.1,
                zone=ZoneInfo(_ZONES[int(chance.integers(len(_ZONES)))]),
                week=_SHOP if chance.random() < 0.6 else _OFFICE,
                model=_MODELS[number % len(_MODELS)],
                opens=float(chance.uniform(0.1, 0.7)) if number % 3 == 2 else 0.0,
            )
            for number in range(self.sites)
        )

    @cached_property
    def counts(self) -> Counts:
        """Turns by day, site and hour of UTC; their sum is `turns`."""
        expected = np.cumsum(self._weights().ravel())
        reached = np.rint(expected / expected[-1] * self.turns).astype(np.int64)
        counts: Counts = np.diff(reached, prepend=0).reshape(self.days, self.sites, 24)
        return counts

    def _weights(self) -> Weights:
        chance = np.random.default_rng([self.seed, 2])
        passed = (np.arange(self.days) + 0.5) / self.days
        weather = chance.lognormal(0, 0.12, (self.days, self.sites))
        weights = np.zeros((self.days, self.sites, 24))
        for number, site in enumerate(self.websites):
            hourly = np.stack([_hourly(site, self.date(day)) for day in range(self.days)])
            volume = site.weight * _GROWTH**passed * (passed >= site.opens) * weather[:, number]
            weights[:, number] = hourly * volume[:, None]
        return weights


def _hourly(site: SimulatedSite, day: date) -> Weights:
    """The weight of each hour of UTC, by what the clock and the calendar say on the site's wall."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).astimezone(site.zone)
    hours = midnight.hour + np.arange(24)
    weekdays = (midnight.weekday() + hours // 24) % 7
    return np.asarray(_HOURS[hours % 24] * site.week[weekdays], float)
