"""The details of an action: what is taken of a visitor, and how little of a model."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError
from core.records import FormField
from serving.agent.tools.details import filled, in_own_words, is_complete, with_values

FIELDS = (
    FormField("name", "Your name", "text", longest=10),
    FormField("email", "Your e-mail address", "email", longest=254),
    FormField("message", "Your message", "long", longest=30),
    FormField("start", "Time", "choice", choices=(("1", "one"),), required=False),
)
WHOLE = {"name": "Ann", "email": "ann@mail.example", "message": "Hello"}


def test_what_is_given_is_taken_as_it_reads() -> None:
    given = {"name": "  Ann \n Lee ", "email": " ann@mail.example ", "message": " one\r\ntwo\x00\u202e ", "start": ""}
    assert filled(FIELDS, given) == {
        "name": "Ann Lee",
        "email": "ann@mail.example",
        "message": "one\ntwo\N{REPLACEMENT CHARACTER}",
    }


@pytest.mark.parametrize(
    "address", ["ann", "ann@mail", "a b@mail.example", "@mail.example", "a@b@mail.example", "<x@y.example>", "a@-.e"]
)
def test_what_is_no_address_is_refused_by_its_field(address: str) -> None:
    with pytest.raises(InvalidInputError, match=r"name@example\.com") as caught:
        filled(FIELDS, {**WHOLE, "email": address})
    assert caught.value.param == "fields.email"


@pytest.mark.parametrize("address", ["ann@mail.example", "a.b+c@x-y.co.uk", "änn@büro.example"])
def test_an_address_is_an_address(address: str) -> None:
    assert filled(FIELDS, {**WHOLE, "email": address})["email"] == address


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"name": ""}, "fields.name"),
        ({"name": "x" * 11}, "fields.name"),
        ({"start": "2"}, "fields.start"),
        ({"calendar": "evil"}, "fields.calendar"),
    ],
)
def test_what_is_missing_too_long_or_unknown_is_named(given: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        filled(FIELDS, {**WHOLE, **given})
    assert caught.value.param == param


@pytest.mark.parametrize("name", ["[x](https://evil.test) @here", "**x** <@here> https://evil.test", "x\n# here"])
def test_a_name_carries_no_link_no_mention_and_no_markup(name: str) -> None:
    field = FormField("name", "Your name", "text", longest=100)
    assert filled([field], {"name": name}) == {"name": "x here"}
    with pytest.raises(InvalidInputError, match="is missing"):
        filled([field], {"name": "https://evil.test/a"})


@pytest.mark.parametrize("name", ["Jean-Luc O’Neill", "Dr. Ann Lee (sales)", "李 小龙", "Ann & Bob"])
def test_a_name_stays_a_name(name: str) -> None:
    assert filled([FormField("name", "Your name", "text", longest=100)], {"name": name}) == {"name": name}


def test_a_form_is_filled_in_with_what_can_be_used_and_no_link() -> None:
    known = {"name": "x" * 99, "email": "nobody", "message": "See https://evil.test/x", "start": "9", "other": "?"}
    values = {field.name: field.value for field in with_values(FIELDS, known)}
    assert values == {"name": "x" * 10, "email": "", "message": "See", "start": ""}
    assert not is_complete(with_values(FIELDS, known))
    assert is_complete(with_values(FIELDS, WHOLE))


def test_of_a_model_only_what_the_visitor_wrote_counts() -> None:
    said = ["I am Ann Lee.", "Write to ANN@mail.example"]
    theirs = {"name": "Ann Lee", "email": "ann@mail.example", "start": "1"}
    assert in_own_words(theirs, said) == theirs
    assert in_own_words({"name": "Ann Evil", "email": "x@evil.test", "start": "1"}, said) == {"start": "1"}
