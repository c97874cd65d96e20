"""An experiment on a small site: computed once, nothing embedded for a weight, tracked as nested runs, on real Ray."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

import polars as pl
import pytest

from core.errors import InvalidInputError
from core.knowledge import Knowledge
from core.settings import Settings
from evals.lab import Lab
from evals.lab.cells import Work, compute, tables_location
from evals.lab.experimenting import experiment
from evals.readers import read_task
from pipelines.index import index
from pipelines.stage import Stores, models_of, unwatched
from tests.fakes.site import PAGES, share_models

GOLDEN = {"hours.md": "When do you open on Saturdays?", "warranty.md": "How long is the warranty of a machine?"}
MORE = " ".join(f"In room {n} we keep machine number {n}, which a guest may try on any day." for n in range(60))


class Counted:
    """Computes, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.cells: list[int] = []

    def __call__(self, work: Sequence[Work]) -> None:
        self.cells += [len(each.cells) for each in work]
        for each in work:
            compute([each])


@pytest.fixture
def site(settings: Settings, stores: Stores, tmp_path: Path) -> Settings:
    share_models(settings.home)
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, (title, text) in (PAGES | {"rooms.md": ("Rooms", MORE)}).items():
        (pages / name).write_text(f"# {title}\n\n{text}\n")
    stores.database.sites.ensure("demo")
    stores.database.sources.ensure("demo", str(pages))
    index("demo", settings, stores, models_of(settings), unwatched)
    golden = [{"_id": page, "question": text, "evidence": [page]} for page, text in GOLDEN.items()]
    settings.site_folder("demo").mkdir(parents=True)
    (settings.site_folder("demo") / "golden.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in golden))
    return settings


def tables(settings: Settings) -> list[str]:
    return Knowledge(tables_location(settings)).tables()


def test_a_weight_needs_no_table_and_nothing_is_computed_twice(site: Settings) -> None:
    task = read_task(site.site_folder("demo") / "golden.jsonl")
    grid = {"weights": [(0.45, 0.55), (1.0, 0.0), (0.0, 1.0)]}
    computing = Counted()
    tried = experiment(grid, task, "demo", site, computing=computing)
    assert computing.cells == [3]
    assert len(tables(site)) == 1
    assert tried.frame["computed"].all()

    again = experiment(grid | {"chunk_tokens": [128, 64]}, task, "demo", site, computing=computing)
    assert computing.cells == [3, 3]  # the other length alone
    assert len(tables(site)) == 2
    assert again.frame["computed"].sum() == 3
    assert again.frame["results"].to_list()[:3] == tried.frame["results"].to_list()


def test_a_changed_page_or_question_is_computed_anew(site: Settings, tmp_path: Path) -> None:
    file = site.site_folder("demo") / "golden.jsonl"
    computing = Counted()
    experiment({}, read_task(file), "demo", site, computing=computing)
    (tmp_path / "pages" / "hours.md").write_text("# Opening hours\n\nOn Saturdays we open at noon.\n")
    experiment({}, read_task(file), "demo", site, computing=computing)
    file.write_text(file.read_text().splitlines()[0])
    experiment({}, read_task(file), "demo", site, computing=computing)
    assert computing.cells == [1, 1, 1]
    experiment({}, read_task(file), "demo", site, computing=computing)
    assert computing.cells == [1, 1, 1]


def test_results_that_were_removed_are_computed_again(site: Settings) -> None:
    task = read_task(site.site_folder("demo") / "golden.jsonl")
    computing = Counted()
    tried = experiment({}, task, "demo", site, computing=computing)
    rmtree(site.home / "evals" / "results")
    again = experiment({}, task, "demo", site, computing=computing)
    assert computing.cells == [1, 1]
    assert again.table()["nDCG@10"].equals(tried.table()["nDCG@10"])


def test_what_the_live_build_holds_is_not_embedded_again(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.embedder.openvino import OpenVinoEncoder

    encoded: list[str] = []
    encode = OpenVinoEncoder.encode

    def noting(self: OpenVinoEncoder, texts: Sequence[str], kind: str = "document") -> object:
        encoded.extend(texts if kind == "document" else ())
        return encode(self, texts, kind)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenVinoEncoder, "encode", noting)
    task = read_task(site.site_folder("demo") / "golden.jsonl")
    experiment({"chunk_tokens": [128]}, task, "demo", site)
    assert encoded == []
    experiment({"chunk_tokens": [64]}, task, "demo", site)
    assert encoded
    assert all("Rooms" in text for text in encoded)  # only the long page is cut otherwise


def test_every_cell_is_a_run_below_the_experiments_which_is_made_once(site: Settings) -> None:
    lab = Lab(site)
    grid = {"weights": [(0.45, 0.55), (0.0, 1.0)]}
    first, again = lab.experiment(grid), lab.experiment(grid)
    assert first.run == again.run
    runs = first.runs()
    assert sorted(runs["fusion"].to_list()) == ["dense 0, text 1", "dense 0.45, text 0.55"]
    assert runs["fused/hit_at_1"].to_list() == [1, 1]


def test_cells_are_told_against_the_first(site: Settings) -> None:
    tried = Lab(site).experiment({"weights": [(0.45, 0.55), (1.0, 0.0)]})
    rows = tried.table("hit@1").to_dicts()
    assert [row["hit@1"] for row in rows] == [1, 1]
    assert (rows[1]["difference"], rows[1]["wins"], rows[1]["losses"], rows[1]["clear"]) == (0, 0, 0, False)
    assert tried.questions("hit@1").columns == ["id", "question", "dense 0.45 / text 0.55", "dense 1 / text 0"]
    assert "baseline" in tried._repr_html_()
    for asked in (tried.questions, tried.table):
        with pytest.raises(InvalidInputError, match=r"there are .*nDCG@10"):
            asked("foo")
    pytest.importorskip("vl_convert")
    assert "<svg" in str(tried.plot()._repr_mimebundle_())


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own defaults
def test_shapes_are_computed_side_by_side_on_a_ray_that_is_gone_afterwards(site: Settings) -> None:
    import sys

    tried = Lab(site).experiment({"chunk_tokens": [64, 96], "chunk_overlap": [0, 24]})
    assert len(tables(site)) == 4
    assert tried.frame.select(pl.col("chunks").n_unique()).item() > 1
    assert not sys.modules["ray"].is_initialized()
