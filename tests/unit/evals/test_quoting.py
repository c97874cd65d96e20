"""Quotes of a prompt's passages: cited, of the length that is asked for, and let pass by the check."""

from __future__ import annotations

import pytest

from evals.instant_model import InstantModel
from evals.quoting import quoted
from serving.agent import Closing, ModelWriter, checked
from serving.agent.prompts import messages
from tests.fakes.models import word_vectors
from tests.fakes.retriever import passage

PASSAGES = [
    passage("# Returns\n\nYou have **30 days** from delivery. Keep the box.\n\n- a list item", heading="Machines"),
    passage("We ship on Tuesdays.", title="Shipping", name="shipping"),
]
PROMPT = str(messages("How long?", PASSAGES, [], "")[-1].content)


def test_sentences_are_quoted_with_the_number_of_their_passage() -> None:
    assert "".join(quoted(PROMPT, 16)) == (
        "You have 30 days from delivery. [1] Keep the box. [1] We ship on Tuesdays. [2]"
    )


def test_quotes_are_cut_or_said_again_until_they_have_the_length() -> None:
    assert "".join(quoted(PROMPT, 2)) == "You have"
    assert len(quoted(PROMPT, 100)) == 100
    assert "[2]\n- You have" in "".join(quoted(PROMPT, 100))


def test_a_prompt_without_passages_has_nothing_to_quote() -> None:
    assert quoted(str(messages("How long?", [], [], "")[-1].content), 9) == []
    assert quoted("", 9) == []


@pytest.mark.parametrize("length", [16, 100])
async def test_what_an_instant_model_says_passes_the_check(length: int) -> None:
    writer = checked(ModelWriter(InstantModel(words=length), "instant"), word_vectors)
    *pieces, closing = [piece async for piece in writer.write("How long?", PASSAGES, [], "")]
    assert isinstance(closing, Closing)
    assert (closing.rulings, closing.declined) == ((), False)
    said = "".join(map(str, pieces))
    assert said.startswith("You have 30 days from delivery. [1] Keep the box. [1] We ship")
    assert len(said.split()) == length
