"""gzip, unpacked piece by piece up to a limit: a small answer may unpack to more than there is memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_MAGIC = b"\x1f\x8b"
_PIECE = 2**16
_GZIP = zlib.MAX_WBITS | 16


class InflateError(Exception):
    """It is no gzip, or not all of it."""


def inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What the pieces unpack to, in pieces of 64 KiB at most."""
    unpacker = zlib.decompressobj(_GZIP)
    for piece in pieces:
        rest = piece
        while rest:
            if unpacker.eof:  # one archive may follow another
                unpacker = zlib.decompressobj(_GZIP)
            try:
                yield unpacker.decompress(rest, _PIECE)
            except zlib.error as error:
                raise InflateError("is no gzip, although it says so") from error
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    yield unpacker.flush()  # a few KiB at most
    if not unpacker.eof:
        raise InflateError("was cut off")


def is_gzip(data: bytes) -> bool:
    """By its first bytes."""
    return data.startswith(_MAGIC)
