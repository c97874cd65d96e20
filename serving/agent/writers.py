"""Who writes for each site: its models as the catalogue has them, as chains that are built once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial

from core.errors import ConfigurationError
from core.local_model import AT_ONCE, LOCAL
from core.records import Site
from core.settings import Settings
from serving.agent import telling
from serving.agent.breaker import Breaker
from serving.agent.catalogue import load_catalogue, models_of
from serving.agent.chain import Chain, Link
from serving.agent.check import checked
from serving.agent.extractive import Extractive
from serving.agent.models import ModelWriter, chat_model
from serving.agent.rewriting import MOST_TOKENS, SECONDS, prompt
from serving.agent.similarity import Embed
from serving.agent.state import Writer

logger = logging.getLogger(__name__)


@lru_cache(maxsize=64)
def writer_for(model: str, settings: Settings, embed: Embed) -> Writer:
    """The writer called `extractive`, `local` or as LangChain names models, built once; ConfigurationError when its key
    or package is missing.
    """
    if model == Extractive.name:
        return Extractive(embed)
    chat = chat_model(model, settings)  # before its price: what cannot be used is not warned of
    if model == LOCAL:
        small = ModelWriter(
            chat, model, telling.SECONDS, AT_ONCE, prompt=telling.prompt, most_tokens=telling.MOST_TOKENS
        )
        return telling.Telling(small, embed)
    return ModelWriter(chat, model, settings.model_seconds, price=load_catalogue(settings).price(model))


class Writers:
    """The writers of all sites. A model that is down is down for each; what any model writes is checked."""

    def __init__(self, settings: Settings, embed: Embed) -> None:
        self._settings = settings
        self._embed = embed  # may remember: popular passages come again and again
        self._breakers: dict[str, Breaker] = {}  # by model
        self._chains: dict[tuple[str, ...], Writer] = {}  # by models
        self._rewriters: dict[tuple[tuple[str, ...], str], Writer | None] = {}  # by models and language

    def of(self, site: Site) -> Writer:
        """The site's; ConfigurationError where none of its models can be asked."""
        models = models_of(site, self._settings, load_catalogue(self._settings))
        if models not in self._chains:
            self._chains[models] = self._chain(models)
        return self._chains[models]

    def rewriter(self, site: Site, language: str) -> Writer | None:
        """What writes a question of the site anew in that language; None where no model does."""
        models = models_of(site, self._settings, load_catalogue(self._settings))
        if (models, language) not in self._rewriters:
            writers = [*self._rewriting(models, language)]
            # Breakers of its own: a model that is slow for this may be asked for an answer all the same.
            self._rewriters[models, language] = Chain([*map(Link, writers)], SECONDS) if writers else None
        return self._rewriters[models, language]

    def _rewriting(self, models: Sequence[str], language: str) -> Iterator[Writer]:
        catalogue = load_catalogue(self._settings)
        for name in models:
            if name not in {Extractive.name, LOCAL}:
                with suppress(ConfigurationError):  # said where it would answer
                    model, price = chat_model(name, self._settings), catalogue.price(name)
                    yield ModelWriter(
                        model,
                        name,
                        SECONDS,
                        price=price,
                        prompt=partial(prompt, language=language),
                        most_tokens=MOST_TOKENS,
                    )

    def caller(self, site: Site) -> ModelWriter | None:
        """The site's preferred model, to call tools; None where it quotes, or only has the small model for trying."""
        for model in models_of(site, self._settings, load_catalogue(self._settings)):
            if model in {Extractive.name, LOCAL} or self._breakers.setdefault(model, Breaker()).wait:
                continue
            with suppress(ConfigurationError):  # `of` says it
                writer = writer_for(model, self._settings, self._embed)
                return writer if isinstance(writer, ModelWriter) else None
        return None

    @property
    def quoting(self) -> Writer:
        """The one that costs nothing."""
        return writer_for(Extractive.name, self._settings, self._embed)

    def _chain(self, models: Sequence[str]) -> Writer:
        if models[0] == Extractive.name:
            return self.quoting
        links = [Link(writer, self._breakers.setdefault(writer.name, Breaker())) for writer in self._built(models)]
        return Chain(links, self._settings.model_seconds)

    def _built(self, models: Sequence[str]) -> Iterator[Writer]:
        """The writers; one that cannot be built is left out, if there are others."""
        missing: ConfigurationError | None = None
        found = False
        for model in models:
            try:
                writer = writer_for(model, self._settings, self._embed)
            except ConfigurationError as error:
                logger.warning("%s is left out: %s", model, error)
                missing = missing or error
            else:
                found = True
                yield checked(writer, self._embed)
        if missing and not found:
            raise missing
