"""`python -m evals`: measures of retrieval and answers, comparisons, benches, and a fake model to load-test against."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from core.cli import BUILDS, commands, run
from core.settings import load_settings
from evals.progress import counting
from evals.report import Report

app = commands("Is it any good: measures of retrieval and answers, benches, and the model servers they need.")
bench = commands("Our own figure against the plain alternative, in one run.")
app.add_typer(bench, name="bench")

_AWS = Path("../shared/data/aws-docs-qa")  # public data beside the checkout; see each option's help for another
_XQUAD = Path("../shared/data/xquad-en")
_GUARDS = Path("datasets/guards")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: figures, intervals, meta.")]


@app.command()
def retrieval(
    questions: Annotated[
        Path | None,
        typer.Argument(help="A BEIR folder, or a folder or file of qa.jsonl form. With --site: its golden.jsonl."),
    ] = None,
    *,
    site: Annotated[str | None, typer.Option(help="Measure a build of this site.")] = None,
    build: Annotated[str, typer.Option(help=f"Which of its builds: {BUILDS}.")] = "live",
    one_passage: Annotated[bool, typer.Option(help="Embed each document whole: a check of the embedder.")] = False,
    typos: Annotated[bool, typer.Option(help="Mistype one or two longer words of each question.")] = False,
    json: Json = False,
) -> None:
    """Dense, full text and fused retrieval: nDCG, recall, MRR and hits, with bootstrap intervals."""
    from evals import retrieval as measured
    from evals import tracked

    settings = load_settings()
    if site is not None and one_passage:
        raise typer.BadParameter("A site's build is as it was indexed: --one-passage goes with a folder of questions.")
    if site is not None:
        golden = questions or settings.site_folder(site) / "golden.jsonl"
        report = measured.evaluate_site(golden, site, settings, build=build, typos=typos)
        tracked.record(report, settings)
    elif questions is not None:
        report = measured.evaluate_corpus(questions, settings, one_passage=one_passage, typos=typos)
    else:
        raise typer.BadParameter("Name a folder of questions, or a site with --site.")
    _show(report, json=json)


@app.command()
def groundedness(
    file: Annotated[Path, typer.Argument(help="Answers that people rated, in the form of MTRAG's human_eval.jsonl.")],
    *,
    json: Json = False,
) -> None:
    """Our groundedness score against people's ratings, beside RAGAS and plain baselines; and false sentences caught."""
    from evals import groundedness as measured

    _show(measured.evaluate(file, load_settings()), json=json)


@app.command()
def answers(
    questions: Annotated[
        Path | None, typer.Argument(help="A file of qa.jsonl form, or its folder. [default: the site's golden.jsonl]")
    ] = None,
    *,
    site: Annotated[
        str | None,
        typer.Option(
            help="The site that is asked. [default: the corpus.jsonl beside FILE; without FILE, FRONTDESK_SITE]"
        ),
    ] = None,
    build: Annotated[str | None, typer.Option(help=f"Which of its builds: {BUILDS}. [default: live]")] = None,
    at_once: Annotated[int, typer.Option(min=1, help="Questions, then judgements, under way at any time.")] = 4,
    judgements: Annotated[int, typer.Option(min=1, help="How often FRONTDESK_JUDGE_MODEL judges each answer.")] = 3,
    json: Json = False,
) -> None:
    """Ask every question, and measure the answers; no visitor's conversation comes of it."""
    from evals import answers as measured
    from evals import tracked

    settings = load_settings()
    with counting(Console(stderr=True)) as watch:
        how: measured.How = {"judgements": judgements, "at_once": at_once, "watch": watch}
        if questions is not None and site is None and build is None:
            report = asyncio.run(measured.evaluate_corpus(questions, settings, **how))
        else:
            asked = site or settings.site
            golden = questions or settings.site_folder(asked) / "golden.jsonl"
            report = asyncio.run(measured.evaluate_site(golden, asked, settings, build=build or "live", **how))
            tracked.record(report, settings)
    _show(report, json=json)


@app.command("replay")
def replay_questions(
    *,
    site: Annotated[str | None, typer.Option(help="The site. [default: FRONTDESK_SITE]")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the last questions.")] = 100,
    build: Annotated[str, typer.Option(help=f"The build that is tried: {BUILDS}.")] = "staged",
    against: Annotated[str, typer.Option(help="The build that it is compared with.")] = "live",
    at_once: Annotated[int, typer.Option(min=1, help="Questions under way at any time.")] = 4,
    json: Json = False,
) -> None:
    """Ask two builds what visitors asked last, and show what came out otherwise.

    Real questions are shown, and kept in the results: they may hold personal data. No conversation comes of it.
    """
    from evals.replay import replay

    settings = load_settings()
    with counting(Console(stderr=True)) as watch:
        found = asyncio.run(
            replay(
                site or settings.site, settings, build=build, against=against, last=last, at_once=at_once, watch=watch
            )
        )
    if json:
        typer.echo(found.to_json())
    else:
        Console().print(found.table())


@app.command()
def guards(
    questions: Annotated[
        Path | None, typer.Argument(help="Questions that the site answers. [default: the site's golden.jsonl]")
    ] = None,
    *,
    site: Annotated[str | None, typer.Option(help="The site, by its live build. [default: FRONTDESK_SITE]")] = None,
    far: Annotated[Path, typer.Option(help="Questions that have nothing to do with it.")] = _XQUAD,
    near: Annotated[
        Path | None,
        typer.Option(help="Ones that sound as if. [default: datasets/guards/near-SITE.jsonl, if it is there]"),
    ] = None,
    smalltalk: Annotated[Path, typer.Option(help="What asks nothing.")] = _GUARDS / "smalltalk.jsonl",
    json: Json = False,
) -> None:
    """What the guards refuse: far and near off-topic questions, the site's own, and small talk."""
    from evals import guards as measured

    settings = load_settings()
    asked = site or settings.site
    its_near = _GUARDS / f"near-{asked}.jsonl"
    sets = measured.QuestionSets(
        own=questions or settings.site_folder(asked) / "golden.jsonl",
        far=far,
        near=near or (its_near if its_near.exists() else None),
        smalltalk=smalltalk,
    )
    with counting(Console(stderr=True)) as watch:
        report = asyncio.run(measured.evaluate(sets, asked, settings, watch=watch))
    _show(report, json=json)


@app.command("compare")
def compare_results(
    a: Annotated[str, typer.Argument(help="Results to compare with: their name, or a Parquet file.")],
    b: Annotated[str, typer.Argument(help="Results of the same questions.")],
    *,
    form: Annotated[
        Literal["table", "markdown", "latex"], typer.Option("--format", help="How the table is written.")
    ] = "table",
    json: Json = False,
) -> None:
    """Two results question by question: paired differences with intervals, and which questions flipped."""
    from evals import comparison_table
    from evals.comparison import compare
    from evals.results import load

    settings = load_settings()
    comparison = compare(load(a, settings), load(b, settings), (a, b))
    if json:
        typer.echo(comparison.to_json())
    elif form == "table":
        Console().print(comparison_table.terminal(comparison))
    else:
        typer.echo((comparison_table.markdown if form == "markdown" else comparison_table.latex)(comparison))


@app.command()
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
        _show(files.accept(file, settings.site_folder(asked) / "golden.jsonl"), json=json)
        return
    files.refuse_to_replace(file, force=force)
    with counting(Console(stderr=True)) as watch:
        drafted = asyncio.run(drafting.draft(asked, settings, number=number, seed=seed, watch=watch))
    files.write(drafted.drafts, file)
    if json:
        _show(drafted.report().with_meta(draft=str(file)), json=True)
    else:
        Console().print(drafted.table(), drafted.next_steps(file, default=output is None), sep="\n")


@app.command("fake-model")
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


@app.command()
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
    _show(report, json=json)


@bench.command("embed")
def bench_embed(
    *,
    pages: Annotated[Path, typer.Option(help="Markdown pages to cut the texts from.")] = Path("datasets/kestrel/pages"),
    json: Json = False,
) -> None:
    """Our encoder against sentence-transformers' default encode, on the same texts."""
    from evals.bench import embed

    _show(embed.run(load_settings(), pages), json=json)


@bench.command("index")
def bench_index(
    *,
    source: Annotated[Path, typer.Option(help="A folder of Markdown pages to index.")] = _AWS / "documents",
    json: Json = False,
) -> None:
    """The whole pipeline against the raw encoder on the same chunks, with start-up and without."""
    from evals.bench import index

    _show(index.run(load_settings(), source), json=json)


@bench.command("search")
def bench_search(
    *, site: Annotated[str | None, typer.Option(help="Search this site's live build.")] = None, json: Json = False
) -> None:
    """Our fused search against LanceDB's bare hybrid query."""
    from evals.bench import search

    settings = load_settings()
    _show(search.run(settings, site or settings.site), json=json)


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

    _show(chat.run(load_settings(), sample), json=json)


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

    _show(agent.run(load_settings(), sample), json=json)


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
    _show(report, json=json)


def _show(report: Report, *, json: bool) -> None:
    if json:
        typer.echo(report.to_json())
    else:
        Console().print(report.table())


if __name__ == "__main__":
    run(app)
