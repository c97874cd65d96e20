"""Tracking: what each build and evaluation was made with and how it came out, as runs in MLflow.

A tracker that stops answering costs the record and never the work: the run warns once and goes on without it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from core.errors import ConfigurationError
from core.settings import provide_environment

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

_log = logging.getLogger(__name__)
SQLITE = "sqlite:///"
_LONGEST_PARAM = 6000  # characters; MLflow refuses more
_MANNERS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # its own 120 seconds, eight times over, would hold up a build
}


class TrackedRun:
    """One run; once the tracker has failed, every call is a no-op."""

    def __init__(self, start: Callable[[], tuple[MlflowClient, str]]) -> None:
        self._client: MlflowClient | None = None
        self.id: str | None = None  # stays None where the tracker could not be reached
        self.status = "FINISHED"  # as MLflow says it
        with self._going_on_without():
            self._client, self.id = start()

    @property
    def is_tracked(self) -> bool:
        """Whether the tracker has taken everything so far."""
        return self._client is not None

    def log_params(self, params: Mapping[str, Any]) -> None:
        """What the run was made with."""
        self._call(lambda client, run: client.log_batch(run, params=_params(params)))

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Figures; MLflow takes no "@" in a name, so `nDCG@10` becomes `nDCG_at_10`."""
        self._call(lambda client, run: client.log_batch(run, metrics=_metrics(metrics)))

    def log_dataset(self, name: str, digest: str, context: str, **profile: int) -> None:
        """What the run read, by name and digest; `profile` counts what is in it."""
        self._call(lambda client, run: client.log_inputs(run, datasets=[_dataset(name, digest, context, profile)]))

    def log_text(self, text: str, file: str) -> None:
        """A text, as an artefact of this name."""
        self._call(lambda client, run: client.log_text(run, text, file))

    def log_table(self, columns: Mapping[str, Sequence[Any]], file: str) -> None:
        """Columns of equal length, as a table that MLflow's page can show; the file's name ends in `.json`."""
        self._call(lambda client, run: client.log_table(run, dict(columns), file))

    def set_tag(self, name: str, value: str) -> None:
        """One tag."""
        self._call(lambda client, run: client.set_tag(run, name, value))

    def mark_failed(self) -> None:
        """The run will end as FAILED."""
        self.status = "FAILED"

    def end(self) -> None:
        """No more is to come."""
        self._call(lambda client, run: client.set_terminated(run, self.status))

    def _call(self, action: Callable[[MlflowClient, str], object]) -> None:
        if self._client and self.id:
            with self._going_on_without():
                action(self._client, self.id)

    @contextmanager
    def _going_on_without(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  whatever a tracker, its network or its disk does, the work goes on
            self._client = None
            first, *_ = str(error).splitlines() or [type(error).__name__]
            _log.warning("MLflow failed, so this run is not tracked any further: %s", first)


class Tracking:
    """Runs in one MLflow: an SQLite file or a tracking server."""

    def __init__(self, uri: str) -> None:
        if not uri.startswith((SQLITE, "http://", "https://")):
            raise ConfigurationError(
                "FRONTDESK_TRACKING_URL cannot be used: set sqlite:///path or a tracking server's http(s) URL.",
                param="FRONTDESK_TRACKING_URL",
            )
        self.uri = uri

    @contextmanager
    def run(self, experiment: str, name: str, parent: str | None = None) -> Iterator[TrackedRun]:
        """A run in the experiment, FAILED when the block raises; `parent` is the id of the run it belongs to."""
        tags = {"mlflow.parentRunId": parent} if parent else {}
        run = TrackedRun(partial(_start, self.uri, experiment, name, tags))
        try:
            yield run
        except BaseException:
            run.mark_failed()
            raise
        finally:
            run.end()

    def runs(self, experiment: str, parent: str | None = None) -> list[dict[str, Any]]:
        """The experiment's runs, oldest first, or those below one: name, id, parameters and metrics of each."""
        client = mlflow_client(self.uri)
        found = client.get_experiment_by_name(experiment)
        below = f"tags.mlflow.parentRunId = '{parent}'" if parent else ""
        runs = client.search_runs([found.experiment_id], below, order_by=["attributes.start_time"]) if found else []
        return [
            {"run": run.info.run_name, "run_id": run.info.run_id, **run.data.params, **run.data.metrics} for run in runs
        ]


def _params(params: Mapping[str, Any]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, str(value)[:_LONGEST_PARAM]) for name, value in params.items()]


def _metrics(metrics: Mapping[str, float]) -> list[Any]:
    from mlflow.entities import Metric

    at = int(time() * 1000)
    return [Metric(name.replace("@", "_at_"), value, at, 0) for name, value in metrics.items()]


def _dataset(name: str, digest: str, context: str, profile: Mapping[str, int]) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(name, digest, "frontdesk", json.dumps({"name": name}), profile=json.dumps(profile))
    return DatasetInput(dataset, [InputTag("mlflow.data.context", context)])


def _start(uri: str, experiment: str, name: str, tags: dict[str, Any]) -> tuple[MlflowClient, str]:
    client = mlflow_client(uri)
    return client, client.create_run(experiment_of(client, experiment), run_name=name, tags=tags).info.run_id


def experiment_of(client: MlflowClient, name: str) -> str:
    """The id of the experiment of that name, made where there is none."""
    found = client.get_experiment_by_name(name)
    return found.experiment_id if found else client.create_experiment(name, _artefacts(client.tracking_uri, name))


def _artefacts(uri: str, experiment: str) -> str | None:
    """Beside the SQLite file; a server has a place of its own."""
    if not uri.startswith(SQLITE):
        return None
    folder = Path(uri.removeprefix(SQLITE)).absolute().parent / "mlflow-artifacts"
    return f"{folder.as_uri()}/{quote(experiment, safe='')}"


@cache
def mlflow_client(uri: str) -> MlflowClient:
    """The one client of that MLflow. The first takes seconds, and in a new file makes the tables."""
    provide_environment(_MANNERS)  # it reads them while it is imported
    # Imported here: it takes seconds, and most of what imports this module never tracks.
    from mlflow import MlflowClient

    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces each table that it creates
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # that too, and tracebacks of what a run tells in a line
    if uri.startswith(SQLITE):
        Path(uri.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(uri)
