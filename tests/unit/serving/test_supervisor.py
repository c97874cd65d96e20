"""A child process that is started, started again, and stopped."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import psutil
import pytest

from serving.supervisor import Supervisor

STARTS = "import sys, time; open(sys.argv[1], 'a').write('started\\n')"
SLEEPS = f"{STARTS}; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"


def starts(log: Path) -> int:
    return log.read_text().count("started") if log.exists() else 0


async def until_started(log: Path, times: int) -> None:
    async with asyncio.timeout(20):
        while starts(log) < times:  # noqa: ASYNC110 - it is another process that we wait for
            await asyncio.sleep(0.02)


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Supervisor([sys.executable, "-c", SLEEPS, str(log)], pause=0.05)
    child.start()
    await until_started(log, 1)
    first = child.pid
    assert first is not None
    psutil.Process(first).kill()
    await until_started(log, 2)
    assert child.pid not in {None, first}
    await child.stop()


async def test_a_stopped_child_is_gone_and_stays_gone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Supervisor([sys.executable, "-c", SLEEPS, str(log)], pause=0.01)
    child.start()
    await until_started(log, 1)
    pid = child.pid
    await child.stop()
    await asyncio.sleep(0.2)
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert starts(log) == 1


async def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Supervisor([sys.executable, "-c", STUBBORN, str(log)], patience=0.2)
    child.start()
    await until_started(log, 1)
    began = time.monotonic()
    await child.stop()
    assert time.monotonic() - began < 5
    assert child.pid is None


async def test_a_child_that_keeps_dying_is_started_ever_more_slowly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Supervisor([sys.executable, "-c", STARTS, str(log)], pause=0.2)
    child.start()
    await asyncio.sleep(1.5)
    await child.stop()
    assert 2 <= starts(log) <= 4  # at 0, 0.2, 0.6 and 1.4 s; without growing pauses it would be seven


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a child die with its parent")
async def test_a_child_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import asyncio, sys; from serving.supervisor import Supervisor\n"
        "async def main():\n"
        "    child = Supervisor(sys.argv[1:]); child.start(); await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    command = [sys.executable, "-c", code, sys.executable, "-c", SLEEPS, str(log)]
    supervising = await asyncio.create_subprocess_exec(*command)
    await until_started(log, 1)
    [child] = psutil.Process(supervising.pid).children()
    supervising.kill()
    await supervising.wait()
    async with asyncio.timeout(5):
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
