"""The outline of Markdown: heading paths, fences, tables."""

from __future__ import annotations

from pipelines.markdown import BlockKind, sections


def outline(text: str) -> list[tuple[tuple[str, ...], list[str]]]:
    return [(s.headings, [text[b.start : b.end] for b in s.blocks]) for s in sections(text)]


def test_headings_nest_by_level_and_a_higher_one_ends_the_path() -> None:
    text = "# Guide\nintro\n## Setup\n### Water\nfill\n## Care\nclean"
    assert outline(text) == [
        (("Guide",), ["intro"]),
        (("Guide", "Setup", "Water"), ["fill"]),
        (("Guide", "Care"), ["clean"]),
    ]


def test_text_above_the_first_heading_has_no_path() -> None:
    assert outline("hello\n\n# Later\nbody") == [((), ["hello"]), (("Later",), ["body"])]


def test_a_hash_inside_a_fence_is_no_heading_and_blank_lines_do_not_split_it() -> None:
    text = "# Run\n```sh\n# comment\n\nmake\n```\nafter"
    assert outline(text) == [(("Run",), ["```sh\n# comment\n\nmake\n```", "after"])]


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    text = "````\n```\n# not a heading\n```\n````\n# Real\nx"
    assert [headings for headings, _ in outline(text)] == [(), ("Real",)]


def test_a_fence_that_never_closes_runs_to_the_end() -> None:
    assert outline("# A\n```\n# b\nc") == [(("A",), ["```\n# b\nc"])]


def test_kinds_are_told_apart() -> None:
    text = "words\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n~~~\ncode\n~~~"
    assert [b.kind for s in sections(text) for b in s.blocks] == [BlockKind.TEXT, BlockKind.TABLE, BlockKind.CODE]
