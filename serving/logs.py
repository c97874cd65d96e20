"""What a server logs, written where its operator reads. Knows neither what is logged nor by whom."""

from __future__ import annotations

import logging
import sys

from serving.redaction import RedactingFormatter

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_OURS = ("core", "serving")


def log_to_stderr(level: str) -> None:
    """Write what our own code logs from `level` on; whatever else is configured stays as it is.

    To the process' own stderr: Serve replaces `sys.stderr` in its replicas, by one that ends in a file.
    """
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(RedactingFormatter(_FORMAT))
    for name in _OURS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False  # or a library that logs from the root would say it again
