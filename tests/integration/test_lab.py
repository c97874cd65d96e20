"""The lab on a small real site: what a data scientist asks in one cell, and that asking leaves no trace."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.conversations import Conversations
from core.database import Batch, open_database
from core.errors import ConfigurationError, IntegrityError, InvalidInputError, NotFoundError
from core.records import Feedback, Session, Turn, TurnStatus, new_id
from core.settings import Settings
from core.traces import TraceLink
from evals.lab import Lab
from serving.asking import ask
from tests.fakes.records import answered
from tests.fakes.site import PAGES, furnish, share_models, stage

OPENS = "When do you open on Saturdays?"
SESSION = Session("demo", "s1", "s1")
LATER = {**PAGES, "hours.md": ("Opening hours", "On Saturdays the shop opens at noon.")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return furnish(tmp_path / "home")


@pytest.fixture
def lab(settings: Settings) -> Lab:
    return Lab(settings)


def test_a_search_tells_every_score_and_the_place_in_each_search_alone(lab: Lab) -> None:
    found = lab.search(OPENS)
    best = found.frame.row(0, named=True)
    assert (best["path"], best["dense_rank"], best["text_rank"]) == ("hours.md", 1, 1)
    assert best["fused"] == pytest.approx(1)
    assert best["dense"] > 0.4
    assert best["text"] > 0
    assert "Opening hours" in found._repr_html_()


def test_weights_decide_the_ranking_and_must_be_shares_of_one(lab: Lab) -> None:
    question = "limescale opened bags parcels"  # words of three pages, about nothing
    dense, text = (lab.search(question, weights=weights) for weights in ((1.0, 0.0), (0.0, 1.0)))
    assert [row["dense_rank"] for row in dense.frame.to_dicts()] == [1, 2, 3, 4]
    assert [row["text_rank"] for row in text.frame.to_dicts()][:3] == [1, 2, 3]
    assert dense.frame["fused"].to_list() != text.frame["fused"].to_list()
    with pytest.raises(InvalidInputError, match="no two shares of 1"):
        lab.search(question, weights=(0.5, 0.6))


@pytest.mark.parametrize("wrong", [{"passages": 0}, {"history": "foo"}, {"question": 5}])
@pytest.mark.parametrize("method", ["ask", "search"])
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(lab: Lab, method: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="write"):
        getattr(lab, method)(**{"question": OPENS} | wrong)


def test_a_model_that_cannot_be_used_is_an_error_and_nothing_is_said_of_its_price(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="names no provider"):
        lab.ask(OPENS, model="nonsense")
    assert caplog.records == []


def test_a_staged_build_is_searched_and_asked_by_its_role(lab: Lab, settings: Settings) -> None:
    stage(settings, LATER)
    assert "noon" in lab.search(OPENS, build="staged").passages[0].chunk.text
    assert "noon" in lab.ask(OPENS, build="staged").text
    assert "ten" in lab.ask(OPENS).text


async def test_asking_works_where_a_loop_runs_already_and_leaves_no_trace(lab: Lab, settings: Settings) -> None:
    first = lab.ask("Is shipping free?")
    second = lab.ask("And from how many euros?", history=first.history)
    assert "45 euros" in second.text
    assert second.passages["path"][0] == "shipping.md"
    with closing(open_database(settings.database_location)) as database:
        assert database.turns.recent("demo", 10) == []
        assert database.outbox.claim(10) is None


def test_a_page_cannot_put_html_into_an_answer(lab: Lab, settings: Settings) -> None:
    stage(settings, {"hours.md": ("Opening <b>hours</b>", "On Saturdays we open at <script>alert(1)</script> ten.")})
    shown = lab.ask(OPENS, build="staged")._repr_html_() + lab.search(OPENS, build="staged")._repr_html_()
    assert "alert(1)" in shown
    assert "<script>" not in shown
    assert "<b>hours" not in shown


async def test_a_turn_is_explained_from_the_database_with_what_was_kept_and_what_was_dropped(
    settings: Settings,
) -> None:
    few = settings.model_copy(update={"passages": 1})
    turn = Turn(new_id(), SESSION, OPENS)
    await ask(few, turn, None, lambda _: None)
    told = Lab(settings).explain(turn.id)
    assert told.place == "the database"
    assert told.search == OPENS
    kept, *dropped = told.passages.to_dicts()
    assert (kept["path"], kept["kept"], kept["cited"]) == ("hours.md", True, True)
    assert {row["path"] for row in dropped} == PAGES.keys() - {"hours.md"}
    assert not any(row["kept"] for row in dropped)
    assert all(score > 0.9 for score in told.support["score"].to_list())
    assert "ten" in told.support["evidence"][0]
    assert [line.role for line in told.prompt] == ["system", "human"]
    assert "open at ten" in told.prompt[-1].text
    assert "scope" in told.rulings["guard"].to_list()
    assert "retrieve" in told.timings["step"].to_list()
    assert told.trace is None
    assert "#/tr-1" in replace(told, trace=TraceLink("tr-1", "http://mlflow/#/tr-1"))._repr_html_()
    shown = told._repr_html_()
    assert OPENS in shown
    assert "cited" in shown
    assert "dropped" in shown


def test_an_answer_that_was_never_stored_is_explained_too(lab: Lab) -> None:
    first = lab.ask("Is shipping free?")
    told = lab.explain(lab.ask("And from how many euros?", history=first.history))
    assert told.place == "this notebook"
    assert told.trace is None
    assert told.passages["path"][0] == "shipping.md"
    assert len(told.prompt) == 4  # what was said before stands between the rules and the question


async def test_what_the_database_has_no_more_is_explained_from_parquet(settings: Settings) -> None:
    before = Turn(new_id(), SESSION, "Is shipping free?", created_at=Turn("", SESSION, "").created_at)
    asked = Turn(new_id(), SESSION, OPENS)
    gone = [answered(before, answer="Yes."), answered(asked, build="gone")]
    Conversations(settings.conversations_location).write(Batch("old", tuple(gone)))
    told = Lab(settings).explain(asked.id)
    assert told.place == "Parquet"
    assert told.turn == gone[1]
    assert [line.content for line in told.history] == ["Is shipping free?", "Yes."]
    assert "There is no build 'gone'" in told.why_not_again
    assert told.dropped == ()
    with pytest.raises(NotFoundError, match="neither in the database nor in"):
        Lab(settings).explain("nobody")


async def test_a_turn_from_parquet_keeps_what_was_said_of_it_last(settings: Settings) -> None:
    asked = answered(Turn(new_id(), SESSION, OPENS), build="gone")
    parquet = Conversations(settings.conversations_location)
    parquet.write(Batch("old", (asked,)))
    assert Lab(settings).explain(asked.id).turn.feedback is None
    first, last = (
        replace(asked, feedback=Feedback("up")),
        replace(asked, feedback=Feedback("down", "At ten, or at one?")),
    )
    parquet.write_feedback(Batch("first", (first,)))
    parquet.write_feedback(Batch("last", (last,)))
    told = Lab(settings).explain(asked.id)
    assert told.turn == last
    assert "At ten, or at one?" in told._repr_html_()


async def test_parquet_of_another_machine_is_explained_where_there_is_no_database(tmp_path: Path) -> None:
    share_models(tmp_path / "home")
    settings = Settings(_env_file=None, home=tmp_path / "home", conversations_url=str(tmp_path / "parquet"))
    asked = answered(Turn(new_id(), SESSION, OPENS), build="gone")
    Conversations(settings.conversations_location).write(Batch("old", (asked,)))
    told = Lab(settings).explain(asked.id)
    assert told.turn == asked
    assert "no database" in told.why_not_again
    assert told._repr_html_()
    with pytest.raises(NotFoundError, match="no turn 'nobody'"):
        Lab(settings).explain("nobody")


async def test_a_turn_that_was_refused_says_that_nothing_was_searched(settings: Settings) -> None:
    turn = Turn(new_id(), SESSION, "Hello!")
    await ask(settings, turn, None, lambda _: None)
    told = Lab(settings).explain(turn.id)
    assert "Nothing was searched for" in told.why_not_again
    assert told.passages.is_empty()
    assert told.prompt == ()
    assert told.turn.answer in told._repr_html_()


async def test_a_failed_turn_is_explained_too(settings: Settings) -> None:
    turn = Turn(new_id(), SESSION, OPENS)
    with closing(open_database(settings.database_location)) as database:
        database.turns.open(turn)
        database.turns.close(
            answered(turn, status=TurnStatus.FAILED, error="The model was away.", passages=(), build=None)
        )
    assert "The model was away." in Lab(settings).explain(turn.id)._repr_html_()


async def test_real_questions_are_replayed_on_two_builds(lab: Lab, settings: Settings) -> None:
    await ask(settings, Turn(new_id(), SESSION, OPENS), None, lambda _: None)
    stage(settings, {page: text for page, text in PAGES.items() if page != "hours.md"})
    replay = lab.replay()
    assert replay.flipped["what"].to_list() == ["answered → declined"]
    assert "answered → declined" in replay._repr_html_()


def test_gaps_are_what_was_declined_or_disliked_of_the_last_turns(lab: Lab, settings: Settings) -> None:
    asked: dict[str, dict[str, Any]] = {
        "Do you sell green tea?": {"declined": True},
        "Is there any tea?": {"feedback": Feedback("down", "No tea?")},
        OPENS: {},
        "Is shipping free?": {"feedback": Feedback("up")},
        "Hello!": {"declined": True, "model": "", "rulings": ()},  # of the guards
    }
    with closing(open_database(settings.database_location)) as database:
        for text, fields in asked.items():
            turn = Turn(new_id(), SESSION, text)
            said = fields.pop("feedback", None)
            database.turns.open(turn)
            database.turns.close(answered(turn, **fields))
            if said:
                database.turns.rate(turn.id, said, site="demo")
    assert len(lab.conversations().filter("declined").fetchall()) == 2
    gaps = lab.gaps()
    assert gaps.frame.select("turns", "declined", "disliked").rows() == [(2, 1, 1)]
    assert set(gaps.questions["comment"]) == {"", "No tea?"}
    assert lab.gaps(last=1).questions["question"].to_list() == []


def test_a_gap_is_found_in_the_files_too_and_counts_once(lab: Lab, settings: Settings) -> None:
    asked = Turn(new_id(), SESSION, "Do you sell green tea?")
    turn = answered(asked, declined=True)
    with closing(open_database(settings.database_location)) as database:
        database.turns.open(asked)
        database.turns.close(turn)
    old = answered(Turn(new_id(), SESSION, "Is there any tea?"), declined=True)
    Conversations(settings.conversations_location).write(Batch("old", (turn, old)))
    assert set(lab.gaps().questions["turn_id"]) == {turn.id, old.id}
    assert len(lab.gaps().questions) == 2


def test_what_visitors_ask_in_vain_becomes_a_gap_with_what_they_said(lab: Lab) -> None:
    lab.visit("Can I order coffee by phone?")
    lab.visit(OPENS, rating="down", comment="And on Sundays?")
    lab.visit("Write a poem about the sea")  # refused by the guards
    gaps = lab.gaps().questions.sort("question")
    assert gaps.select("question", "declined", "disliked", "comment").rows() == [
        ("Can I order coffee by phone?", True, False, ""),
        (OPENS, False, True, "And on Sundays?"),
    ]


def test_a_staged_build_is_held_against_the_live_one(lab: Lab, settings: Settings) -> None:
    tea = ("Tea", "We sell green tea and black tea in tins.")
    stage(settings, {**PAGES, "tea.md": tea})
    lab.add_golden(
        lab.label("Do you sell green tea?", answers=["green tea"], evidence=["tea.md"], build="staged"),
        lab.label(OPENS, answers=["open at ten"], evidence=["hours.md"], build="staged"),
    )
    compared = lab.retrieval(build="staged").against(lab.retrieval())
    [hit] = compared.frame.filter(pl.col("measure") == "fused/hit@1").to_dicts()
    assert (hit["before"], hit["after"], hit["wins"], hit["ties"], hit["losses"]) == (0.5, 1.0, 1, 1, 0)
    assert compared.flips["question"].to_list() == ["Do you sell green tea?"]
    assert "fused/hit@1" in compared._repr_html_()


def test_a_staged_build_whose_files_nobody_counted_is_not_promoted(lab: Lab, settings: Settings) -> None:
    stage(settings, LATER)
    with pytest.raises(IntegrityError, match="not whole"):
        lab.promote()
    assert lab.builds()["status"].to_list() == ["staged", "live"]


def test_a_label_is_checked_and_added_once(lab: Lab, settings: Settings) -> None:
    good = lab.label(OPENS, answers=["open at ten"], evidence=["hours.md"])
    assert good.doubts == ()
    none = lab.label("Do you sell tea?")
    assert not none.answerable
    added = lab.add_golden(good, none)
    assert added["answerable"].to_list() == [True, False]
    assert lab.retrieval().figures.filter(pl.col("figure") == "fused/hit@1")["value"].to_list() == [1]
    with pytest.raises(InvalidInputError, match="already"):
        lab.add_golden(lab.label("when do you open on saturdays"))
    assert len((settings.site_folder("demo") / "golden.jsonl").read_text().splitlines()) == 2


def test_a_label_of_a_page_that_is_not_there_is_refused_and_a_wrong_answer_doubted(lab: Lab) -> None:
    with pytest.raises(InvalidInputError, match=r"holds no page .opening\.md."):
        lab.label(OPENS, answers=["ten"], evidence=["opening.md"])
    with pytest.raises(InvalidInputError, match="needs both"):
        lab.label(OPENS, answers=["ten"])
    assert "on none of these pages" in lab.label(OPENS, answers=["at noon"], evidence=["hours.md"]).doubts[0]


def test_a_site_that_is_not_there_is_not_made_by_a_label(lab: Lab, settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="no site 'nope'"):
        lab.add_golden(lab.label("Do you sell tea?"), site="nope")
    assert not settings.site_folder("nope").exists()


@pytest.mark.parametrize("wrong", [{"question": 5}, {"question": " "}, {"question": OPENS, "answers": "ten"}])
def test_a_label_of_no_text_says_what_to_write(lab: Lab, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="write"):
        lab.label(**wrong)


def test_questions_are_named_by_a_path_in_either_form(lab: Lab, settings: Settings) -> None:
    lab.add_golden(lab.label(OPENS, answers=["open at ten"], evidence=["hours.md"]))
    file = settings.site_folder("demo") / "golden.jsonl"
    assert lab.retrieval(str(file)).questions.equals(lab.retrieval(file).questions)
    wrong: Any = 5
    with pytest.raises(InvalidInputError, match="no place"):
        lab.retrieval(wrong)


def test_a_builds_contents_are_frames(lab: Lab, settings: Settings) -> None:
    twice = {**PAGES, "again.md": PAGES["hours.md"]}
    stage(settings, twice)
    assert lab.chunks(build="staged")["path"].to_list() == sorted(twice)
    pairs = lab.duplicates(build="staged").to_dicts()
    assert [{pair["path"], pair["other_path"]} for pair in pairs] == [{"again.md", "hours.md"}]
    assert pairs[0]["cosine"] == pytest.approx(1, abs=1e-3)
    assert lab.duplicates().is_empty()
    assert lab.builds()["status"].to_list() == ["staged", "live"]


def test_answers_are_measured_with_every_question(lab: Lab) -> None:
    lab.add_golden(lab.label(OPENS, answers=["open at ten"], evidence=["hours.md"]))
    measured = lab.answers()
    assert measured.questions["contains_gold"].to_list() == [1]
    assert "contains_gold" in measured._repr_html_()
