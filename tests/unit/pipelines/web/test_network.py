"""No request reaches an address that is not public, whatever a name says and however it changes its mind."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from pipelines.web.network import NotPublicError, PinnedTransport, is_public


class Connections(httpx.BaseTransport):
    """Keeps what it was asked instead of connecting; refuses the addresses that it is told to."""

    def __init__(self, *down: str) -> None:
        self.down = down
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self.down:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, request=request)


class Names:
    """Each resolution gives the next answer, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_an_address_of_no_public_host_is_refused(address: str) -> None:
    assert not is_public(address)
    connections = Connections()
    with (
        httpx.Client(
            transport=PinnedTransport(Names([address]), allow_private=False, connections=connections)
        ) as client,
        pytest.raises(NotPublicError),
    ):
        client.get("https://example.com/")
    assert connections.requests == []


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_none_of_them(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_one_too_many() -> None:
    connections = Connections()
    transport = PinnedTransport(Names(["8.8.8.8", "10.0.0.1"]), allow_private=False, connections=connections)
    with httpx.Client(transport=transport) as client, pytest.raises(NotPublicError, match=r"leads to 10\.0\.0\.1"):
        client.get("https://example.com/")
    assert connections.requests == []


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    names, connections = Names(["8.8.8.8"], ["127.0.0.1"]), Connections()
    transport = PinnedTransport(names, allow_private=False, connections=connections)
    with httpx.Client(transport=transport) as client:
        client.get("https://example.com:444/a?b")
        [request] = connections.requests
        assert names.asked == 1
        assert str(request.url) == "https://8.8.8.8:444/a?b"
        assert request.headers["host"] == "example.com:444"
        assert request.extensions["sni_hostname"] == "example.com"
        with pytest.raises(NotPublicError):  # the name has changed its mind
            client.get("https://example.com:444/a?b")
    assert len(connections.requests) == 1


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    connections = Connections("2606:4700::1111")
    transport = PinnedTransport(Names(["2606:4700::1111", "8.8.8.8"]), allow_private=False, connections=connections)
    with httpx.Client(transport=transport) as client:
        assert client.get("http://example.com/").status_code == 200
    assert [request.url.host for request in connections.requests] == ["2606:4700::1111", "8.8.8.8"]
