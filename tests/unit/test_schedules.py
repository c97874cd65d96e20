"""The schedules of deploy/nightly: each says what it means to its scheduler, and runs a command that there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from ray.dashboard.modules.job.cli import submit

from pipelines.__main__ import app
from pipelines.night import EXIT_CODES, EXIT_UNDER_WAY

ROOT = Path(__file__).parents[2]
NIGHTLY = ROOT / "deploy" / "nightly"
FIVE_FIELDS = re.compile(r"(\S+) (\S+) (\S+) (\S+) (\S+)")
RANGES = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


def require_command(words: list[str]) -> None:
    """As Typer reads it; a name or an option that there is not is an error."""
    while "=" in words[0] or words[0] == "env":
        words = words[1:]
    assert words[0].endswith("python") and words[1:3] == ["-m", "pipelines"], words
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    _, command, rest = group.resolve_command(typer.Context(group), words[3:])
    assert command is not None and command.name == "nightly"
    command.make_context("nightly", rest)


def require_moment(fields: str) -> None:
    """Five fields, as cron and Kubernetes take them."""
    found = FIVE_FIELDS.fullmatch(fields)
    assert found, fields
    for field, (low, high) in zip(found.groups(), RANGES, strict=True):
        assert field == "*" or low <= int(field) <= high, fields


@pytest.fixture
def cronjob() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((NIGHTLY / "cronjob.yaml").read_text())
    return loaded


def after_cd(line: str) -> list[str]:
    entered, _, command = line.partition(" && ")
    assert entered.startswith("cd /")
    return shlex.split(command)


def test_a_command_that_there_is_not_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        require_command(shlex.split("python -m pipelines nightly --sight demo"))


def test_cron_runs_a_night_once_a_day() -> None:
    lines = [line for line in (NIGHTLY / "crontab").read_text().splitlines() if line and not line.startswith("#")]
    [entry] = [line for line in lines if not re.match(r"[A-Z]+=", line)]
    moment, user, command = entry[: len("17 2 * * *")], entry.split()[5], entry.split(maxsplit=6)[6]
    require_moment(moment)
    assert user == "frontdesk"
    assert "%" not in command  # cron's line end
    require_command(after_cd(command))


def test_ray_is_given_a_job_that_it_takes_with_code_and_no_data() -> None:
    script = (NIGHTLY / "submit.sh").read_text().partition("exec ray job submit ")[2].replace("\\\n", " ")
    words = shlex.split(script.replace('"${1:-demo}"', "demo"))
    submit.make_context("submit", list(words))
    at = words.index("--")
    require_command(words[at + 1 :])
    runtime = ROOT / words[words.index("--runtime-env") + 1]
    assert {"datasets", "var", ".venv", ".git"} <= set(yaml.safe_load(runtime.read_text())["excludes"])


def test_kubernetes_submits_a_night_that_ray_takes(cronjob: dict[str, Any]) -> None:
    assert (cronjob["apiVersion"], cronjob["kind"]) == ("batch/v1", "CronJob")
    require_moment(cronjob["spec"]["schedule"])
    assert cronjob["spec"]["concurrencyPolicy"] == "Forbid"
    pod = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    words = pod["containers"][0]["command"]
    assert words[:3] == ["ray", "job", "submit"]
    context = submit.make_context("submit", words[3:])
    assert context.params["address"].startswith("http://")
    shell, flag, line = context.params["entrypoint"]
    assert (shell, flag) == ("sh", "-c")
    require_command(after_cd(line))


def test_the_exit_statuses_are_told_as_they_are() -> None:
    codes = {str(code) for code in (*EXIT_CODES.values(), EXIT_UNDER_WAY, 2, 130, 143)}
    rows = re.findall(r"^\| ([\d, ]+) \|", (ROOT / "deploy" / "README.md").read_text(), re.MULTILINE)
    assert {code for row in rows for code in row.split(", ")} == codes
    [nightly] = [each for each in app.registered_commands if each.callback and each.callback.__name__ == "nightly"]
    assert codes == set(re.findall(r"\b\d+\b", (nightly.epilog or "").replace("1 to 75", "")))
