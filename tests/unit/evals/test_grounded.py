"""Groundedness as a measure of answers: what is in the passages, what is not, and whom it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.embedder import Encoder, Kind, Vectors
from evals.grounded import groundedness
from evals.rehearsal import Answered
from tests.fakes.answers import answered
from tests.fakes.encoders import FakeEncoder

OPEN = "The shop opens at nine on weekdays."


class Counting(FakeEncoder):
    """Knows every text that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        self.seen += texts
        return super().encode(texts, kind)


async def scored(*answers: Answered, encoder: Encoder | None = None) -> dict[str, dict[str, float]]:
    scores = await groundedness(encoder or FakeEncoder())(answers)
    return {measure: dict(values) for measure, values in scores.items()}


async def test_a_quote_is_grounded_and_an_invention_is_not() -> None:
    scores = await scored(
        answered("quoted", f"{OPEN} [1]", passages=(OPEN,)),
        answered("invented", "Dragons breathe fire on villages.", passages=(OPEN,)),
    )
    assert scores["groundedness"]["quoted"] > 0.9
    assert scores["groundedness"]["invented"] < 0.5
    assert scores["unsupported"] == {"quoted": 0, "invented": 1}


async def test_one_false_number_makes_one_sentence_unsupported() -> None:
    said = f"{OPEN} It closes at 7."
    scores = await scored(answered("q", said, passages=(f"{OPEN} It closes at 5.",)))
    assert scores["unsupported"] == {"q": 0.5}


async def test_naming_the_page_and_heading_is_no_claim_that_wants_support() -> None:
    scores = await scored(answered("q", f"Hours:\n- {OPEN}", passages=(OPEN,)))
    assert scores["unsupported"] == {"q": 0}


async def test_where_a_passage_stands_is_read_as_what_it_says() -> None:
    where = answered("q", "Opening hours of the shop: Monday 9 to 17.", passages=("Monday 9 to 17.",))
    [passage] = where.turn.passages
    chunk = replace(passage.chunk, title="The shop", heading="Visit > Opening hours")
    placed = replace(where, turn=replace(where.turn, passages=(replace(passage, chunk=chunk),)))
    told = [(await scored(each))["groundedness"]["q"] for each in (where, placed)]
    assert told[1] > told[0] + 0.02


async def test_an_answer_without_passages_is_not_grounded() -> None:
    assert (await scored(answered("q", OPEN)))["groundedness"]["q"] < 0.3


async def test_what_claims_nothing_is_left_out() -> None:
    scores = await scored(
        answered("declined", "I could not find that.", declined=True, passages=(OPEN,)),
        answered("failed", "We", failed=True, passages=(OPEN,)),
        answered("silent", "", passages=(OPEN,)),
    )
    assert scores == {"groundedness": {}, "unsupported": {}}


async def test_each_sentence_is_embedded_once() -> None:
    encoder = Counting()
    await scored(*(answered(name, OPEN, passages=(OPEN, "It closes at 5.")) for name in "abc"), encoder=encoder)
    assert len(encoder.seen) == len(set(encoder.seen))
