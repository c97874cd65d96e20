"""`X is a …`, where X is what the page or the section is about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.words import content
from evals.drafting.answering import stands_alone
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page
from evals.drafting.wording import gist, is_name, small_first

_WORD = r"(?:[^\s,;:()]+|\([^)]{2,20}\))"
_IS_A = re.compile(rf"(?P<what>{_WORD}(?: {_WORD}){{0,6}}?) is an? (?P<kind>\w+)")
_NO_SUBJECT = re.compile(
    r"(?:this|that|these|those|it|there|here|each|every|any|another|one|some|no|if|when|while|where|what|which|who|for"
    r"|in|on|at|by|to|with|as|and|but|or|also|however|your|my|our|their|its|his|her|both|all|only|following|after|before)\b",
    re.IGNORECASE,
)
_A_CLAUSE = re.compile(r"\b(?:that|which|who|is|are|was|can|must|if|when|and|or|not|you|we|following)\b|['’]s\b|[—–]")
_NO_KIND = "good great bad common best must few little lot bit way shame pity member list subset example number"


def drafts(page: Page) -> Iterator[Draft]:
    """What is X? for each X that the headings name."""
    for section in page.sections:
        subject = set(content(f"{page.title} {section.heading}"))
        for sentence in section.sentences:
            found = None if sentence.item else _is_a(sentence.text, subject, page)
            if found:
                yield Draft(f"What is {found[0]}?", (found[1],), "definition", (page.path,), page.where(section))


def _is_a(text: str, subject: set[str], page: Page) -> tuple[str, str] | None:
    match = _IS_A.match(text)
    if not match or not stands_alone(text) or match["kind"].lower() in _NO_KIND.split():
        return None
    what = match["what"]
    if _NO_SUBJECT.match(what) or _A_CLAUSE.search(what) or not gist(what) or not set(gist(what)) <= subject:
        return None
    article, *rest = what.split(maxsplit=1)
    if not is_name(what) and article not in {"A", "An"} and not (article == "The" and rest and _is_specific(rest[0])):
        return None
    return small_first(what, page.body), text


def _is_specific(what: str) -> bool:
    """`Merlin`, `launch wizard`; but `the pipeline` is one of many."""
    return what[0].isupper() or len(gist(what)) > 1
