"""Several models as one writer: the next one answers where one fails before its first word.

After a first word there is no second model: visitors never see two beginnings. Each model has a circuit breaker, so
while one is down the next answers at once. Retries are the provider's client's own; all of it ends within `seconds`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from core.errors import FrontdeskError, OverloadedError
from core.records import Message, Passage
from serving.agent.breaker import Breaker
from serving.agent.failures import NotAcceptedError, away, told
from serving.agent.state import Closing, Writer

logger = logging.getLogger(__name__)

Pieces = AsyncGenerator[str | Closing, None]


@dataclass(frozen=True)
class Link:
    """A writer, and whether it is worth asking."""

    writer: Writer
    breaker: Breaker = field(default_factory=Breaker)


class Chain:
    """Asks the first of its writers that is up."""

    def __init__(self, links: Sequence[Link], seconds: float) -> None:
        self._links = links
        self._seconds = seconds

    @property
    def name(self) -> str:
        """The preferred writer's; which one answered is in the Closing."""
        return self._links[0].writer.name

    async def write(
        self, question: str, passages: Sequence[Passage], history: Sequence[Message], policy: str, /
    ) -> Pieces:
        """The first answer that begins; the last failure, or that all are away, where none does."""
        ends = asyncio.get_running_loop().time() + self._seconds
        failure: FrontdeskError = away(min(link.breaker.wait for link in self._links))
        for number, link in enumerate(self._links):
            if not link.breaker.admits():
                continue
            attempt = _Attempt(link, ends, len(self._links) - number)
            try:
                async with aclosing(attempt.heard(link.writer.write(question, passages, history, policy))) as pieces:
                    async for piece in pieces:
                        yield piece
            except FrontdeskError as error:
                if attempt.spoke:
                    raise
                failure = error
                logger.warning("%s gave no answer (%s); asking the next one, if any.", link.writer.name, error.code)
            else:
                return
        raise failure


class _Attempt:
    """One writer's answer on its way, and what its breaker is told of it."""

    def __init__(self, link: Link, ends: float, left: int) -> None:
        self.spoke = False
        self._link = link
        self._ends = ends
        self._left = left  # writers that could still be asked, this one among them

    async def heard(self, pieces: Pieces) -> Pieces:
        """The pieces in time: for its first word a writer has its share of the time that is left."""
        told_breaker = False
        try:
            async with aclosing(pieces):
                while (piece := await self._next(pieces)) is not None:
                    self.spoke = self.spoke or bool(piece)
                    yield self._signed(piece) if isinstance(piece, Closing) else piece
        except (NotAcceptedError, OverloadedError):
            raise  # it is up; another question, or another moment, and it answers
        except FrontdeskError:
            told_breaker = True
            self._link.breaker.failed()
            raise
        else:
            told_breaker = True
            self._link.breaker.succeeded()
        finally:
            if not told_breaker:
                self._link.breaker.left()

    def _signed(self, closing: Closing) -> Closing:
        return replace(closing, model=closing.model or self._link.writer.name)

    async def _next(self, pieces: Pieces) -> str | Closing | None:
        try:
            async with asyncio.timeout_at(self._deadline()):
                return await anext(pieces, None)
        except TimeoutError as error:
            raise told(error, self._link.writer.name) from error

    def _deadline(self) -> float:
        if self.spoke:
            return self._ends
        now = asyncio.get_running_loop().time()
        return now + (self._ends - now) / self._left
