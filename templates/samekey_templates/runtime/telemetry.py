"""OpenTelemetry spans and metrics of calls, where `opentelemetry-api` is installed; nothing where it is not.

Names follow the semantic conventions of HTTP clients; no header, query or body is recorded.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from msgspec import Struct, structs

from .concurrency.fork import importing
from .retry.rules import Answered, Failed

if TYPE_CHECKING:
    from .retry.record import CallInfo, CallRecord
    from .retry.rules import Attempt
    from .retry.wire import WireRequest

_ERROR: Final = 400
_PACKAGE: Final = __name__.partition("._runtime")[0]


class _Api(Struct, frozen=True):
    """The modules of OpenTelemetry; their types cannot be named, since the package may be missing."""

    trace: Any
    propagate: Any
    meters: Any


class _Meters(Struct, frozen=True):
    """What is counted."""

    calls: Any
    attempts: Any
    retries: Any
    waits: Any


@cache
def _api() -> _Api | None:
    """Return OpenTelemetry's modules, or None where the package is not installed."""
    with importing():
        try:
            trace, propagate = (
                importlib.import_module("opentelemetry.trace"),
                importlib.import_module("opentelemetry.propagate"),
            )
        except ImportError:
            return None
        return _Api(trace, propagate, _meters())


def _meters() -> _Meters | None:
    try:
        metrics = importlib.import_module("opentelemetry.metrics")
    except ImportError:
        return None
    meter = metrics.get_meter(_PACKAGE)
    return _Meters(
        meter.create_counter("samekey.client.calls", description="Calls, by operation and by what is certain of them."),
        meter.create_counter("samekey.client.attempts", description="Requests, by operation and by their outcome."),
        meter.create_counter("samekey.client.retries", description="Requests that were made again, by operation."),
        meter.create_histogram(
            "samekey.client.wait", unit="s", description="Waits before requests that are made again."
        ),
    )


def open_trace(info: CallInfo, base_url: str) -> CallTrace | None:
    """Open a trace for a call; None where nobody could see it, since OpenTelemetry is not installed."""
    api = _api()
    return None if api is None else CallTrace(api, info, base_url)


class CallTrace:
    """The spans of one call: its own, and one for each attempt below it.

    Args:
        api: OpenTelemetry's modules.
        info: which call it is.
        base_url: where it goes.
    """

    __slots__ = ("_api", "_attempt", "_call", "_info", "_server", "_tracer")

    def __init__(self, api: _Api, info: CallInfo, base_url: str) -> None:
        self._api = api
        self._info = info
        self._server = urlsplit(base_url)
        self._tracer = api.trace.get_tracer(_PACKAGE)
        self._attempt: Any = None
        self._call = self._tracer.start_span(info.operation, attributes=self._attributes())

    def _attributes(self) -> dict[str, str | int]:
        found: dict[str, str | int] = {"http.request.method": self._info.method, "url.template": self._info.path}
        if self._info.idempotency_key is not None:
            found["samekey.idempotency_key"] = self._info.idempotency_key
        if self._info.evidence is not None:
            found["samekey.evidence"] = self._info.evidence.value
        return found

    def start(self, number: int) -> None:
        """Begin the span of an attempt."""
        attributes = {**self._attributes(), "server.address": self._server.hostname or ""}
        if self._server.port is not None:
            attributes["server.port"] = self._server.port
        if number > 1:
            attributes["http.request.resend_count"] = number - 1
        trace = self._api.trace
        self._attempt = self._tracer.start_span(
            f"{self._info.method} {self._info.path}",
            context=trace.set_span_in_context(self._call),
            kind=trace.SpanKind.CLIENT,
            attributes=attributes,
        )

    @property
    def is_seen(self) -> bool:
        """Whether the attempt's span is one that somebody can see: where nobody looks, it has no name of its own."""
        return bool(self._attempt.get_span_context().is_valid)

    def current(self) -> Any:  # noqa: ANN401  # a context manager of OpenTelemetry's
        """Return what makes the attempt's span the current one while the attempt is sent, so that others nest in it."""
        return self._api.trace.use_span(
            self._attempt, end_on_exit=False, record_exception=False, set_status_on_exception=False
        )

    def carried_by(self, request: WireRequest) -> WireRequest:
        """Return a request that tells the server of the attempt's span, by the headers that are configured for it."""
        carrier: dict[str, str] = {}
        self._api.propagate.inject(carrier, context=self._api.trace.set_span_in_context(self._attempt))
        own = [(name, value) for name, value in request.headers if name.lower() not in carrier]
        return structs.replace(request, headers=(*own, *carrier.items())) if carrier else request

    def wait(self, seconds: float) -> None:
        """Count a retry and the wait before it."""
        meters = self._api.meters
        if meters is not None:
            attributes = {"samekey.operation": self._info.operation}
            meters.retries.add(1, attributes)
            meters.waits.record(seconds, attributes)

    def end(self, attempt: Attempt) -> None:
        """End the span of an attempt."""
        failed = ""
        span, self._attempt = self._attempt, None
        if span is None:
            return
        match attempt.outcome:
            case Answered(status=status):
                span.set_attribute("http.response.status_code", status)
                failed = str(status) if status >= _ERROR else ""
            case Failed(failure=failure, status=status):
                failed = failure.value
                if status is not None:
                    span.set_attribute("http.response.status_code", status)
        if failed:
            span.set_attribute("error.type", failed)
            span.set_status(self._api.trace.StatusCode.ERROR, str(attempt.outcome))
        span.end()
        if self._api.meters is not None:
            outcome = failed or str(status)
            self._api.meters.attempts.add(1, {"samekey.operation": self._info.operation, "samekey.outcome": outcome})

    def finish(self, record: CallRecord) -> None:
        """End the span of the call."""
        self._call.set_attribute("samekey.attempts", len(record.attempts))
        self._call.set_attribute("samekey.certainty", record.certainty.value)
        if record.may_be_repeated:
            self._call.set_attribute("samekey.may_be_repeated", True)  # noqa: FBT003
        if record.stopped:
            self._call.set_status(self._api.trace.StatusCode.ERROR, record.stopped)
        self._call.end()
        if self._api.meters is not None:
            self._api.meters.calls.add(
                1,
                {
                    "samekey.operation": self._info.operation,
                    "samekey.certainty": record.certainty.value,
                    "samekey.may_be_repeated": record.may_be_repeated,
                },
            )
