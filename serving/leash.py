"""`python -m serving.leash COMMAND …` becomes COMMAND, which ends when the process that started it does.

Even when that one is killed and can stop nothing any more. Only Linux can do this; elsewhere it just runs COMMAND.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG; it outlasts exec


def main(command: list[str]) -> None:
    """Replace this process by `command`."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            return
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
