"""What is checked before anything is started."""

from __future__ import annotations

import socket

import pytest

from core.errors import ConfigurationError
from serving.server import free_port


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is in use"):
            free_port("127.0.0.1", port)


def test_port_0_finds_a_free_one() -> None:
    assert free_port("127.0.0.1", 0) > 0


def test_an_address_of_another_machine_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="FRONTDESK_HOST"):
        free_port("192.0.2.77", 0)
