"""Which languages a site can be asked in: those of its embedding model, and those that its pages are in.

Pages in the visitor's language are found by their words, whatever the model knows. Knows no question.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

from core.knowledge import BuildTable
from serving.agent.language import ENGLISH, Spoken, language_of
from serving.retrieval import OpenBuild

# Names of embedding models that know some fifty languages or more; any other is taken to know English.
_MANY = re.compile(
    r"multilingual|text-embedding-3|bge-m3|labse|qwen3-embedding|embeddinggemma|jina-embeddings-v[3-9]|-e5-.*instruct"
    r"|arctic-embed-[lm]-v2|nomic-embed-text-v2",
    re.IGNORECASE,
)
_SAMPLE = 60  # chunks that tell what the pages are written in
_SHARE = 0.15  # of them from which a language is one of the site's


class Languages:
    """Asks each build once, and again after its table has changed."""

    def __init__(self, live: Callable[[str], Awaitable[OpenBuild]], threads: Executor) -> None:
        self._live = live
        self._threads = threads
        self._known: dict[str, tuple[OpenBuild, Spoken]] = {}  # by site

    async def __call__(self, site: str) -> Spoken:
        """What the site's live build can be asked in."""
        live = await self._live(site)
        asked, spoken = self._known.get(site, (None, None))
        if spoken is None or asked is not live:
            spoken = await asyncio.get_running_loop().run_in_executor(self._threads, _spoken, live)
            self._known[site] = live, spoken
        return spoken


def _spoken(live: OpenBuild) -> Spoken:
    written = written_in(live.table)
    served = None if _MANY.search(live.build.embedding_model) else frozenset({ENGLISH, *written})
    return Spoken(written[0], served, live.vocabulary.knows)


def written_in(table: BuildTable) -> tuple[str, ...]:
    """The languages of the table's texts, the commonest first; English where they tell none."""
    rows = table.rows()
    offsets = sorted({rows * step // _SAMPLE for step in range(_SAMPLE)}) if rows else []
    texts = table.lance.take_offsets(offsets).select(["text"]).to_arrow()["text"].to_pylist() if offsets else []
    found = Counter(filter(None, map(language_of, texts)))
    return tuple(code for code, count in found.most_common() if count >= _SHARE * len(texts)) or (ENGLISH,)
