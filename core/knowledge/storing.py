"""What a disk or a bucket refuses, in a sentence; LanceDB says it as a RuntimeError, with lines of its own code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import StorageError

_REFUSED = re.compile(r"LanceError\(IO\): (?P<reason>.*?)(?:, \S+\.rs:\S+)?", re.DOTALL)


@contextmanager
def storing(table: str) -> Iterator[None]:
    """StorageError where the table cannot be written; whatever else goes wrong is what it is."""
    try:
        yield
    except RuntimeError as error:
        refused = _REFUSED.fullmatch(str(error).removeprefix("lance error: "))
        if refused is None:
            raise
        raise StorageError(
            f"Table {table} cannot be written: {refused['reason'].rstrip('.')}. See that there is room and that it may "
            "be written to, then run it again; what answers is as it was."
        ) from error
