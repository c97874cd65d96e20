"""The frames between the process that asks for a file to be parsed and the child that parses it.

A request is a header (length of the path, length of the bytes), the path, the bytes; an answer is a length and
a JSON object: the parsed document, `{"refused": reason}`, or `{"memory": true}` after which the child ends.
"""

from __future__ import annotations

import socket
import struct
from time import monotonic

READY = b"ready"  # sent once, when the child has imported its parsers and limited itself
MOST_TEXT = 32 * 1024 * 1024  # characters; more is no page that anybody reads, but what a bomb unfolds to
_LONGEST_ANSWER = 8 * MOST_TEXT  # bytes, as a character may take six in JSON
_REQUEST = struct.Struct("!IQ")
_ANSWER = struct.Struct("!Q")
_MOST_AT_ONCE = 1 << 20

Deadline = float | None  # of `monotonic()`; None waits for ever


def send_request(connection: socket.socket, path: str, data: bytes) -> None:
    """Ask for a file; the connection's own timeout applies."""
    name = path.encode("utf-8", "surrogateescape")
    connection.sendall(_REQUEST.pack(len(name), len(data)) + name)
    connection.sendall(data)


def receive_request(connection: socket.socket) -> tuple[str, bytes] | None:
    """The next file to parse; None when the other side has hung up."""
    try:
        name, data = _REQUEST.unpack(receive(connection, _REQUEST.size))
        path = receive(connection, name).decode("utf-8", "surrogateescape")
        return path, receive(connection, data)
    except EOFError:
        return None


def send_answer(connection: socket.socket, answer: bytes) -> None:
    """Answer a request with a JSON object."""
    connection.sendall(_ANSWER.pack(len(answer)) + answer)


def receive_answer(connection: socket.socket, deadline: Deadline) -> bytes:
    """The JSON object of an answer; EOFError when the child ended, TimeoutError when it takes too long."""
    (length,) = _ANSWER.unpack(receive(connection, _ANSWER.size, deadline))
    if length > _LONGEST_ANSWER:
        raise EOFError
    return receive(connection, length, deadline)


def receive(connection: socket.socket, length: int, deadline: Deadline = None) -> bytes:
    """Exactly `length` bytes; EOFError when the other side has hung up."""
    buffer = bytearray()
    while len(buffer) < length:
        if deadline is not None:
            connection.settimeout(max(deadline - monotonic(), 0.001))
        part = connection.recv(min(length - len(buffer), _MOST_AT_ONCE))
        if not part:
            raise EOFError
        buffer += part
    return bytes(buffer)
