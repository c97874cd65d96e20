"""Which kind of answer a question asks for, and which sentences state one."""

from __future__ import annotations

import pytest

from serving.agent.kinds import kind_of


@pytest.mark.parametrize(
    ("question", "stating", "not_stating"),
    [
        ("What does the Merlin cost?", "Price: £489", "It is a fine machine of 9.2 kg."),
        ("How heavy is it?", "Weight: 9.2 kg", "Warranty: 24 months"),
        ("And how long is the warranty?", "It runs for two years.", "Keep the invoice."),
        ("How often should I descale it?", "Do so every six weeks.", "It takes 45 minutes."),
        ("When are you open on Saturdays?", "Saturday: 9:00 to 17:00", "We like our bar."),
        ("What is the maximum size of a package?", "It may have 250 MB.", "The maximum size of a package is limited."),
        ("How much memory does it have?", "Memory 4 GB", "It has a memory."),
        ("How many cups fit?", "There is room for six cups.", "Cups stand on top."),
    ],
)
def test_a_sentence_states_what_is_asked_for_or_does_not(question: str, stating: str, not_stating: str) -> None:
    kind = kind_of(question)
    assert kind is not None
    assert kind.stated(stating)
    assert not kind.stated(not_stating)


@pytest.mark.parametrize(
    "question",
    ["Can I send it back?", "What happens when the tank is empty?", "How heavy is it, and what does it cost?"],
)
def test_other_questions_ask_for_no_kind(question: str) -> None:
    assert kind_of(question) is None
