"""Keeps a child process running: starts it, restarts it with growing pauses, stops it. Knows not what it does."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from time import monotonic

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0  # seconds between two starts of a child that keeps dying
_HEALTHY_AFTER = 60.0  # seconds a child must live for its next pause to be short again
_LEASH = (sys.executable, "-m", "serving.leash")


class Supervisor:
    """One child process, run until `stop`."""

    def __init__(self, command: Sequence[str], *, pause: float = 1.0, patience: float = 5.0) -> None:
        self._command = command
        self._pause = pause
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        """Start the child and watch it, in the running event loop."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the child: kindly, and after `patience` seconds by force. Nothing is started any more."""
        if self._running:
            self._running.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._patience)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _run(self) -> None:
        pause = self._pause
        while True:
            started = monotonic()
            # In a session of its own Ctrl-C does not reach it: it is stopped by us, once.
            self._process = await asyncio.create_subprocess_exec(*_LEASH, *self._command, start_new_session=True)
            code = await self._process.wait()
            pause = self._pause if monotonic() - started > _HEALTHY_AFTER else pause
            logger.warning("%s ended with %s; starting it again in %g s", self._command[-1], code, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
