"""What one can and cannot do, as the sentence itself answers it: yes, no, or how many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.drafting.answering import leans, stands_alone
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page, Section
from evals.drafting.wording import asked_by_a_visitor, gist, is_known, small_first

_END = r"(?:,| because | unless | if | until | when |[.!]$)"
_YOU_CANNOT = re.compile(rf"You (?:cannot|can['’]t|can not|may not) (?P<do>[a-z][^.,;:()]{{8,90}}?){_END}")
_WE_DO_NOT = re.compile(rf"We (?:do not|don['’]t) (?P<do>[a-z][^.,;:()]{{5,80}}?){_END}")
_NUMBER = r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty)"
_UP_TO = re.compile(
    rf"You can (?P<do>\w+) (?P<many>(?:up to|at most|a maximum of) {_NUMBER} (?P<things>[a-z][\w -]{{2,40}}?))"
    r"(?P<rest> (?:with|in|to|per|for|from|on|at|by|as)\b[^,.;:()]{2,60})?(?:[.]$|, )"
)
_PASSIVE = re.compile(
    r"(?P<what>[A-Z][^:;.()]{2,70}?) (?P<can>can|cannot|can['’]t) be (?P<done>\w+(?: (?:in|out|off|up)\b)?)"
    r"(?:(?P<rest> (?:as|at|by|for|from|into?|on|to|with)\b[^.,;:()]{2,60}?)?"
    r"(?P<end>$|[.,;:!]| (?:because|if|once|unless|until)\b))?"
)
# What is asked of these is whether it can be done at all; `can be used` only introduces what for.
_ALLOWED = """booked bought cancelled canceled changed combined deleted exchanged extended frozen modified moved
    recovered refunded renamed repaired repeated replaced returned reversed shared transferred undone"""
_SAME = re.compile(r"\bsame\b", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(?:it|this|that|these|those|they|them|its|their|he|she|there|which|who|if|when|such|same|both|each|also|either"
    r"|only|other|earlier|previous|being|why|how|what|where|because|reasons?|is|are|has|have|not|all|any|every|some|none)\b|[—–]",
    re.IGNORECASE,
)


def drafts(page: Page) -> Iterator[Draft]:
    """One for each such sentence that one understands without the page."""
    for section in page.sections:
        for sentence in section.sentences:
            if sentence.is_row or not stands_alone(sentence.text) or leans(sentence.text):
                continue
            found = _how_many(sentence.text) or _whether(sentence.text, page, section)
            if found:
                yield Draft(found[0], (found[1],), "rule", (page.path,), page.where(section))


def _how_many(text: str) -> tuple[str, str] | None:
    match = _UP_TO.match(text)
    if not match or _POINTS.search(match["things"] + (match["rest"] or "")):
        return None
    said = asked_by_a_visitor(match["rest"] or "")
    return f"How many {match['things']} can I {match['do']}{' ' if said else ''}{said}?", match["many"]


def _whether(text: str, page: Page, section: Section) -> tuple[str, str] | None:
    if (match := _YOU_CANNOT.match(text)) and len(gist(match["do"])) > 2 and not _POINTS.search(match["do"]):
        return f"Can I {asked_by_a_visitor(match['do'])}?", text
    if (match := _WE_DO_NOT.match(text)) and not _POINTS.search(match["do"]):
        return f"Do you {asked_by_a_visitor(match['do'])}?", text
    if match := _PASSIVE.match(text):
        what, done = match["what"], match["done"]
        denied = match["can"] != "can" and done.split()[0].endswith("ed") and match["end"] is not None
        known = is_known(what, page.title, *section.headings)
        if (denied or done in _ALLOWED.split()) and known and not _SAME.search(text) and not _POINTS.search(what):
            rest = match["rest"] or "" if denied else ""
            return f"Can {asked_by_a_visitor(f'{small_first(what, page.body)} be {done}{rest}')}?", text
    return None
