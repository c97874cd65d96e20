"""Questions with answers that a model writes about pages, by the parts of RAGAS's test-set generation.

Two calls a question: what a page is about, and what a visitor asks about that. RAGAS's own generator asks many times
about all pages together before it writes the first question, and one failed call ends it; here a failure is a page's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.settings import Settings
from evals.drafting.drafts import Draft
from evals.drafting.pages import Page
from evals.judge import reason
from evals.judge_client import judge_client
from evals.progress import Watch, silent
from evals.ragas_metrics import judging_model

if TYPE_CHECKING:
    from openai import AsyncOpenAI

logger = logging.getLogger(__name__)

Asks = Callable[[Page], Awaitable[Draft]]

_LONGEST = 8_000  # characters of a page that the model reads
_VISITORS = {
    "First-time visitor": "Knows little about the site, asks in plain words what it offers and on which conditions.",
    "Customer": "Uses what the site is about already, and wants to get something done or to solve a problem.",
    "Careful buyer": "Compares prices, sizes, limits, deadlines and exceptions before deciding.",
}
_ASKED_FOR = (
    "A visitor of the website asks, who has not seen this page: name the thing asked about, and never say 'this page' "
    "or 'the text'. Answer in as few words as answer it, taken word for word from the context."
)


@dataclass(frozen=True)
class Written:
    """What the model wrote, and why there is nothing about some pages."""

    drafts: Sequence[Draft]
    failures: Sequence[str] = ()


async def written(pages: Sequence[Page], settings: Settings, *, at_once: int = 4, watch: Watch = silent) -> Written:
    """One question a page; a page that the model fails on is named with the reason."""
    places = asyncio.Semaphore(at_once)

    async def one(page: Page, ask: Asks) -> Draft | str:
        async with places:
            try:
                return await ask(page)
            except Exception as error:  # whatever stops one question is named; the others are written all the same
                logger.info("a question was not written", exc_info=error)
                return f"{page.path}: {reason(error)}"
            finally:
                watch("Writing", len(pages))

    async with judge_client(settings) as (model, client):
        ask = _asking(model, client)
        found = await asyncio.gather(*(one(page, ask) for page in pages))
    return Written(
        [each for each in found if isinstance(each, Draft)], [each for each in found if isinstance(each, str)]
    )


def _asking(model: str, client: AsyncOpenAI) -> Asks:
    """RAGAS's extractor of entities and its writer of questions about one passage."""
    from ragas.testset.graph import Node, NodeType
    from ragas.testset.persona import Persona
    from ragas.testset.synthesizers.single_hop.specific import SingleHopSpecificQuerySynthesizer
    from ragas.testset.transforms.extractors import NERExtractor
    from ragas.tokenizers import BaseTokenizer

    class Characters(BaseTokenizer):
        """RAGAS measures with tiktoken, which fetches its vocabulary from the network; pages are short anyway."""

        def encode(self, text: str) -> list[int]:
            return [ord(letter) for letter in text]

        def decode(self, tokens: list[int]) -> str:
            return "".join(map(chr, tokens))

    llm = judging_model(model, client)
    extractor = NERExtractor(llm=llm, tokenizer=Characters())
    writer = SingleHopSpecificQuerySynthesizer(llm=llm, llm_context=_ASKED_FOR)
    visitors = [Persona(name=name, role_description=role) for name, role in _VISITORS.items()]

    async def ask(page: Page) -> Draft:
        node = Node(type=NodeType.CHUNK, properties={"page_content": f"{page.title}\n\n{page.body}"[:_LONGEST]})
        _, entities = await extractor.extract(node)
        themes = list(dict.fromkeys(entities)) or [page.title]
        cases = writer.prepare_combinations(node, themes, visitors, {visitor.name: themes for visitor in visitors})
        sample: Any = await writer.generate_sample(writer.sample_combinations(cases, 1)[0])
        return Draft(sample.user_input.strip(), (sample.reference.strip(),), "model", (page.path,), page.title)

    return ask
