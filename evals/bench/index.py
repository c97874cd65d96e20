"""`python -m evals bench index`: the whole pipeline against the raw encoder on the same chunks, sorted, same threads.

`ratio` counts everything a person waits for, from typing the command to the promoted build: Python, Ray, the
model, parsing, writing, indices. `ratio_warm`, on few pages, counts from the first chunk that was embedded.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from core.embedder import load_encoder
from core.errors import FrontdeskError, InvalidInputError
from core.knowledge import Knowledge
from core.settings import Settings
from evals.report import Report

_WARM_PAGES = 300
_ROUNDS = 3  # of the small run; the large one is long enough to speak for itself


def run(settings: Settings, pages: Path) -> Report:
    """`ratio` and `ratio_warm`: the raw encoder's seconds over the pipeline's."""
    if not pages.is_dir():
        raise InvalidInputError(f"{pages} is no folder of pages: name one with --source.")
    load_encoder(settings.embedding_model, settings)  # converts the model, which happens once in a home's life
    with TemporaryDirectory(prefix="bench-index-") as work:
        few = _some(pages, Path(work) / "few")
        warm = sorted((_measure(few, settings) for _ in range(_ROUNDS)), key=lambda found: found["ratio_warm"])
        whole = _measure(pages, settings)
    figures = {
        "ratio": whole["ratio"],
        "ratio_warm": warm[_ROUNDS // 2]["ratio_warm"],
        "chunks_per_second": whole["chunks"] / whole["seconds"],
        "raw_chunks_per_second": whole["chunks"] / whole["raw_seconds"],
        "seconds": whole["seconds"],
        "start_seconds": whole["start_seconds"],
    }
    return Report(figures, meta={"pages": str(pages), "chunks": int(whole["chunks"])})


def _some(pages: Path, target: Path) -> Path:
    """Every n-th page, so that `_WARM_PAGES` of them stand for all."""
    files = sorted(path for path in pages.rglob("*.md"))
    for file in files[:: max(1, len(files) // _WARM_PAGES)][:_WARM_PAGES]:
        copy = target / file.relative_to(pages)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return target


def _measure(pages: Path, settings: Settings) -> Mapping[str, float]:
    """One indexing into a home of its own, then the raw encoder on the chunks that it made."""
    with TemporaryDirectory(prefix="bench-index-home-") as home:
        here = settings.model_copy(update={"home": Path(home), "knowledge_url": None})
        (Path(home) / "models").symlink_to((settings.home / "models").absolute())
        started = perf_counter()
        told = _index(pages, Path(home))
        seconds = perf_counter() - started
        raw_seconds = _raw(_texts(here), settings)
    return {
        "ratio": raw_seconds / seconds,
        "ratio_warm": raw_seconds / (told["seconds/total"] - told["seconds/start"]),
        "seconds": seconds,
        "start_seconds": told["seconds/start"],
        "raw_seconds": raw_seconds,
        "chunks": float(told["chunks/embedded"] + told["chunks/reused"]),  # equal ones are embedded once
    }


def _index(pages: Path, home: Path) -> Any:
    """The command as a person types it, in a process of its own."""
    stores = [part for name in ("KNOWLEDGE", "DATABASE", "TRACKING") for part in ("-u", f"FRONTDESK_{name}_URL")]
    command = ["env", *stores, f"FRONTDESK_HOME={home}", sys.executable, "-m", "pipelines", "index"]
    arguments = [str(pages.absolute()), "--site", "bench", "--json"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FrontdeskError(f"The indexing that was to be measured failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)["figures"]


def _texts(settings: Settings) -> list[str]:
    """What was embedded, read back from the build: title, heading and text of every chunk."""
    knowledge = Knowledge(settings.knowledge_location)
    [table] = knowledge.tables()
    rows = knowledge.open(table).lance.search().select(["title", "heading", "text"]).to_list()
    return ["\n".join(part for part in (row["title"], row["heading"], row["text"]) if part) for row in rows]


def _raw(texts: Sequence[str], settings: Settings) -> float:
    encoder = load_encoder(settings.embedding_model, settings)
    encoder.encode(texts[:64])
    started = perf_counter()
    encoder.encode(texts)
    return perf_counter() - started
