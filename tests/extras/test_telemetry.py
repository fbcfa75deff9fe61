"""OpenTelemetry: a span for the call, one for each attempt below it, and nothing where the package is missing."""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class SwitchedProvider(trace.TracerProvider):
    """A provider that can be set once in a process, and sees nothing of the other tests of that process."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.is_on = False
        self._seeing, self._blind = TracerProvider(), trace.NoOpTracerProvider()
        self._seeing.add_span_processor(SimpleSpanProcessor(self.exporter))

    def get_tracer(self, *args: Any, **keywords: Any) -> trace.Tracer:  # noqa: ANN401  # as they come
        """Return a tracer whose spans are seen only while one of these tests runs."""
        return (self._seeing if self.is_on else self._blind).get_tracer(*args, **keywords)


@pytest.fixture(scope="session")
def provider() -> SwitchedProvider:
    """The provider of this process."""
    made = SwitchedProvider()
    trace.set_tracer_provider(made)
    return made


@pytest.fixture
def exporter(provider: SwitchedProvider) -> Iterator[InMemorySpanExporter]:
    """Where spans go during a test."""
    provider.is_on = True
    yield provider.exporter
    provider.is_on = False


@pytest.fixture(scope="module")
def acme(root: Path) -> Iterator[Any]:
    """The payments SDK, imported."""
    sys.path.insert(0, str(root / "generated" / "payments"))
    import acme_payments  # noqa: PLC0415

    yield acme_payments
    sys.path.remove(str(root / "generated" / "payments"))


TOKEN = "secret"  # noqa: S105  # what must not be recorded


def spans_of(acme: Any, exporter: InMemorySpanExporter, *answers: httpx.Response | Exception) -> list[ReadableSpan]:  # noqa: ANN401
    """The spans of one charge that gets these answers, in the order in which they ended."""
    pending = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        following = pending.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    exporter.clear()
    policy = acme.RetryPolicy(initial_delay=0, max_delay=0, max_retries=2)
    with httpx.Client(transport=httpx.MockTransport(answer)) as http_client:
        client = acme.AcmePayments(
            base_url="https://api.test:8443/v1", token=TOKEN, http_client=http_client, retry=policy
        )
        with contextlib.suppress(acme.APIError):
            client.charges.create(amount=1, currency="eur")
    return list(exporter.get_finished_spans())


def test_a_call_and_its_attempts(acme: Any, exporter: InMemorySpanExporter) -> None:  # noqa: ANN401
    """The call's span is the parent of its attempts; a retry counts its resends, and no secret is recorded."""
    first, second, call = spans_of(acme, exporter, httpx.ReadTimeout("lost"), httpx.Response(200, json={"id": "ch_1"}))
    assert (first.name, second.name, call.name) == ("POST /charges", "POST /charges", "charges.create")
    assert call.context is not None
    for attempt in (first, second):
        assert attempt.parent is not None
        assert attempt.parent.span_id == call.context.span_id
        assert attempt.kind is trace.SpanKind.CLIENT
    attributes = [dict(span.attributes or {}) for span in (first, second, call)]
    assert attributes[0]["error.type"] == "answer lost"
    assert "http.request.resend_count" not in attributes[0]
    assert attributes[1]["http.request.resend_count"] == 1
    assert attributes[1]["http.response.status_code"] == 200
    assert attributes[1]["url.template"] == "/charges"
    assert (attributes[1]["server.address"], attributes[1]["server.port"]) == ("api.test", 8443)
    assert (attributes[2]["samekey.attempts"], attributes[2]["samekey.certainty"]) == (2, "applied")
    assert "secret" not in str(attributes)
    assert {str(found["samekey.evidence"]) for found in attributes} == {"declared"}
    assert len({str(found["samekey.idempotency_key"]) for found in attributes}) == 1


def test_the_span_of_an_attempt_is_current_while_it_is_sent(acme: Any, exporter: InMemorySpanExporter) -> None:  # noqa: ANN401
    """What is instrumented below nests in it, and the server is told of it in `traceparent`."""
    seen: list[tuple[int, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((trace.get_current_span().get_span_context().span_id, request.headers["traceparent"]))
        return httpx.Response(503 if len(seen) == 1 else 200, json={"id": "ch_1"})

    exporter.clear()
    policy = acme.RetryPolicy(initial_delay=0, max_delay=0, max_retries=2)
    with httpx.Client(transport=httpx.MockTransport(answer)) as http_client:
        client = acme.AcmePayments(base_url="https://api.test/v1", token=TOKEN, http_client=http_client, retry=policy)
        client.charges.create(amount=1, currency="eur")
    first, second, _ = exporter.get_finished_spans()
    for span, (current, parent) in zip((first, second), seen, strict=True):
        assert span.context is not None
        assert current == span.context.span_id
        assert parent.split("-")[1:3] == [f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"]
    assert not trace.get_current_span().get_span_context().is_valid


def test_what_is_counted(acme: Any) -> None:  # noqa: ANN401
    """Calls by certainty, attempts by outcome, retries, and waits."""
    from opentelemetry import metrics  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415

    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    telemetry = importlib.import_module("acme_payments._runtime.telemetry")
    telemetry._api.cache_clear()
    answers = [httpx.Response(503), httpx.Response(200, json={"id": "ch_1"}), httpx.Response(400, json={})]
    with httpx.Client(transport=httpx.MockTransport(lambda _: answers.pop(0))) as http_client:
        policy = acme.RetryPolicy(initial_delay=0, max_delay=0, max_retries=2)
        client = acme.AcmePayments(base_url="https://api.test/v1", token=TOKEN, http_client=http_client, retry=policy)
        client.charges.create(amount=1, currency="eur")
        with contextlib.suppress(acme.APIError):
            client.charges.create(amount=1, currency="eur")
    measured = reader.get_metrics_data()
    assert measured is not None
    data = json.loads(measured.to_json())
    found = {
        metric["name"]: metric["data"]["data_points"]
        for resource in data["resource_metrics"]
        for scope in resource["scope_metrics"]
        for metric in scope["metrics"]
    }
    outcomes = {point["attributes"]["samekey.outcome"]: point["value"] for point in found["samekey.client.attempts"]}
    assert outcomes == {"503": 1, "200": 1, "400": 1}
    certainties = {point["attributes"]["samekey.certainty"]: point["value"] for point in found["samekey.client.calls"]}
    assert certainties == {"applied": 1, "rejected": 1}
    assert [point["value"] for point in found["samekey.client.retries"]] == [1]
    assert [point["count"] for point in found["samekey.client.wait"]] == [1]
    assert {point["attributes"]["samekey.operation"] for points in found.values() for point in points} == {
        "charges.create"
    }


def test_a_failure_is_marked(acme: Any, exporter: InMemorySpanExporter) -> None:  # noqa: ANN401
    """Spans of what went wrong say so, with the reason why it ended."""
    *_, call = spans_of(acme, exporter, httpx.Response(400, json={}))
    assert call.status.status_code is trace.StatusCode.ERROR
    assert dict(call.attributes or {})["samekey.certainty"] == "rejected"


def test_it_costs_nothing_where_it_is_missing(root: Path) -> None:
    """Without the package no span is made, and nothing of it is imported."""
    script = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name.startswith('opentelemetry') else real(name, *a)\n"
        "from acme_payments._runtime.telemetry import open_trace\n"
        "print(open_trace(None, 'http://x'), [name for name in sys.modules if name.startswith('opentelemetry.')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root / "generated" / "payments", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "None []"
