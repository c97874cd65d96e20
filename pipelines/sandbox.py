"""Parses files in a child process with limits of memory and time, which is replaced when a file breaks it.

The parent stays small and alive whatever a file holds. Knows no format, no source and no Ray.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from core.errors import ConfigurationError, UnreadableDocumentError
from pipelines.parsers.parsed import Parsed
from pipelines.parsers.wire import READY, receive, receive_answer, send_request

_ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60  # a busy machine imports slowly
_END_SECONDS = 5  # for a child that hung up to end; how it ended is the reason for people


class SandboxedParser:
    """A parser whose child lives from file to file. One thread uses it; close it, or use it as a context.

    Several of them parse in parallel. A file travels alone: the round trip is cheap beside the parsing, and a
    file that breaks the child takes no other with it.
    """

    def __init__(self, *, memory_mb: int, seconds: float) -> None:
        self._memory_mb = memory_mb
        self._seconds = seconds
        self._child = _Child(memory_mb, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        self._child.end(grace=0)

    def parse(self, path: str, data: bytes) -> Parsed:
        """The document in a file; UnreadableDocumentError says in words why there is none.

        A child that has parsed other files before is not believed when it breaks: the file gets a fresh one, so
        that none is refused for the memory that its predecessors left behind.
        """
        used = self._child.used
        try:
            return self._child.parse(path, data, monotonic() + self._seconds)
        except TimeoutError:
            self._replace_child(grace=0)
            raise UnreadableDocumentError(f"took longer than {self._seconds:g} seconds to read") from None
        except (MemoryError, EOFError, ConnectionError) as error:
            status = self._replace_child(grace=_END_SECONDS)
            if not used:
                raise UnreadableDocumentError(self._why_broken(error, status)) from error
        return self.parse(path, data)

    def _replace_child(self, grace: float) -> int:
        """Start another child once this one has ended; the status it ended with."""
        status = self._child.end(grace)
        self._child = _Child(self._memory_mb, self._seconds)
        return status

    def _why_broken(self, error: BaseException, status: int) -> str:
        if isinstance(error, MemoryError) or status == -signal.SIGKILL:  # the system kills when memory is short
            return f"needs more than {self._memory_mb} MiB of memory to read"
        if status == -signal.SIGXCPU:
            return f"took longer than {self._seconds:g} seconds to read"
        return f"is malformed: its parser crashed (exit status {status})"


class _Child:
    """One child process and the connection to it; it imports while the parent goes on."""

    def __init__(self, memory_mb: int, seconds: float) -> None:
        self.used = False
        self._ready = False
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = _start(memory_mb, seconds, theirs)

    def parse(self, path: str, data: bytes, deadline: float) -> Parsed:
        """What the child answers; MemoryError, EOFError or TimeoutError where it broke, a refusal as itself."""
        if not self._ready:
            deadline += self._await_start()
        self.used = True
        self._connection.settimeout(max(deadline - monotonic(), 0.001))
        send_request(self._connection, path, data)
        return _understood(receive_answer(self._connection, deadline))

    def end(self, grace: float) -> int:
        """The exit status of the process, killed where it has not ended by itself within `grace` seconds."""
        self._connection.close()
        try:
            return self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _await_start(self) -> float:
        """Wait until the child is ready; the seconds it took, which are not the file's."""
        began = monotonic()
        try:
            self._ready = receive(self._connection, len(READY), began + _START_SECONDS) == READY
        except (EOFError, OSError) as error:
            raise ConfigurationError(
                "The process that parses documents could not start; its own message is on standard error."
            ) from error
        return monotonic() - began


def _start(memory_mb: int, seconds: float, connection: socket.socket) -> subprocess.Popen[bytes]:
    """A child with a session of its own: Ctrl-C is for the parent, whose end ends the child."""
    command = [sys.executable, "-m", "pipelines.parsers.child", str(memory_mb), str(seconds)]
    return subprocess.Popen(command, stdin=connection.fileno(), cwd=_ROOT, start_new_session=True)  # noqa: S603


def _understood(raw: bytes) -> Parsed:
    """The document of an answer, or the error that it stands for; nonsense is a child that broke."""
    try:
        answer = json.loads(raw)
        if "memory" in answer:
            raise MemoryError
        if "refused" in answer:
            raise UnreadableDocumentError(str(answer["refused"]))
        url = answer["url"]
        metadata = {str(name): str(value) for name, value in answer["metadata"].items()}
        return Parsed(str(answer["title"]), str(answer["text"]), None if url is None else str(url), metadata)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EOFError from error
