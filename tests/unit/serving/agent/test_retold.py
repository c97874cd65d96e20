"""A sentence says a line again if it says all of it, in its order, and nothing else."""

from __future__ import annotations

import pytest

from serving.agent.retold import retells

AROUND = "Kestrel Merlin espresso machine Specification"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Weight: 9.2 kg", "The weight of the Kestrel Merlin is 9.2 kg."),
        ("Merlin: New £489, Used £325", "The Merlin costs £489 new and £325 used."),
        ("Shop: 9:00 to 17:30, Desk closed", "The shop is open from 9:00 to 17:30, and the desk is closed."),
        ("Price: Heron £900, Kite £1,200", "The price is £900 for the Heron and £1,200 for the Kite."),
        (
            "Sunday: Café closed, Library 11:00 to 15:00",
            "On Sunday the café is closed, and the library is open 11:00 to 15:00.",
        ),
        ("Boxes: 3 on Monday, 4 on Tuesday", "The boxes are 3 on Monday and 4 on Tuesday."),
        ("Late payment: 1.5% per month, from the 8th day", "The late payment is 1.5% per month, from the 8th day."),
    ],
)
def test_a_line_as_a_sentence_is_the_same_line(line: str, said: str) -> None:
    assert retells(said, line, AROUND)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Weight: 9.2 kg", "The weight is 2.9 kg."),
        ("Weight: 9.2 kg", "The weight is 9.2."),
        ("Weight: 9.2 kg", "The weight is 9.2 kg with the box."),
        ("Weight: 9.2 kg", "The weight is 9.2 kg. It is heavy."),
        ("Weight: 9.2 kg", "The weight is not 9.2 kg."),
        ("Weight: 9.2 kg", "The weight: 9.2 kg."),
        ("Weight: 9.2 kg", "The weight of the Merlin, 9.2 kg."),
        ("Price: £489", "The price is 489."),
        ("Price: from £325", "The price is £325."),
        ("Price: £4 a day", "The price is up to £4 a day."),
        ("Merlin: New £489, Used £325", "The Merlin costs £325 new and £489 used."),
        ("Merlin: New £489, Used £325", "The Merlin costs £489 used and £325 new."),
        ("Merlin: New £489, Used £325", "The Merlin costs £489 new."),
        ("Storage: -5 °C", "The storage is at 5 °C."),
        ("Delivery: free", "The delivery is free?"),
        ("Delivery: free", "The delivery was free."),
        ("Delivery: free", "The delivery should have been free."),
        (
            "Sunday: Café closed, Library 11:00 to 15:00",
            "On Sunday the café is open 11:00 to 15:00, closed the library.",
        ),
        ("Osprey: Working £850, Not working £300", "The Osprey is not working £850, and not working £300."),
    ],
)
def test_what_is_left_out_added_or_exchanged_makes_it_another(line: str, said: str) -> None:
    assert not retells(said, line, AROUND)
