"""A very small model says rows as sentences, one at a time; what it gets wrong is quoted, and it is asked no more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import pytest

from core.errors import ModelError
from core.records import Message, Passage, Usage
from serving.agent.prompts import NO_ANSWER
from serving.agent.state import Closing, Writer
from serving.agent.telling import Telling, prompt
from tests.fakes.models import ScriptedWriter, word_vectors
from tests.fakes.retriever import passage

MERLIN = passage(
    "It is small for its weight.\n\n| | Merlin |\n|---|---|\n| Water tank | 1.8 litres |\n| Weight | 9.2 kg |\n",
    title="Kestrel Merlin",
    heading="Kestrel Merlin > Specification",
    name="merlin",
)
RETURNS = passage("You have 30 days from the day of delivery to send back a machine. Please keep the box.")
WARRANTY = passage("| | Warranty |\n|---|---|\n| Merlin | 24 months |\n| Osprey | 36 months |\n", title="Warranty")
ONE = passage("| | Warranty |\n|---|---|\n| Merlin | 24 months |\n", title="Warranty")
OTHER = passage("| | Term |\n|---|---|\n| Merlin | 12 months warranty |\n", title="Guarantee", name="other")
PAGES = [RETURNS, MERLIN]
HEAVY = "What is the weight of the Merlin?"
ROW = "Kestrel Merlin, Specification:\n- Weight: 9.2 kg [2]"


async def told(
    model: Writer, question: str = HEAVY, passages: Sequence[Passage] = PAGES, history: Sequence[Message] = ()
) -> tuple[str, Closing]:
    written = Telling(model, word_vectors).write(question, passages, history, "A policy.")
    *pieces, closing = [piece async for piece in written]
    assert isinstance(closing, Closing)
    return "".join(map(str, pieces)), closing


@dataclass
class Broken:
    """A model that says one piece and fails."""

    name: str = "broken"
    asked: list[str] = field(default_factory=list)

    async def write(self, begun: str, *_: object) -> AsyncGenerator[str | Closing, None]:
        self.asked.append(begun)
        yield " is"
        raise ModelError("The language model is down.")


async def test_a_row_is_said_as_a_sentence_with_the_mark_of_its_passage() -> None:
    answer, closing = await told(ScriptedWriter([" of the Kestrel", " Merlin is 9.2 kg."], name="local"))
    assert answer == "The weight of the Kestrel Merlin is 9.2 kg. [2]"
    assert (closing.model, closing.usage, closing.declined, closing.rulings) == ("local", Usage(7, 5), False, ())


async def test_the_model_sees_one_line_and_how_its_sentence_begins() -> None:
    model = ScriptedWriter([" is 9.2 kg."])
    await told(model, history=[Message("user", "Hello, I am Ada.")])
    [(begun, passages, history, _)] = model.asked
    assert (begun, [each.chunk.text for each in passages], list(history)) == ("The weight", ["Weight: 9.2 kg"], [])
    *_, line, opening = prompt(begun, passages, history, "")
    assert (line.text, opening.text) == ("Kestrel Merlin\nWeight: 9.2 kg", "The weight")


@pytest.mark.parametrize(
    "said",
    [
        " is 9.5 kg.",
        " is 1.8 litres.",
        " is fine.",
        " is 9.2 kg, and shipping is free.",
    ],
)
async def test_what_does_not_say_the_row_is_left_for_the_row(said: str) -> None:
    answer, closing = await told(ScriptedWriter([said], name="local"))
    assert answer == ROW
    assert (closing.model, closing.usage) == ("extractive", Usage(7, 5))
    assert {(ruling.guard, ruling.allowed) for ruling in closing.rulings} == {("grounded", False)}


async def test_what_it_goes_on_to_invent_is_dropped() -> None:
    answer, closing = await told(ScriptedWriter([" is 9.2 kg. It has a brass boiler."], name="local"))
    assert (answer, closing.model) == ("The weight is 9.2 kg. [2]", "local")


async def test_prose_is_quoted_and_nobody_asked() -> None:
    model = ScriptedWriter(["nonsense"])
    answer, closing = await told(model, "How many days do I have to send back a machine after delivery?")
    assert answer.startswith("You have 30 days from the day of delivery to send back a machine. [1]")
    assert (model.asked, closing.model) == ([], "extractive")


async def test_a_list_stays_a_list() -> None:
    model = ScriptedWriter([" is nothing."])
    rows = passage(
        "| | Warranty |\n|---|---|\n| Merlin | 24 months |\n| Osprey | 36 months |\n| Harrier | 36 months |\n",
        title="Warranty",
    )
    answer, _ = await told(model, "How long is the warranty of the Merlin, Osprey and Harrier?", [rows])
    assert answer.count("\n- ") == 3
    assert model.asked == []


async def test_where_one_of_two_rows_is_not_told_both_are_quoted() -> None:
    answer, closing = await told(
        ScriptedWriter([" has a warranty of 24 months."], name="local"),
        "How long is the warranty of the Merlin and the Osprey?",
        [WARRANTY],
    )
    assert answer == "Warranty:\n- Merlin: 24 months [1]\n- Osprey: 36 months [1]"
    assert closing.model == "extractive"


async def test_what_the_pages_do_not_answer_never_reaches_the_model() -> None:
    model = ScriptedWriter(["It has one."])
    answer, closing = await told(model, "Does anybody speak Portuguese?")
    assert answer.startswith(NO_ANSWER)
    assert (closing.declined, model.asked) == (True, [])


async def test_a_model_that_fails_costs_the_visitor_nothing_and_is_not_asked_again() -> None:
    model = Broken()
    answer, closing = await told(model, "How long is the warranty of the Merlin?", [ONE, OTHER])
    assert answer == "Guarantee:\n- Merlin: 12 months warranty [2]\n\nWarranty:\n- Merlin: 24 months [1]"
    assert (model.asked, closing.model) == (["The Merlin"], "extractive")


async def test_a_model_that_is_down_is_left_alone_for_a_while() -> None:
    model = Broken()
    writer = Telling(model, word_vectors)
    for _ in range(9):
        told = [piece async for piece in writer.write("How long is the warranty of the Merlin?", [ONE, OTHER], [], "")]
        assert isinstance(told[-1], Closing)
        assert told[-1].model == "extractive"
    assert len(model.asked) == 5


@pytest.mark.parametrize(
    ("row", "begun"),
    [
        ("| Saturday | 9:00 to 17:00 |", ["On Saturday"]),
        ("| Valid for | 24 months |", []),
        ("| 8 to 21 days | half |", []),
    ],
)
async def test_only_what_a_sentence_can_begin_with_is_told(row: str, begun: list[str]) -> None:
    model = ScriptedWriter([" is nothing."])
    page = passage(f"| | Open |\n|---|---|\n{row}\n", title="Hours")
    await told(model, f"{row.split('|')[1]} open hours?", [page])
    assert [asked for asked, *_ in model.asked] == begun
