"""What a model writes, held back by one sentence: each is checked before anybody sees it.

A sentence that the passages do not support, that repeats the assistant's rules or what was said before it, is dropped;
links go that lead elsewhere than to a source. If nothing is left the answer declines. A model that judges the question
to be outside the site's scope says so with a mark, and the visitor hears our own sentence. Quotes need none of this.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from core.grounding import Support, support
from core.records import Message, Passage, Ruling
from core.sentences import split
from core.signals import Evidence, Told
from core.words import words
from serving.agent import prompts
from serving.agent.language import ENGLISH, Spoken, foreign
from serving.agent.leaks import Leaks
from serving.agent.links import Links
from serving.agent.models import ModelWriter
from serving.agent.policy import read_policy
from serving.agent.repeats import Repeats
from serving.agent.similarity import Embed, Similarity
from serving.agent.state import Closing, Writer

GROUNDED = 0.3  # a sentence's score from which it counts as supported: 95% of true ones have it

_MARK = re.compile(r"[ \t]*\[\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*\]")
_OUTSIDE = re.compile(r"[\s*_`\"'>-]*\[\s*out\s*(?:\]|$)", re.IGNORECASE)
_DECLINING = re.compile(r"^\s*\[\s*0\s*\]")
# Where a sentence may end: its end mark, closing signs and citations, then space before anything but a small letter.
_END = re.compile(
    r"[.!?…][\"'”’»)*_]*(?:[ \t]*\[[\d,; ]+\])*\s+(?=[^\s\[a-z])|\n\s*(?=[^\s\[a-z])"
    r"|[。！？](?:\[[\d,; ]+\])*(?=[^\s\[])"
)
_END_MARK = re.compile(r"[.!?…\n。！？]")  # without one nothing has ended, which is soon found out
_NO_END = re.compile(
    r"(?:^|\n)[\s>*-]*(?:\d{1,3}[.)]|[*-])\s*$|\b(?:e\.g|i\.e|mr|mrs|ms|dr|vs|no|approx)\.\s*$", re.IGNORECASE
)
_FENCE = re.compile(r"^\s*```", re.MULTILINE)
_LEAD_IN = 12  # words of a line that introduces what follows
_FOREIGN = 5  # words of a sentence that can be told to be in another language
_ENGLISH = Spoken(served=frozenset({ENGLISH}))


def checked(writer: Writer, embed: Embed) -> Writer:
    """The writer as visitors hear it: what a model writes is checked, a quote needs none of it."""
    return CheckedWriter(writer, embed) if isinstance(writer, ModelWriter) else writer


class CheckedWriter:
    """A writer of which only checked sentences are heard. `embed` turns texts into unit vectors."""

    def __init__(self, writer: Writer, embed: Embed) -> None:
        self._writer = writer
        self._similarity = Similarity(embed)
        self._embed = embed

    @property
    def name(self) -> str:
        """The writer's own."""
        return self._writer.name

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        """The same answer sentence by sentence, less what does not pass; what was dropped is in its Closing."""
        reading = asyncio.create_task(self._read(question, passages))  # while the model reads the same
        check = Check(reading, passages, policy, self._embed)
        closing, said, held = Closing(), False, ""
        try:
            async with aclosing(self._writer.write(question, passages, history, policy)) as pieces:
                async for sentence in sentences(pieces):
                    if isinstance(sentence, Closing):
                        closing = sentence
                    elif not said and _OUTSIDE.match(sentence):
                        check.judged_outside()
                    elif shown := held + await check.passed(sentence):
                        said = said or bool(words(_MARK.sub("", shown)))
                        held = "" if said else shown  # signs without a word are no answer yet
                        if said:
                            yield shown
        finally:
            reading.cancel()
        if not said:
            yield prompts.outside(read_policy(policy).about) if check.outside else prompts.NO_ANSWER
        yield replace(closing, declined=closing.declined or not said, rulings=(*closing.rulings, *check.rulings))

    async def _read(self, question: str, passages: Sequence[Passage]) -> Evidence:
        told = [[each.text for each in split(passage.chunk.text)] for passage in passages]
        vectors = await self._embed([*(text for texts in told for text in texts), question])
        ends = [sum(map(len, told[: n + 1])) for n in range(len(told))]
        around = [f"{passage.chunk.title} {passage.chunk.heading}" for passage in passages]
        read = [
            Told(tuple(texts), vectors[end - len(texts) : end], place)
            for texts, end, place in zip(told, ends, around, strict=True)
        ]
        return Evidence(read, question, zero=await self._similarity.zero())


class Check:
    """Lets one answer's sentences through, or does not, and notes why."""

    def __init__(
        self, evidence: asyncio.Task[Evidence], passages: Sequence[Passage], policy: str, embed: Embed
    ) -> None:
        self.rulings: list[Ruling] = []
        self.outside = False
        self._evidence = evidence
        self._links = Links(passage.chunk.url for passage in passages)
        self._leaks = Leaks(prompts.rules(policy), [passage.chunk.text for passage in passages])
        self._repeats = Repeats()
        self._embed = embed

    def judged_outside(self) -> None:
        """The model says that the site is not about this question: nothing else of it is heard."""
        self.outside = True
        self.rulings.append(Ruling("scope", allowed=False, reason="The model judges it to be outside."))

    async def passed(self, sentence: str) -> str:
        """What may be shown of a sentence, white space around it included; "" for nothing."""
        if self.outside:
            return ""
        shown, removed = self._links.cleaned(_OUTSIDE.sub("", sentence))
        for address in removed:
            self.rulings.append(Ruling("links", allowed=False, reason=f"{address:.200} is no source of this answer."))
        plain = _plain(shown)
        if not plain:
            return shown if not removed else ""
        if self._leaks.in_(plain):
            self.rulings.append(Ruling("leak", allowed=False, reason="A sentence repeats the assistant's rules."))
            return ""
        [vector] = await self._embed([plain])
        found = support(plain, vector, await self._evidence)
        if supported(found, declining=bool(_DECLINING.match(sentence))):
            return "" if self._said_again(shown, plain) else shown
        reason = f"Not supported by the passages{f': {found.problem}' if found.problem else ''}: {plain:.200}"
        self.rulings.append(Ruling("grounded", allowed=False, reason=reason, score=round(found.score, 3)))
        return ""

    def _said_again(self, shown: str, plain: str) -> bool:
        again = self._repeats.again(shown, plain)
        if again:
            self.rulings.append(Ruling("repeated", allowed=False, reason=f"Said already: {plain:.200}"))
        return again


def supported(found: Support, *, declining: bool = False) -> bool:
    """Whether a sentence may be said. One that declines or leads in must only state no number or name of its own; one
    in another language than the passages, of whose names nothing is known, no number.
    """
    if found.score >= GROUNDED:
        return True
    leads_in = found.sentence.endswith(":") and len(words(found.sentence)) <= _LEAD_IN
    if (declining or leads_in) and found.problem is None:
        return True
    return not found.signals.number and _in_another_language(found.sentence)


def _in_another_language(sentence: str) -> bool:
    return len(words(sentence)) >= _FOREIGN and foreign(sentence, _ENGLISH) is not None


async def sentences(pieces: AsyncGenerator[str | Closing, None]) -> AsyncGenerator[str | Closing, None]:
    """A stream of pieces as sentences with the space after them; a block of code is one."""
    held = ""
    async for piece in pieces:
        if isinstance(piece, Closing):
            if held:
                yield held
                held = ""
            yield piece
            continue
        held += piece
        while end := _first_end(held):
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def _first_end(text: str) -> int:
    """Where the first sentence is over, 0 where none is yet."""
    for found in _END.finditer(text) if _END_MARK.search(text) else ():
        before = text[: found.end()]
        if not _NO_END.search(before) and len(_FENCE.findall(before)) % 2 == 0:
            return found.end()
    return 0


def _plain(markdown: str) -> str:
    text = _MARK.sub("", markdown)
    return " ".join(each.text for each in split(text)) or " ".join(words(text))
