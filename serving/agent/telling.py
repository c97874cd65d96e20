"""The writer around a very small model: quotes, of which the model says the rows of tables and lists as sentences.

Such a model cannot be asked what passages say: it invents, and of several true numbers it takes any (evals/LOG.md). It
can turn `Weight: 9.2 kg` into a sentence, once its beginning is given. So what to quote is chosen without it, it sees
one line at a time, and where it does not say the whole line, or not in time, the line itself is said.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from importlib.resources import files

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from core.errors import FrontdeskError
from core.records import Message, Passage, Ruling
from core.sentences import Sentence
from serving.agent.answerable import answerable, unanswered, weighing
from serving.agent.chain import Chain, Link
from serving.agent.check import CheckedWriter
from serving.agent.extractive import Extractive, quoted
from serving.agent.quotes import Quotes
from serving.agent.retold import retells
from serving.agent.rows import beginning, small_words, tellable
from serving.agent.similarity import Embed
from serving.agent.state import Closing, Writer

logger = logging.getLogger(__name__)

MOST_TOKENS = 48  # of a sentence
SECONDS = 8.0  # for a sentence; whoever waits longer would rather read the row

_RULE, *_EXAMPLES = files(__package__).joinpath("telling.txt").read_text(encoding="utf-8").strip().split("\n\n")


class Telling:
    """Quotes, retold by a model where that loses nothing. What it writes is checked before anybody sees it."""

    def __init__(self, model: Writer, embed: Embed) -> None:
        self.name = model.name
        alone = Chain([Link(model)], SECONDS)  # with a breaker: its failures are heard by nobody further out
        self._model = CheckedWriter(_Begun(alone), embed)
        self._weigh = weighing(embed)

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        """What `Extractive` would quote, a paragraph per passage; the Closing names who wrote it."""
        weighed = await self._weigh(question, passages, history) or ()
        if not answerable(weighed).allowed:
            yield unanswered(weighed, passages)
            yield Closing(declined=True, model=Extractive.name)
            return
        teller = _Teller(self._model, policy, small_words(passages))
        for index, each in enumerate(quoted(weighed, question, passages, history)):
            paragraph = each if isinstance(each, str) else (await teller.retold(each)).paragraph
            yield f"\n\n{paragraph}" if index else paragraph
        yield replace(teller.bill, model=self.name if teller.told else Extractive.name)


def prompt(begun: str, passages: Sequence[Passage], _history: Sequence[Message], _policy: str) -> list[BaseMessage]:
    """The rule and the worked examples in `telling.txt`, each a page, a line and its sentence; then the one line, and
    how its sentence begins.
    """
    lines = [f"{passage.chunk.title.partition(' | ')[0]}\n{passage.chunk.text}" for passage in passages]
    worked = (message for example in _EXAMPLES for message in _worked(example))
    return [SystemMessage(_RULE), *worked, *map(HumanMessage, lines), AIMessage(begun)]


def _worked(example: str) -> tuple[BaseMessage, BaseMessage]:
    asked, _, told = example.rpartition("\n")
    return HumanMessage(asked), AIMessage(told)


class _Begun:
    """A model that goes on with what stands in for a question, heard from its beginning."""

    def __init__(self, model: Writer) -> None:
        self.name = model.name
        self._model = model

    async def write(
        self, begun: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> AsyncGenerator[str | Closing, None]:
        async with aclosing(self._model.write(begun, passages, history, policy)) as pieces:
            yield begun
            async for piece in pieces:
                yield piece


@dataclass
class _Teller:
    """The model's part in one answer: what it said that could be used, and what that cost."""

    model: Writer
    policy: str
    small: frozenset[str]  # words that are no names
    bill: Closing = field(default_factory=Closing)
    told: bool = False
    failed: bool = False

    async def retold(self, quotes: Quotes) -> Quotes:
        """The same with its rows as sentences, or as it was: one without the other would read oddly."""
        if not tellable(quotes.sentences):
            return quotes
        sentences: list[Sentence] = []
        for each in quotes.sentences:
            sentence = await self._sentence(each, quotes) if each.item else each
            if sentence is None:
                return quotes
            sentences.append(sentence)
        self.told = True
        return replace(quotes, sentences=tuple(sentences))

    async def _sentence(self, row: Sentence, quotes: Quotes) -> Sentence | None:
        """The row as the model says it; None where that will not do."""
        begun = beginning(row.text, self.small)
        if self.failed or not begun:
            return None
        try:
            said = await self._said(begun, _only(row, quotes))
        except FrontdeskError as error:  # the quote is there: no visitor need hear of it
            logger.warning("%s said nothing (%s): %s", self.model.name, error.code, error)
            self.failed = True
            return None
        around = f"{quotes.passage.chunk.title} {quotes.passage.chunk.heading} {row.context}"
        if retells(said, row.text, around):
            return replace(row, text=said, shown=(said,), item=False, depth=0)
        if said:
            self._note(Ruling("grounded", allowed=False, reason=f"Not the whole row and nothing else: {said:.200}"))
        return None

    async def _said(self, begun: str, line: Passage) -> str:
        pieces: list[str] = []
        closing = Closing()
        async with aclosing(self.model.write(begun, [line], (), self.policy)) as written:
            async for piece in written:
                if isinstance(piece, Closing):
                    closing = piece
                else:
                    pieces.append(piece)
        usage, cost = self.bill.usage + closing.usage, self.bill.cost + closing.cost
        self.bill = replace(self.bill, usage=usage, cost=cost)
        self._note(*closing.rulings)
        return "" if closing.declined else "".join(pieces).strip()

    def _note(self, *rulings: Ruling) -> None:
        self.bill = replace(self.bill, rulings=(*self.bill.rulings, *rulings))


def _only(row: Sentence, quotes: Quotes) -> Passage:
    """A passage that says nothing but this row."""
    return replace(quotes.passage, chunk=replace(quotes.passage.chunk, text=row.text))
