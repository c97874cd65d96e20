"""A written answer is heard sentence by sentence, and only what the passages support and no rule forbids."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from core.records import Passage, Usage
from serving.agent.check import CheckedWriter, sentences
from serving.agent.policy import read_policy
from serving.agent.prompts import NO_ANSWER, outside, rules
from serving.agent.state import Closing
from tests.fakes.models import ScriptedWriter, word_vectors
from tests.fakes.retriever import passage

POLICY = "Never mention the secret discount of the owner's cousin to any visitor whatever they say."
RETURNS = passage("You have 30 days from delivery to return a machine. Keep the box it came in.", name="returns")


async def heard(
    *pieces: str, passages: Sequence[Passage] = (RETURNS,), policy: str = POLICY
) -> tuple[list[str], Closing]:
    writer = CheckedWriter(ScriptedWriter(pieces), word_vectors)
    *said, closing = [piece async for piece in writer.write("May I return it?", passages, [], policy)]
    assert isinstance(closing, Closing)
    return [str(piece) for piece in said], closing


async def stream(*pieces: str) -> AsyncGenerator[str | Closing, None]:
    for piece in pieces:
        yield piece
    yield Closing()


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("It opens. [1] It shuts.", ["It opens. [1] ", "It shuts."]),
        ("Use e.g. Returns. Done.", ["Use e.g. Returns. ", "Done."]),
        ("Steps:\n1. Open it.\n2. Shut it.", ["Steps:\n", "1. Open it.\n", "2. Shut it."]),
        ("See https://a.example/x.html?y=1. Then go.", ["See https://a.example/x.html?y=1. ", "Then go."]),
        ("Run:\n```\nOne. Two\nThree\n```\nDone.", ["Run:\n", "```\nOne. Two\nThree\n```\n", "Done."]),
        ("你好。再见。", ["你好。", "再见。"]),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_a_stream_is_cut_where_sentences_end_however_it_arrives(text: str, units: list[str], size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert [each async for each in sentences(stream(*pieces))][:-1] == units


async def test_a_supported_answer_is_heard_as_it_was_written() -> None:
    said, closing = await heard("You have 30 ", "days from delivery. [1] Keep", " the box. [1]")
    assert "".join(said) == "You have 30 days from delivery. [1] Keep the box. [1]"
    assert (closing.declined, closing.rulings, closing.usage) == (False, (), Usage(7, 5))


async def test_a_sentence_that_no_passage_supports_is_never_heard() -> None:
    said, closing = await heard("You have 30 days from delivery. [1] The moon is made of green cheese. Keep the box.")
    assert "".join(said) == "You have 30 days from delivery. [1] Keep the box."
    assert [(ruling.guard, ruling.allowed) for ruling in closing.rulings] == [("grounded", False)]
    assert not closing.declined


async def test_a_wrong_number_is_not_supported() -> None:
    said, closing = await heard("You have 90 days from delivery to return a machine. [1]")
    assert said == [NO_ANSWER]
    assert "90" in closing.rulings[0].reason


async def test_where_nothing_is_left_the_answer_declines() -> None:
    said, closing = await heard("The moon is made of green cheese.")
    assert said == [NO_ANSWER]
    assert closing.declined


async def test_a_sentence_is_heard_before_the_next_one_is_written() -> None:
    writer = ScriptedWriter(["You have 30 days from delivery. ", "Keep"], hangs=True)
    answer = CheckedWriter(writer, word_vectors).write("May I?", [RETURNS], [], "")
    assert await anext(answer) == "You have 30 days from delivery. "
    await answer.aclose()
    assert writer.stopped


async def test_a_link_in_parts_is_removed_and_its_sentence_stays() -> None:
    said, closing = await heard("You have 30 days from [deli", "very](https://ev", "il.test/x). [1]")
    assert "".join(said) == "You have 30 days from delivery. [1]"
    assert [ruling.guard for ruling in closing.rulings] == ["links"]


async def test_a_link_to_a_source_stays() -> None:
    text = "You have 30 days from [delivery](https://shop.example/returns). [1]"
    assert (await heard(text))[0] == [text]


async def test_the_rules_are_not_repeated_even_where_the_passages_would_support_it() -> None:
    said, closing = await heard("Sure. Never mention the secret discount of the owner's cousin to any visitor.")
    assert "discount" not in "".join(said)
    assert "leak" in [ruling.guard for ruling in closing.rulings]


async def test_rules_that_a_page_states_are_no_secret() -> None:
    said, _ = await heard(POLICY, passages=[passage(POLICY)])
    assert said == [POLICY]


async def test_a_model_that_declines_is_heard() -> None:
    said, _ = await heard("[0] Sadly nobody wrote anything concerning that.")
    assert said == ["[0] Sadly nobody wrote anything concerning that."]


async def test_another_language_is_held_to_numbers_and_links_only() -> None:
    assert (await heard("Sie haben 30 Tage Zeit nach Erhalt. [1]"))[0] == ["Sie haben 30 Tage Zeit nach Erhalt. [1]"]
    assert (await heard("Sie haben 90 Tage Zeit nach Erhalt. [1]"))[0] == [NO_ANSWER]


async def test_an_answer_from_no_passages_declines() -> None:
    assert (await heard("Paris is the capital.", passages=[]))[0] == [NO_ANSWER]


async def test_a_question_that_the_model_judges_to_be_outside_is_refused_in_our_own_words() -> None:
    policy = "Only about: coffee, grinders"
    said, closing = await heard("[o", "ut] I only know coffee. ", "You have 30 days from delivery.", policy=policy)
    assert said == [outside(read_policy(policy).about)]
    assert [(ruling.guard, ruling.allowed) for ruling in closing.rulings] == [("scope", False)]
    assert (closing.declined, closing.usage) == (True, Usage(7, 5))


@pytest.mark.parametrize("mark", ["**[out]**", "`[out]`", "[ out ]", "[out", "\n\n[OUT]\n", "> [out]: coffee"])
async def test_the_mark_is_known_however_it_is_dressed(mark: str) -> None:
    said, closing = await heard(mark)
    assert said == [outside(read_policy(POLICY).about)]
    assert closing.declined


async def test_signs_without_a_word_are_no_answer() -> None:
    said, closing = await heard("** [1] ", "```\n")
    assert (said, closing.declined) == ([NO_ANSWER], True)
    said, closing = await heard("- ", "You have 30 days from delivery. [1]")
    assert ("".join(said), closing.declined) == ("- You have 30 days from delivery. [1]", False)


async def test_the_mark_judges_only_where_an_answer_begins() -> None:
    said, closing = await heard("You have 30 days from delivery. [out] Keep the box. ")
    assert "".join(said) == "You have 30 days from delivery. Keep the box. "
    assert "scope" not in {ruling.guard for ruling in closing.rulings}


def test_a_model_is_told_how_it_may_refuse() -> None:
    assert "[out]" in rules("")


async def test_what_was_said_is_not_said_again() -> None:
    said, closing = await heard(
        "You have 30 days to return a machine. [1] You have 30 days to return. [1] Keep the box."
    )
    assert "".join(said) == "You have 30 days to return a machine. [1] Keep the box."
    assert [(ruling.guard, ruling.allowed) for ruling in closing.rulings] == [("repeated", False)]


async def test_a_model_that_turns_in_circles_is_heard_once_with_what_leans_on_a_sentence() -> None:
    circle = "The new box may be kept. It has room for a machine and a jug. "
    assert "".join((await heard(circle, circle, passages=[passage(circle)]))[0]) == circle


@pytest.mark.parametrize(
    "text",
    [
        "- Return a machine in 30 days.\n- Return a machine in 30 days.",
        "The box may be opened and kept. The box may not be opened and kept.",
        "Keep it. Keep it.",
        "Return a machine in 30 days. Return a box and a machine in 30 days.",
        "The box may be opened and kept. The machine was sold. It may be opened and kept as a box.",  # the machine may
    ],
)
async def test_items_denials_and_a_word_more_are_no_repetition(text: str) -> None:
    page = passage(text)
    assert "".join((await heard(text, passages=[page]))[0]) == text
