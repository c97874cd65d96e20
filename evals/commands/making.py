"""`python -m evals questions | simulate | fake-model`: what measuring needs and nobody has yet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from core.cli import commands
from core.settings import load_settings
from evals.commands.shown import Json, show
from evals.progress import counting

making = commands("What measuring needs and nobody has yet.")


@making.command()
def questions(
    *,
    site: Annotated[str | None, typer.Option(help="The site, by its live build. [default: FRONTDESK_SITE]")] = None,
    number: Annotated[int, typer.Option(min=1, help="Questions at most.")] = 50,
    output: Annotated[
        Path | None, typer.Option(help="The draft. [default: golden.draft.jsonl in the site's folder]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one reads the pages in another order.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a draft that is there, reviewed or not.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="The reviewed draft's questions join the site's golden.jsonl.")
    ] = False,
    json: Json = False,
) -> None:
    """Draft golden questions from a site's own pages, for you to review; FRONTDESK_JUDGE_MODEL writes them if set."""
    from evals import questions as drafting
    from evals.drafting import files

    settings = load_settings()
    asked = site or settings.site
    file = output or settings.site_folder(asked) / "golden.draft.jsonl"
    if accept:
        show(files.accept(file, settings.site_folder(asked) / "golden.jsonl"), json=json)
        return
    files.refuse_to_replace(file, force=force)
    with counting(Console(stderr=True)) as watch:
        drafted = asyncio.run(drafting.draft(asked, settings, number=number, seed=seed, watch=watch))
    files.write(drafted.drafts, file)
    if json:
        show(drafted.report().with_meta(draft=str(file)), json=True)
    else:
        Console().print(drafted.table(), drafted.next_steps(file, default=output is None), sep="\n")


@making.command("fake-model")
def fake_model(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8001,
    first_token_ms: Annotated[float, typer.Option(min=0, help="Time to the first token.")] = 200,
    tokens_per_second: Annotated[float, typer.Option(min=0, help="Rate after it; 0 for all at once.")] = 50,
    tokens: Annotated[int, typer.Option(min=1, help="Length of an answer.")] = 120,
    error_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that fail with 429 or 500.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same errors.")] = 0,
) -> None:
    """An OpenAI-compatible server whose speed, length and errors you choose."""
    from evals.fake_model import FakeModelOptions, serve

    options = FakeModelOptions(first_token_ms, tokens_per_second, tokens, error_rate, seed)
    serve(options, host, port)


@making.command()
def simulate(
    *,
    out: Annotated[Path, typer.Option(help="The folder to fill; one that holds real conversations is refused.")],
    turns: Annotated[int, typer.Option(min=1, help="How many turns.")] = 5_000_000,
    days: Annotated[int, typer.Option(min=1, help="Over so many days, the last of 2025.")] = 365,
    sites: Annotated[int, typer.Option(min=1, max=200, help="On so many sites.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same one, the same conversations.")] = 0,
    questions: Annotated[Path, typer.Option(help="What is asked.")] = Path("datasets/kestrel/golden.jsonl"),
    json: Json = False,
) -> None:
    """A year of conversations that nobody had, as Parquet: FRONTDESK_CONVERSATIONS_URL=FOLDER shows them."""
    from evals.simulation.plan import Plan
    from evals.simulation.simulate import simulate

    with counting(Console(stderr=True)) as watch:
        report = simulate(Plan(turns, days, sites, seed), out, questions, load_settings(), watch)
    show(report, json=json)
