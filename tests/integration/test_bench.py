"""Benches run to their end and print what is published of them; how fast anything is, no test says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from core.conversations import Conversations, views
from core.errors import InvalidInputError, NotFoundError
from core.settings import Settings
from evals.bench import conversations, index, polars_views, search
from evals.bench.one_view import measure
from evals.progress import silent
from evals.simulation.plan import Plan
from evals.simulation.simulate import simulate
from tests.fakes.commands import run
from tests.fakes.site import PAGES, furnish, share_models


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


def test_search_is_timed_against_the_bare_query(settings: Settings) -> None:
    settings.site_folder("demo").mkdir(parents=True)
    golden = settings.site_folder("demo") / "golden.jsonl"
    golden.write_text(json.dumps({"_id": "1", "question": "When do you open?", "evidence": ["hours.md"]}))
    report = search.run(settings, "demo")
    assert report.figures["ratio"] == pytest.approx(
        report.figures["lancedb_p50_ms"] / report.figures["search_p50_ms"], rel=1e-6
    )
    assert report.meta["chunks"] == len(PAGES)


def test_search_without_questions_says_where_they_belong(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="--golden"):
        search.run(settings, "demo")


def test_indexing_without_pages_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="--source"):
        index.run(settings, tmp_path / "gone")


def test_a_share_of_the_pages_stands_for_all(tmp_path: Path) -> None:
    for number in range(650):
        (tmp_path / "all" / str(number % 7)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / str(number % 7) / f"{number:03}.md").write_text(str(number))
    some = sorted(index._some(tmp_path / "all", tmp_path / "some").rglob("*.md"))
    assert len(some) == 300
    assert {page.parent.name for page in some} == {str(folder) for folder in range(7)}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "arguments", "figures"),
    [
        ("embed", [], {"ratio", "cosine_mean", "cosine_min"}),
        ("index", ["--source", "datasets/kestrel/pages"], {"ratio", "ratio_warm"}),
        ("chat", [], {"ratio", "gap_p99_ms", "ttft_added_ms"}),
        ("agent", [], {"ratio", "overhead_ms", "overhead_p95_ms", "commits_ms", "check_ms", "quoted/overhead_ms"}),
        ("conversations", ["--turns", "5000"], {"ratio", "duckdb/per_day/seconds", "polars/per_day/seconds"}),
    ],
)
def test_a_bench_prints_its_published_figures(
    tmp_path: Path, name: str, arguments: list[str], figures: set[str]
) -> None:
    share_models(tmp_path)
    done = run(tmp_path, "evals", "bench", name, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert figures <= json.loads(done.stdout)["figures"].keys()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "year"
    simulate(Plan(4000, 10), folder, Path("datasets/kestrel/golden.jsonl"), Settings(_env_file=None), silent)
    return folder


@pytest.mark.parametrize("view", conversations.VIEWS)
def test_duckdb_and_polars_say_the_same_of_the_same_conversations(simulated: Path, view: str) -> None:
    ours = getattr(views, view)(Conversations(str(simulated)).relation()).pl()
    theirs = getattr(polars_views, view)(polars_views.scan(simulated)).collect()
    assert len(ours) > 5
    assert_frame_equal(ours, theirs, check_column_order=False, check_dtypes=False, abs_tol=1e-6)


def test_a_view_is_measured_cold_and_warm(simulated: Path) -> None:
    for engine in conversations.ENGINES:
        run = measure("per_day", engine, str(simulated))
        assert run.rows == 10
        assert run.first > 0 < run.seconds
        assert run.peak_mb > 10
