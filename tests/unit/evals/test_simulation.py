"""Simulated conversations: as many as asked for, the same by seed, in the form of real ones."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.conversations import SCHEMA, Conversations, views
from core.conversations.schema import FEEDBACK
from core.database import Batch
from core.errors import InvalidInputError
from core.settings import Settings
from evals.progress import silent
from evals.simulation.plan import Plan
from evals.simulation.simulate import is_simulated, simulate
from tests.fakes.records import answered, question

QUESTIONS = Path("datasets/kestrel/golden.jsonl")
PLAN = Plan(20_000, 14, sites=5)


def made(folder: Path, plan: Plan = PLAN) -> Conversations:
    simulate(plan, folder, QUESTIONS, Settings(_env_file=None), silent)
    return Conversations(str(folder))


@pytest.fixture(scope="module")
def conversations(tmp_path_factory: pytest.TempPathFactory) -> Conversations:
    return made(tmp_path_factory.mktemp("simulated") / "conversations")


def test_there_are_as_many_turns_as_asked_for_on_every_day(conversations: Conversations) -> None:
    turns = conversations.relation()
    assert turns.aggregate("count(*), count(DISTINCT turn_id)").fetchall() == [(20_000, 20_000)]
    days = views.per_day(turns).pl()
    assert (days["date"].min(), days["date"].max(), len(days)) == (date(2025, 12, 18), date(2025, 12, 31), 14)
    assert turns.filter("created_at::date <> date OR ended_at < created_at").fetchall() == []


def test_files_are_of_the_published_form_and_in_order(conversations: Conversations) -> None:
    for file in conversations.store.stored():
        if file.name.endswith(".parquet"):
            rating = file.name.startswith("feedback/")
            table = pq.read_table(conversations.store.path(file.name), partitioning=None)
            assert table.schema.equals(FEEDBACK if rating else SCHEMA)
            moments = table.column("rated_at" if rating else "created_at").to_numpy()
            assert (moments[1:] >= moments[:-1]).all()


def test_the_same_seed_is_the_same_year_and_another_another(tmp_path: Path, conversations: Conversations) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.parquet")}

    made(tmp_path / "again")
    made(tmp_path / "other", Plan(20_000, 14, sites=5, seed=1))
    first = contents(Path(conversations.store.path("")))
    assert contents(tmp_path / "again") == first
    assert contents(tmp_path / "other") != first


def test_visitors_sleep_at_night_and_offices_close_at_the_weekend() -> None:
    plan = Plan(2_000_000, 364)
    for site, counts in zip(plan.websites, plan.counts.transpose(1, 0, 2), strict=True):
        local = [(hour + _offset(plan, site.name)) % 24 for hour in range(24)]
        by_hour = dict(zip(local, counts.sum(axis=0), strict=True))
        assert by_hour[3] < by_hour[11] / 4
    assert plan.counts.sum() == 2_000_000
    halves = plan.counts[:182].sum(), plan.counts[182:].sum()
    assert halves[1] > 1.4 * halves[0]


def _offset(plan: Plan, name: str) -> int:
    [site] = [site for site in plan.websites if site.name == name]
    offset = datetime(2025, 12, 1, tzinfo=site.zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 3600)


def test_thumbs_are_few_and_mostly_down_where_nothing_was_found(conversations: Conversations) -> None:
    rated = conversations.relation().filter("rating IS NOT NULL")
    shares = rated.aggregate("declined, count(*) AS n, avg((rating = 'down')::INT) AS down", "declined").pl()
    down = dict(zip(shares["declined"], shares["down"], strict=True))
    assert 0.02 < shares["n"].sum() / 20_000 < 0.05
    assert down[True] > 0.6 > 0.35 > down[False]


def test_sessions_have_several_turns_and_questions_a_long_tail(conversations: Conversations) -> None:
    turns = conversations.relation()
    [(sessions,)] = turns.aggregate("count(DISTINCT session_id)").fetchall()
    assert 1.8 < 20_000 / sessions < 3.5
    asked = np.sort([count for (count,) in turns.aggregate("count(*)", "question").fetchall()])[::-1]
    assert asked[:10].sum() > 0.05 * asked.sum()
    assert len(asked) > 400


def test_a_simulation_replaces_another_one(tmp_path: Path) -> None:
    made(tmp_path, Plan(500, 5))
    assert is_simulated(Plan(500, 5), tmp_path)
    conversations = made(tmp_path, Plan(300, 3))
    assert conversations.relation().count("*").fetchall() == [(300,)]
    assert not is_simulated(Plan(500, 5), tmp_path)


@pytest.mark.parametrize(
    "name", ["photos/simulated-holiday.jpg", "simulated.txt", "backup/date=2025-12-31/simulated-0000-000.parquet"]
)
def test_a_name_that_only_looks_simulated_is_refused_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(InvalidInputError, match=name):
        made(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_a_file_is_no_folder_to_fill(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidInputError, match="file is a file: name a folder with --out"):
        made(tmp_path / out)


def test_a_bucket_is_refused_and_becomes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match="no folder of this machine"):
        made(Path("s3://bucket/prefix"))
    assert not list(tmp_path.iterdir())


def test_a_folder_with_real_conversations_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    real = Conversations(str(tmp_path))
    real.write(Batch("b", (answered(question()),)))
    with pytest.raises(InvalidInputError, match="--out"):
        made(tmp_path)
    assert real.relation().count("*").fetchall() == [(1,)]


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("")
    with pytest.raises(InvalidInputError, match="--questions"):
        simulate(PLAN, tmp_path / "out", tmp_path / "none.jsonl", Settings(_env_file=None), silent)
