"""The catalogue of models, read from `models.toml`: tiers with their fallbacks, and prices. Asks no model.

Who answers for a site is decided here and nowhere else. The most particular word counts:

1. the site's own `model`, alone;
2. the models of the site's `tier`, those whose key is set;
3. FRONTDESK_MODEL where it is set, alone;
4. the models of the tier `free`, those whose key is set.
"""

from __future__ import annotations

import logging
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from langchain_core.messages.ai import UsageMetadata
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, SecretStr, ValidationError

from core.errors import ConfigurationError, InvalidInputError
from core.records import Site
from core.settings import Settings

logger = logging.getLogger(__name__)

FREE = "free"
_QUOTING = ("extractive",)
_MILLION = 1_000_000


class Price(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: NonNegativeFloat
    output: NonNegativeFloat
    cached: NonNegativeFloat | None = None  # what the provider had in its cache; None: as much as any

    def of(self, used: UsageMetadata) -> float:
        """The dollars for what a provider reported."""
        cached = used.get("input_token_details", {}).get("cache_read") or 0
        again = self.input if self.cached is None else self.cached
        read = (used["input_tokens"] - cached) * self.input + cached * again
        return (read + used["output_tokens"] * self.output) / _MILLION


NOTHING = Price(input=0, output=0)


class Catalogue(BaseModel):
    """Tiers and prices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tiers: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    prices: dict[str, Price] = Field(default_factory=dict)

    def tier(self, name: str) -> tuple[str, ...]:
        """The tier's models, the preferred one first; InvalidInputError names the tiers there are."""
        if name not in self.tiers:
            raise InvalidInputError(f"There is no tier {name!r}: there are {', '.join(self.tiers)}.", param="tier")
        return self.tiers[name]

    def price(self, model: str) -> Price:
        """What the model costs; nothing where that is unknown, which is said in the log."""
        if model not in self.prices:
            logger.warning(
                "The price of %s is not known: its turns count as free, and no cap ends them. "
                "Add it to FRONTDESK_MODELS_FILE.",
                model,
            )
        return self.prices.get(model, NOTHING)


def load_catalogue(settings: Settings) -> Catalogue:
    """The shipped catalogue, or the file that the settings name; ConfigurationError says what is wrong with it."""
    return _read(settings.models_file)


def models_of(site: Site, settings: Settings, catalogue: Catalogue) -> tuple[str, ...]:
    """The models that answer for the site, the preferred one first: see the top of this module."""
    if site.model:
        return (site.model,)
    if site.tier:
        return _with_key(catalogue.tier(site.tier), settings)
    if "model" in settings.model_fields_set:
        return (settings.model,)
    return _with_key(catalogue.tier(FREE), settings)


def _with_key(models: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """A tier without any key quotes."""
    return tuple(model for model in models if _has_key(model, settings)) or _QUOTING


def _has_key(model: str, settings: Settings) -> bool:
    provider = model.partition(":")[0]
    keys = {"openai": settings.openai_api_key, "anthropic": settings.anthropic_api_key}
    return provider not in keys or _is_set(keys[provider])  # other providers read their own variables


def _is_set(key: SecretStr | None) -> bool:
    return key is not None and bool(key.get_secret_value().strip())


@lru_cache(maxsize=4)
def _read(file: Path | None) -> Catalogue:
    try:
        text = (file or files(__package__) / "models.toml").read_text(encoding="utf-8")
        catalogue = Catalogue.model_validate(tomllib.loads(text))
    except OSError as error:
        raise _unusable(file, str(error.strerror)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unusable(file, f"it is no TOML: {error}") from error
    except ValidationError as error:
        [first, *_] = error.errors()
        raise _unusable(file, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if not catalogue.tiers.get(FREE):
        raise _unusable(file, f'it has no models for the tier "{FREE}"')
    return catalogue


def _unusable(file: Path | None, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"FRONTDESK_MODELS_FILE={file} cannot be used: {reason}. Start from serving/agent/models.toml."
    )
