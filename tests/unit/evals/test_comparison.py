"""Comparing two results: paired by question, refused where they do not match, and readable in three forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from core.errors import InvalidInputError
from evals.comparison import Comparison, Difference, compare
from evals.comparison_table import latex, markdown, terminal
from evals.results import Result, Results

Given = Mapping[str, tuple[str, Mapping[str, float]]]  # question -> answer, scores


def results(given: Given, *, fingerprint: str = "f") -> Results:
    rows = tuple(
        Result(name, f"Question {name}?", text, scores, {"declined": text == "Sorry."})
        for name, (text, scores) in given.items()
    )
    measures = tuple(dict.fromkeys(measure for row in rows for measure in row.scores))
    return Results("answers", measures, rows, {"question_fingerprint": fingerprint})


def one(a: Given, b: Given, measure: str) -> Difference:
    return next(each for each in compare(results(a), results(b)).differences if each.measure == measure)


def scored(measure: str, *values: float | None) -> Given:
    return {str(n): ("text", {} if value is None else {measure: value}) for n, value in enumerate(values)}


def printed(comparison: Comparison) -> str:
    page = StringIO()
    Console(width=200, file=page).print(terminal(comparison))
    return page.getvalue()


def test_means_differences_and_who_won() -> None:
    found = one(scored("f1", 0.0, 0.5, 0.5, 1.0), scored("f1", 1.0, 1.0, 0.5, 0.9), "f1")
    assert [found.a, found.b, found.difference] == pytest.approx([0.5, 0.85, 0.35])
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.interval[0] < 0.35 < found.interval[1]


def test_a_steady_gain_is_clear_and_noise_is_not() -> None:
    spread = [n / 40 for n in range(40)]
    steady = one(scored("f1", *spread), scored("f1", *(value + 0.01 for value in spread)), "f1")
    noisy = one(scored("f1", *spread), scored("f1", *reversed(spread)), "f1")
    assert steady.clear
    assert not noisy.clear


@pytest.mark.parametrize("measure", ["seconds", "tokens/output"])
def test_less_time_and_fewer_tokens_win(measure: str) -> None:
    found = one(scored(measure, 2.0, 2.0), scored(measure, 1.0, 1.0), measure)
    assert (found.wins, found.losses, found.difference) == (2, 0, -1)


def test_only_questions_with_a_value_on_both_sides_are_paired() -> None:
    found = one(scored("faithfulness", 0.2, 0.4, None), scored("faithfulness", None, 0.6, 1.0), "faithfulness")
    assert (found.questions, found.a, found.b) == (1, 0.4, 0.6)


def test_precision_of_declining_is_over_what_each_side_declined() -> None:
    a, b = scored("declined/precision", 1.0, 0.0, None, None), scored("declined/precision", None, None, 1.0, 1.0)
    found = one(a, b, "declined/precision")
    assert (found.a, found.b, found.questions) == (0.5, 1.0, 4)
    assert found.wins == found.ties == found.losses == 0


def test_a_measure_that_only_one_has_is_named_and_not_compared() -> None:
    comparison = compare(results(scored("f1", 1.0)), results(scored("rouge", 1.0)))
    assert comparison.differences == ()
    assert comparison.only_one == ("f1", "rouge")


def test_flipped_questions_stand_side_by_side() -> None:
    a = {"1": ("Ten.", {"contains_gold": 1.0}), "2": ("Sorry.", {}), "3": ("Same.", {"contains_gold": 1.0})}
    b = {"1": ("Nine.", {"contains_gold": 0.0}), "2": ("In May.", {}), "3": ("Alike.", {"contains_gold": 1.0})}
    first, second = compare(results(a), results(b)).flips
    assert (first.what, first.a, first.b) == ("contains_gold 1 → 0", "Ten.", "Nine.")
    assert (second.question, second.what) == ("Question 2?", "answers now")


def test_other_questions_are_refused_by_name() -> None:
    a = results(scored("f1", 1.0, 1.0, 1.0))
    fewer = results(scored("f1", 1.0))
    with pytest.raises(InvalidInputError, match=r"2 only in A \(1, 2\)"):
        compare(a, fewer)
    with pytest.raises(InvalidInputError, match=r"2 only in B \(1, 2\)"):
        compare(fewer, a)
    reworded = replace(a, rows=(replace(a.rows[0], question="Else?"), *a.rows[1:]))
    with pytest.raises(InvalidInputError, match=r"1 worded differently \(0\)"):
        compare(a, reworded)


def test_the_same_questions_with_other_gold_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="gold"):
        compare(results(scored("f1", 1.0)), results(scored("f1", 1.0), fingerprint="g"))


def test_answers_are_not_compared_with_retrieval() -> None:
    a = results(scored("f1", 1.0))
    with pytest.raises(InvalidInputError, match="retrieval"):
        compare(a, replace(a, kind="retrieval"))


def test_every_form_carries_the_figures() -> None:
    a, b = scored("contains_gold", *[0.0] * 9, 1.0), scored("contains_gold", *[1.0] * 10)
    comparison = compare(results(a), results(b), ("before", "after"))
    assert "9 / 1 / 0" in printed(comparison)
    assert "| contains_gold | 0.100 | 1.000 | **+0.900** | [+0.700, +1.000] | 9 / 1 / 0 | 10 |" in markdown(comparison)
    assert r"contains\_gold & 0.100 & 1.000 & \textbf{+0.900} & [+0.700, +1.000] & 9 / 1 / 0 & 10 \\" in latex(
        comparison
    )
    told = json.loads(comparison.to_json())
    assert told["figures"]["contains_gold/difference"] == 0.9
    assert told["intervals"]["contains_gold/difference"] == [0.7, 1.0]
    assert (told["meta"]["a"], len(told["meta"]["flipped"])) == ("before", 9)


def test_answers_with_table_marks_do_not_break_the_table() -> None:
    a = {"1": ("a | b\nc [bold]", {"contains_gold": 1.0})}
    b = {"1": ("no", {"contains_gold": 0.0})}
    comparison = compare(results(a), results(b))
    assert "| a \\| b<br>c [bold] | no |" in markdown(comparison)
    assert "[bold]" in printed(comparison)


def test_results_of_another_corpus_are_refused() -> None:
    mine, other = (
        replace(results(scored("f1", 1.0)), meta={"question_fingerprint": "f", "corpus_fingerprint": corpus})
        for corpus in ("here", "there")
    )
    assert compare(mine, mine).questions == 1
    with pytest.raises(InvalidInputError, match="A and B hold different corpora"):
        compare(mine, other)


def test_a_reader_learns_the_unit_the_direction_the_sample_and_the_method() -> None:
    a, b = scored("seconds", 2.0, 2.0), scored("seconds", 1.9996, 2.0)
    told = markdown(compare(results(a), results(b)))
    assert "| seconds (s) ↓ | 2.000 | 2.000 | 0.000 |" in told
    assert "n = 2 questions" in told
    assert "percentile bootstrap over questions, paired, 10,000 resamples" in told


def test_tokens_that_nobody_spent_are_no_row_but_a_measured_zero_is() -> None:
    spent = scored("tokens/input", 0.0), scored("unsupported", 0.0)
    told = [markdown(compare(results(each), results(each))) for each in spent]
    assert ["| tokens/input" in told[0], "| unsupported" in told[1]] == [False, True]


def test_latex_is_a_whole_table_with_its_caption() -> None:
    told = latex(compare(results(scored("seconds", 2.0)), results(scored("seconds", 1.0))))
    assert told.startswith(r"% Needs \usepackage{booktabs}." "\n% A: A · B: B\n" r"\begin{table}")
    assert told.endswith(r"\end{table}")
    assert r"\caption{n = 1 questions." in told
    assert r"95\% intervals" in told and r"seconds (s) $\downarrow$ &" in told


def made(**meta: object) -> Results:
    found = results(scored("semantic_similarity", 0.5))
    return replace(found, meta={**found.meta, "site": "s", "chunk_overlap": 24, **meta})


def test_every_form_says_which_settings_set_the_two_apart_and_only_those() -> None:
    comparison = compare(made(chunk_tokens=128, build="b1"), made(chunk_tokens=64, build="b2"), ("one", "two"))
    for told in (printed(comparison), markdown(comparison), latex(comparison)):
        assert "A: chunk tokens 128 " in told and "B: chunk tokens 64 " in told
        assert "chunk overlap" not in told and "b1" not in told
        assert "A: one · B: two" in told
    assert json.loads(comparison.to_json())["meta"]["made_with"] == {
        "a": {"chunk_tokens": 128},
        "b": {"chunk_tokens": 64},
    }


def test_builds_of_the_same_settings_are_told_apart_by_their_ids() -> None:
    assert "A: build b1 · B: build b2 · n = 1" in markdown(compare(made(build="b1"), made(build="b2")))


def test_no_figure_is_broken_in_a_narrow_terminal() -> None:
    page = StringIO()
    a, b = scored("non_llm_string_similarity", *[0.9] * 120), scored("non_llm_string_similarity", *[0.1] * 120)
    Console(width=80, file=page).print(terminal(compare(results(a), results(b))))
    [row] = [line for line in page.getvalue().splitlines() if "0.900" in line]
    assert "[−0.800, −0.800]" in row and "0 / 0 / 120" in row and row.rstrip().endswith(" 120")
