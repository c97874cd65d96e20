"""The step before the search: a question that leans on what was said, or is in a language that cannot be searched for,
is written anew by the site's model; one in such a language is told so where no model can.

It costs a call of the model and what that takes, so a question that stands alone is not rewritten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

from langgraph.types import StreamWriter

from core.records import Event, Ruling, Turn
from serving.agent.followup import leans
from serving.agent.language import Spoken, foreign, name_of, sorry
from serving.agent.rewriting import Rewritten, rewritten
from serving.agent.state import Afford, Speaks, State, Writer

RewriterFor = Callable[[str, str], Writer | None]  # of a site, into a language by its English name; None: no model

UNTRANSLATED = "untranslated"  # what is ruled of a question that stayed in a language the search does not know

_FEW_WORDS, _ENOUGH_WORDS = 3, 7  # of content, as the search counts them: fewer lean; with so many, `it` is inside


async def any_language(_site: str) -> Spoken:
    """For sites whose models know all languages."""
    return Spoken()


def no_rewriter(_site: str, _language: str) -> Writer | None:
    """For sites that no model writes for."""
    return None


async def rewrite(
    state: State, writer: StreamWriter, *, speaks: Speaks, rewriter_for: RewriterFor, afford: Afford
) -> dict[str, Any]:
    """The turn with what to search for; with an answer, where no model can search in the visitor's language.

    One that can but failed this time is no reason to say so: the question is searched for as asked.
    """
    turn = state["turn"]
    spoken = await speaks(turn.session.site)
    language = foreign(turn.question, spoken)
    leaning = bool(state["history"]) and leans(turn.question, few=_FEW_WORDS, enough=_ENOUGH_WORDS)
    if not (language or leaning):
        return {}
    rewriter = await _at_hand(turn, spoken, rewriter_for, afford)
    found = await _asked(rewriter, state, spoken, language)
    paid = replace(turn, search=found.question, usage=turn.usage + found.bill.usage, cost=turn.cost + found.bill.cost)
    if language is None:
        return {"turn": paid}
    if found.question:
        reason = f"{name_of(language)}: searched for in {name_of(spoken.own)}."
        return {"turn": _ruled(paid, Ruling("language", allowed=True, reason=reason))}
    if rewriter is None:
        return _refused(paid, writer, language, spoken, state["began"])
    reason = f"{name_of(language)}: searched for as asked, for the model did not translate it."
    return {"turn": _ruled(paid, Ruling(UNTRANSLATED, allowed=True, reason=reason))}


def after_rewrite(state: State) -> str:
    """`retrieve`, or `remember` where the visitor was told that the language is not served."""
    return "remember" if state["turn"].answer else "retrieve"


async def _at_hand(turn: Turn, spoken: Spoken, rewriter_for: RewriterFor, afford: Afford) -> Writer | None:
    """The site's model, if there is one and the site may spend something."""
    rewriter = rewriter_for(turn.session.site, name_of(spoken.own))
    return None if rewriter is None or await afford(turn.session.site) is not None else rewriter


async def _asked(rewriter: Writer | None, state: State, spoken: Spoken, language: str | None) -> Rewritten:
    if rewriter is None:
        return Rewritten()
    question, history = state["turn"].question, state["history"]
    return await rewritten(rewriter, question, history, spoken, translated=language is not None)


def _refused(turn: Turn, writer: StreamWriter, language: str, spoken: Spoken, began: float) -> dict[str, Any]:
    served = spoken.served or frozenset({spoken.own})
    names = ", ".join(map(name_of, sorted(served)))
    ruling = Ruling("language", allowed=False, reason=f"{name_of(language)}: the models at hand serve {names}.")
    refused = replace(_ruled(turn, ruling), answer=sorry(language, served), declined=True)
    writer(Event("token", {"content": refused.answer}))
    return {"turn": refused, "timings": {"first_token": round((perf_counter() - began) * 1000, 3)}}


def _ruled(turn: Turn, ruling: Ruling) -> Turn:
    return replace(turn, rulings=(*turn.rulings, ruling))
