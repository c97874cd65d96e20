"""The child process that parses: limits itself, then answers one file after another over its standard input.

Started by `pipelines.sandbox` as `python -m pipelines.parsers.child MEMORY_MB SECONDS`. The parent takes nothing
from it but JSON, so a file that took the child over would reach no further.
"""

from __future__ import annotations

import json
import logging
import math
import resource
import socket
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

from core.errors import UnreadableDocumentError
from pipelines.parsers.registry import parse
from pipelines.parsers.wire import READY, receive_request, send_answer


def main(memory_mb: int, seconds: float) -> None:
    """Answer until the parent hangs up or memory runs out, after which nothing is certain."""
    logging.disable()  # what pypdf thinks of a file is in the reason, where it matters
    warnings.simplefilter("ignore")
    parent = socket.socket(fileno=sys.stdin.fileno())
    _limit_memory(memory_mb)
    parent.sendall(READY)
    while request := receive_request(parent):
        _limit_cpu(seconds)
        try:
            answer = _answer(*request)
        except MemoryError:
            send_answer(parent, b'{"memory": true}')
            return
        send_answer(parent, answer)


def _answer(path: str, data: bytes) -> bytes:
    try:
        return json.dumps(asdict(parse(path, data)), ensure_ascii=False).encode()
    except UnreadableDocumentError as error:
        return json.dumps({"refused": error.message}).encode()


def _limit_memory(memory_mb: int) -> None:
    """Address space on top of what the interpreter and the parsers take already; only Linux can tell and limit."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _limit_cpu(seconds: float) -> None:
    """Ends the child by itself when the parent, which watches the clock, is gone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds) + 1, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
