"""The facts of an operation: what its decorator says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from samekey_templates.runtime.declare import table
from samekey_templates.runtime.http.redirects import REDIRECTS
from samekey_templates.runtime.retry.rules import HTTP_REFUSALS

from samekey.emit import code, symbols
from samekey.emit.annotations import holds_decimal_numbers
from samekey.emit.client import profile_code, retry_code
from samekey.emit.code import source
from samekey.emit.forms import given_fields, stream_of
from samekey.ir import (
    Alias,
    AnyJson,
    BodyKind,
    Default,
    Evidence,
    Kind,
    ListOf,
    Location,
    Model,
    Named,
    Nullable,
    Primitive,
    Range,
    Safety,
    StatusCode,
    Style,
    references,
)
from samekey.lower.media import is_json
from samekey.lower.statuses import successes
from samekey.names import spread_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey_templates.runtime.request.body import FileCount

    from samekey.emit.annotations import Annotator
    from samekey.emit.code import Code
    from samekey.ir import Api, Body, Operation, Paging, Param, Response, Spelling, Status, StreamOf, Type, TypeDef

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
_NOTHING = source("")
_OWN_REFUSALS = frozenset({400, 409, 422})
"""Statuses by which an operation refuses under its key, where the document gives them to it."""


class FactsPlanner(Struct, frozen=True):
    """Plans the arguments of an operation's decorator: what is the same in each call of it.

    Args:
        api: the whole API.
        annotator: spells types for the resource's module.
        models: models by id.
        adapted: ids of definitions whose values are not sent as they are given.
    """

    api: Api
    annotator: Annotator
    models: Mapping[str, Model]
    adapted: frozenset[str]

    def _decoded(self, kind: Type | None) -> Code:
        """Return a type as an expression; no builtin is hidden there, since a lambda does not see its class."""
        if kind == Primitive(Kind.BINARY):
            return source("bytes")
        if kind is None:
            return source("None")
        return self.annotator.with_plain_list().output(kind)

    def facts(self, operation: Operation) -> Iterable[Code]:
        """Yield the facts of an operation, as arguments of its decorator."""
        yield code.literal(operation.method)
        yield code.literal(operation.path)
        stream = stream_of(operation)
        if stream is not None:
            yield self._stream_facts(stream)
        elif operation.paging is not None:
            yield _paging_facts(operation.paging)
        yield code.keyword_argument("safety", code.enum_member(symbols.SAFETY, operation.safety))
        yield from _key_facts(operation)
        yield from self._type_facts(operation)
        yield from self._body_facts(operation)
        yield from self._style_facts(operation)
        accept = _accept(operation)
        if accept != "application/json":
            yield code.keyword_argument("accept", code.literal(accept))
        if operation.lists_accept:
            yield code.keyword_argument("accept_only", source("True"))
        if operation.security is not None and operation.security != self.api.security:
            alternatives = code.sequence(code.literal(names) for names in operation.security)
            yield code.keyword_argument("security", alternatives)
        if operation.server:
            yield code.keyword_argument("server", code.literal(operation.server))
        if operation.retry is not None:
            yield code.keyword_argument("retry", retry_code(operation.retry))
        if operation.safety is Safety.KEYED and not operation.profile.speaks_like(self.api.profile):
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
        errors = [(status, self._decoded(kind)) for status, kind in error_types(operation)]
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
        if body.kind is not BodyKind.RAW:
            yield from self._sends(operation, body)
        if body.spellings and body.kind in {BodyKind.FORM, BodyKind.MULTIPART}:
            yield code.keyword_argument("form_styles", _styles(body.spellings))
        if body.part_types and body.kind is BodyKind.MULTIPART:
            types = code.mapping((code.literal(name), code.literal(kind)) for name, kind in body.part_types)
            yield code.keyword_argument("part_types", types)
        if body.kind is BodyKind.MULTIPART:
            counts = _file_counts(body.type, self.annotator.definitions)
            if counts:
                files = code.mapping((code.literal(name), code.literal(count)) for name, count in counts)
                yield code.keyword_argument("files", files)

    def _sends(self, operation: Operation, body: Body) -> Iterable[Code]:
        """Yield the types of a body, or of fields that it has, whose values are not sent as they are given."""
        model = spread_model(operation, self.models)
        if model is None:
            whole = self._adapted(body.type) if body.kind is BodyKind.JSON else _NOTHING
            if whole:
                yield code.keyword_argument("sends", code.thunk(whole))
            return
        # The fields of a form are spelled one by one, and a decimal is spelled as a number there.
        numbers = body.kind is BodyKind.JSON
        given = (
            (code.literal(field.name), self._adapted(field.type, numbers=numbers))
            for field in given_fields(operation, model)
        )
        fields = [(name, kind) for name, kind in given if kind]
        if fields:
            yield code.keyword_argument("sends", code.thunk(code.mapping(fields)))

    def _adapted(self, kind: Type, *, numbers: bool = True) -> Code:
        """Return what the runtime is told of a type whose values are not sent as they are given; nothing of others."""
        spelled = [symbols.NUMBERS] if numbers and holds_decimal_numbers(kind, self.annotator.definitions) else []
        models = [self._decoded(kind)] if self.adapted and not self.adapted.isdisjoint(references(kind)) else []
        told = [*models, *spelled]
        return code.display(told) if len(told) > 1 else told[0] if told else _NOTHING

    def _style_facts(self, operation: Operation) -> Iterable[Code]:
        for location, fact in _STYLE_FACTS.items():
            unusual = [
                (param.name, param.spelling)
                for param in operation.params
                if param.location is location and not _is_usual(param, location)
            ]
            if unusual:
                yield code.keyword_argument(fact, _styles(unusual))


def error_types(operation: Operation) -> list[tuple[Status, Type]]:
    """Return the types of the bodies of errors, by status, where the document gives them one."""
    succeeded = {response.status for response in successes(operation.responses)}
    return [
        (response.status, response.type)
        for response in operation.responses
        if response.type is not None
        and not isinstance(response.type, AnyJson)
        and (response.status not in succeeded or response.status == Default())
        and not _is_redirect(response.status)
    ]


def _accept(operation: Operation) -> str:
    """Return the media types to ask for: of each success, each once."""
    asked = dict.fromkeys(_asked(response) for response in successes(operation.responses) if response.media_type)
    return ", ".join(asked) or "application/json"


def _asked(response: Response) -> str:
    if is_json(response.media_type) and "*" in response.media_type and response.type != Primitive(Kind.BINARY):
        return "application/json"
    return response.media_type.partition(";")[0].strip()


def _paging_facts(paging: Paging) -> Code:
    paths = {
        "items": paging.items, "next": paging.next, "more": paging.more, "last": paging.last, "current": paging.current,
        "within": paging.within, "done": paging.done,
    }  # fmt: skip
    spelled = {name: code.literal(path) for name, path in paths.items() if path}
    if paging.parameter:
        spelled["parameter"] = code.literal(paging.parameter)
    if paging.in_body:
        spelled["in_body"] = source("True")
    if paging.first:
        spelled["first"] = code.literal(paging.first)
    return code.construct(symbols.PAGING, spelled, code.literal(paging.style.value))


def _status(status: Status) -> Code:
    match status:
        case StatusCode(value=value):
            return code.literal(value)
        case Range(first=first):
            return code.literal(f"{first}XX")
        case Default():
            return code.literal("default")


def _key_facts(operation: Operation) -> Iterable[Code]:
    """Yield who says that the API honours the operation's key, and the documented statuses that decide something."""
    if operation.evidence is not None and operation.evidence is not Evidence.ASSUMED:
        yield code.keyword_argument("evidence", code.enum_member(symbols.EVIDENCE, operation.evidence))
    if operation.key_only:
        yield code.keyword_argument("key_only", source("True"))
    documented = {response.status.value for response in operation.responses if isinstance(response.status, StatusCode)}
    deciding = sorted(status for status in documented if _decides(status, operation))
    if deciding:
        yield code.keyword_argument("documents", code.sequence(code.literal(status) for status in deciding))


def _decides(status: int, operation: Operation) -> bool:
    """Whether it matters that the document gives a status to an operation: a redirect, or a refusal of its own."""
    if operation.safety is Safety.SAFE:
        return status in REDIRECTS
    if status in _OWN_REFUSALS:
        return operation.evidence not in {None, Evidence.ASSUMED}
    return 300 <= status < 400 or (400 <= status < 500 and status not in HTTP_REFUSALS)  # noqa: PLR2004


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


def _file_counts(body: Type, definitions: Mapping[str, TypeDef]) -> list[tuple[str, FileCount]]:
    """Return which fields of a body are a file, or an array of files."""
    model = _unwrapped(body, definitions)
    if not isinstance(model, Model):
        return []
    found: list[tuple[str, FileCount]] = []
    for field in model.fields:
        count = _file_count(field.type, definitions)
        if count is not None:
            found.append((field.name, count))
    return found


def _file_count(kind: Type, definitions: Mapping[str, TypeDef]) -> FileCount | None:
    match _unwrapped(kind, definitions):
        case Primitive(kind=Kind.BINARY):
            return "one"
        case ListOf(item=item):
            return "many" if _file_count(item, definitions) == "one" else None
        case _:
            return None


def _unwrapped(kind: Type, definitions: Mapping[str, TypeDef]) -> Type | TypeDef:
    """Return what a type is behind null and names of other types."""
    if isinstance(kind, Nullable):
        return _unwrapped(kind.inner, definitions)
    if not isinstance(kind, Named):
        return kind
    definition = definitions[kind.id]
    # An alias that names itself has a variant between, which is no file.
    return _unwrapped(definition.target, definitions) if isinstance(definition, Alias) else definition
