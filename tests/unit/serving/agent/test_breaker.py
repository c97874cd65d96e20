"""When a model that failed is left alone, and who tries it again."""

from __future__ import annotations

from serving.agent.breaker import Breaker


class Clock:
    """Time that stands still until it is moved."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, rest=30, clock=clock)
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=3)
    for _ in range(4):
        for _ in range(2):
            breaker.failed()
        assert breaker.admits()
        breaker.succeeded()
    for _ in range(3):
        breaker.failed()
    assert not breaker.admits()


def test_open_it_says_how_long_and_admits_nobody() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds += 10
    assert not breaker.admits()
    assert breaker.wait == 20


def test_after_its_rest_exactly_one_may_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds += 30
    assert breaker.wait == 0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_a_probe_that_succeeds_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds += 30
    assert breaker.admits()
    breaker.succeeded()
    assert all(breaker.admits() for _ in range(3))


def test_a_probe_that_fails_opens_it_for_another_rest() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds += 30
    assert breaker.admits()
    breaker.failed()
    assert breaker.wait == 30
    clock.seconds += 29
    assert not breaker.admits()


def test_a_probe_that_was_given_up_leaves_its_place_to_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.seconds += 30
    assert breaker.admits()
    breaker.left()
    assert breaker.admits()
