"""Ray and Ray Serve on this one machine: started, given the application, stopped. Knows no question and no answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dotenv import dotenv_values

from core.errors import ConfigurationError
from core.settings import Settings, provide_environment

if TYPE_CHECKING:
    from serving.agent import Writer

_CONFIG = Path(__file__).parent / "serve_config.yaml"
_ENVIRONMENT = Path(__file__).parent / "ray.env"


@contextmanager
def cluster(
    host: str, port: int, *, cpus: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A cluster of this process' own that serves on `host:port`; gone on exit, with all that was deployed.

    `cpus` is what replicas may claim between them, by default what the machine has; `environment` replaces `ray.env`.
    """
    provide_environment(read_environment() if environment is None else environment)
    import ray
    from ray import serve

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    config = read_config()
    try:
        ray.init(
            address="local",  # never joins a cluster that happens to run here
            num_cpus=cpus,
            include_dashboard=False,
            object_store_memory=100 * 2**20,  # events and vectors are small
            logging_level=logging.WARNING,
        )
    except Exception as error:  # bare ones, whatever it was: no room for its files, or 30 s were not enough
        raise ConfigurationError(
            f"Ray could not start: {error} Try again, or serve without it: python -m serving run --no-ray"
        ) from error
    try:
        serve.start(
            proxy_location=config["proxy_location"],
            http_options={**config["http_options"], "host": host, "port": port},
            logging_config=_app(config)["logging_config"],
        )
        yield
    finally:
        # Ray passes on what its processes print; those that are being ended complain of it.
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            serve.shutdown()  # type: ignore[no-untyped-call]
            ray.shutdown()


def deploy(
    overrides: Mapping[str, Any],
    *,
    name: str | None = None,
    route_prefix: str | None = None,
    writer: Writer | None = None,
) -> None:
    """The application into the running cluster, as its config file says; returns when all replicas are up.

    `overrides` are the settings that replicas do not find in their environment.
    """
    from ray import serve

    from serving.app import application

    app = _app(read_config())
    options = {deployment["name"]: deployment for deployment in app["deployments"]}
    serve.run(
        application(overrides, options, writer=writer),
        name=name or app["name"],
        route_prefix=route_prefix or app["route_prefix"],
        logging_config=app["logging_config"],
    )


def require_shared_stores(settings: Settings, nodes: int) -> None:
    """ConfigurationError where several nodes would each keep a database or files of their own."""
    if nodes < 2:
        return
    local = {
        "FRONTDESK_DATABASE_URL=postgresql://…": settings.database_location.startswith("sqlite"),
        "FRONTDESK_KNOWLEDGE_URL=s3://…": settings.knowledge_url is None,
        "FRONTDESK_CONVERSATIONS_URL=s3://…": settings.conversations_url is None,
    }
    if missing := [setting for setting, is_local in local.items() if is_local]:
        raise ConfigurationError(
            f"This cluster has {nodes} nodes, which must share their stores: set {', '.join(missing)}. "
            "A folder that all of them mount may be named in place of s3://."
        )


def read_config() -> dict[str, Any]:
    """Serve's config file as it stands, the one home of replicas, queues and shares."""
    config: dict[str, Any] = yaml.safe_load(_CONFIG.read_text(encoding="utf-8"))
    return config


def read_environment() -> dict[str, str]:
    """What Ray must find in its environment before it starts."""
    return {name: value or "" for name, value in dotenv_values(_ENVIRONMENT).items()}


def _app(config: Mapping[str, Any]) -> Mapping[str, Any]:
    [app] = config["applications"]
    found: Mapping[str, Any] = app
    return found
