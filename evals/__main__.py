"""`python -m evals`: measures of retrieval and answers, comparisons, benches, and a fake model to load-test against."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from core.cli import BUILDS, commands, run
from core.settings import load_settings
from evals.commands.benches import bench
from evals.commands.making import making
from evals.commands.shown import Json, show
from evals.progress import counting

app = commands("Is it any good: measures of retrieval and answers, benches, and the model servers they need.")

_XQUAD = Path("../shared/data/xquad-en")  # public data beside the checkout
_GUARDS = Path("datasets/guards")


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
    show(report, json=json)


@app.command()
def groundedness(
    file: Annotated[Path, typer.Argument(help="Answers that people rated, in the form of MTRAG's human_eval.jsonl.")],
    *,
    json: Json = False,
) -> None:
    """Our groundedness score against people's ratings, beside RAGAS and plain baselines; and false sentences caught."""
    from evals import groundedness as measured

    show(measured.evaluate(file, load_settings()), json=json)


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
    show(report, json=json)


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
    show(report, json=json)


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


app.add_typer(making)
app.add_typer(bench, name="bench")

if __name__ == "__main__":
    run(app)
