"""The gate's rules as a file: what stands in it, what a site may say otherwise, and what is refused by name."""

from __future__ import annotations

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from evals.rules import rules_of


def write(settings: Settings, text: str) -> None:
    file = settings.site_folder("demo") / "gate.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)


def test_without_a_file_of_its_own_a_site_has_the_packaged_rules(settings: Settings) -> None:
    rules = rules_of("demo", settings)
    assert rules.retrieval.fall["fused/nDCG@10"] == 0.03
    assert rules.baseline.incomparable == "keep"


def test_what_a_site_does_not_say_holds_as_it_stands(settings: Settings) -> None:
    write(settings, '[retrieval.fall]\n"fused/hit@5" = 0.1\n[answers]\nfailed = 2\n')
    rules = rules_of("demo", settings)
    assert (rules.retrieval.fall["fused/hit@5"], rules.retrieval.fall["fused/nDCG@10"]) == (0.1, 0.03)
    assert rules.answers.failed == 2
    assert rules.answers.fall["contains_gold"] == 0.05
    assert rules_of("other", settings).answers.failed == 0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[retrieval.fall]\n"fused/hit@50" = 0.1', "retrieval.fall.fused/hit@50"),
        ('[retrieval.fall]\n"fused/hit@5" = 3', "retrieval.fall.fused/hit@5"),
        ('[retrieval.fall]\n"fused/hit@5" = nan', "retrieval.fall.fused/hit@5"),
        ('[retrieval.fall]\n"fused/hit@5" = "3%"', "retrieval.fall.fused/hit@5"),
        ("[answers]\nfaild = 1", "answers.faild"),
        ('[baseline]\nmissing = "maybe"', "baseline.missing"),
        ('[judge]\nfigures = ["charm"]', "judge.figures.0"),
        ("retrieval = 1", "retrieval"),
        ("[retrieval", "TOML"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named_with_its_file(settings: Settings, text: str, key: str) -> None:
    write(settings, text)
    with pytest.raises(ConfigurationError, match=r"gate\.toml") as caught:
        rules_of("demo", settings)
    assert key in caught.value.message
