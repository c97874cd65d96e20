"""Ray and Ray Serve on this one machine: started, given the application, stopped. Knows no question and no answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from core.settings import Settings, provide_environment

_CONFIG = Path(__file__).parent / "serve_config.yaml"

# Ray reads these when it is imported and hands them to every process it starts, so they come before either.
_RAY_ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",  # Ray listens on every interface and runs what it is sent: only with its token
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",  # one event loop a replica, gRPC between them: 3 times the streams
    # Part of the above, but of use only behind HAProxy, and it keeps every replica 30 s before it may stop.
    "RAY_SERVE_ENABLE_DIRECT_INGRESS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what Ray will do by itself soon, and warns of until then
}


@contextmanager
def cluster(settings: Settings, overrides: Mapping[str, Any]) -> Iterator[None]:
    """A cluster of this process' own that serves on `settings.host:port`, up on entry, gone on exit.

    `overrides` are the settings that the replicas do not find in their environment.
    """
    provide_environment(_RAY_ENVIRONMENT)
    import ray
    from ray import serve

    from serving.app import application

    config = read_config()
    ray.init(
        address="local",  # never joins a cluster that happens to run here
        include_dashboard=False,
        object_store_memory=100 * 2**20,  # events and vectors are small
        logging_level=logging.WARNING,
    )
    try:
        serve.start(
            proxy_location=config["proxy_location"],
            http_options={**config["http_options"], "host": settings.host, "port": settings.port},
            logging_config=config["logging_config"],
        )
        [app] = config["applications"]
        built = application(overrides, {options["name"]: options for options in app["deployments"]})
        serve.run(built, name=app["name"], route_prefix=app["route_prefix"])
        yield
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()


def read_config() -> dict[str, Any]:
    """Serve's config file as it stands, the one home of replicas, queues and shares."""
    config: dict[str, Any] = yaml.safe_load(_CONFIG.read_text(encoding="utf-8"))
    return config
