"""A call of each operation as the document shows it: its arguments, the request that it makes, and its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.declare import table

from samekey.config.dialect import Carrier
from samekey.emit import code
from samekey.emit.annotations import own_types
from samekey.emit.code import Code, source
from samekey.emit.forms import Form, form_of, given_fields
from samekey.emit.models import reachable
from samekey.emit.samples import Sampler, UnfitError
from samekey.emit.views import CallView, TestView
from samekey.ir import (
    BodyKind,
    Default,
    Kind,
    Location,
    Model,
    Named,
    Primitive,
    Safety,
    StatusCode,
    Style,
    types_within,
)
from samekey.lower.media import is_json
from samekey.lower.statuses import successes
from samekey.names import BODY, spread_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from samekey.document.values import JsonValue
    from samekey.ir import Api, Body, Operation, Response, Type, TypeDef
    from samekey.names import Names

_REFUSALS: Final = (400, 404, 403, 402, 410, 405, 406, 413, 415)
"""Statuses that say no and nothing else, the most usual first: none is retried, and none is about the key."""
_UNCHECKED: Final = frozenset({Kind.DECIMAL, Kind.BINARY, Kind.BYTES})
"""Kinds whose values the wire may spell otherwise than the example does."""
_CLASSES: Final = {400: "BadRequestError", 403: "PermissionDeniedError", 404: "NotFoundError"}
_MAX_ANSWER: Final = 4_000
_HOW: Final = table(
    Form,
    {
        Form.VALUE: source("value"),
        Form.EITHER: source("value"),
        Form.ANYTHING: source("value"),
        Form.BYTES: source("file"),
        Form.PAGES: source("items"),
        Form.STREAM: source("stream"),
    },
)
"""How a call of each form is made in an example."""
_HOW_AWAITED: Final = {"items": source("async items"), "nothing": source("awaited nothing")}


class SampleArgument(Struct, frozen=True):
    """An argument of a call.

    Args:
        name: its name; empty where it comes by its place.
        value: source of its value.
        location: where it travels; None for the body or a field of it.
        wire: its name on the wire; empty for a whole body.
        json: the value as JSON.
        kind: its type.
    """

    name: str
    value: Code
    location: Location | None
    wire: str
    json: JsonValue
    kind: Type


class Documented(Struct, frozen=True):
    """Makes calls of operations from the document's examples; what it does not show is made up.

    Args:
        api: the whole API.
        names: the Python names.
        types: type definitions by id.
        models: models by id.
        only_required: whether nothing is given that can be left out, whether the document shows it or not.
    """

    api: Api
    names: Names
    types: Mapping[str, TypeDef]
    models: Mapping[str, Model]
    only_required: bool = False

    def arguments(self, operation: Operation) -> list[SampleArgument] | None:
        """Return the arguments of a call of an operation; None where one that it needs has no finite value."""
        try:
            found = [*self._of_params(operation), *self._of_body(operation)]
        except UnfitError:
            return None
        # What comes by its place comes first.
        return sorted(found, key=lambda argument: bool(argument.name))

    def call(self, operation: Operation, arguments: Iterable[SampleArgument]) -> CallView:
        """Return a call of an operation with some of the arguments that it takes."""
        return CallView(
            call=self._path(operation),
            arguments=code.assigned((_name(argument), argument.value) for argument in arguments),
            how=_how(operation),
        )

    def test(self, operation: Operation, arguments: Sequence[SampleArgument]) -> TestView:
        """Return what the test of an operation needs, which calls it with some arguments."""
        received = Sampler(self.types, is_sent=False, uses_examples=True)
        answer = next(iter(successes(operation.responses)), None)
        refusal = _refusal(operation)
        key = operation.profile if operation.safety is Safety.KEYED else None
        kind = answer.type if answer is not None else None
        refused_kind = refusal.type if refusal is not None else None
        return TestView(
            call=code.literal(str(self._path(operation))),
            positional=code.sequence(argument.value for argument in arguments if not argument.name),
            keywords=code.mapping((code.literal(one.name), one.value) for one in arguments if one.name),
            method=code.literal(operation.method),
            path=code.literal(_expected_path(operation, arguments)),
            query=code.literal(dict(_expected(arguments, Location.QUERY, operation))),
            headers=code.literal(dict(_expected(arguments, Location.HEADER, operation))),
            body=self._expected_body(operation, arguments),
            media_type=code.literal(_content_type(operation.body, arguments)),
            status=code.literal(_success_status(answer)),
            answer=_content(answer, received),
            gives=code.literal(self._class_of(kind) if form_of(operation) is Form.VALUE else ""),
            is_stream=code.literal(form_of(operation) is Form.STREAM),
            key=code.literal(key.name if key is not None and key.carrier is Carrier.HEADER else ""),
            is_keyed=code.literal(key is not None),
            is_repeated=code.literal(_is_repeated(operation, self.api)),
            refusal=code.literal(_refusal_status(refusal)),
            refused=_content(refusal, received),
            error=code.literal(_CLASSES.get(_refusal_status(refusal), "APIStatusError")),
            error_body=code.literal(self._class_of(refused_kind)),
        )

    def _expected_body(self, operation: Operation, arguments: Sequence[SampleArgument]) -> Code:
        """Return what the JSON of the request's body holds at least; None where it is not to be looked at."""
        given = [argument for argument in arguments if argument.location is None]
        checked = [argument for argument in given if not self._may_be_spelled_otherwise(argument.kind)]
        if operation.body is None or operation.body.kind is not BodyKind.JSON or not given:
            return source("None")
        if not given[0].wire:
            return code.literal(given[0].json) if checked else source("None")
        return code.literal({argument.wire: argument.json for argument in checked})

    def _may_be_spelled_otherwise(self, kind: Type) -> bool:
        """Whether the wire may spell a value of a type otherwise than the example does: bytes and decimals."""
        inner = reachable([kind], self.types, sending=True)
        kinds = [kind, *(found for identity in inner for found in own_types(self.types[identity]))]
        scalars = (part for found in kinds for part in types_within(found) if isinstance(part, Primitive))
        return any(scalar.kind in _UNCHECKED for scalar in scalars)

    def _path(self, operation: Operation) -> Code:
        place = self.names.methods[operation.key]
        return code.dotted(*map(code.identifier, place.resource.split(".")), code.identifier(place.method))

    def _class_of(self, kind: Type | None) -> str:
        return self.names.types[kind.id] if isinstance(kind, Named) and kind.id in self.models else ""

    def _is_shown(self, example: str) -> bool:
        """Whether what can be left out is given: where the document has an example of it."""
        return bool(example) and not self.only_required

    def _of_params(self, operation: Operation) -> Iterator[SampleArgument]:
        sampler = Sampler(self.types, uses_examples=True)
        for param in operation.params:
            if not (param.required or self._is_shown(param.example)):
                continue
            name = self.names.arguments[operation.key, param.location, param.name]
            try:
                value = sampler.exemplified(param.type, param.example, param.limits)
                if param.location is Location.PATH and value in ([], {}, "", None):
                    raise UnfitError
            except UnfitError:
                if param.required:
                    raise
                continue
            spelled = sampler.spelled(param.type, value)
            given = "" if param.is_positional else name
            yield SampleArgument(given, spelled, param.location, param.name, value, param.type)

    def _of_body(self, operation: Operation) -> Iterator[SampleArgument]:
        body = operation.body
        if body is None:
            return
        sampler = Sampler(self.types, uses_examples=True)
        model = spread_model(operation, self.models)
        if model is None:
            if not (body.required or self._is_shown(body.example)):
                return
            value = sampler.exemplified(body.type, body.example)
            name = self.names.arguments[operation.key, BODY, BODY]
            yield SampleArgument(name, sampler.spelled(body.type, value), None, "", value, body.type)
            return
        value = sampler.exemplified(Named(model.id), body.example)
        shown = value if isinstance(value, dict) else {}
        optional = () if self.only_required else shown
        for field in given_fields(operation, model):
            if field.constant is None and (field.required or field.name in optional):
                inner = shown[field.name] if field.name in shown else sampler.field(field)
                name = self.names.arguments[operation.key, BODY, field.name]
                yield SampleArgument(name, sampler.spelled(field.type, inner), None, field.name, inner, field.type)


def awaited(call: CallView) -> CallView:
    """Return a call as it is made on the async client."""
    return replace(call, how=_HOW_AWAITED.get(call.how, source("awaited")))


def _how(operation: Operation) -> Code:
    form = form_of(operation)
    gives = any(response.type is not None for response in successes(operation.responses))
    return _HOW[form] if gives or form is not Form.VALUE else source("nothing")


def _name(argument: SampleArgument) -> Code:
    return code.identifier(argument.name) if argument.name else source("")


def _expected_path(operation: Operation, arguments: Sequence[SampleArgument]) -> str:
    """Return how the path of the request ends; empty where a value is spelled in a way that this does not know."""
    path = operation.path
    spellings = {param.name: param.spelling.style for param in operation.params if param.location is Location.PATH}
    for argument in arguments:
        if argument.location is Location.PATH:
            text = _scalar(argument)
            if text is None or spellings[argument.wire] is not Style.SIMPLE:
                return ""
            path = path.replace(f"{{{argument.wire}}}", quote(text, safe=""))
    return path if path.isascii() and path.isprintable() and not set(path) & set(' "<>{}^`|?#\\%') - {"%"} else ""


def _expected(
    arguments: Sequence[SampleArgument], location: Location, operation: Operation
) -> Iterator[tuple[str, JsonValue]]:
    """Yield the names and texts of parameters that are spelled plainly."""
    plain = {Location.QUERY: Style.FORM, Location.HEADER: Style.SIMPLE}[location]
    styles = {param.name: param.spelling.style for param in operation.params if param.location is location}
    for argument in arguments:
        if argument.location is location and styles[argument.wire] is plain:
            text = _scalar(argument)
            if text is not None and (location is Location.QUERY or (text.isascii() and text.isprintable())):
                yield argument.wire, text.strip() if location is Location.HEADER else text


def _scalar(argument: SampleArgument) -> str | None:
    match argument.json:
        case bool(value):
            return "true" if value else "false"
        case int(value):
            return str(value)
        case str(value) if not (isinstance(argument.kind, Primitive) and argument.kind.kind in _UNCHECKED):
            return value
        case _:
            return None


def _content_type(body: Body | None, arguments: Sequence[SampleArgument]) -> str:
    is_sent = body is not None and any(argument.location is None for argument in arguments)
    return body.media_type if body is not None and is_sent and body.kind is not BodyKind.MULTIPART else ""


def _success_status(answer: Response | None) -> int:
    return answer.status.value if answer is not None and isinstance(answer.status, StatusCode) else 200


def _refusal(operation: Operation) -> Response | None:
    """Return the documented answer of a request that is refused; None where there is none."""
    by_status = {entry.status.value: entry for entry in operation.responses if isinstance(entry.status, StatusCode)}
    found = next((by_status[status] for status in _REFUSALS if status in by_status), None)
    others = (entry for entry in operation.responses if entry.status == Default() and successes((entry,)) == [entry])
    has_success = any(200 <= status < 300 for status in by_status)  # noqa: PLR2004  # statuses of success
    return found or (next(others, None) if has_success else None)


def _refusal_status(refusal: Response | None) -> int:
    return refusal.status.value if refusal is not None and isinstance(refusal.status, StatusCode) else 400


def _content(response: Response | None, sampler: Sampler) -> Code:
    """Return what `httpx.Response` takes for the body of an answer, as keyword arguments in a dict."""
    if response is None or response.type is None:
        return source("{}")
    header = code.mapping([(source('"Content-Type"'), code.literal(response.media_type))])
    if not is_json(response.media_type):
        return code.mapping([(source('"content"'), source('b"text"')), (source('"headers"'), header)])
    try:
        value = sampler.exemplified(response.type, response.example if len(response.example) <= _MAX_ANSWER else "")
    except UnfitError:
        return source("{}")
    return code.mapping([(source('"json"'), code.literal(value)), (source('"headers"'), header)])


def _is_repeated(operation: Operation, api: Api) -> bool:
    """Whether a request whose answer is lost is sent again."""
    retries = operation.retry.max_retries if operation.retry is not None else None
    if retries is None and api.retry is not None:
        retries = api.retry.max_retries
    return operation.safety is not Safety.UNSAFE and not operation.key_only and retries != 0
