"""The worker: one process beside the server that exports ended turns, folds their files, hands them to memory, closes
those whose host is gone, and makes in the live builds what their change logs hold and they do not.

Run it with `python -m pipelines worker`. What fails is logged and tried again; SIGTERM ends it after the batch
it is at. Knows no request.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from threading import Event, Thread

import structlog
from structlog.typing import FilteringBoundLogger
from tenacity import RetryCallState, Retrying, stop_when_event_set, wait_exponential
from tenacity.nap import sleep_using_event

from core.conversations import Conversations
from core.database import Database
from core.errors import ConflictError
from core.records import now
from pipelines.change import Changes
from pipelines.compact import compact
from pipelines.export import export_batch, export_ratings
from pipelines.remember import Remembering

Job = Callable[[Event], None]  # one round; it ends early once the event is set

_LONGEST_PAUSE = 60  # seconds between attempts while something stays broken
_COMPACTS = 600  # seconds from one look at all files to the next


def run_until_stopped(jobs: Sequence[Job], every: float, log: FilteringBoundLogger) -> None:
    """Does each job every so many seconds until SIGTERM or SIGINT, which it learns of through the event."""
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log.info("started", every=every)
    repeat_all(jobs, every, stopping, log)
    log.info("stopped")


def repeat_all(jobs: Sequence[Job], every: float, stopping: Event, log: FilteringBoundLogger) -> None:
    """Repeats each job in a thread of its own, so that one that fails holds up no other.

    None is in the main one, which a signal interrupts, and must not find holding the event's lock.
    """
    threads = [Thread(target=repeat, args=(job, every, stopping, log), name="worker") for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def repeat(job: Job, every: float, stopping: Event, log: FilteringBoundLogger) -> None:
    """Round after round until `stopping`; a round that fails is tried again, after ever longer pauses."""

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.error("failed", error=str(error), kind=type(error).__name__, attempt=state.attempt_number)

    retrying = Retrying(
        wait=wait_exponential(max=_LONGEST_PAUSE),
        stop=stop_when_event_set(stopping),
        sleep=sleep_using_event(stopping),
        after=report,
        retry_error_callback=lambda _: None,  # it is to stop; the next worker goes on
    )
    while not stopping.is_set():
        retrying(job, stopping)
        stopping.wait(every)


def export_job(
    database: Database, conversations: Conversations, stale_after: timedelta, log: FilteringBoundLogger
) -> Job:
    """Closes the turns that lost their host, then exports everything that has ended, batch by batch."""

    def job(stopping: Event) -> None:
        if aborted := database.turns.abort_stale(now() - stale_after):
            log.warning("turns lost their host", aborted=aborted)
        while not stopping.is_set() and (turns := export_batch(database, conversations)):
            log.info("exported", turns=turns)
        while not stopping.is_set() and (rated := export_ratings(database, conversations)):
            log.info("exported", rated=rated)

    return job


def healing_job(database: Database, changes: Changes, log: FilteringBoundLogger) -> Job:
    """Lets each live build follow its site's change log, where who logged a change died before making it."""

    def job(stopping: Event) -> None:
        for site in database.sites.list():
            if not stopping.is_set() and (made := changes.catch_up(site.id)):
                log.warning("changes were logged and not made", site=site.id, made=made)

    return job


def remember_job(remembering: Remembering, log: FilteringBoundLogger) -> Job:
    """Hands everything that has ended to memory, batch by batch."""

    def job(stopping: Event) -> None:
        while not stopping.is_set() and (turns := remembering.batch()):
            log.info("remembered", turns=turns)

    return job


def compact_job(database: Database, conversations: Conversations, grace: timedelta, log: FilteringBoundLogger) -> Job:
    """Keeps the files few, at its own pace; where another worker is at it, that one does it."""

    def job(stopping: Event) -> None:
        with suppress(ConflictError):
            done = compact(database, conversations, grace, lambda *_: None)
            log.debug("compacted", **done.figures()) if done.is_idle else log.info("compacted", **done.figures())
        stopping.wait(_COMPACTS)

    return job


def worker_log(level: str) -> FilteringBoundLogger:
    """A log of JSON lines on standard error, down to a level such as INFO."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        process="worker",
    )
    return log
