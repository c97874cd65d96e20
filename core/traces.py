"""Traces of turns in MLflow: one trace a turn, a span for each step, found again by the turn's id.

Synchronous, as slow as MLflow is, and what fails is raised: who answers visitors writes from a thread of its own.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from core.records import Usage
from core.settings import Settings
from core.tracking import SQLITE, Tracking, experiment_of, mlflow_client

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo
    from mlflow.tracing.client import TracingClient

_log = logging.getLogger(__name__)

Kind = Literal["AGENT", "CHAIN", "CHAT_MODEL"]  # as MLflow says it

_MILLISECOND = 1_000_000  # nanoseconds
_LONGEST_PREVIEW = 1000  # characters, in MLflow's lists


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a turn did, and when, in nanoseconds since 1970; inputs and outputs are what JSON has."""

    name: str
    kind: Kind
    began: int
    ended: int
    inputs: Any = None
    outputs: Any = None
    within: int | None = None  # which step, by its place among the trace's, this one is a part of
    error: str | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class TurnTrace:
    """What a turn did: its first step is the turn itself, all others are within it."""

    turn_id: str
    site: str
    steps: Sequence[Step]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TraceLink:
    """Where a turn's trace is; `url` is None where MLflow is a file, which no server shows."""

    id: str
    url: str | None


class Traces:
    """The traces in one MLflow; ConfigurationError where the URL is that of none."""

    def __init__(self, uri: str) -> None:
        self._uri = Tracking(uri).uri
        self._experiments: dict[str, str] = {}  # ids by site

    def warm(self) -> None:
        """All that the first call would otherwise wait for: seconds of imports, and in a new file the tables."""
        self._client()

    def write(self, trace: TurnTrace) -> None:
        """Store the trace."""
        client = self._client()
        experiment = self._experiment(trace.site)
        client.log_spans(experiment, list(_spans(trace)))
        client.start_trace(_info(trace, experiment))

    def find(self, turn_id: str) -> TraceLink | None:
        """Where the turn's trace is; None where it has none."""
        client = self._client()
        from mlflow.exceptions import MlflowException

        try:
            info = client.get_trace_info(trace_id(turn_id))
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return TraceLink(info.trace_id, self._url(info))

    def _client(self) -> TracingClient:
        mlflow_client(self._uri)
        # Not the fluent API: it writes when it likes, to one MLflow a process, and swallows what fails.
        from mlflow.tracing.client import TracingClient

        return TracingClient(self._uri)

    def _experiment(self, site: str) -> str:
        if site not in self._experiments:
            self._experiments[site] = experiment_of(mlflow_client(self._uri), f"{site}/turns")
        return self._experiments[site]

    def _url(self, info: TraceInfo) -> str | None:
        if self._uri.startswith(SQLITE):
            return None
        page = f"#/experiments/{info.experiment_id}/traces?selectedEvaluationId={info.trace_id}"
        return f"{self._uri.rstrip('/')}/{page}"


def trace_of(turn_id: str, settings: Settings) -> TraceLink | None:
    """Where the turn's trace is; None where it was not sampled, is not written yet, or MLflow does not answer."""
    try:
        return Traces(settings.tracking_location).find(turn_id)
    except Exception as error:  # noqa: BLE001  whatever a tracker, its network or its disk does, a turn has more to tell
        first, *_ = str(error).splitlines() or [type(error).__name__]
        _log.warning("MLflow failed, so the trace of turn %s is not found: %s", turn_id, first)
        return None


def trace_id(turn_id: str) -> str:
    """What the turn's trace is called, whether it has one or not."""
    return f"tr-{_number(turn_id).hex()}"


def _info(trace: TurnTrace, experiment: str) -> TraceInfo:
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    turn = trace.steps[0]
    return TraceInfo(
        trace_id=trace_id(trace.turn_id),
        trace_location=TraceLocation.from_experiment_id(experiment),
        request_time=turn.began // _MILLISECOND,
        execution_duration=(turn.ended - turn.began) // _MILLISECOND,
        state=TraceState.ERROR if turn.error else TraceState.OK,
        request_preview=_json(turn.inputs)[:_LONGEST_PREVIEW],
        response_preview=_json(turn.outputs)[:_LONGEST_PREVIEW],
        client_request_id=trace.turn_id,
        trace_metadata={"mlflow.trace_schema.version": "3"},
        tags={"mlflow.traceName": turn.name, "site": trace.site, **trace.tags},
    )


def _spans(trace: TurnTrace) -> Iterator[Span]:
    from mlflow.entities import Span

    number = b64encode(_number(trace.turn_id)).decode()
    for place, step in enumerate(trace.steps):
        yield Span.from_dict(
            {
                "trace_id": number,
                "span_id": _span(place),
                "parent_span_id": None if step.within is None else _span(step.within),
                "name": step.name,
                "start_time_unix_nano": step.began,
                "end_time_unix_nano": step.ended,
                "status": {
                    "code": "STATUS_CODE_ERROR" if step.error else "STATUS_CODE_OK",
                    "message": step.error or "",
                },
                "attributes": {name: _json(value) for name, value in _attributes(trace, step).items()},
            }
        )


def _attributes(trace: TurnTrace, step: Step) -> dict[str, Any]:
    return {
        "mlflow.traceRequestId": trace_id(trace.turn_id),
        "mlflow.spanType": step.kind,
        "mlflow.spanInputs": step.inputs,
        "mlflow.spanOutputs": step.outputs,
        **({"mlflow.chat.tokenUsage": _tokens(step.usage)} if step.usage else {}),
    }


def _tokens(usage: Usage) -> dict[str, int]:
    return {**asdict(usage), "total_tokens": usage.input_tokens + usage.output_tokens}


def _number(turn_id: str) -> bytes:
    return sha256(turn_id.encode()).digest()[:16]


def _span(place: int) -> str:
    return b64encode((place + 1).to_bytes(8, "big")).decode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
