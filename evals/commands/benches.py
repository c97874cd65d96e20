"""`python -m evals bench`: our own figures against the plain alternatives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.cli import commands
from core.settings import load_settings
from evals.commands.shown import Json, show
from evals.progress import counting

bench = commands("Our own figure against the plain alternative, in one run.")

_AWS = Path("../shared/data/aws-docs-qa")  # public data beside the checkout; see each option's help for another


@bench.command("embed")
def bench_embed(
    *,
    pages: Annotated[Path, typer.Option(help="Markdown pages to cut the texts from.")] = Path("datasets/kestrel/pages"),
    json: Json = False,
) -> None:
    """Our encoder against sentence-transformers' default encode, on the same texts."""
    from evals.bench import embed

    show(embed.run(load_settings(), pages), json=json)


@bench.command("index")
def bench_index(
    *,
    source: Annotated[Path, typer.Option(help="A folder of Markdown pages to index.")] = _AWS / "documents",
    json: Json = False,
) -> None:
    """The whole pipeline against the raw encoder on the same chunks, with start-up and without."""
    from evals.bench import index

    show(index.run(load_settings(), source), json=json)


@bench.command("search")
def bench_search(
    *, site: Annotated[str | None, typer.Option(help="Search this site's live build.")] = None, json: Json = False
) -> None:
    """Our fused search against LanceDB's bare hybrid query."""
    from evals.bench import search

    settings = load_settings()
    show(search.run(settings, site or settings.site), json=json)


@bench.command("chat")
def bench_chat(
    *,
    sample: Annotated[Path, typer.Option(help="A folder with pages and golden.jsonl to chat about.")] = Path(
        "datasets/kestrel"
    ),
    json: Json = False,
) -> None:
    """Streams a second on Ray Serve against a token-by-token handle and bare uvicorn."""
    from evals.bench import chat

    show(chat.run(load_settings(), sample), json=json)


@bench.command("agent")
def bench_agent(
    *,
    sample: Annotated[Path, typer.Option(help="A folder with pages and golden.jsonl to ask about.")] = Path(
        "datasets/kestrel"
    ),
    json: Json = False,
) -> None:
    """What a turn costs beside model, retrieval and commits; the check and tracing stated apart."""
    from evals.bench import agent

    show(agent.run(load_settings(), sample), json=json)


@bench.command("conversations")
def bench_conversations(
    *,
    turns: Annotated[int, typer.Option(min=1, help="Simulated turns, kept in FRONTDESK_HOME/bench.")] = 5_000_000,
    json: Json = False,
) -> None:
    """The ready-made views of a year of conversations, DuckDB beside Polars on the same files."""
    from evals.bench import conversations

    with counting(Console(stderr=True)) as watch:
        report = conversations.run(load_settings(), turns, Path("datasets/kestrel/golden.jsonl"), watch)
    show(report, json=json)
