"""Headings that say what one can do (`Descaling the Merlin`), where a sentence below tells how."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.sentences import Sentence
from core.words import content
from evals.drafting.answering import leans, stands_alone
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page
from evals.drafting.wording import asked_by_a_visitor, base_form, gist, spoken

_HOW_TO = re.compile(r"(?:how|where|when) to (?P<verb>\w+) (?P<what>.+)$", re.IGNORECASE)
_ASKED = {"how": "How do I", "where": "Where do I", "when": "When should I"}
_ODD = re.compile(r"[()\[\]<>`:;?!=/{}]|\d\.\d|^\W|\b(?:examples?|sample|tutorial|part|optional)\b", re.IGNORECASE)
_TO = re.compile(r"To (?P<verb>\w+) (?P<what>[^,]+), (?!you will|you'll)")
_MEANS = r"\b(?:by \w+ing|using|with the|from the|through)\b"
_CAN = re.compile(rf"(?:You can )?(?P<verb>\w+) (?P<what>.+?) {_MEANS}", re.IGNORECASE)
_CAN_USE = re.compile(r"(?:You can )?use .+? to (?P<verb>\w+) (?P<what>.+)", re.IGNORECASE)
_A_CLAUSE = re.compile(r"\b(?:that|which|who|when|if)\b")
_NO_OBJECT = frozenset({"and", "or", "of", "for", "up"})
_STEPS_ONLY = re.compile(
    r"\b(?:steps|procedure|to do this|do the following|several|different|various|either of|one of the|ways)\b",
    re.IGNORECASE,
)


def drafts(page: Page) -> Iterator[Draft]:
    """A question for each such heading, the title included, that a sentence below it answers."""
    for section in page.sections:
        asked = _asked(section.heading or page.title)
        if asked is None:
            continue
        asks, verb, what = asked
        told = next((each.text for each in section.sentences if _tells(each, verb, what)), None)
        if told:
            said = asked_by_a_visitor(spoken(what, page.body, page.small_words))
            yield Draft(f"{asks} {verb} {said}?", (told,), "heading", (page.path,), page.where(section))


def _asked(heading: str) -> tuple[str, str, str] | None:
    """How the question starts, its verb, and the rest of the heading."""
    if _ODD.search(heading) or not 2 <= len(heading.split()) <= 12:
        return None
    if said := _HOW_TO.match(heading):
        asks, verb, what = _ASKED[heading.split()[0].lower()], said["verb"].lower(), said["what"]
    else:
        first, what = heading.split(maxsplit=1)
        asks, verb = "How do I", base_form(first, what.split()[0]) or ""
    if not verb or verb == "use" or what.split()[0].lower() in _NO_OBJECT or _joined(what) or not _is_object(what):
        return None
    return asks, verb, what


def _is_object(what: str) -> bool:
    """`the Merlin`, `trails`; but `the function` is one that the page made before."""
    pointed_at = what.lower().startswith("the ") and what[4:].islower()
    return len(gist(what)) > pointed_at


def _joined(what: str) -> bool:
    """`Snapshots and Restoring Them`: two things to do in one heading."""
    after = re.split(r"\band\b", what)[1:]
    return any(rest.split() and base_form(rest.split()[0], "the") for rest in after)


def _tells(sentence: Sentence, verb: str, what: str) -> bool:
    """An instruction to do just that, with the means to do it."""
    text = sentence.text
    if sentence.is_row or not stands_alone(text) or leans(text) or _STEPS_ONLY.search(text):
        return False
    return any(
        match["verb"].lower() == verb
        and set(gist(what)) <= set(content(match["what"]))
        and not _A_CLAUSE.search(match["what"])
        for match in (pattern.match(text) for pattern in (_TO, _CAN_USE, _CAN))
        if match
    )
