"""What kind of answer a question asks for, such as a price or a weight, and whether a sentence states one.

Only kinds that can be told by their looks, in English; any other question asks for no kind, and nothing is held
against a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_COUNTED = (
    r"(?:\d[\d.,]*|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty"
    r"|sixty|ninety|half an|several)"
)
_PERIOD = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|fortnights?|months?|years?)"
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answer: what asks for it, and what states it."""

    name: str
    asks: re.Pattern[str]
    states: re.Pattern[str]
    narrows: bool = True  # whether what states it says enough; else it only goes first

    def stated(self, text: str) -> bool:
        """Whether the text states something of this kind."""
        return bool(self.states.search(text))


def _kind(name: str, asks: str, states: str) -> Kind:
    return Kind(name, re.compile(asks, re.IGNORECASE), re.compile(states, re.IGNORECASE))


_KINDS = (
    _kind(
        "price",
        r"\bhow much (?:is|are|was|does|do|will|would|for|to)\b(?!.*\b(?:weigh|need|hold|take|drink)\b)|\bcosts?\b"
        r"|\bprices?\b|\bpriced\b|\bcharged?\b|\bfees?\b|\bhow expensive\b|\bwhat do (?:i|we) pay\b|\bsurcharge\b",
        r"[£$€¥₹]\s?\d|\d\s?(?:[£€]|%|(?:p|pence|pounds?|euros?|dollars?|cents?|usd|eur|gbp)\b)"
        r"|\bfree\b|\bno (?:charge|extra)\b|\bnothing\b|\bcharged?\b",
    ),
    _kind(
        "weight",
        r"\bhow heavy\b|\bweighs?\b|\bweight\b",
        r"\d\s?(?:kg|g|mg|lbs?|oz|t|grams?|kilos?|kilograms?|pounds?|ounces?|tonnes?|tons?)\b",
    ),
    _kind(
        "frequency",
        r"\bhow (?:often|frequently|regularly)\b",
        rf"\b(?:every|each|per|once|twice|times|daily|weekly|monthly|yearly|annually|hourly)\b|\ba {_PERIOD}\b",
    ),
    _kind(
        "duration",
        r"\bhow (?:long|soon|quickly|many (?:seconds|minutes|hours|days|weeks|months|years))\b",
        rf"\b{_COUNTED}(?:\s+(?:working|business|full|more|whole)|-)?\s?{_PERIOD}\b|\d\s?(?:s|min|h)\b|\d:\d\d|\blifetime\b"
        rf"|\b{_DAY}\b",
    ),
    _kind(
        "time",
        r"^\W*(?:(?:and|but|so|or)\W+)*when\b|[,;.?!]\s+(?:and )?when (?:do|does|did|is|are|was|were|will|can|could)\b"
        r"|\b(?:what|which) (?:time|day|date|month|year)\b|\bopening (?:hours|times)\b",
        rf"\d[:.]\d\d|\d\s?(?:am|pm)\b|\b(?:{_DAY}|{_MONTH}|noon|midnight|today|tomorrow|closed|daily|weekends?)\b"
        rf"|\b(?:1\d|20)\d\d\b|\b{_COUNTED}(?:\s+working)?\s?{_PERIOD}\b|\b(?:spring|summer|autumn|winter|centur\w+)\b",
    ),
    _kind(
        "number",
        r"\bhow many\b",
        rf"\d|\b(?:{_COUNTED}|none|dozens?|hundreds?|thousands?|millions?|both|single|double|pair)\b",
    ),
)


_QUANTITY = replace(
    _kind(
        "quantity",
        r"\b(?:maximum|minimum|max|min|largest|longest|highest|lowest)\b|\b(?:size|storage|memory|rate) limits?\b"
        r"|\blimits? (?:of|on|for)\b|\bhow much (?:memory|storage|space|data|disk)\b|\bhow (?:large|big)\b",
        r"\d",
    ),
    narrows=False,  # a limit has its conditions
)


def kind_of(question: str) -> Kind | None:
    """The kind of answer that a question asks for; None where it asks for no single one of those that are known."""
    asked = [kind for kind in _KINDS if kind.asks.search(question)]
    if not asked and _QUANTITY.asks.search(question):
        return _QUANTITY
    return asked[0] if len(asked) == 1 else None
