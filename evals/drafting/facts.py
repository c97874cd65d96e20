"""Sentences that say in one phrase what something costs, weighs or holds, and how long it takes or lasts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.drafting.answering import stands_alone
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page, Section
from evals.drafting.wording import asked_by_a_visitor, is_known, small_first

_WHAT = r"(?P<what>(?:An?|The|Our|[A-Z][\w'’-]*)(?: [\w'’-]+){0,7}?)"
_ABOUT = r"(?:about |around |approximately |only |at least |at most |up to |between )?"
_NUMBER = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half an|\d+(?:[.,]\d+)*)"
_TIME = "(?:second|minute|hour|day|night|week|month|year)"
_SPAN = rf"{_ABOUT}{_NUMBER}(?: (?:to|and) {_NUMBER})? (?:working )?{_TIME}s?\b"
_MONEY = rf"{_ABOUT}[£$€]\s?\d+(?:[.,]\d+)*(?: (?:per|a|an|each) [\w-]+)?"
_DIGITS = r"\d+(?:[.,]\d+)*"
_SIZE = rf"{_ABOUT}{_DIGITS}(?: to {_DIGITS})? ?(?:[kKmMGT]?i?[gBml]|litres?|liters?|[ckm]m|tonnes?|people)\b"

_PATTERNS = tuple(
    (re.compile(rf"{_WHAT} (?:{verb}) (?P<answer>{answer})"), question)
    for verb, answer, question in (
        ("costs?", _MONEY, "How much {does} {what} cost?"),
        ("takes?", _SPAN, "How long {does} {what} take?"),
        ("lasts?(?: for)?", _SPAN, "How long {does} {what} last?"),
        ("weighs?", _SIZE, "How much {does} {what} weigh?"),
        ("holds?", _SIZE, "How much {does} {what} hold?"),
    )
)
_ANY = re.compile(r" (?:costs?|takes?|lasts?|weighs?|holds?) ")  # soon told, which the patterns are not
_NO_SUBJECT = re.compile(
    r"(?:this|that|these|those|it|they|he|she|we|you|there|which|what|each|both|all|if|when|and)\b"
    r"|.*\b(?:that|which|who|can|may|might|will|should|usually|often|also|typically|then|not|it)\b"
    r"|.*\b(?:the|an?|of|for|to|in|on|with|by|from)$",
    re.IGNORECASE,
)


def drafts(page: Page) -> Iterator[Draft]:
    """One for each such sentence whose subject one understands without the page."""
    for section in page.sections:
        for sentence in section.sentences:
            found = _asked(sentence.text, page, section) if _ANY.search(sentence.text) else None
            if found:
                yield Draft(found[0], (found[1],), "fact", (page.path,), page.where(section))


def _asked(text: str, page: Page, section: Section) -> tuple[str, str] | None:
    for pattern, question in _PATTERNS:
        match = pattern.match(text)
        if match and stands_alone(text):
            what = match["what"]
            if not _NO_SUBJECT.match(what) and is_known(what, page.title, *section.headings):
                does = "does" if text[match.end("what") :].split()[0].endswith("s") else "do"
                what = asked_by_a_visitor(small_first(what, page.body))
                return question.format(does=does, what=what), match["answer"]
    return None
