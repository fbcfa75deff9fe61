"""What an operation gives, and how an operation of that form is declared."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from samekey_templates.runtime.declare import table

from samekey.config.dialect import Carrier
from samekey.emit import symbols
from samekey.emit.code import source
from samekey.emit.views import FormView
from samekey.ir import AnyJson, Kind, Primitive, Safety, StreamFormat, StreamOf
from samekey.lower.statuses import may_have_body, successes

if TYPE_CHECKING:
    from samekey.ir import Field, Model, Operation


_UNDOCUMENTED: Final = StreamOf(
    StreamFormat.ANY,
    AnyJson("the document says nothing of the answer"),
    "text/event-stream, application/x-ndjson, */*;q=0.1",
)


class Form(Enum):
    """What an operation gives."""

    VALUE = 1
    BYTES = 2
    PAGES = 3
    STREAM = 4
    EITHER = 5
    """A value, or a stream if it is asked for."""
    ANYTHING = 6
    """A value, or a stream that the document does not tell of."""


FORMS = table(
    Form,
    {
        Form.VALUE: FormView(symbols.OPERATION, symbols.CALL, source("")),
        Form.BYTES: FormView(symbols.DOWNLOAD, symbols.CALL, source("")),
        Form.PAGES: FormView(symbols.PAGES, symbols.PAGED_CALL, source("Page")),
        Form.STREAM: FormView(symbols.STREAM, symbols.STREAM_CALL, source("Stream")),
        Form.EITHER: FormView(symbols.STREAMABLE, symbols.STREAMABLE_CALL, source("")),
        Form.ANYTHING: FormView(symbols.STREAMABLE, symbols.STREAMABLE_CALL, source("")),
    },
)


def form_of(operation: Operation) -> Form:
    """Return what an operation gives."""
    kinds = [response.type for response in successes(operation.responses)]
    stream = stream_of(operation)
    if stream is _UNDOCUMENTED:
        return Form.ANYTHING
    if stream is not None:
        return Form.EITHER if any(kind is not None for kind in kinds) else Form.STREAM
    if operation.paging is not None:
        return Form.PAGES
    return Form.BYTES if kinds and set(kinds) == {Primitive(Kind.BINARY)} else Form.VALUE


def given_fields(operation: Operation, model: Model) -> list[Field]:
    """Return the body fields that callers give: all but read-only ones, the key, and the flag for a stream."""
    keyed = operation.safety is Safety.KEYED and operation.profile.carrier is Carrier.BODY
    # A key in an inner object is put there when the call is made.
    filled = {operation.profile.name} if keyed and not operation.profile.within else set[str]()
    flag = flag_of(operation)
    filled |= {flag} if flag else set[str]()
    return [field for field in model.fields if not field.read_only and field.name not in filled]


def flag_of(operation: Operation) -> str:
    """Return the body field that asks for an operation's stream; empty where there is none."""
    stream = stream_of(operation)
    return stream.flag if stream is not None else ""


def is_untold(operation: Operation) -> bool:
    """Whether the document names no body of a success that may have one: what comes is given as it is."""
    answers = successes(operation.responses)
    is_silent = all(response.type is None and response.stream is None for response in answers)
    return is_silent and may_have_body(operation)


def stream_of(operation: Operation) -> StreamOf | None:
    """Return the stream that an operation gives, or may give where the document says nothing of its answer."""
    answers = successes(operation.responses)
    found = next((response.stream for response in answers if response.stream), None)
    says_nothing = bool(answers) and all(isinstance(response.type, AnyJson) for response in answers)
    says_nothing = says_nothing or is_untold(operation)
    # Frameworks document their streams as JSON of any kind.
    return _UNDOCUMENTED if found is None and says_nothing and operation.paging is None else found
