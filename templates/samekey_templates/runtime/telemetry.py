"""OpenTelemetry spans for a call and its attempts, where `opentelemetry-api` is installed; nothing where it is not.

Names follow the semantic conventions of HTTP clients; no header, query or body is recorded.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .retry.rules import Answered, Failed

if TYPE_CHECKING:
    from .retry.record import CallInfo, CallRecord
    from .retry.rules import Attempt

_ERROR = 400


@cache
def _api() -> Any:  # noqa: ANN401  # the package may be missing, so its types cannot be named
    """Return the `trace` module of OpenTelemetry, or None where the package is not installed."""
    try:
        return importlib.import_module("opentelemetry.trace")
    except ImportError:
        return None


def open_trace(info: CallInfo, base_url: str) -> CallTrace | None:
    """Open a trace for a call; None where nobody could see it, since OpenTelemetry is not installed."""
    api = _api()
    return None if api is None else CallTrace(api, info, base_url)


class CallTrace:
    """The spans of one call: its own, and one for each attempt below it."""

    __slots__ = ("_api", "_attempt", "_call", "_info", "_server", "_tracer")

    def __init__(self, api: Any, info: CallInfo, base_url: str) -> None:  # noqa: ANN401
        self._api = api
        self._info = info
        self._server = urlsplit(base_url)
        self._tracer = api.get_tracer(__name__.partition("._runtime")[0])
        self._attempt: Any = None
        self._call = self._tracer.start_span(
            info.operation, attributes={"http.request.method": info.method, "url.template": info.path}
        )

    def start(self, number: int) -> None:
        """Begin the span of an attempt."""
        attributes: dict[str, str | int] = {
            "http.request.method": self._info.method,
            "url.template": self._info.path,
            "server.address": self._server.hostname or "",
        }
        if self._server.port is not None:
            attributes["server.port"] = self._server.port
        if number > 1:
            attributes["http.request.resend_count"] = number - 1
        context = self._api.set_span_in_context(self._call)
        kind = self._api.SpanKind.CLIENT
        self._attempt = self._tracer.start_span(self._info.method, context=context, kind=kind, attributes=attributes)

    def end(self, attempt: Attempt) -> None:
        """End the span of an attempt."""
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
            span.set_status(self._api.StatusCode.ERROR, str(attempt.outcome))
        span.end()

    def finish(self, record: CallRecord) -> None:
        """End the span of the call."""
        self._call.set_attribute("samekey.attempts", len(record.attempts))
        self._call.set_attribute("samekey.certainty", record.certainty.value)
        if record.stopped:
            self._call.set_status(self._api.StatusCode.ERROR, record.stopped)
        self._call.end()
