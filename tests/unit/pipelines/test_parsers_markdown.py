"""Markdown: what is searched is what a reader sees, and its outline survives."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pipelines.markdown import sections
from pipelines.parsers import markdown
from pipelines.parsers.parsed import Parsed


def read(text: str) -> Parsed:
    return markdown.parse(dedent(text).lstrip("\n").encode()).tidied()


def test_an_aws_page_loses_anchors_escapes_links_and_its_list_of_topics() -> None:
    page = read(r"""
        # Straight\-forward pricing<a name="pricing"></a>

        Prices start at $0\.10 \(per hour\)\. See [the *guide*](guide.md#x "Guide")\.<a name="end"></a>

        **Topics**
        + [One](one.md)
        + [Two \(beta\)](#two)

        ## Two \(beta\)<a name="two"></a>

        ![\[Image NOT FOUND\]](http://example.com/a.png)
        ![\[A diagram\]](b.png)
        **Yes **is bold, `kept\.as_is` is code\.
        """)
    assert page.title == "Straight-forward pricing"
    assert page.text == dedent("""\
        # Straight-forward pricing

        Prices start at $0.10 (per hour). See the guide.

        ## Two (beta)

        A diagram
        Yes is bold, `kept\\.as_is` is code.""")


def test_front_matter_gives_title_url_and_metadata() -> None:
    page = read("""
        ---
        title: Merlin
        url: https://shop.example/merlin
        date: 2025-02-14
        tags: [a, b]
        ---
        # The Merlin machine

        Text.
        """)
    assert (page.title, page.url) == ("Merlin", "https://shop.example/merlin")
    assert page.metadata == {"date": "2025-02-14"}
    assert page.text.startswith("# The Merlin machine")


@pytest.mark.parametrize("front", ["---\ntitle: [\n---\n", "---\n- a\n---\n", "---\n---\n"])
def test_a_page_with_useless_front_matter_is_still_a_page(front: str) -> None:
    page = read(front + "# Hello\n\nText.")
    assert (page.title, page.text, page.metadata) == ("Hello", "# Hello\n\nText.", {})


def test_underlined_headings_become_atx_and_rules_vanish() -> None:
    assert read("Title\n=====\n\nPart\n---\n\ntext\n\n---\n\n- item\n---\nend").text == (
        "# Title\n\n## Part\n\ntext\n\n- item\n\nend"
    )


def test_hashes_in_code_are_no_headings() -> None:
    page = read("""
        # Setup

        1. Run this\\.

           ```bash
           # not a heading
           make run \\
           ```
        2. Then that.

            # deep in a list
        """)
    assert [section.headings for section in sections(page.text)] == [("Setup",)]
    assert "```bash\n# not a heading\nmake run \\\n```" in page.text


def test_indented_code_outside_lists_is_kept_as_code() -> None:
    assert (
        read("Text:\n\n    # a comment\n    x = a\\_b\n\nEnd.").text
        == "Text:\n\n```\n# a comment\nx = a\\_b\n```\n\nEnd."
    )


def test_an_escaped_hash_stays_text() -> None:
    page = read("# Title\n\n\\# 1 is a number")
    assert [section.headings for section in sections(page.text)] == [("Title",)]


@pytest.mark.parametrize(
    "page",
    [
        "# A\n\n```\ncode\n\n## B\n\ntext",  # never closed
        "# A\n\n```\ncode\n```<a name='x'></a>\n\n## B\n\ntext",  # closed before an anchor
        "# A\n\n````md\n```\n## no\n```\n````\n\n## B\n\ntext",  # a fence inside a longer one
        "# A\n\n- ```js\n  let x\n  ```\n\n## B\n\ntext",  # begun behind a bullet
        "# A\n\n> ```\n> code\n> ```\n\n## B\n\ntext",
    ],
)
def test_headings_after_a_fence_are_found(page: str) -> None:
    assert [section.headings for section in sections(read(page).text)][-1] == ("A", "B")


def test_tables_keep_their_cells_and_the_pipes_in_them() -> None:
    page = read(r"""
        | Name |  Value |
        |:---|---:|
        | [a\|b](x.md) | `x\|y` |

        Key | Means
        --- | ---
        k | **bold**
        """)
    assert (
        page.text
        == dedent(r"""
        | Name | Value |
        | --- | --- |
        | a\|b | `x\|y` |

        | Key | Means |
        | --- | --- |
        | k | bold |
        """).strip()
    )


def test_lists_keep_their_nesting_with_one_kind_of_bullet() -> None:
    assert read("+ one\n  * two\n    - three\n1. first").text == "- one\n  - two\n    - three\n1. first"


def test_html_in_a_page_becomes_markdown_and_placeholders_stay() -> None:
    page = read("""
        <!-- a comment
        over lines -->
        <h1 align="center">Name</h1>

        <table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>

        Use <code>x</code><br>for arn:<region>:<b>y</b> &amp; z, not <script>.
        """)
    assert page.text == ("# Name\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\nUse `x` for arn:<region>:y & z, not .")


def test_reference_links_are_resolved_where_they_are_defined() -> None:
    page = read("See [the guide][g], [g], array[0][1] and [x].\n\n[g]: https://example.com 'Guide'")
    assert page.text == "See the guide, g, array[0][1] and [x]."


def test_what_only_looks_like_emphasis_stays() -> None:
    text = "snake_case_name, 2 * 3 * 4, **/*.py and arn:aws:s3:::*/stream/* of 5*6*7"
    assert read(text).text == text


def test_emphasis_marks_are_dropped() -> None:
    assert read("**a *b* c**, *d*, __e__, _f_, ***g***, `*h*`").text == "a b c, d, e, f, g, `*h*`"


def test_a_page_of_links_only_keeps_them() -> None:
    assert read("# Appendix\n\n**Topics**\n+ [One](a.md)\n+ [Two](b.md)").text == "# Appendix\n\nTopics\n- One\n- Two"


def test_a_generated_table_of_contents_goes_and_a_list_of_further_reading_stays() -> None:
    page = read("# T\n\n- [a](#a)\n- [b](#b)\n- [c](#c)\n\n## See also\n\n- [x](x.md)\n- [y](y.md)\n")
    assert page.text == "# T\n\n## See also\n\n- x\n- y"
