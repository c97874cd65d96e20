"""A visitor's answer to an action, and what came of it: what crosses between the ingress and where tools are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.records import Action


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes or no to an action of a site; `session` where the caller says whose it is."""

    site: str
    action: str
    yes: bool
    fields: Mapping[str, str] = field(default_factory=dict)
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the visitor is told, and what is asked anew, if something is."""

    action: Action
    content: str
    again: Action | None = None

    def payload(self) -> dict[str, Any]:
        """The native JSON object."""
        again = self.again.payload() if self.again else None
        return {"id": self.action.id, "state": self.action.state, "content": self.content, "action": again}
