"""How the lab shows things in a notebook: templates to HTML that asks nobody for anything. Decides nothing.

What comes from documents, questions and answers is text in it, whatever it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from core.records import Citation

_MARK = re.compile(r"\[(\d{1,3})\]")
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


def page(template: str, **values: Any) -> str:
    """The template of this name, filled in."""
    return _environment().get_template(f"{template}.html").render(values)


def prose(markdown: str, citations: Sequence[Citation]) -> Markup:
    """An answer as a page shows it, each mark a link to what it cites."""
    cited = {each.n: each for each in citations}

    def mark(found: re.Match[str]) -> str:
        citation = cited.get(int(found[1]))
        return str(_link(citation)) if citation else found[0]

    return Markup(_MARK.sub(mark, _MARKDOWN.render(markdown)))  # noqa: S704 - rendered without HTML of its own


def address(url: str) -> str:
    """The URL, unless a click on it would run something."""
    return url if _MARKDOWN.validateLink(url) else ""


def _link(citation: Citation) -> Markup:
    told = escape(citation.quote or citation.title)
    return Markup('<sup><a href="{}" title="{}">[{}]</a></sup>').format(address(citation.url), told, citation.n)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("evals.lab"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["address"] = address
    return environment
