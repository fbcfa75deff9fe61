"""Operations as methods: arguments, the facts of the decorator, and the parts of the call."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct
from samekey_templates.runtime.closed import table

from samekey.config.dialect import Carrier, carrier_words
from samekey.emit import code, symbols
from samekey.emit.client import profile_code, retry_code
from samekey.emit.code import Code, source
from samekey.emit.views import ArgumentView, FormView, MethodView, OperationSummary
from samekey.ir import (
    AnyJson,
    BodyKind,
    Default,
    Kind,
    Location,
    MapOf,
    Primitive,
    Range,
    Safety,
    Style,
    Type,
)
from samekey.ir import (
    Code as StatusCode,
)
from samekey.lower.media import is_json
from samekey.lower.statuses import successes
from samekey.names import BODY, EXTRA, spread_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.emit.annotations import Annotator
    from samekey.ir import Api, Field, Model, Operation, Paging, Param, Spelling, Status, StreamOf
    from samekey.names import Names

_DEFAULT_STYLES = table(
    Location,
    {
        Location.PATH: (Style.SIMPLE, False),
        Location.QUERY: (Style.FORM, True),
        Location.HEADER: (Style.SIMPLE, False),
        Location.COOKIE: (Style.FORM, True),
    },
)
_STYLE_FACTS = table(
    Location,
    {
        Location.PATH: "path_styles",
        Location.QUERY: "query_styles",
        Location.HEADER: "header_styles",
        Location.COOKIE: "cookie_styles",
    },
)
_OWN_REFUSALS = frozenset({400, 409, 422})
"""Statuses by which an operation refuses under its key, where the document gives them to it."""
_PARTS = table(
    Location, {Location.PATH: "path", Location.QUERY: "query", Location.HEADER: "headers", Location.COOKIE: "cookies"}
)
_RAW = {Kind.STRING: source("str"), Kind.BINARY: source("bytes")}


class OperationPlanner(Struct, frozen=True):
    """Plans the methods of one resource.

    Args:
        api: the whole API.
        names: the Python names.
        models: models by id.
        annotator: spells types for the resource's module.
    """

    api: Api
    names: Names
    models: Mapping[str, Model]
    annotator: Annotator

    def method(self, operation: Operation) -> MethodView:
        """The view of an operation."""
        arguments = self._arguments(operation)
        positional = tuple(entry for entry in arguments if entry.location == Location.PATH)
        others = [entry for entry in arguments if entry.location != Location.PATH]
        keywords = tuple(sorted(others, key=lambda entry: not entry.required))
        return MethodView(
            name=code.identifier(self.names.methods[operation.key].method),
            positional=positional,
            keywords=(*keywords, *self._own_arguments(operation)),
            form=_FORMS[form_of(operation)],
            returns=self._returns(operation),
            facts=tuple(self._facts(operation)),
            doc=code.docstring(self._doc(operation, [*positional, *keywords])),
            parts=tuple(self._parts(operation)),
        )

    def summary(self, operation: Operation) -> OperationSummary:
        """The row of an operation in `samekey inspect`."""
        place = self.names.methods[operation.key]
        profile = operation.profile
        return OperationSummary(
            operation_id=operation.id,
            method=operation.method,
            path=operation.path,
            safety=operation.safety.value,
            key=(profile.carrier.value, profile.name) if operation.safety is Safety.KEYED else None,
            why=operation.why,
            call=f"{place.resource}.{place.method}",
            parameters=tuple(self._arguments(operation)),
            returns=str(self._given(operation)),
            streams=str(self._streamed(operation)),
        )

    def _arguments(self, operation: Operation) -> list[ArgumentView]:
        found = [self._parameter(operation, param) for param in operation.params]
        body = operation.body
        model = spread_model(operation, self.models)
        if model is not None:
            for field in given_fields(operation, model):
                name = self.names.arguments[operation.key, BODY, field.name]
                doc = f"Deprecated. {field.doc}".strip() if field.deprecated else field.doc
                found.append(self._argument(name, field.type, field.name, BODY, doc, required=field.required))
            if model.extra is not None:
                name = self.names.arguments[operation.key, EXTRA, EXTRA]
                doc = "Further fields, by their names."
                found.append(self._argument(name, MapOf(model.extra), "", EXTRA, doc, required=False))
        elif body is not None:
            name = self.names.arguments[operation.key, BODY, BODY]
            found.append(self._argument(name, body.type, BODY, BODY, body.doc, required=body.required))
        return found

    def _parameter(self, operation: Operation, param: Param) -> ArgumentView:
        name = self.names.arguments[operation.key, param.location, param.name]
        doc = f"Deprecated. {param.doc}".strip() if param.deprecated else param.doc
        return self._argument(name, param.type, param.name, param.location, doc, required=param.required)

    def _argument(self, name: str, kind: Type, wire: str, location: str, doc: str, *, required: bool) -> ArgumentView:
        annotation = self.annotator.input(kind)
        if not required:
            annotation = code.alternatives([annotation, symbols.OMIT_TYPE])
        default = source("") if required else symbols.OMIT
        return ArgumentView(code.identifier(name), annotation, default, wire, str(location), required, doc)

    def _own_arguments(self, operation: Operation) -> list[ArgumentView]:
        """The arguments that samekey adds: the key on keyed methods alone, and the call's options."""
        added: list[ArgumentView] = []
        if operation.safety is Safety.KEYED:
            added.append(
                ArgumentView(
                    source("idempotency_key"), source("str | None"), source("None"), "", "key", required=False, doc=""
                )
            )
        options = source("CallOptions | None")
        added.append(ArgumentView(source("options"), options, source("None"), "", "options", required=False, doc=""))
        return added

    def _returns(self, operation: Operation) -> Code:
        """What is between the brackets of the call's type."""
        stream = stream_of(operation)
        if stream is not None:
            item = self._returned(stream.item)
            return item if form_of(operation) is Form.STREAM else code.listed([self._value(operation), item])
        if operation.paging is not None:
            return code.listed([self._value(operation), self._returned(operation.paging.item)])
        return self._value(operation)

    def _given(self, operation: Operation) -> Code:
        """What a plain call gives."""
        form = form_of(operation)
        inner = self._value(operation) if form is Form.EITHER else self._returns(operation)
        return code.given(_FORMS[form].gives, inner)

    def _streamed(self, operation: Operation) -> Code:
        """What `.stream(…)` gives; empty where there is no such face."""
        stream = stream_of(operation)
        match form_of(operation):
            case Form.EITHER if stream is not None:
                return code.given(source("Stream"), self._returned(stream.item))
            case Form.BYTES:
                return source("Stream[bytes]")
            case _:
                return source("")

    def _value(self, operation: Operation) -> Code:
        kinds = [self._returned(response.type) for response in successes(operation.responses)]
        return code.alternatives(kinds) if kinds else source("None")

    def _returned(self, kind: Type | None) -> Code:
        if kind is None:
            return source("None")
        if kind == Primitive(Kind.BINARY):
            return source("bytes")
        return self.annotator.output(kind)

    def _decoded(self, kind: Type | None) -> Code:
        """The type as an expression; builtins are not hidden there, since a lambda does not see its class."""
        if kind == Primitive(Kind.BINARY):
            return source("bytes")
        if kind is None:
            return source("None")
        return self.annotator.with_plain_list().output(kind)

    def _facts(self, operation: Operation) -> Iterable[Code]:
        yield code.literal(operation.method)
        yield code.literal(operation.path)
        stream = stream_of(operation)
        if stream is not None:
            yield self._stream_facts(stream)
        elif operation.paging is not None:
            yield _paging_facts(operation.paging)
        yield code.keyword_argument("safety", code.member(symbols.SAFETY, operation.safety))
        yield from _key_facts(operation)
        yield from self._type_facts(operation)
        yield from self._body_facts(operation)
        yield from self._style_facts(operation)
        accept = _accept(operation)
        if accept != "application/json":
            yield code.keyword_argument("accept", code.literal(accept))
        if operation.security is not None and operation.security != self.api.security:
            alternatives = code.sequence(code.literal(names) for names in operation.security)
            yield code.keyword_argument("security", alternatives)
        if operation.server:
            yield code.keyword_argument("server", code.literal(operation.server))
        if operation.retry is not None:
            yield code.keyword_argument("retry", retry_code(operation.retry))
        if operation.safety is Safety.KEYED and operation.profile != self.api.profile:
            yield code.keyword_argument("profile", profile_code(operation.profile))

    def _type_facts(self, operation: Operation) -> Iterable[Code]:
        succeeding = successes(operation.responses)
        decoded = [(response.status, self._decoded(response.type)) for response in succeeding]
        distinct = {kind for _, kind in decoded}
        if len(distinct) == 1 and distinct != {source("None")}:
            yield code.keyword_argument("returns", code.thunk(decoded[0][1]))
        elif len(distinct) > 1:
            yield code.keyword_argument(
                "returns", code.thunk(code.mapping((_status(key), kind) for key, kind in decoded))
            )
        succeeded = {response.status for response in succeeding}
        errors = [
            (response.status, self._decoded(response.type))
            for response in operation.responses
            if response.type is not None
            and not isinstance(response.type, AnyJson)
            and (response.status not in succeeded or response.status == Default())
            and not _is_redirect(response.status)
        ]
        if errors:
            yield code.keyword_argument(
                "errors", code.thunk(code.mapping((_status(key), kind) for key, kind in errors))
            )

    def _stream_facts(self, stream: StreamOf) -> Code:
        arguments = [code.literal(stream.format.value), code.thunk(self._decoded(stream.item))]
        accept = stream.media_type.partition(";")[0].strip()
        if accept != "text/event-stream":
            arguments.append(code.keyword_argument("accept", code.literal(accept)))
        if stream.flag:
            arguments.append(code.keyword_argument("flag", code.literal(stream.flag)))
        if stream.sentinel is not None:
            arguments.append(code.keyword_argument("sentinel", code.literal(stream.sentinel)))
        if stream.events:
            types = code.mapping((code.literal(event), self._decoded(kind)) for event, kind in stream.events)
            arguments.append(code.keyword_argument("events", code.thunk(types)))
        return code.call(symbols.STREAM_FACTS, *arguments)

    def _body_facts(self, operation: Operation) -> Iterable[Code]:
        body = operation.body
        if body is None:
            return
        if body.kind is not BodyKind.JSON:
            yield code.keyword_argument("body", code.literal(body.kind.value))
        default = body.kind is BodyKind.FORM or body.media_type in {"application/json", "multipart/form-data"}
        if not default:
            yield code.keyword_argument("media_type", code.literal(body.media_type))
        if not body.required:
            yield code.keyword_argument("body_required", source("False"))
        if body.spellings and body.kind is BodyKind.FORM:
            yield code.keyword_argument("form_styles", _styles(body.spellings))
        if body.part_types and body.kind is BodyKind.MULTIPART:
            types = code.mapping((code.literal(name), code.literal(kind)) for name, kind in body.part_types)
            yield code.keyword_argument("part_types", types)

    def _style_facts(self, operation: Operation) -> Iterable[Code]:
        for location, fact in _STYLE_FACTS.items():
            unusual = [
                (param.name, param.spelling)
                for param in operation.params
                if param.location is location and not _is_usual(param, location)
            ]
            if unusual:
                yield code.keyword_argument(fact, _styles(unusual))

    def _parts(self, operation: Operation) -> Iterable[Code]:
        for location, part in _PARTS.items():
            entries = [
                (code.literal(param.name), code.identifier(self.names.arguments[operation.key, location, param.name]))
                for param in operation.params
                if param.location is location
            ]
            if entries:
                yield code.keyword_argument(part, code.mapping(entries))
        model = spread_model(operation, self.models)
        if model is not None:
            entries = [
                (code.literal(field.name), code.identifier(self.names.arguments[operation.key, BODY, field.name]))
                for field in given_fields(operation, model)
            ]
            flag = _flag_of(operation)
            # The stream's own method sets the flag; a plain call says that it wants none, whatever the default is.
            fields = code.mapping([*entries, *([(code.literal(flag), source("False"))] if flag else [])])
            if model.extra is not None:
                extra = code.identifier(self.names.arguments[operation.key, EXTRA, EXTRA])
                fields = code.call(symbols.WITH_EXTRA, fields, extra)
            yield code.keyword_argument("body", fields)
        elif operation.body is not None:
            yield code.keyword_argument("body", code.identifier(self.names.arguments[operation.key, BODY, BODY]))
        if operation.safety is Safety.KEYED:
            yield source("idempotency_key=idempotency_key")
        yield source("options=options")

    def _doc(self, operation: Operation, arguments: list[ArgumentView]) -> str:
        summary = (
            operation.summary or operation.description.partition("\n")[0] or f"{operation.method} {operation.path}"
        )
        paragraphs = [f"{code.one_line(summary).rstrip('.')}."]
        if operation.deprecated:
            paragraphs.append("Deprecated.")
        if operation.description and operation.description != operation.summary and operation.summary:
            paragraphs.append(operation.description)
        elif not operation.summary and "\n" in operation.description:
            paragraphs.append(operation.description.partition("\n")[2].strip())
        paragraphs.append(_safety_in_words(operation))
        documented = [entry for entry in arguments if entry.doc]
        lines = [f"    {entry.name}: {code.one_line(entry.doc, 300)}" for entry in documented]
        if operation.safety is Safety.KEYED:
            lines.append(
                "    idempotency_key: the key of an earlier call, to settle it; a fresh one is minted where it is None."
            )
        if lines:
            paragraphs.append("\n".join(["Args:", *lines]))
        return "\n\n".join(paragraphs)


def _safety_in_words(operation: Operation) -> str:
    profile = operation.profile
    match operation.safety:
        case Safety.SAFE:
            return "Safe: it only reads, and is retried without a key."
        case Safety.IDEMPOTENT:
            return "Idempotent: sending it twice is sending it once, so it is retried without a key."
        case Safety.KEYED:
            place = f"{carrier_words(profile.carrier)} `{profile.name}`"
            return f"Keyed: every attempt carries one idempotency key in the {place}; {operation.why}."
        case Safety.UNSAFE:
            return f"Unsafe: it carries no key and is retried only where nothing was sent or done; {operation.why}."


def _accept(operation: Operation) -> str:
    for response in successes(operation.responses):
        if response.media_type:
            if is_json(response.media_type) and "*" in response.media_type:
                return "application/json"
            return response.media_type.partition(";")[0].strip()
    return "application/json"


def _paging_facts(paging: Paging) -> Code:
    ways = {
        "items": paging.items, "next": paging.next, "more": paging.more, "last": paging.last, "current": paging.current,
    }  # fmt: skip
    spelled = {name: code.literal(way) for name, way in ways.items() if way}
    if paging.parameter:
        spelled["parameter"] = code.literal(paging.parameter)
    if paging.in_body:
        spelled["in_body"] = source("True")
    if paging.first:
        spelled["first"] = code.literal(paging.first)
    return code.construct(symbols.PAGING, spelled, code.literal(paging.style.value))


class Form(Enum):
    """What an operation gives: a value, bytes, a list in pages, a stream, or either a value or a stream."""

    VALUE = 1
    BYTES = 2
    PAGES = 3
    STREAM = 4
    EITHER = 5


_FORMS = table(
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
    """What an operation gives."""
    kinds = [response.type for response in successes(operation.responses)]
    if stream_of(operation) is not None:
        return Form.EITHER if any(kind is not None for kind in kinds) else Form.STREAM
    if operation.paging is not None:
        return Form.PAGES
    return Form.BYTES if kinds and set(kinds) == {Primitive(Kind.BINARY)} else Form.VALUE


def given_fields(operation: Operation, model: Model) -> list[Field]:
    """The fields of a body that callers give: what is read only, the key, and the flag for a stream are not theirs."""
    keyed = operation.safety is Safety.KEYED and operation.profile.carrier is Carrier.BODY
    filled = {operation.profile.name} if keyed else set[str]()
    flag = _flag_of(operation)
    filled |= {flag} if flag else set[str]()
    return [field for field in model.fields if not field.read_only and field.name not in filled]


def _flag_of(operation: Operation) -> str:
    stream = stream_of(operation)
    return stream.flag if stream is not None else ""


def stream_of(operation: Operation) -> StreamOf | None:
    """The stream that an operation gives, if it gives one."""
    return next((response.stream for response in successes(operation.responses) if response.stream), None)


def _status(status: Status) -> Code:
    match status:
        case StatusCode(value=value):
            return code.literal(value)
        case Range(first=first):
            return code.literal(f"{first}XX")
        case Default():
            return code.literal("default")


def _key_facts(operation: Operation) -> Iterable[Code]:
    """What the document says of the operation's key, and of the refusals that may be its own word under it."""
    if not operation.declares_key:
        return
    yield code.keyword_argument("declares_key", source("True"))
    documented = {response.status.value for response in operation.responses if isinstance(response.status, StatusCode)}
    refusals = sorted(documented & _OWN_REFUSALS)
    if refusals:
        yield code.keyword_argument("refuses_with", code.sequence(code.literal(status) for status in refusals))


def _is_redirect(status: Status) -> bool:
    return isinstance(status, StatusCode) and status.value < 400  # noqa: PLR2004


def _is_usual(param: Param, location: Location) -> bool:
    style, explode = _DEFAULT_STYLES[location]
    spelling = param.spelling
    if spelling.allow_reserved or spelling.style is not style:
        return False
    return spelling.explode == explode or _is_scalar(param.type)


def _is_scalar(kind: Type) -> bool:
    return isinstance(kind, Primitive)


def _styles(entries: Iterable[tuple[str, Spelling]]) -> Code:
    return code.mapping((code.literal(name), _style(spelling)) for name, spelling in entries)


def _style(spelling: Spelling) -> Code:
    arguments = [code.literal(spelling.style.value)]
    if spelling.explode:
        arguments.append(source("explode=True"))
    if spelling.allow_reserved:
        arguments.append(source("allow_reserved=True"))
    return code.call(symbols.STYLE, *arguments)
