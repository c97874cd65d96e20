"""Marks as they stream, and the citations they become."""

from __future__ import annotations

import itertools

import pytest

from serving.agent.citations import Marks, cite, text_fragment
from tests.fakes.retriever import passage


def read(text: str, passages: int = 3, size: int | None = None) -> tuple[str, Marks]:
    """The text as shown when it arrives `size` characters at a time."""
    marks = Marks(passages)
    step = size or max(1, len(text))
    shown = "".join(marks.feed(text[at : at + step]) for at in range(0, len(text), step))
    return shown + marks.finish(), marks


CASES = [
    ("You have 30 days [1].", "You have 30 days [1].", [1]),
    ("Two [2] and [1] and [2].", "Two [2] and [1] and [2].", [2, 1]),
    ("Both [1, 3].", "Both [1][3].", [1, 3]),
    ("Half [1; 9].", "Half [1].", [1]),
    ("None [4], none [99].", "None, none.", []),
    ("A year [2024] is no mark.", "A year [2024] is no mark.", []),
    ("A [link](https://x.example) stays.", "A [link](https://x.example) stays.", []),
    ("Unfinished [1", "Unfinished [1", []),
    ("Index with `items[9]` [2].", "Index with `items[9]` [2].", [2]),
    ("```\nx = y[1]\n```\nSo [1].", "```\nx = y[1]\n```\nSo [1].", [1]),
    ("A stray ` tick.\n\nThen [9] and [1].", "A stray ` tick.\n\nThen and [1].", [1]),
    ("[0] Not said.", "Not said.", []),
    ("  Leading [1] and trailing  ", "Leading [1] and trailing", [1]),
]


@pytest.mark.parametrize(("text", "shown", "used"), CASES)
@pytest.mark.parametrize("size", [None, 1, 2, 3, 7])
def test_marks_read_the_same_however_the_text_is_cut(text: str, shown: str, used: list[int], size: int | None) -> None:
    result, marks = read(text, size=size)
    assert (result, marks.used) == (shown, used)


def test_text_is_held_back_only_while_it_may_be_a_mark() -> None:
    marks = Marks(2)
    fed = [marks.feed(piece) for piece in ["Open", " from", " nine [", "1", "] to", " five", " [x]"]]
    assert fed == ["Open", " from", " nine", "", " [1] to", " five", " [x]"]


def test_mark_zero_is_removed_and_says_that_the_model_declined() -> None:
    assert read("[0] The pages do not say.")[1].declined
    assert not read("The pages say [1].")[1].declined


RETURNS = passage(
    "# Machines\n\nYou have **30 days** from delivery to send back a machine. Please keep the box.\n\n"
    "- Used: we keep 10% of the price.\n\n| Part | Price |\n|---|---|\n| Shower screen | £7.00 |\n",
    heading="Machines",
)


def test_a_citation_quotes_the_sentence_that_its_mark_stands_on() -> None:
    answer = "Keep the box [1]. Anything else is up to you [2]."
    first, second = cite(answer, [1, 2], [RETURNS, passage("Call us any time.", name="contact")])
    assert (first.n, first.source_id, first.title, first.heading) == (1, "returns#0", "Returns", "Machines")
    assert first.quote == "Please keep the box."
    assert first.url == "https://shop.example/returns#:~:text=Please%20keep%20the%20box."
    assert second.quote == "Call us any time."


def test_a_mark_after_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    answer = "You can send a machine back for 30 days. [1] We keep 10% of the price when it was used."
    assert cite(answer, [1], [RETURNS])[0].quote == "You have 30 days from delivery to send back a machine."


def test_a_table_row_is_quoted_as_a_person_reads_it_and_linked_as_the_page_shows_it() -> None:
    citation = cite("A shower screen is £7.00 [1].", [1], [RETURNS])[0]
    assert citation.quote == "Shower screen: £7.00"
    assert citation.url.endswith("#:~:text=Shower%20screen,%C2%A37.00")


def test_an_empty_passage_is_cited_without_a_quote() -> None:
    citation = cite("So [1].", [1], [passage("")])[0]
    assert (citation.quote, citation.url) == ("", "https://shop.example/returns")


def test_a_page_without_a_url_gets_no_link() -> None:
    assert cite("Keep the box [1].", [1], [passage("Keep the box.", url="")])[0].url == ""


@pytest.mark.parametrize(
    ("url", "shown", "linked"),
    [
        ("https://x.example/p", ["Open daily"], "https://x.example/p#:~:text=Open%20daily"),
        ("https://x.example/p#hours", ["Open daily"], "https://x.example/p#hours:~:text=Open%20daily"),
        ("https://x.example/p#h:~:text=old", ["Open daily"], "https://x.example/p#h:~:text=Open%20daily"),
        ("/p?a=1", ["well-known, 5 & 6"], "/p?a=1#:~:text=well%2Dknown%2C%205%20%26%206"),
        (
            "https://x.example/p",
            ["One two three four five six seven eight nine ten."],
            "https://x.example/p#:~:text=One%20two%20three%20four,seven%20eight%20nine%20ten.",
        ),
        ("https://x.example/p", ["Boiler", "single, brass"], "https://x.example/p#:~:text=Boiler,single%2C%20brass"),
        ("https://x.example/p", ["Öffnet um 9 €"], "https://x.example/p#:~:text=%C3%96ffnet%20um%209%20%E2%82%AC"),
        ("https://x.example/p", [], "https://x.example/p"),
    ],
)
def test_text_fragments_are_encoded_as_the_specification_demands(url: str, shown: list[str], linked: str) -> None:
    assert text_fragment(url, shown) == linked


def test_every_way_of_cutting_a_short_answer_shows_the_same() -> None:
    text = "A [1] b [5]. `c[2]`"
    for cuts in itertools.combinations(range(1, len(text)), 2):
        marks = Marks(3)
        first, second = cuts
        parts = [text[:first], text[first:second], text[second:]]
        shown = "".join(marks.feed(part) for part in parts) + marks.finish()
        assert shown == "A [1] b. `c[2]`", cuts
