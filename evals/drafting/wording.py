"""How a heading or a label is said within a question: small letters, base forms, articles. Knows no pages."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from core.words import STOP_WORDS, content

# What visitors ask how to do.
_ALL = """access activate add adjust allow apply assign associate attach authenticate automate backflush back bake book
    brew build buy calculate call cancel change check choose claim clean clone combine compare configure connect
    contact control convert copy create customize customise debug define delete deploy descale detach disable
    disassociate disconnect download edit enable encrypt exchange export extend find fit fix format generate get grant
    handle identify implement import improve increase index install integrate invoke join launch limit list load log
    maintain manage map measure merge migrate modify monitor mount move open order override pack pay perform plan
    prepare prevent print protect provide publish query read reboot receive record recover reduce refill refund
    register remove rename renew repair replace report request reserve reset resize resolve restart restore restrict
    retrieve return revoke rotate run save scale schedule search secure select sell send set share ship sign specify
    start steam stop store submit subscribe switch tag terminate test track train transfer transform troubleshoot tune
    turn uninstall unsubscribe update upgrade upload use validate verify view wash work write"""
_VERBS = frozenset(_ALL.split())
# Those that are nouns as often: only with an article behind them do they start a heading as an order.
_NOUNS = """access back book brew build call change check claim clean control copy debug design exchange export fit fix
    format grant handle import increase index launch limit list load log map measure merge mount move order pack pay
    plan print query read record refund report request reserve return run save scale search set share ship sign start
    steam stop store switch tag test track train transfer transform turn update upgrade use view work"""
_COMPOUNDS = frozenset({"opening", "shipping", "training", "running", "packing", "baking"})  # `opening hours`
_ARTICLES = frozenset({"a", "an", "the", "your", "our", "my"})
_OURS = {"our": "your", "us": "you", "we": "you", "your": "my", "you": "I"}  # the page's words in a visitor's mouth
_CAPITALISED = re.compile(r"[A-ZÀ-Þ][a-zß-ÿ'’-]*$")
_VAGUE = frozenset(
    content(
        """overview introduction summary note notes example examples step steps topic topics section details information
        next following previous other more additional general basic basics prerequisites requirements background
        limitations considerations related resources documentation guide page reference appendix value values default
        number maximum minimum limit amount total time result results type name method process procedure"""
    )
)


def gist(text: str) -> list[str]:
    """The stems that say what it is about, without those that could be about anything."""
    return [stem for stem in content(text) if stem not in _VAGUE and not stem.isdigit()]


def base_form(verb: str, followed_by: str) -> str | None:
    """`descaling`, `descale` -> `descale`; None where it may well be a noun (`opening hours`)."""
    verb, article = verb.lower(), followed_by.lower() in _ARTICLES
    if verb.endswith("ing") and len(verb) > 5:
        root = verb[:-3]
        forms = [f"{root}e", root, root[:-1] if root[-1:] == root[-2:-1] else root]
        return None if verb in _COMPOUNDS and not article else next((form for form in forms if form in _VERBS), None)
    return verb if verb in _VERBS and (article or verb not in _NOUNS.split()) else None


def spoken(phrase: str, body: str, small: Container[str]) -> str:
    """A heading as it is said within a sentence: `Access Keys` -> `access keys` where the text writes it so."""
    found = phrase.split()
    said: list[str] = []  # from the last word on: before a name that stays, a capital is the name's
    for index in range(len(found) - 1, -1, -1):
        word, pairs = found[index], [" ".join(found[at : at + 2]) for at in (index - 1, index) if at >= 0]
        of_a_name = bool(said) and said[0][:1].isupper() and word[-1].isalnum() and word.lower() not in STOP_WORDS
        said.insert(0, word if of_a_name or _is_written(pairs, body) else _small(word, small))
    return " ".join(said)


def with_article(thing: str, body: str) -> str:
    """`Merlin` -> `the Merlin`, where the text says it with an article, or where it is no name."""
    first = thing.split()[0]
    if first.lower() in _ARTICLES:
        return asked_by_a_visitor(thing)
    plain = first[0].islower() or re.search(rf"\b[Tt]he {re.escape(thing)}\b", body)
    return f"the {thing}" if plain else thing


def asked_by_a_visitor(phrase: str) -> str:
    """`our workshop` -> `your workshop`, `your order` -> `my order`."""
    return " ".join(_OURS.get(word.lower(), word) if word.lower() in _OURS else word for word in phrase.split())


def small_first(subject: str, body: str) -> str:
    """A sentence's subject within another one: `The Merlin` -> `the Merlin`; names and `API keys` stay as they are."""
    first, *rest = subject.split()
    bare = first.rstrip(",")
    named = bool(rest) and rest[0][:1].isupper()
    if first.lower() in _ARTICLES or (_CAPITALISED.match(bare) and not named and not _within(bare, body)):
        return subject[0].lower() + subject[1:]
    return subject


def is_name(phrase: str) -> bool:
    """`DynamoDB`, `IAM`, `Amazon Kendra`: more than a capital that starts a sentence."""
    capitals = [word for word in phrase.split() if word[:1].isupper()]
    return len(capitals) > 1 or any(not letter.islower() and letter.isalpha() for letter in phrase[1:].split(" ")[0])


def is_known(subject: str, *places: str) -> bool:
    """Whether one understands a subject alone: a name, three words that say something, or what the headings name."""
    stems = gist(subject)
    named = any(word[:1].isupper() for word in subject.split()[1:])
    return bool(stems) and (named or len(stems) > 2 or bool(set(stems) & set(gist(" ".join(places)))))


def _within(word: str, body: str) -> bool:
    """Whether the text writes the word with its capital where no sentence starts."""
    return bool(re.search(rf"[\w,;] {re.escape(word)}\b", body))


def _is_written(pairs: Iterable[str], body: str) -> bool:
    """Whether the text writes one of these pairs of words with just these capitals."""
    return any(pair.rstrip(",.:;)?") in body for pair in pairs if " " in pair)


def _small(word: str, small: Container[str]) -> str:
    bare = word.rstrip(",.:;)?")
    return word.lower() if bare != "I" and _CAPITALISED.match(bare) and bare.lower() in small else word
