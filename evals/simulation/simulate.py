"""`python -m evals simulate`: a year of conversations in a folder, as an export and its compaction would have left it.

Day by day, so that memory is bounded whatever the size. Writes only where nothing but a simulation lies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.conversations.layout import to_bytes
from core.conversations.schema import RATINGS, TURNS, Kind
from core.durable import Folder
from core.errors import IntegrityError, InvalidInputError
from core.settings import Settings
from evals.progress import Watch
from evals.report import Report
from evals.simulation.answered import MODELS, answer
from evals.simulation.asked import ask
from evals.simulation.plan import Plan
from evals.simulation.rated import rate
from evals.simulation.rows import table
from evals.simulation.texts import Texts, read_texts
from serving.agent.catalogue import Price, load_catalogue

_PREFIX = "simulated-"
_FILE = 250_000  # turns at most
_SUMMARY = "simulated.json"  # written last: what is there is whole
_SIMULATED = re.compile(
    rf"{re.escape(_SUMMARY)}|(feedback/)?date=\d{{4}}-\d\d-\d\d/{_PREFIX}\d{{4,}}-\d{{3,}}\.parquet"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]+:/")  # a Path has one of its slashes left


@dataclass(frozen=True, slots=True)
class Part:
    """What is written at once: turns in order of time, and what was said of them."""

    day: int
    number: int
    turns: pa.Table
    ratings: pa.Table


def simulate(plan: Plan, out: Path, questions: Path, settings: Settings, watch: Watch) -> Report:
    """Writes the plan into the folder; figures are counts, seconds and bytes."""
    _make_room(out)
    began, folder = perf_counter(), Folder(out)
    figures = dict.fromkeys(("turns", "declined", "ratings", "bytes"), 0.0)
    for part in parts(plan, read_texts(questions), settings):
        for kind, rows in ((TURNS, part.turns), (RATINGS, part.ratings)):
            figures["bytes"] += _put(folder, kind, plan, part, rows)
        figures["turns"] += len(part.turns)
        figures["declined"] += part.turns.column("declined").to_numpy().sum()
        figures["ratings"] += len(part.ratings)
        watch("days", plan.days) if not part.number else None
    meta = {"days": plan.days, "sites": plan.sites, "seed": plan.seed, "out": str(out), "questions": str(questions)}
    report = Report({**figures, "seconds": perf_counter() - began}, meta=meta)
    folder.put(_SUMMARY, report.to_json().encode(), lambda _: None)
    return report


def is_simulated(plan: Plan, folder: Path) -> bool:
    """Whether the folder holds all of this plan."""
    summary = folder / _SUMMARY
    if not summary.exists():
        return False
    told = json.loads(summary.read_text())
    asked = {"days": plan.days, "sites": plan.sites, "seed": plan.seed}
    return bool(told["figures"]["turns"] == plan.turns) and asked.items() <= told["meta"].items()


def parts(plan: Plan, texts: Texts, settings: Settings) -> Iterator[Part]:
    """Day by day, a large day in several."""
    catalogue = load_catalogue(settings)
    prices = [catalogue.price(model) for model in MODELS]
    for day in range(plan.days):
        counts = plan.counts[day]
        pieces = -(-int(counts.sum()) // _FILE)
        for number in range(pieces):
            share = counts * (number + 1) // pieces - counts * number // pieces
            yield _part(plan, day, number, share, texts, prices)


def _part(plan: Plan, day: int, number: int, counts: np.ndarray, texts: Texts, prices: list[Price]) -> Part:
    chance = np.random.default_rng([plan.seed, 0, day, number])
    asked = ask(plan, day, counts, len(texts), texts.manners, chance)
    answered = answer(plan, day, asked, texts.answerable, prices, chance)
    sites = pa.array([site.name for site in plan.websites])
    return Part(day, number, table(plan, day, asked, answered, texts), rate(asked, answered, sites, chance))


def _put(folder: Folder, kind: Kind, plan: Plan, part: Part, rows: pa.Table) -> int:
    if not len(rows):
        return 0
    data = to_bytes(rows, kind)
    name = f"{kind.folder}date={plan.date(part.day)}/{_PREFIX}{part.day:04}-{part.number:03}.parquet"

    def check(stored: bytes) -> None:
        if pq.read_metadata(pa.BufferReader(stored)).num_rows != len(rows):
            raise IntegrityError(f"{name} lost rows while it was written: simulate again.")

    folder.put(name, data, check)
    return len(data)


def _make_room(out: Path) -> None:
    """Removes an earlier simulation; InvalidInputError where there is anything else, or no place for a folder."""
    _refuse_no_folder(out)
    found = [file for file in out.rglob("*") if file.is_file() and not file.name.startswith(".")]
    real = [name for file in found if not _SIMULATED.fullmatch(name := file.relative_to(out).as_posix())]
    if real:
        raise InvalidInputError(
            f"{out} holds what no simulation wrote ({real[0]}): name a folder of its own with --out.", param="out"
        )
    for file in found:
        file.unlink()


def _refuse_no_folder(out: Path) -> None:
    if _URL.match(str(out)):
        raise InvalidInputError(
            f"{out} is no folder of this machine: name one with --out, and copy it to where it shall be.", param="out"
        )
    if file := next((each for each in (out, *out.parents) if each.exists() and not each.is_dir()), None):
        raise InvalidInputError(f"{file} is a file: name a folder with --out.", param="out")
