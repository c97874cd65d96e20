"""What becomes of a message whose answer is pinned, whole or in part."""

from __future__ import annotations

from collections.abc import Sequence

from core.records import Event, Message, Pin, Turn
from serving.agent import Agent
from serving.agent.pinned import MODEL
from serving.agent.state import Closing
from tests.fakes.models import ScriptedWriter
from tests.fakes.records import question
from tests.fakes.retriever import FixedRetriever, passage

NORWAY = Pin("norway", "demo", "Do you ship to Norway?", "Yes, by sea.", "https://x/n")
DOGS = Pin("dogs", "demo", "Are dogs allowed?", "Yes.")
BOTH = Pin("both", "demo", "Where can I park, and what does it cost?", "Behind the shop, for nothing.")
PAGES = [passage("We open at ten on Saturdays.", title="Hours"), passage("It costs 9 euros.", title="Costs")]


async def by_letters(_site: str, asked: str, _history: Sequence[Message]) -> Pin | None:
    return next((pin for pin in (NORWAY, DOGS, BOTH) if pin.question.casefold() == asked.casefold()), None)


async def asked(text: str, *said: str, declined: bool = False) -> tuple[Turn, str, ScriptedWriter]:
    writer = ScriptedWriter(said or ["At ten [1]."], Closing(declined=declined))
    agent = Agent(
        retrieve=FixedRetriever(PAGES),
        writer_for=lambda _site: writer,
        remember=_nowhere,
        longest_question=200,
        find_pin=by_letters,
    )
    *events, turn = [item async for item in agent.stream(question(text), [])]
    assert isinstance(turn, Turn)
    told = (event.data["content"] for event in events if isinstance(event, Event) and event.type == "token")
    return turn, "".join(told), writer


async def _nowhere(_turn: Turn) -> None:
    """Nothing is kept."""


async def test_a_pinned_question_alone_is_answered_without_a_model() -> None:
    turn, heard, writer = await asked("Do you ship to Norway?")
    assert turn.answer == heard == "Yes, by sea. [1]"
    assert (turn.model, writer.asked) == (MODEL, [])


async def test_beside_another_question_it_stands_after_the_answer_to_that_one() -> None:
    text = "When do you open on Saturday, and do you ship to Norway?"
    turn, heard, writer = await asked(text)
    assert [question for question, *_ in writer.asked] == ["When do you open on Saturday?"]
    assert turn.answer == heard == "At ten [1].\n\nDo you ship to Norway? Yes, by sea. [3]"
    assert [(citation.n, citation.url) for citation in turn.citations][-1] == (3, "https://x/n")
    assert turn.question == text


async def test_what_leans_on_a_pinned_question_is_asked_after_it() -> None:
    turn, _, writer = await asked("Do you ship to Norway, and how much is it?", "9 euros [2].")
    [(rest, _, history, _)] = writer.asked
    assert rest == "how much is it?"
    assert [message.content for message in history] == ["Do you ship to Norway?", "Yes, by sea."]
    assert turn.answer == "9 euros [2].\n\nDo you ship to Norway? Yes, by sea. [3]"


async def test_a_turn_that_says_what_is_pinned_has_not_declined() -> None:
    turn, _, _ = await asked("What is a quasar? Are dogs allowed?", "Nobody knows.", declined=True)
    assert turn.answer == "Nobody knows.\n\nAre dogs allowed? Yes."
    assert not turn.declined


async def test_several_pinned_questions_are_all_answered() -> None:
    turn, heard, writer = await asked("Are dogs allowed? Do you ship to Norway?")
    assert turn.answer == heard == "Yes.\n\nYes, by sea. [1]"
    assert writer.asked == []


async def test_a_pin_that_asks_several_things_itself_answers_them_all() -> None:
    turn, _, _ = await asked("Where can I park, and what does it cost?")
    assert turn.answer == "Behind the shop, for nothing."
