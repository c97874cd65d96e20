"""Markdown passages as sentences."""

from __future__ import annotations

import pytest

from core.sentences import sentence_texts, split


def texts(markdown: str) -> list[str]:
    return [sentence.text for sentence in split(markdown)]


@pytest.mark.parametrize(
    ("prose", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It holds 1.8 litres. That is a lot.", ["It holds 1.8 litres.", "That is a lot."]),
        ("Use oats, e.g. Rolled ones. Fine.", ["Use oats, e.g. Rolled ones.", "Fine."]),
        ("Ask Dr. Reeve or J. Doe. Now.", ["Ask Dr. Reeve or J. Doe.", "Now."]),
        ("See No. 5 and fig. 3. Then go.", ["See No. 5 and fig. 3.", "Then go."]),
        ("We close at 5 p.m. Come early.", ["We close at 5 p.m.", "Come early."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("Wait ... then go. (It beeps.) Done.", ["Wait ... then go.", "(It beeps.)", "Done."]),
        ("It costs £5. 10 days later it is £6.", ["It costs £5.", "10 days later it is £6."]),
        ("营业时间是九点。周日休息。", ["营业时间是九点。", "周日休息。"]),
        ("", []),
    ],
)
def test_prose_splits_where_sentences_end(prose: str, sentences: list[str]) -> None:
    assert sentence_texts(prose) == sentences


def test_markdown_noise_is_gone() -> None:
    noisy = (
        "**Price:** £489, see [the list](prices.md) &amp; `K-1031`.\\\nIt ![photo](x.png)is *small*<br>and ~~old~~ new."
    )
    assert texts(noisy) == ["Price: £489, see the list & K-1031.", "It is small and old new."]


def test_lines_of_one_paragraph_run_on_and_paragraphs_do_not() -> None:
    assert texts("A line that goes\non here.\n\nAnother one") == ["A line that goes on here.", "Another one"]


def test_headings_are_context_and_not_sentences() -> None:
    first, second = split("# Returns\n\nKeep the box.\n\n## Coffee\n\nNo returns.")
    assert (first.text, first.context) == ("Keep the box.", "Returns")
    assert (second.text, second.context) == ("No returns.", "Returns Coffee")


def test_a_list_item_is_whole_and_knows_what_introduces_it() -> None:
    _, item, other = split("You have 30 days:\n\n- Unused. You get it all.\n- Used: we keep 10%.\n")
    assert (item.text, item.item, item.context) == ("Unused. You get it all.", True, "You have 30 days:")
    assert other.text == "Used: we keep 10%."


def test_an_item_of_a_list_within_a_list_stands_under_what_introduces_both() -> None:
    *_, inner, outer = split("Never do this:\n\n- Turn off these modes:\n  - Offline\n- Skip the test\n")
    assert (inner.text, inner.depth, inner.context) == ("Offline", 2, "Never do this: Turn off these modes:")
    assert (outer.text, outer.depth, outer.context) == ("Skip the test", 1, "Never do this:")


def test_a_long_list_item_is_split() -> None:
    assert texts(f"- {'word ' * 50}ends. Then more.")[1] == "Then more."


def test_a_list_of_links_is_navigation() -> None:
    assert texts("- [Home](/)\n- [Shop](/shop)\n- See [hours](/h) first.\n") == ["See hours first."]


def test_a_bold_line_is_a_heading_by_other_means() -> None:
    item = split("**To reset the machine**\n\n1. Hold both buttons.\n")[0]
    assert (item.text, item.context) == ("Hold both buttons.", "To reset the machine")


def test_a_table_row_reads_as_label_and_values() -> None:
    narrow = "| | Merlin |\n|---|---|\n| Boiler | brass, 0.45 litres |\n"
    wide = "| Day | Shop | Desk |\n|---|---|---|\n| Sunday | 10:00 to 15:00 | closed |\n"
    assert texts(narrow) == ["Boiler: brass, 0.45 litres"]
    row = split(wide)[0]
    assert row.text == "Sunday: Shop 10:00 to 15:00, Desk closed"
    assert row.shown == ("Sunday", "10:00 to 15:00", "closed")
    assert row.context == "Day Shop Desk"


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("Memory in GB", "4", "Memory 4 GB"),
        ("Weight (kg)", "9.2", "Weight 9.2 kg"),
        ("Memory in GB", "unknown", "Memory in GB unknown"),
        ("Open in winter", "2", "Open in winter 2"),
        ("Time (weekdays only)", "9", "Time (weekdays only) 9"),
        ("Speed in Mbps", "100", "Speed 100 Mbps"),
        ("Memory in GiB", "4", "Memory 4 GiB"),
        ("Price in USD", "5", "Price 5 USD"),
        ("Shops in Norway", "5", "Shops in Norway 5"),
        ("Shops in UK", "5", "Shops in UK 5"),
        ("Opens in May", "3", "Opens in May 3"),  # no date
        ("Objects in S3", "5", "Objects in S3 5"),
        ("People (2020)", "1,200", "People (2020) 1,200"),  # not two numbers side by side
    ],
)
def test_a_columns_unit_is_read_with_its_number(column: str, value: str, told: str) -> None:
    assert texts(f"| Type | {column} | Sold |\n|---|---|---|\n| A1 | {value} | no |\n") == [f"A1: {told}, Sold no"]


def test_rows_cut_off_from_their_header_are_still_rows() -> None:
    assert texts("| Boiler | brass |") == ["Boiler: brass"]


def test_short_code_is_quoted_as_code_and_long_code_is_left_on_the_page() -> None:
    assert texts("Run this:\n\n```sh\npip install\n  frontdesk\n```\n") == ["Run this:", "`pip install frontdesk`"]
    assert texts(f"```\n{'x = 1 ' * 60}\n```\n") == []


def test_where_a_passage_leaves_something_out_nothing_is_introduced_any_more() -> None:
    joined = split("# Coffee\n\nYou need:\n\n[…]\n\n- a jug\n")
    assert [(sentence.text, sentence.context) for sentence in joined] == [("You need:", "Coffee"), ("a jug", "")]


def test_html_blocks_are_read_without_their_tags() -> None:
    assert texts("<div>Open &gt; 9 hours.</div>\n") == ["Open > 9 hours."]


@pytest.mark.parametrize("odd", ["", "   ", "***", "|", "| |", "- ", "```", "#", "[", "\x00"])
def test_odd_passages_do_not_break_it(odd: str) -> None:
    assert isinstance(texts(odd), list)
