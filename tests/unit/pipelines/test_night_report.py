"""A night's report: the verdict first, everything that people need, and nothing that is not text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from core.grades import Verdict
from pipelines.night import Night
from pipelines.night_report import html_of, markdown_of
from tests.fakes.nights import BUILD, LIVE, NASTY, grade, night


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(markdown: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


def test_the_verdict_is_the_first_line() -> None:
    kept = night(grade(Verdict.FAILED), is_live=False)
    first = markdown_of(kept).splitlines()[0]
    assert first == f"# Kept: the gate refused build {BUILD}. Site demo answers from build {LIVE} as before."
    assert first.removeprefix("# ") in Page(html_of(kept)).text


@pytest.mark.parametrize("form", [html_of, markdown_of])
def test_what_to_do_stands_below_the_verdict_and_its_reasons_above_all_details(form: Callable[[Night], str]) -> None:
    text = form(night(grade(Verdict.FAILED), is_live=False))
    places = [text.index(heading) for heading in ("The gate", "What you can do", "Scores", "What changed")]
    assert places == sorted(places)


@pytest.mark.parametrize("page", [lambda told: Page(html_of(told)), lambda told: rendered(markdown_of(told))])
def test_both_forms_tell_all_that_people_need(page: object) -> None:
    assert callable(page)
    text = page(night(grade())).text
    for told in (
        "retrieval fused/hit@5 went from .940 to .930: −.010 [−.040, +.020]",
        "No judge is set.",
        "12,345 in, 678 out",
        "52 turns",
        f"Builds that can answer: {BUILD}, {LIVE}",
        "Builds dropped: 20261101-020000-aaaaaa",
        "python -m pipelines rollback --site demo",
        f"python -m pipelines diff {LIVE} {BUILD} --site demo",
        "0123456789abcdef",
        "sqlite:////srv/frontdesk/mlflow.db",
        "is <encrypted>",
        "I do not know.",
        "answered 503, and stays as it was",
        "+3 −1 chunks",
        "grade",
    ):
        assert told in text


@pytest.mark.parametrize("page", [lambda told: Page(html_of(told)), lambda told: rendered(markdown_of(told))])
def test_what_came_from_documents_is_text(page: object) -> None:
    assert callable(page)
    told = night(grade(), warnings=(NASTY,), notes=(NASTY,))
    found = page(told)
    assert found.text.count(NASTY) == 6  # changed, failed, remarked, in a question that flipped, warned of, noted
    assert not [tag for tag, _ in found.tags if tag in {"script", "em", "a"}]


def test_the_page_asks_nobody_for_anything() -> None:
    tags = Page(html_of(night(grade()))).tags
    assert not [tag for tag, _ in tags if tag in {"script", "link", "img", "iframe", "object"}]
    assert not [found for _, found in tags if {"src", "href"} & found.keys()]
    assert "default-src 'none'" in html_of(night())


def test_a_build_that_was_kept_back_comes_with_the_command_that_publishes_it() -> None:
    text = markdown_of(night(grade(Verdict.FAILED), is_live=False))
    assert f"    python -m pipelines promote {BUILD} --site demo\n" in text
    assert "rollback" not in text


def test_the_chart_shows_each_interval_on_one_scale_and_marks_those_without_zero() -> None:
    charts = [found for tag, found in Page(html_of(night(grade()))).tags if tag == "svg" and "role" in found]
    ranges = [found for tag, found in Page(html_of(night(grade()))).tags if found.get("class") == "range"]
    assert [(found["aria-label"], found.get("class")) for found in charts] == [
        ("−0.040 to +0.020", None),
        ("+0.010 to +0.090", "told"),
        ("−0.010 to +0.050", None),
    ]
    assert ranges[1]["x2"] == "98.00%"  # the furthest end
    assert float(str(ranges[0]["x1"]).rstrip("%")) < 50 < float(str(ranges[0]["x2"]).rstrip("%"))


def test_of_very_many_changes_the_first_are_named() -> None:
    told = night()
    assert told.difference
    many = list(told.difference.documents) * 100
    text = markdown_of(night(difference=type(told.difference)(LIVE, BUILD, many)))
    assert text.count("- added: new.md") == 15
    assert "… and 170 more" in text


def test_a_night_that_failed_says_why_and_that_what_is_live_stays() -> None:
    failed = night(renewal=None, difference=None, live=LIVE, failure="s3://bucket/docs is empty.", exported=None)
    for text in (markdown_of(failed), Page(html_of(failed)).text):
        assert f"Failed: nothing was published. Site demo answers from build {LIVE} as before." in text
        assert "s3://bucket/docs is empty." in text


def test_a_night_without_news_is_a_short_report() -> None:
    text = markdown_of(night(is_new=False))
    assert text.startswith(f"# Nothing changed: site demo answers from build {LIVE} as before.")
    assert not re.search("Scores|Gate|What changed", text)
