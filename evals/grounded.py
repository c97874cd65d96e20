"""How well the passages of an answer support it: core/grounding.py's score as one more measure of answers, no judge.

A declined answer claims nothing and is left out. Each sentence, of answers and of passages, is embedded once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.embedder import Encoder
from core.grounding import Support, supports
from core.grounding import groundedness as whole
from core.records import Chunk
from core.signals import Evidence, Told
from core.similarity import STRANGERS, zero_of
from evals.answer_measures import Scorer, Scores
from evals.judged import Embedded, texts_of
from evals.rehearsal import Answered

SUPPORTED = 0.5  # a sentence scored below this is rather not what the passages say


def groundedness(encoder: Encoder) -> Scorer:
    """`groundedness` of each answer as a whole, and `unsupported`, the share of its sentences that nothing supports."""

    async def score(answers: Sequence[Answered]) -> Scores:
        found = supported(answers, Embedded(encoder))
        return {
            "groundedness": {name: whole(sentences) for name, sentences in found.items()},
            "unsupported": {name: _unsupported(sentences) for name, sentences in found.items()},
        }

    return score


def supported(answers: Iterable[Answered], embedded: Embedded) -> Mapping[str, Sequence[Support]]:
    """By question, what the passages say to each sentence of its answer."""
    claims = [each for each in answers if each.done and not each.turn.declined and texts_of(each.text)]
    embedded.of([text for each in claims for text in _read(each)])
    zero = zero_of(embedded.of(STRANGERS))
    return {each.question.id: supports(embedded.told(each.text), _evidence(each, embedded, zero)) for each in claims}


def _evidence(answered: Answered, embedded: Embedded, zero: float) -> Evidence:
    told = [_told(passage.chunk, embedded) for passage in answered.turn.passages]
    return Evidence(told, answered.question.text, zero=zero)


def _told(chunk: Chunk, embedded: Embedded) -> Told:
    """What the passage says and, as a sentence of its own, where it stands: an answer may introduce a list by that."""
    sentences = sentences_of(chunk)
    return Told(sentences, embedded.of(sentences), f"{chunk.title} {chunk.heading}")


def sentences_of(chunk: Chunk) -> tuple[str, ...]:
    """What `Support.evidence` counts: where a passage stands, then what it says."""
    place = ", ".join(filter(None, [chunk.title, *chunk.heading.split(" > ")]))
    return (*filter(None, [place]), *texts_of(chunk.text))


def _read(answered: Answered) -> list[str]:
    """All sentences that are looked at."""
    told = [text for passage in answered.turn.passages for text in sentences_of(passage.chunk)]
    return [*texts_of(answered.text), *told]


def _unsupported(sentences: Sequence[Support]) -> float:
    return sum(each.score < SUPPORTED for each in sentences) / len(sentences)
