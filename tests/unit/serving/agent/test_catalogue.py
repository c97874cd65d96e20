"""Which models answer for a site, and what their tokens cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from pydantic import SecretStr

from core.errors import ConfigurationError, InvalidInputError
from core.records import Site
from core.settings import Settings
from serving.agent import Extractive, Writers
from serving.agent.catalogue import Price, load_catalogue, models_of

MINI, SONNET, QUOTING = "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5", "extractive"
OPENAI = {"openai_api_key": SecretStr("k")}
BOTH = {**OPENAI, "anthropic_api_key": SecretStr("k")}


async def embed(_texts: Any) -> Any:
    raise AssertionError("nobody asked for vectors")


@pytest.mark.parametrize(
    ("site", "changes", "models"),
    [
        ({}, {}, (QUOTING,)),
        ({}, OPENAI, (MINI, QUOTING)),
        ({}, {"openai_api_key": SecretStr(" ")}, (QUOTING,)),
        ({}, {**OPENAI, "model": "extractive"}, (QUOTING,)),
        ({}, {**OPENAI, "model": "local"}, ("local",)),
        ({"tier": "paid"}, {}, (QUOTING,)),
        ({"tier": "paid"}, OPENAI, (MINI, QUOTING)),
        ({"tier": "paid"}, BOTH, (SONNET, MINI, QUOTING)),
        ({"tier": "paid"}, {**BOTH, "model": "local"}, (SONNET, MINI, QUOTING)),
        ({"tier": "paid", "model": "openai:o9"}, BOTH, ("openai:o9",)),
        ({"model": "openai:o9"}, {"model": "local"}, ("openai:o9",)),
    ],
)
def test_the_most_particular_word_counts(
    settings: Settings, site: dict[str, Any], changes: dict[str, Any], models: tuple[str, ...]
) -> None:
    told = settings.model_copy(update=changes)
    assert models_of(Site("demo", **site), told, load_catalogue(told)) == models


def test_a_tier_that_is_not_there_is_answered_with_those_that_are(settings: Settings) -> None:
    with pytest.raises(InvalidInputError, match="no tier 'gold': there are free, paid"):
        models_of(Site("demo", tier="gold"), settings, load_catalogue(settings))


def test_every_model_of_a_shipped_tier_has_a_price(settings: Settings) -> None:
    catalogue = load_catalogue(settings)
    assert {model for models in catalogue.tiers.values() for model in models} <= set(catalogue.prices)


def test_cached_tokens_cost_what_the_provider_asks_for_them() -> None:
    price = Price(input=3, cached=0.3, output=15)
    used = UsageMetadata(input_tokens=1_000_000, output_tokens=100_000, total_tokens=1_100_000)
    assert price.of(used) == pytest.approx(4.5)
    used["input_token_details"] = InputTokenDetails(cache_read=900_000)
    assert price.of(used) == pytest.approx(0.3 + 0.27 + 1.5)
    assert Price(input=3, output=15).of(used) == pytest.approx(4.5)


def test_a_model_without_a_price_is_free_and_warned_of_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    writers = Writers(settings.model_copy(update=OPENAI), embed)
    for site in ("one", "two"):
        writers.of(Site(site, model="openai:o9-of-a-test"))
    assert caplog.text.count("The price of openai:o9-of-a-test is not known") == 1


def test_sites_of_the_same_models_share_one_chain_and_its_breakers(settings: Settings) -> None:
    writers = Writers(settings.model_copy(update=BOTH), embed)
    assert writers.of(Site("a", tier="paid")) is writers.of(Site("b", tier="paid"))
    assert writers.of(Site("a", tier="paid")).name == SONNET
    assert isinstance(writers.of(Site("c", model=QUOTING)), Extractive)


def test_of_a_tier_what_cannot_be_built_is_left_out_and_a_model_alone_says_why(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[tiers]\nfree = ["nobody:x", "openai:gpt-4o-mini"]\n')
    writers = Writers(settings.model_copy(update={**OPENAI, "models_file": file}), embed)
    assert writers.of(Site("demo")).name == MINI
    with pytest.raises(ConfigurationError, match="'nobody:x' cannot be used"):
        writers.of(Site("demo", model="nobody:x"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tiers = 3", "tiers: "),
        ("[tiers", "no TOML"),
        ("[tiers]\npaid = ['local']", 'no models for the tier "free"'),
        ('[tiers]\nfree = ["local"]\n[prices]\nlocal = { input = -1, output = 0 }', "prices.local.input"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(settings: Settings, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="FRONTDESK_MODELS_FILE=") as caught:
        load_catalogue(settings.model_copy(update={"models_file": file}))
    assert said in caught.value.message


def test_a_file_that_is_not_there_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load_catalogue(settings.model_copy(update={"models_file": tmp_path / "none.toml"}))
