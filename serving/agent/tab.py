"""What a turn has cost so far, for when it is cut short: then no Closing is heard, and often no token was counted.

A writer puts it on the tab of the turn that it writes for, wherever in the graph it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately

from core.records import Ruling, Turn, Usage
from serving.agent.state import Closing

_tab: ContextVar[Tab] = ContextVar("tab")


@dataclass
class Tab:
    """What one turn's models were paid for, so far."""

    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    model: str = ""
    is_estimated: bool = False

    def on(self, turn: Turn) -> Turn:
        """The turn with what it owes."""
        cost = turn.cost + self.cost
        owing = replace(turn, usage=self.usage, cost=cost, model=self.model)
        if not self.is_estimated:
            return owing
        read, wrote = self.usage.input_tokens, self.usage.output_tokens
        reason = f"The answer was cut short; that {self.model} read {read} tokens and wrote {wrote} is estimated."
        return replace(owing, rulings=(*turn.rulings, Ruling("cost", allowed=True, reason=reason, score=cost)))


_NOBODYS = Tab()


def open_tab() -> Tab:
    """The tab of the turn that begins here, in this task and those that it starts."""
    tab = Tab()
    _tab.set(tab)
    return tab


def owe(usage: Usage, cost: float, model: str, *, is_estimated: bool) -> None:
    """Put it on the turn's tab; outside a turn nobody keeps one."""
    if tab := _tab.get(None):
        read, wrote = tab.usage.input_tokens + usage.input_tokens, tab.usage.output_tokens + usage.output_tokens
        tab.usage, tab.cost, tab.model = Usage(read, wrote), tab.cost + cost, model
        tab.is_estimated = tab.is_estimated or is_estimated


def spending() -> Callable[[], Closing]:
    """Tells what was put on the turn's tab from here on: the bill of who failed after they were paid."""
    before = replace(_tab.get(_NOBODYS))

    def spent() -> Closing:
        tab, was = _tab.get(_NOBODYS), before.usage
        used = Usage(tab.usage.input_tokens - was.input_tokens, tab.usage.output_tokens - was.output_tokens)
        return Closing(usage=used, cost=tab.cost - before.cost, model=tab.model if used != Usage() else "")

    return spent


def estimated(known: Usage, prompt: list[BaseMessage], said: str) -> Usage:
    """What the provider has told so far, or by the length of what it read and wrote, whichever is more."""
    read, wrote = count_tokens_approximately(prompt), count_tokens_approximately([said]) if said else 0
    return Usage(max(known.input_tokens, read), max(known.output_tokens, wrote))
