"""Headings that are questions, answered by what stands right below them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.words import content
from evals.drafting.answering import leans, opening
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page
from evals.drafting.wording import gist, spoken

_ASKS = re.compile(
    r"(?:what|when|where|which|who|whose|why|how|can|could|do|does|did|is|are|was|were|will|would|should|may|must|have|has)"
    r"\b.{6,160}\?$",
    re.IGNORECASE,
)
_STATED = re.compile(r"(?:who (?!we|you|it|they|this)\w+s|what (?:is|are)) .{6,120}[^?.:]$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?:[QF]?\d+[.):]|Q[.:])\s+")
_POINTS = re.compile(r"\b(?:it|this|that|these|those|they|them|its|their)\b", re.IGNORECASE)
_CONDITION = re.compile(r"(?:because|when|if|before|after|while|although)\b", re.IGNORECASE)
_A_LIST = 2  # questions that make a page one of questions and answers, so that what follows one answers it


def drafts(page: Page) -> Iterator[Draft]:
    """Every heading, the title included, that asks something one understands without the page."""
    asked = [(section, question) for section in page.sections if (question := _question(section.heading or page.title))]
    trusted = sum(bool(section.heading) for section, _ in asked) >= _A_LIST
    for section, question in asked:
        answer = opening(section.sentences)
        if answer and not _CONDITION.match(answer) and ((trusted and section.heading) or _answers(question, answer)):
            asks, rest = question.split(maxsplit=1)
            said = f"{asks} {spoken(rest, page.body, page.small_words)}"
            yield Draft(said, (answer,), "faq", (page.path,), page.where(section))


def _question(heading: str) -> str | None:
    heading = _NUMBERED.sub("", heading.strip())
    if not _ASKS.match(heading):
        heading = f"{heading}?" if _STATED.match(heading) else ""
    points = _POINTS.search(heading)
    known = heading[: points.start()] if points else heading
    return heading if len(gist(known)) >= 2 else None


def _answers(question: str, answer: str) -> bool:
    """Where a question stands alone it may be a headline: the answer must speak of the same."""
    return not leans(answer) and len(set(gist(question)) & set(content(answer))) >= 2
