"""The process that holds a lease, in words for people: who it is, since when, and whether it is certainly gone.

That can be known of a process of this machine, on Linux; of any other one only the lease's end tells.
"""

from __future__ import annotations

import os
import re
import socket
from functools import cache
from hashlib import sha256
from pathlib import Path

from core.records import new_id, now

_PROC = Path("/proc")
_HOLDER = re.compile(r"process (?P<pid>\d+) on .* \((?P<machine>[0-9a-f]+)-(?P<started>\d+)-[0-9a-f]+\)")


def new_holder() -> str:
    """A name for this process as a holder, each time another one."""
    pid = os.getpid()
    mark = f"{_machine()}-{_started(pid) or 0}-{new_id()[:6]}"
    return f"process {pid} on {socket.gethostname()} since {now():%Y-%m-%d %H:%M:%S} UTC ({mark})"


def is_gone(holder: str) -> bool:
    """Whether the holder ran on this machine and does not any more; False where that cannot be known."""
    told = _HOLDER.fullmatch(holder)
    if told is None or told["machine"] != _machine():
        return False
    started = _started(int(told["pid"]))
    return not _is_there(int(told["pid"])) if started is None else started != int(told["started"])


@cache
def _machine() -> str:
    """The same for processes that count process ids and time alike: one start of one machine, one container of it."""
    try:
        spaces = [str((_PROC / "self" / "ns" / name).readlink()) for name in ("pid", "time")]
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text()
    except OSError:
        return "unknown"  # no hexadecimal: nothing is concluded from it
    return sha256("".join([boot, *spaces]).encode()).hexdigest()[:12]


def _started(pid: int) -> int | None:
    """When a process began, in ticks since the machine did; ids are used again, and this is not."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])


def _is_there(pid: int) -> bool:
    """Also of one that may not be looked at."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
