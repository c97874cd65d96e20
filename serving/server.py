"""Runs the whole house on one machine until it is told to stop: a server, Ray's or a plain one, and the worker."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import httpx
from rich.console import Console

from core.database import migrate
from core.errors import ConfigurationError
from core.settings import Settings, load_settings
from serving.logs import log_to_stderr
from serving.pages import demo_folder
from serving.supervisor import Supervisor

if TYPE_CHECKING:
    from serving.agent import Writer

_WORKER = (sys.executable, "-m", "pipelines", "worker")
_ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to
_PATIENCE = 60.0  # seconds until a server that is up must answer


def run(overrides: Mapping[str, Any], console: Console, *, with_ray: bool) -> None:
    """Serve until SIGINT or SIGTERM; everything that was started is stopped before this returns."""
    signal.signal(signal.SIGTERM, _exit)
    settings = _with_free_port(load_settings(**overrides))
    log_to_stderr(settings.log_level)
    if settings.demo_pages is not None:
        demo_folder(settings.demo_pages)  # said before anything is started
    migrate(settings.database_location)
    with ExitStack() as stack:
        with console.status("Starting"):
            stack.enter_context(_server(settings, overrides, with_ray=with_ray))
            answers = _dependencies(_url(settings))
        _announce(console, settings, answers)
        with suppress(KeyboardInterrupt):
            asyncio.run(_worker_until_stopped())
        console.print("Stopping")


def _server(settings: Settings, overrides: Mapping[str, Any], *, with_ray: bool) -> AbstractContextManager[None]:
    return _ray_server(settings, overrides) if with_ray else plain_server(settings)


@contextmanager
def _ray_server(settings: Settings, overrides: Mapping[str, Any]) -> Iterator[None]:
    from serving.cluster import cluster, deploy  # Ray: seconds and memory that a plain server saves

    with cluster(settings.host, settings.port):
        deploy({**overrides, "host": settings.host, "port": settings.port})
        yield


def _with_free_port(settings: Settings) -> Settings:
    return settings.model_copy(update={"port": free_port(settings.host, settings.port)})


def free_port(host: str, port: int) -> int:
    """`port`, or any free one for 0; ConfigurationError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(_unbindable(host, port, error)) from error
        return int(probe.getsockname()[1])


def _unbindable(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: stop what listens there, or choose another with --port."
    return f"The server cannot listen on {host}:{port}: {error.strerror}. Set FRONTDESK_HOST and FRONTDESK_PORT."


@contextmanager
def plain_server(settings: Settings, *, writer: Writer | None = None) -> Iterator[None]:
    """The application without Ray, served by uvicorn from a thread of this process."""
    import uvicorn

    from serving.app import create_local_app

    config = uvicorn.Config(
        create_local_app(settings, writer=writer),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        proxy_headers=False,  # who asks is judged by the connection itself
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise ConfigurationError("The server could not start; the lines above say why.")
            time.sleep(0.05)
        yield
    finally:
        server.should_exit = True
        thread.join()


async def _worker_until_stopped() -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    worker = Supervisor(_WORKER)
    worker.start()
    try:
        await stopping.wait()
    finally:
        await worker.stop()


def _dependencies(url: str) -> dict[str, str]:
    """What `/ready` says, asked until the server answers it; directly, whatever proxy the environment names."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answer: dict[str, dict[str, str]] = httpx.get(f"{url}/ready", timeout=10, trust_env=False).json()
            return answer["dependencies"]
        except (httpx.HTTPError, KeyError, ValueError) as error:
            if time.monotonic() > deadline:
                raise ConfigurationError(f"The server at {url} is up but does not answer: {error}") from error
            time.sleep(0.2)


def _announce(console: Console, settings: Settings, answers: Mapping[str, str]) -> None:
    console.print(f"[green]✓[/] Frontdesk answers on [bold]{_url(settings)}[/]. Ctrl-C stops it.")
    for name, answer in answers.items():
        if answer != "ok":
            console.print(f"  [yellow]![/] {name}: {answer}", soft_wrap=True)


def _url(settings: Settings) -> str:
    host = "localhost" if settings.host in {"127.0.0.1", "::1", *_ANY_ADDRESS} else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _exit(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)  # unwinds through every `finally`, which is where things are stopped
