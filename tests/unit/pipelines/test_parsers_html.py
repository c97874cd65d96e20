"""HTML: the content stays with its outline, tables and answers; what surrounds it goes."""

from __future__ import annotations

import pytest

from pipelines.parsers import html
from pipelines.parsers.parsed import Parsed

FURNITURE = (
    "Skip to content",
    "We use cookies",
    "Products",
    "In this section",
    "All rights reserved",
    "Sign up",
    "console",
)
CONTENT = """
<h1>Opening hours</h1>
<p>We are open on <b>weekdays</b>,&nbsp;see the <a href="/map">map</a>.</p>
<table><tr><th>Day</th><th>From</th></tr><tr><td>Monday</td><td>9 | 10</td></tr></table>
<h2>Questions<a class="headerlink" href="#q">¶</a></h2>
<details><summary>Do you <i>deliver</i>?</summary><p>Yes, daily.</p></details>
<ul><li>one<ul><li>two</li></ul></li><li><p>three</p></li></ul>
<pre><code class="language-bash"># run
make</code></pre>
"""
AROUND = """<!doctype html><html lang="en"><head><title>Opening hours | Kestrel</title>
<link rel="canonical" href="https://shop.example/hours"><meta name="description" content="When we are open.">
<script>console.log(1)</script></head><body class="page">
<a class="skip" href="#main">Skip to content</a>
<div class="cookie-banner" role="dialog"><p>We use cookies. <button>Fine</button></p></div>
<header><nav><ul><li><a href="/p">Products</a></li><li><a href="/c">Courses</a></li></ul></nav></header>
{}
<aside class="sidebar"><h2>In this section</h2><ul><li><a href="/a">A</a></li><li><a href="/b">B</a></li></ul></aside>
<footer><form><label>Sign up <input></label></form><p>All rights reserved</p></footer></body></html>"""
EXPECTED = """\
# Opening hours

We are open on weekdays, see the map.

| Day | From |
| --- | --- |
| Monday | 9 \\| 10 |

## Questions

### Do you deliver?

Yes, daily.

- one
  - two
- three

```bash
# run
make
```"""


def read(page: str) -> Parsed:
    return html.parse(page.encode()).tidied()


@pytest.mark.parametrize(
    "wrapper", ["<main>{}</main>", "<article>{}</article>", '<div id="content">{}</div>', "<div>{}</div>"]
)
def test_only_the_content_is_left_however_it_is_marked(wrapper: str) -> None:
    page = read(AROUND.format(wrapper.format(CONTENT)))
    assert page.text == EXPECTED
    assert not [words for words in FURNITURE if words in page.text]


def test_title_url_description_and_language_are_read() -> None:
    page = read(AROUND.format(CONTENT))
    assert (page.title, page.url) == ("Opening hours", "https://shop.example/hours")
    assert page.metadata == {"description": "When we are open.", "language": "en"}


@pytest.mark.parametrize(
    ("title", "heading", "expected"),
    [
        ("Contact and how to find us | Kestrel", "Contact", "Contact and how to find us"),
        ("Kestrel – Prices", "Our prices", "Prices"),
        ("Command-line arguments - The book", "Command-line arguments", "Command-line arguments"),
        ("", "Prices", "Prices"),
    ],
)
def test_the_title_loses_the_name_of_the_site(title: str, heading: str, expected: str) -> None:
    assert read(f"<title>{title}</title><main><h1>{heading}</h1><p>text</p></main>").title == expected


def test_what_stands_beside_the_main_element_goes_whatever_its_name() -> None:
    page = read("<body><div>Call us any time.</div><main><p>The content, which is longer.</p></main></body>")
    assert page.text == "The content, which is longer."


def test_related_pages_and_contents_go_and_a_note_of_the_author_stays() -> None:
    page = read("""<main><ul><li><a href="#a">A</a></li><li><a href="#b">B</a></li><li><a href="#c">C</a></li></ul>
        <p>Text.</p><aside>Tip: warm the cup.</aside>
        <div class="related-posts"><a href="/x">Latte art</a> <a href="/y">Milk</a></div></main>""")
    assert page.text == "Text.\n\nTip: warm the cup."


def test_a_link_inside_a_heading_does_not_cost_the_heading() -> None:
    assert (
        read('<main><h2 id="x"><a class="header" href="#x">Prices</a></h2><p>low</p></main>').text == "## Prices\n\nlow"
    )


def test_answers_that_unfold_are_kept_and_hidden_menus_are_not() -> None:
    page = read("""<main><h2><button aria-expanded="false">Why?</button></h2>
        <div class="accordion-panel" hidden>Because.</div><div style="display:none">Menu</div></main>""")
    assert page.text == "## Why?\n\nBecause."


def test_a_page_about_cookies_is_not_taken_for_a_banner() -> None:
    page = read("<body><div class='cookies'><h1>Cookies</h1><p>There are three.</p></div></body>")
    assert page.text == "# Cookies\n\nThere are three."


def test_spans_of_table_cells_are_filled_and_layout_tables_are_blocks() -> None:
    page = read("""<table><tr><th>a</th><th colspan=2>b</th></tr><tr><td rowspan=2>1</td><td>2</td><td>3</td></tr>
        <tr><td>4</td><td>5</td></tr></table>
        <table><tr><td><h2>Left</h2><p>text</p></td><td><p>right</p></td></tr></table>""")
    assert page.text == ("| a | b | b |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n| 1 | 4 | 5 |\n\n## Left\n\ntext\n\nright")


def test_definitions_quotes_breaks_and_pictures_are_kept() -> None:
    page = read("""<main><dl><dt>Boiler</dt><dd>0.5 litres</dd></dl><blockquote>Good.</blockquote>
        <p>one<br>two <img alt="a cup" src="x.png"></p></main>""")
    assert page.text == "- Boiler: 0.5 litres\n\n> Good.\n\none\ntwo a cup"


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="windows-1251"><p>Часы работы</p>'.encode("cp1251"),
        "<p>Часы работы</p>".encode("utf-16"),
        '<?xml version="1.0" encoding="utf-8"?><html><body><p>Часы работы</p></body></html>'.encode(),
        '<meta charset="utf-16"><p>Часы работы</p>'.encode(),  # declares what it is not
    ],
)
def test_the_encoding_is_that_of_the_bytes(data: bytes) -> None:
    assert html.parse(data).tidied().text == "Часы работы"


def test_a_page_without_text_gives_none() -> None:
    assert read("<html><body><div id='root'></div><script>app()</script></body></html>").text == ""
