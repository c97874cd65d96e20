"""A first golden set drafted from a site's own pages, to be reviewed by a person.

Where FRONTDESK_JUDGE_MODEL names a model, RAGAS has it write the questions; else they come from what the pages
themselves ask, define, list and state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from core.embedder import load_encoder
from core.errors import NotFoundError
from core.knowledge import Knowledge
from core.settings import Settings
from evals.builds import site_build
from evals.drafting import definitions, facts, faq, howto, rules, tables
from evals.drafting.choice import merged, spread
from evals.drafting.drafts import HOW, Draft, Drafter
from evals.drafting.pages import Page, pages
from evals.progress import Watch, silent
from evals.ragas_testset import written
from evals.readers import read_questions
from evals.report import Report

DRAFTERS: Sequence[Drafter] = (faq.drafts, facts.drafts, rules.drafts, tables.drafts, definitions.drafts, howto.drafts)

_PAGES = 10  # read for each question that is wanted: what is generic shows only beside other pages
_SHOWN = 10


@dataclass(frozen=True)
class Drafted:
    """The drafts, and what they were made from."""

    drafts: Sequence[Draft]
    meta: dict[str, Any] = field(default_factory=dict)

    def report(self) -> Report:
        """How many of each kind, from how many pages."""
        kinds = Counter(draft.how for draft in self.drafts)
        figures: dict[str, int] = {"drafted": len(self.drafts)}
        figures |= {how: kinds[how] for how in HOW if kinds[how]}
        figures["pages"] = len({page for draft in self.drafts for page in draft.pages})
        return Report({f"questions/{name}": value for name, value in figures.items()}, meta=self.meta)

    def table(self) -> Table:
        """The first ones, for a person."""
        table = Table("kind", "question", "answer", "page")
        for draft in self.drafts[:_SHOWN]:
            answer = draft.answers[0] if draft.answers else ""
            table.add_row(draft.how, escape(draft.question), escape(answer), escape(draft.pages[0]))
        return table

    def next_steps(self, file: Path, *, default: bool) -> str:
        """What to do with the draft, for a person."""
        elsewhere = "" if default else f" --output {file}"
        return (
            f"Questions drafted: {len(self.drafts)}, in {file}\n"
            "Review it: delete the lines that are wrong or that nobody would ask, and mend what nearly fits.\n"
            'Add a few questions that the site does not answer ("answerable": false): none of these is one.\n'
            f"Then: python -m evals questions --site {self.meta['site']} --accept{elsewhere}"
        )


async def draft(site: str, settings: Settings, *, number: int = 50, seed: int = 0, watch: Watch = silent) -> Drafted:
    """At most `number` questions about the build that is live; none that the site's golden questions ask already."""
    build = site_build(site, settings)
    table = Knowledge(settings.knowledge_location).open(build.table)
    encoder = load_encoder(build.embedding_model, settings)
    known = _golden(settings.site_folder(site) / "golden.jsonl")
    meta: dict[str, Any] = {"site": site, "build": build.id}
    if settings.judge_model:
        by_model = await written(list(islice(pages(table, seed), number)), settings, watch=watch)
        found = by_model.drafts
        meta |= {"model": settings.judge_model} | ({"failed": list(by_model.failures)} if by_model.failures else {})
    else:
        found = [each for page in islice(pages(table, seed), _PAGES * number) for each in found_in(page)]
    chosen = spread(merged(found), number, encoder, known)
    if not chosen:
        raise NotFoundError(_nothing(site, meta))
    return Drafted(chosen, meta)


def found_in(page: Page) -> Iterator[Draft]:
    """What a page asks, states, lists and defines."""
    for drafter in DRAFTERS:
        yield from drafter(page)


def _golden(file: Path) -> list[str]:
    return [question.text for question in read_questions(file).questions] if file.exists() else []


def _nothing(site: str, meta: Mapping[str, Any]) -> str:
    if failed := meta.get("failed"):
        return f"{meta['model']} wrote no question about site {site}. The first of {len(failed)} failures: {failed[0]}"
    return (
        f"Nothing on the pages of site {site} makes a question that its golden.jsonl does not ask yet: no FAQ, "
        "definition, table or rule. Write some by hand, or set FRONTDESK_JUDGE_MODEL and have a model write them."
    )
