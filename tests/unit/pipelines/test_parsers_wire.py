"""The frames between parent and child: whole or not at all, and never past a deadline."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep

import pytest

from pipelines.parsers import wire

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_request_arrives_whole(pair: Pair) -> None:
    ours, theirs = pair
    data = bytes(range(256)) * 10_000
    sender = Thread(target=wire.send_request, args=(ours, "a/ü.md", data))
    sender.start()
    assert wire.receive_request(theirs) == ("a/ü.md", data)
    sender.join()


def test_a_hung_up_parent_is_no_request(pair: Pair) -> None:
    pair[0].close()
    assert wire.receive_request(pair[1]) is None


def test_an_answer_that_drips_in_is_not_waited_for_past_the_deadline(pair: Pair) -> None:
    ours, theirs = pair
    ours.settimeout(5)

    def drip() -> None:
        for _ in range(20):
            theirs.sendall(b"\x01")
            sleep(0.05)

    dripping = Thread(target=drip)
    dripping.start()
    began = monotonic()
    with pytest.raises(TimeoutError):
        wire.receive(ours, 1_000, deadline=monotonic() + 0.2)
    assert monotonic() - began < 0.8
    dripping.join()


def test_an_answer_larger_than_any_document_is_not_taken(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall((2**40).to_bytes(8, "big"))
    with pytest.raises(EOFError):
        wire.receive_answer(ours, deadline=monotonic() + 5)
