"""What each kind of question is drafted from, what it asks, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.drafting import definitions, facts, faq, howto, rules, tables
from evals.drafting.drafts import Drafter
from evals.drafting.pages import Page, Section, page_of
from tests.fakes.records import chunk


def asked(drafter: Drafter, text: str, *, title: str = "A page", heading: str = "") -> list[tuple[str, str]]:
    """Question and answer of each draft of a page with one section."""
    page = Page("page.md", title, (Section((heading,) if heading else (), text),))
    return [(draft.question, draft.answers[0]) for draft in drafter(page)]


def test_a_page_of_questions_is_answered_by_what_stands_below_each() -> None:
    below = {
        "Do you wrap presents?": "In sailcloth paper, for £3.50 per item. Machines get a bow only.",
        "Can I order online and pick it up?": 'Yes. Choose "pick up" at the last step. It is kept for ten days.',
        "Overview": "This page answers what we hear most.",
    }
    page = Page("faq.html", "Questions", tuple(Section((heading,), text) for heading, text in below.items()))
    drafts = list(faq.drafts(page))
    assert [(draft.question, draft.answers) for draft in drafts] == [
        ("Do you wrap presents?", ("In sailcloth paper, for £3.50 per item.",)),
        ("Can I order online and pick it up?", ('Yes. Choose "pick up" at the last step.',)),
    ]
    assert drafts[0].pages == ("faq.html",)
    assert drafts[0].heading == "Questions > Do you wrap presents?"
    assert {draft.how for draft in drafts} == {"faq"}


def test_a_heading_in_capitals_is_asked_in_the_small_letters_of_the_text() -> None:
    text = "CloudTrail events are records of what you do in Amazon Kendra. I record them."
    assert asked(faq.drafts, text, heading="What Are CloudTrail Events?") == [
        ("What are CloudTrail events?", "CloudTrail events are records of what you do in Amazon Kendra.")
    ]


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("How fine should I grind?", "Grind is the steering wheel of espresso."),  # a headline: nothing is answered
        ("What does it cost?", "The machine costs £400."),  # what?
        ("Which one?", "Take Espresso Foundations."),
        ("What is a transit gateway?", "See the following topics."),
        ("What is a transit gateway?", "If a transit gateway is used, more is charged."),
    ],
)
def test_a_question_that_its_text_does_not_answer_or_that_leans_on_the_page_is_left(heading: str, text: str) -> None:
    assert asked(faq.drafts, text, heading=heading) == []


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("The Osprey costs £2,450.", "How much does the Osprey cost?", "£2,450"),
        ("The Osprey grinders cost £265 each way.", "How much do the Osprey grinders cost?", "£265 each way"),
        ("The Merlin boiler takes about 40 seconds.", "How long does the Merlin boiler take?", "about 40 seconds"),
        ("Our tidal gas roaster holds 15 kg of beans.", "How much does your tidal gas roaster hold?", "15 kg"),
    ],
)
def test_a_sentence_with_an_amount_is_a_fact(sentence: str, question: str, answer: str) -> None:
    assert asked(facts.drafts, sentence, title="The Osprey") == [(question, answer)]


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs £2,450 with two portafilters.",
        "This costs £12 a year.",
        "A copy costs £10.",  # of what?
        "The scale runs on a battery that lasts 30 hours.",
        "Amazon CloudWatch keeps the last two weeks of history.",
        "The Osprey costs more than you would think.",
    ],
)
def test_a_fact_about_nothing_one_can_name_is_left(sentence: str) -> None:
    assert asked(facts.drafts, sentence) == []


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("Opened coffee cannot be returned.", "Can opened coffee be returned?", None),
        ("Coffee volumes can't be created as boot volumes.", "Can coffee volumes be created as boot volumes?", None),
        ("Coffee filters cannot be returned once opened.", "Can coffee filters be returned?", None),
        ("We do not take cheques.", "Do you take cheques?", None),
        ("You cannot recover a lost secret key.", "Can I recover a lost secret key?", None),
        (
            "You can combine up to three gift cards with one order.",
            "How many gift cards can I combine with one order?",
            "up to three gift cards",
        ),
    ],
)
def test_what_one_may_do_is_asked_as_a_visitor_asks_it(sentence: str, question: str, answer: str | None) -> None:
    assert asked(rules.drafts, sentence, heading="Coffee") == [(question, answer or sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Tags can be used to group resources.",
        "Log group names can be between 1 and 512 characters long.",
        "It cannot be paid out in cash.",
        "You cannot do this later in that case.",
        "The default timeout is 30 seconds and can be changed.",
    ],
)
def test_a_rule_that_says_nothing_alone_is_left(sentence: str) -> None:
    assert asked(rules.drafts, sentence, title="Tags, log group names, timeout") == []


def test_a_table_about_one_thing_gives_its_measures() -> None:
    table = "|  | Merlin |\n| --- | --- |\n| Boiler | brass |\n| Weight | 9.2 kg |\n| Brew temperature | 93 °C |"
    assert asked(tables.drafts, f"The Merlin is small.\n\n{table}") == [
        ("What is the weight of the Merlin?", "9.2 kg"),
        ("What is the brew temperature of the Merlin?", "93 °C"),
    ]


def test_a_table_of_things_gives_each_thing_the_measure_of_the_column() -> None:
    table = "| Item | Price |\n| --- | --- |\n| Tamper, 54 mm | £28 |\n| Knock box, beech | £24 |\n| 3 to 7 days | £2 |"
    assert asked(tables.drafts, table) == [
        ("What is the price of Tamper, 54 mm?", "£28"),
        ("What is the price of Knock box, beech?", "£24"),
    ]
    assert (
        asked(tables.drafts, table.replace("Item", "Service"))[0][0]
        == "What is the price of the service Tamper, 54 mm?"
    )


def test_lines_of_a_page_about_a_thing_are_its_measures_but_a_manual_has_no_price() -> None:
    lines = "- Price: £4 a day. Free under warranty.\n- Deposit: £150\n- How many: we own nine."
    assert asked(tables.drafts, lines, title="Loan machines") == [
        ("What is the price of Loan machines?", "£4 a day"),
        ("What is the deposit for Loan machines?", "£150"),
    ]
    assert asked(tables.drafts, lines, title="User manual") == []


def test_code_is_no_table() -> None:
    assert asked(tables.drafts, '- Avg price: ", (end - start) / n, "ms");', title="Test") == []


def test_what_a_page_is_about_is_defined_by_its_sentence() -> None:
    text = "A listener is a process that checks for requests. A rule is a listener's best friend. It is a thing."
    assert asked(definitions.drafts, text, title="Create a listener") == [
        ("What is a listener?", "A listener is a process that checks for requests.")
    ]
    named = asked(definitions.drafts, "Amazon Kendra is a search service.", title="What Amazon Kendra is")
    assert named[0][0] == "What is Amazon Kendra?"


@pytest.mark.parametrize(
    "text",
    [
        "The pipeline is a pipeline of two stages.",  # one of many
        "Security is a shared responsibility of all.",  # an opinion, not a term
        "This listener is a process of ours.",
        "A listener is a good idea for everyone.",
        "Note Listener is a process of old.",
        "A listener is a process that is described in the following topic.",  # about the page
    ],
)
def test_other_sentences_of_that_form_define_nothing(text: str) -> None:
    assert asked(definitions.drafts, text, title="Listener, pipeline, security") == []


@pytest.mark.parametrize(
    ("heading", "text", "question"),
    [
        (
            "Descaling the Merlin",
            "To descale the Merlin, run 30 g of powder through the group. The Merlin is small.",
            "How do I descale the Merlin?",
        ),
        ("Deleting Trails", "You can delete trails with the console.", "How do I delete trails?"),
        ("How to book a course", "Use the calendar to book a course.", "How do I book a course?"),
    ],
)
def test_a_heading_that_says_what_to_do_is_asked_where_a_sentence_tells_how(
    heading: str, text: str, question: str
) -> None:
    (drafted,) = asked(howto.drafts, text, heading=heading)
    assert drafted == (question, text.split(". ")[0].rstrip(".") + ".")


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Deleting Trails", "To delete trails, follow these steps."),
        ("Deleting Trails", "Deleting trails cannot be undone."),
        ("Deleting Trails", "You can delete trails that are in your account from the console at any time."),
        ("Sharing a Snapshot", "Sharing a snapshot lets others restore it from the snapshot itself."),
        ("Creating a Pipeline", "To connect a channel to a data store, you create a pipeline."),
        ("Opening hours of the shop", "To open the hours of the shop, ask."),
        ("Creating and deleting trails", "To create and delete trails, use the console."),
    ],
)
def test_a_heading_without_an_answer_below_it_is_left(heading: str, text: str) -> None:
    assert asked(howto.drafts, text, heading=heading) == []


def test_a_page_is_put_together_from_its_chunks_by_heading_and_overlaps_stand_once() -> None:
    first = "The machine is small. It warms up in six minutes."
    second = "It warms up in six minutes. The tank holds 1.8 litres."
    chunks = [
        replace(chunk(), text=first, heading="Merlin > Size", position=0),
        replace(chunk(), text=second, heading="Merlin > Size", position=1),
        replace(chunk(), text="Slate.", heading="Merlin > Colours", position=2),
    ]
    assert page_of(chunks).sections == (
        Section(("Merlin", "Size"), "The machine is small. It warms up in six minutes. The tank holds 1.8 litres."),
        Section(("Merlin", "Colours"), "Slate."),
    )
