"""A bucket as a source, against a server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from core.errors import InvalidInputError, UnreadableDocumentError
from pipelines.sources import list_files, read

MOST = 1_000


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="site")
    for key in ("docs/b.md", "docs/a/c d.html", "docs/.hidden.md", "docs/.cache/x.md", "other/x.md"):
        client.put_object(Bucket="site", Key=key, Body=key.encode())
    client.close()
    yield f"s3://key:secret@{{}}?scheme=http&endpoint_override={host}:{port}&region=us-east-1"
    server.stop()


def test_the_objects_below_a_prefix_are_listed_and_read(address: str) -> None:
    uri = address.format("site/docs")
    assert [(file.path, file.size) for file in list_files(uri)] == [("a/c d.html", 15), ("b.md", 9)]
    assert read(uri, "a/c d.html", MOST) == b"docs/a/c d.html"


def test_a_single_object_is_a_source(address: str) -> None:
    uri = address.format("site/docs/b.md")
    assert [file.path for file in list_files(uri)] == ["b.md"]
    assert read(uri, "b.md", MOST) == b"docs/b.md"


def test_large_and_missing_objects_are_refused(address: str) -> None:
    uri = address.format("site/docs")
    with pytest.raises(UnreadableDocumentError, match="too large"):
        read(uri, "b.md", 5)
    with pytest.raises(UnreadableDocumentError, match="cannot be opened"):
        read(uri, "gone.md", MOST)


@pytest.mark.parametrize("place", ["nowhere/docs", "site/nothing"])
def test_a_missing_bucket_or_prefix_says_so_without_the_secret(address: str, place: str) -> None:
    with pytest.raises(InvalidInputError, match=f"s3://{place} ") as raised:
        list_files(address.format(place))
    assert "secret" not in raised.value.message
