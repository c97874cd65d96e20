"""Keeps the local model's server running beside this process: a crash of llama.cpp costs a restart and nothing else.

One thread starts the child, waits for its end and starts it again, after growing pauses where it keeps dying. Its
address and key outlast restarts. It ends with this process, kill -9 included, because its standard input does.
"""

from __future__ import annotations

import atexit
import logging
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from core.errors import ConfigurationError
from core.local_model.order import READY, Order
from core.local_model.weights import require_local_model

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-m", "core.local_model.server")
_START_SECONDS = 60.0  # a busy machine imports and reads slowly
_END_SECONDS = 5.0
_LONGEST_PAUSE = 30.0  # seconds between two starts of a child that keeps dying
_HEALTHY_AFTER = 60.0  # seconds a child must live for its next pause to be short again

_starting = Lock()


def local_model() -> LocalModel:
    """The one of this process, started when it is first asked for; ConfigurationError where that cannot be."""
    with _starting:
        return _started()


@lru_cache(maxsize=1)
def _started() -> LocalModel:
    model = LocalModel(require_local_model())
    atexit.register(model.close)
    return model


class LocalModel:
    """A server that answers when this is made; `url` and `key` are what a client of OpenAI's needs."""

    def __init__(
        self, weights: Path, *, command: Sequence[str] = _COMMAND, pause: float = 0.1, patience: float = _START_SECONDS
    ) -> None:
        self._reserved = _reserved_port()
        port = self._reserved.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self.key = secrets.token_urlsafe()  # whoever else is on this machine does not get to ask
        self._order = Order(port, self.key, str(weights))
        self._command, self._pause = command, pause
        self._child: _Child | None = None
        self._changing = Lock()
        self._settled, self._ready, self._closing = Event(), Event(), Event()
        self._thread = Thread(target=self._keep_running, name="local-model", daemon=True)
        self._thread.start()
        self._settled.wait(patience)
        if not self._ready.is_set():
            self.close()
            raise ConfigurationError("The server of the model `local` could not start; standard error may say why.")

    @property
    def pid(self) -> int | None:
        """The child's process id while it answers."""
        return self._child.pid if self._child and self._ready.is_set() else None

    def await_ready(self, seconds: float) -> bool:
        """Whether it answers within that time, after a restart for example."""
        return self._ready.wait(seconds)

    def close(self) -> None:
        """End the child; nothing is started any more."""
        with self._changing:
            self._closing.set()
        if self._child:
            self._child.end()
        self._thread.join()
        self._reserved.close()

    def _keep_running(self) -> None:
        pause = self._pause
        while child := self._next_child():
            began = monotonic()
            if child.answers(self._order):
                self._ready.set()
            elif not self._settled.is_set():  # the first one: whoever waits for it is told
                self._closing.set()
            self._settled.set()
            status = child.wait()
            self._ready.clear()
            if self._closing.is_set():
                return
            pause = self._pause if monotonic() - began > _HEALTHY_AFTER else pause
            logger.warning("The local model's server ended with %s; starting it again in %g s", status, pause)
            self._closing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _next_child(self) -> _Child | None:
        with self._changing:
            self._child = None if self._closing.is_set() else _Child(self._command)
            return self._child


class _Child:
    """One child process, in a session of its own: Ctrl-C is for the parent."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=_ROOT, start_new_session=True
        )
        self.pid = self._process.pid

    def answers(self, order: Order) -> bool:
        """Once it does; False where it ended before."""
        assert self._process.stdin and self._process.stdout  # noqa: S101 - both are pipes
        try:
            self._process.stdin.write(order.line())
            return self._process.stdout.readline() == READY
        except (OSError, ValueError):  # it has ended, or is being ended
            return False

    def wait(self) -> int:
        """The status it ended with."""
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        return status

    def end(self) -> None:
        """Kindly, and after some seconds by force."""
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


def _reserved_port() -> socket.socket:
    """A free port that stays ours while no server runs: bound, never listened on, and shared only with our child."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
