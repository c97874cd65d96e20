"""What a site's owner decides, checked before it is stored: title, tier, model, cap, where tools write, policy, pins.

A running server follows the database within seconds; `policy.md` is read for each question. Knows no terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from core.database import Database
from core.errors import ConfigurationError, InvalidInputError
from core.records import Pin, Site, new_id, now
from core.settings import Settings
from serving.agent.catalogue import load_catalogue, models_of
from serving.agent.extractive import Extractive
from serving.agent.models import chat_model
from serving.agent.tools.toolbox import NOWHERE, Toolboxes, checked_webhook
from serving.budget import midnight

_ANY_KEY = SecretStr("only to see whether the name can be used")


@dataclass(frozen=True, slots=True)
class Overview:
    """A site as its owner sees it."""

    site: Site
    answers: tuple[str, ...]  # the models that are asked, the preferred one first
    spent_today: float  # US dollars, since midnight UTC
    pins: int
    policy: Path | None

    def to_json(self) -> dict[str, Any]:
        """One flat object."""
        site = self.site
        return {
            "site": site.id,
            "title": site.title,
            "tier": site.tier,
            "model": site.model,
            "answers": list(self.answers),
            "cap": site.cap,
            "spent_today": self.spent_today,
            "booking": site.booking,
            "handover": "its own webhook" if site.handover and site.handover != NOWHERE else site.handover,
            "pins": self.pins,
            "policy": str(self.policy) if self.policy else None,
            "live_build": site.live_build,
        }


def overview(site: Site, database: Database, settings: Settings) -> Overview:
    """The site as it stands."""
    policy = settings.site_folder(site.id) / "policy.md"
    return Overview(
        site,
        models_of(site, settings, load_catalogue(settings)),
        database.turns.spent(site.id, midnight(now())),
        len(database.pins.of(site.id)),
        policy if policy.exists() else None,
    )


def columns(given: Mapping[str, str | None], settings: Settings) -> dict[str, str | float | None]:
    """What was given as it is stored, empty words as None; InvalidInputError says what cannot be used."""
    said = {name: value.strip() for name, value in given.items() if value is not None}
    if tier := said.get("tier"):
        load_catalogue(settings).tier(tier)
    if model := said.get("model"):
        _check_model(model, settings)
    changed: dict[str, str | float | None] = {name: value or None for name, value in said.items()}
    if "title" in said:
        changed["title"] = said["title"]
    if said.get("cap"):
        changed["cap"] = _cap(said["cap"])
    _check_targets(said.get("booking"), said.get("handover"), settings)
    return changed


def policy_text(file: Path) -> str:
    """The text of a policy; InvalidInputError where it is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"The policy {file} cannot be read as UTF-8 text: {error}.", param="policy") from error
    if not text.strip():
        raise InvalidInputError(f"The policy {file} is empty: say what the assistant is for.", param="policy")
    return text


def set_policy(site: str, text: str, settings: Settings) -> None:
    """Puts the policy in the site's folder; a question meets the old one or the new one whole."""
    file = settings.site_folder(site) / "policy.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    hidden = file.with_name(f".{new_id()}.tmp")
    hidden.write_text(text, encoding="utf-8")
    hidden.replace(file)


def pin(site: str, question: str, answer: str, url: str) -> Pin:
    """A pin to store; InvalidInputError where a part of it is missing or its URL leads nowhere."""
    for name, said in (("question", question), ("answer", answer)):
        if not said.strip():
            raise InvalidInputError(f"A pin without {name} answers nothing: give --{name}.", param=name)
    if url and not url.startswith(("https://", "http://", "/")):
        raise InvalidInputError(f"{url!r} cannot be cited: give an address that begins with https://.", param="url")
    return Pin(new_id(), site, question.strip(), answer.strip(), url)


def _check_model(model: str, settings: Settings) -> None:
    """Whether there is such a provider here; its key may be set on the servers alone."""
    if model == Extractive.name:
        return
    keyed = settings.model_copy(update={"openai_api_key": _ANY_KEY, "anthropic_api_key": _ANY_KEY})
    try:
        chat_model(model, keyed)
    except ConfigurationError as error:
        raise InvalidInputError(error.message, param="model") from error


def _check_targets(booking: str | None, handover: str | None, settings: Settings) -> None:
    """Whether a calendar, and a webhook, can be what they are said to be."""
    try:
        if booking and booking != NOWHERE:
            Toolboxes(settings).calendar(booking)
    except ConfigurationError as error:
        raise InvalidInputError(error.message, param="booking") from error
    try:
        if handover and handover != NOWHERE:
            checked_webhook(handover)
    except ConfigurationError as error:
        raise InvalidInputError(error.message, param="handover") from error


def _cap(said: str) -> float:
    try:
        cap = float(said.removeprefix("$"))
    except ValueError:
        cap = -1.0
    if not isfinite(cap) or cap < 0:
        raise InvalidInputError(
            f"{said!r} is no cap: write US dollars a day, like 2.50, or nothing for none.", param="cap"
        )
    return cap
