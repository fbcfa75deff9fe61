"""All that is written of a call: messages, tracebacks, logs, events, spans, pickles, files, and every `repr`."""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import logging
import pickle
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, cast

import msgspec
from opentelemetry import metrics, propagate, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

_LIBRARIES = ("httpx", "httpcore", "asyncio", "hpack", "h2", "anyio", "trio")
_ANSWER = ("body", "content", "headers")
"""Attributes of errors that are the server's answer as it came, and are meant to be looked into."""
_ANSWERS = ("Response", "RawAnswer")
"""Classes that hold the body of an answer."""


@dataclass
class Heard(logging.Handler):
    """Every line of every logger, by library."""

    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._form = logging.Formatter("%(message)s")

    def __hash__(self) -> int:
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, with its traceback."""
        name = record.name.partition(".")[0]
        self.lines.setdefault(name if name in _LIBRARIES else "the SDK", []).append(self._form.format(record))


@contextlib.contextmanager
def listening() -> Generator[Heard]:
    """Hear every logger at DEBUG while a block runs."""
    heard, root = Heard(), logging.getLogger()
    # Alone: the report of a failed test would be as long as all of them.
    level, handlers, alone = root.level, root.handlers, list[logging.Handler]([heard])
    root.handlers = alone
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.handlers = handlers
        root.setLevel(level)


class Traced:
    """Spans and metrics of one package, by providers that are nobody else's.

    Args:
        telemetry: the package's module of telemetry.
    """

    def __init__(self, telemetry: Any) -> None:  # noqa: ANN401
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        names = ("set_span_in_context", "SpanKind", "use_span", "StatusCode")
        api = SimpleNamespace(get_tracer=provider.get_tracer, **{name: getattr(trace, name) for name in names})
        meter_provider = MeterProvider([self.reader], shutdown_on_exit=False)
        usual, metrics.get_meter = metrics.get_meter, meter_provider.get_meter  # type: ignore[assignment]
        try:
            meters = telemetry._meters()
        finally:
            metrics.get_meter = usual
        made = telemetry._Api(api, propagate, meters)
        telemetry._api = lambda: made

    def taken(self) -> str:
        """Return all spans since the last time."""
        spans = "\n".join(span.to_json() for span in self.exporter.get_finished_spans())
        self.exporter.clear()
        return spans

    def measured(self) -> str:
        """Return all metrics."""
        found = self.reader.get_metrics_data()
        return "" if found is None else found.to_json()


@dataclass
class Outputs:
    """What was written of a call, by kind; everything as bytes.

    Args:
        package: the SDK's folder, whose frames are ours.
        says: whether the body of the answer repeats what was sent, so that what holds it is not looked at.
    """

    package: Path
    says: bool = False
    texts: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def add(self, kind: str, *texts: str | bytes) -> None:
        """Add texts of a kind."""
        joined = b"\n".join(text if isinstance(text, bytes) else text.encode("utf-8", "replace") for text in texts)
        if joined:
            self.texts[kind] = self.texts.get(kind, b"") + b"\n" + joined

    def of_error(self, error: BaseException) -> None:
        """Add what is shown of an exception and of those behind it."""
        for each in chain(error):
            self.add("message", str(each), repr(each), *getattr(each, "__notes__", []))
        self.add("traceback", *traceback.format_exception(error))
        for each in chain(error):
            for frame, _ in traceback.walk_tb(each.__traceback__):
                self._of_frame(frame)
        record = getattr(error, "record", None)
        if record is not None:
            self.add("record", repr(record), pickle.dumps(record))
        with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
            self.add("pickle", pickle.dumps(_without_answer(error)))
        self._of_copies(error)

    def _of_copies(self, error: BaseException) -> None:
        if getattr(error, "kept", None) is not None:
            with contextlib.suppress(TypeError):
                self.add("pickle with the request", pickle.dumps(_without_answer(cast("Any", error).with_request())))
        for copied in (copy.copy(error), copy.deepcopy(error)) if hasattr(error, "record") else ():
            self.add("copies", repr(copied), str(copied), repr(getattr(copied, "kept", "")))

    def _of_frame(self, frame: FrameType) -> None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        is_ours = file.startswith(str(self.package))
        # Not the frames of tests, which hold all secrets.
        if (is_ours and not self.says) or (not is_ours and "/tests/" not in file):
            kind = "locals of ours" if is_ours else "locals of others"
            self.add(kind, *(f"{name}: {variable}={_repr(value)}" for variable, value in frame.f_locals.items()))

    def of_response(self, response: Any) -> None:  # noqa: ANN401
        """Add what is shown of a response."""
        if not self.says:
            self.add("repr of a response", repr(response))
        self.add("record", repr(response.record), pickle.dumps(response.record))

    def of_object(self, root: object) -> None:
        """Add the `repr` of an object of the SDK, and of every one that can be reached from it."""
        for each in reachable(root):
            kind = type(each)
            if not (self.says and (kind.__name__ in _ANSWERS or ".models" in kind.__module__)):
                self.add("repr of objects", f"{kind.__name__}: {_repr(each)}")


def chain(error: BaseException | None) -> Iterable[BaseException]:
    """Yield an exception and those behind it, each once."""
    pending, seen = [error], list[BaseException]()
    while pending:
        each = pending.pop()
        if each is not None and not any(each is known for known in seen):
            seen.append(each)
            pending += [each.__cause__, each.__context__]
    return seen


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001  # as a reporter of errors has it
        return f"<{error!r}>"


def _without_answer(error: BaseException) -> BaseException:
    copied = copy.copy(error)
    for name in _ANSWER:
        if name in copied.__dict__:
            copied.__dict__[name] = None
    return copied


_PLAIN = (str, bytes, int, float, bool, type(None), type)


def reachable(root: object) -> list[object]:
    """Return the objects of an SDK that can be reached from one of them, through containers and attributes."""
    package = type(root).__module__.partition(".")[0]
    found, pending, seen = list[object](), [root], set[int]()
    while pending:
        each = pending.pop()
        if isinstance(each, _PLAIN) or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Mapping):
            mapping = cast("Mapping[object, object]", each)
            pending += [*mapping.keys(), *mapping.values()]
        elif isinstance(each, (list, tuple, set, frozenset)):
            pending += list(cast("Iterable[object]", each))
        elif isinstance(each, functools.partial):
            part = cast("functools.partial[object]", each)
            found.append(part)
            pending += [part.args, part.keywords]
        elif type(each).__module__.partition(".")[0] == package:
            found.append(each)
            pending += [getattr(each, name, None) for name in _attributes(each)]
    return found


def _attributes(each: object) -> list[str]:
    names = list(getattr(each, "__dict__", {}))
    if isinstance(each, msgspec.Struct):
        names += each.__struct_fields__
    for kind in type(each).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    return names


@contextlib.contextmanager
def written(outputs: Outputs) -> Generator[None]:
    """Keep what is warned of, and printed, while a block runs."""
    printed = io.StringIO()
    hook, sys.unraisablehook = sys.unraisablehook, _unraisable(printed, sys.unraisablehook)
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            yield
    finally:
        sys.unraisablehook = hook
    # One line that is ours, so that the absence of others was seen.
    outputs.add("warnings and prints", f"{len(warned)} warnings", *(str(each.message) for each in warned))
    outputs.add("warnings and prints", printed.getvalue())


def _unraisable(printed: io.StringIO, usual: Callable[..., object]) -> Callable[..., object]:
    def hear(event: Any) -> None:  # noqa: ANN401
        printed.write(repr(event.exc_value))
        usual(event)

    return hear
