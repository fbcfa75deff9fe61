"""What an operation gives, and how an operation of that form is declared."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from samekey_templates.runtime.declare import table

from samekey.config.dialect import Carrier
from samekey.emit import symbols
from samekey.emit.code import source
from samekey.emit.views import FormView
from samekey.ir import Kind, Primitive, Safety
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from samekey.ir import Field, Model, Operation, StreamOf


class Form(Enum):
    """What an operation gives: a value, bytes, a list in pages, a stream, or either a value or a stream."""

    VALUE = 1
    BYTES = 2
    PAGES = 3
    STREAM = 4
    EITHER = 5


FORMS = table(
    Form,
    {
        Form.VALUE: FormView(symbols.OPERATION, symbols.CALL, source("")),
        Form.BYTES: FormView(symbols.DOWNLOAD, symbols.CALL, source("")),
        Form.PAGES: FormView(symbols.PAGES, symbols.PAGED_CALL, source("Page")),
        Form.STREAM: FormView(symbols.STREAM, symbols.STREAM_CALL, source("Stream")),
        Form.EITHER: FormView(symbols.STREAMABLE, symbols.STREAMABLE_CALL, source("")),
    },
)


def form_of(operation: Operation) -> Form:
    """Return what an operation gives: a value, bytes, a list in pages, a stream, or either a value or a stream."""
    kinds = [response.type for response in successes(operation.responses)]
    if stream_of(operation) is not None:
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


def stream_of(operation: Operation) -> StreamOf | None:
    """Return the stream that an operation gives; None where it gives none."""
    return next((response.stream for response in successes(operation.responses) if response.stream), None)
