"""An S3 server in this process, for tests of what lies in a bucket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Its host and port."""
    from moto.server import ThreadedMotoServer  # takes a second, and few tests ask for it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty bucket, with what it takes to reach it."""
    import boto3

    name = f"test-{abs(hash(request.node.nodeid))}"
    boto3.client("s3", endpoint_url=f"http://{s3_server}", **KEYS).create_bucket(Bucket=name)
    return f"s3://test:test@{name}?endpoint_override={s3_server}&scheme=http&region=us-east-1"
