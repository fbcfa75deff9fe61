"""From the IR, the names and the plan of an SDK to what its users see of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, assert_never, cast

from msgspec.structs import replace

from samekey.diff.surface import SeenCall, SeenField, SeenKind, SeenType, Surface, Taken
from samekey.emit import symbols
from samekey.emit.annotations import Annotator
from samekey.emit.facts import error_types
from samekey.emit.models import reachable
from samekey.emit.operations import OperationPlanner
from samekey.emit.package import received
from samekey.emit.views import (
    AliasView,
    EnumView,
    ItemView,
    StructView,
    TypedDictCallView,
    TypedDictView,
    UnionView,
)
from samekey.ir import NO_LIMITS, Default, Limits, Location, Model, Range, Safety, StatusCode
from samekey.names import BODY, spread_model
from samekey.names.identity import type_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.emit.code import Code
    from samekey.emit.views import ArgumentView, Plan
    from samekey.ir import Api, Field, Operation, Status, TypeDef
    from samekey.names import Names

_QUOTES: Final = ('"', "'")


def surface_of(api: Api, names: Names, plan: Plan) -> Surface:
    """Return what users of an SDK see of it."""
    view = plan.client
    return Surface(
        title=api.title,
        version=cast("str", _value(plan.version)),
        package=names.package,
        distribution=names.distribution,
        client=names.client,
        base_url=cast("str", _value(view.base_url)),
        servers={cast("str", _value(name)): cast("str", _value(url)) for name, url, _ in view.servers},
        client_arguments=dict(_client_arguments(plan)),
        calls=dict(_calls(api, names)),
        types=dict(_types(api, names, plan)),
        webhooks={
            cast("str", _value(entry.name)): entry.annotation.replace("models.", "")
            for entry in (plan.webhooks.entries if plan.webhooks is not None else ())
        },
        python=_oldest_python(plan),
    )


def _oldest_python(plan: Plan) -> tuple[int, int]:
    major, minor = cast("str", _value(plan.metadata.python)).removeprefix(">=").split(".")
    return int(major), int(minor)


def _value(literal: Code) -> object:
    """Return what a literal in source means."""
    return ast.literal_eval(literal)


def _unquoted(annotation: Code) -> str:
    """Return an annotation without what says that it is deprecated, and that it names what is defined later."""
    inner = annotation.removeprefix(f"{symbols.DEPRECATED_FIELD}[")
    spelled = annotation if inner == annotation else inner.removesuffix("]")
    return str(ast.literal_eval(spelled)) if spelled.startswith(_QUOTES) else str(spelled)


def _client_arguments(plan: Plan) -> Iterator[tuple[str, Taken]]:
    for credential in plan.client.credentials:
        for name, _, _ in credential.arguments:
            yield str(name), Taken(f"{credential.annotation} | None", f"credential {_value(credential.scheme)}")
    for parameter in plan.client.parameters:
        place = f"{_value(parameter.location)} {_value(parameter.wire)}"
        yield str(parameter.name), Taken(str(parameter.annotation), place)
    for variable in plan.client.variables:
        default = _value(variable.default)
        yield (
            str(variable.name),
            Taken(
                str(variable.annotation),
                f"variable {_value(variable.wire)}",
                required=default is None,
                default="" if default is None else str(default),
            ),
        )


def _calls(api: Api, names: Names) -> Iterator[tuple[str, SeenCall]]:
    types = {definition.id: definition for definition in api.types}
    models = {identity: entry for identity, entry in types.items() if isinstance(entry, Model)}
    annotator = Annotator(names, types)
    planner = OperationPlanner(api, names, models, annotator)
    schemes = {scheme.id for scheme in api.schemes}
    for operation in api.operations:
        summary = planner.summary(operation)
        security = api.security if operation.security is None else operation.security
        limits = _limits_of(operation, models)
        arguments = sorted(summary.parameters, key=lambda entry: entry.location != Location.PATH)
        yield (
            summary.call,
            SeenCall(
                operation=operation.key,
                id=operation.id,
                arguments={str(entry.name): _taken(entry, limits) for entry in arguments},
                gives=summary.returns,
                streams=summary.streams,
                safety=operation.safety,
                evidence=operation.evidence,
                key=" ".join(summary.key or ()),
                key_only=operation.key_only,
                longest_key=operation.profile.format.max_length if operation.safety is Safety.KEYED else 0,
                errors={_spelled(status): str(annotator.output(kind)) for status, kind in error_types(operation)},
                security=tuple(tuple(name for name in one if name in schemes) for one in security),
                deprecated=operation.deprecated,
            ),
        )


def _limits_of(operation: Operation, models: Mapping[str, Model]) -> dict[tuple[str, str], tuple[Limits, bool]]:
    """Return what arguments must keep to, and whether they are deprecated, by place and wire name."""
    found = {(str(entry.location), entry.name): (entry.limits, entry.deprecated) for entry in operation.params}
    model = spread_model(operation, models)
    for field in model.fields if model is not None else ():
        found[BODY, field.name] = (field.limits, field.deprecated)
    return found


def _taken(view: ArgumentView, known: Mapping[tuple[str, str], tuple[Limits, bool]]) -> Taken:
    limits, deprecated = known.get((view.location, view.wire), (NO_LIMITS, False))
    return Taken(
        type=view.annotation.replace(" | Omit", ""),
        place=f"{view.location} {view.wire}".strip(),
        required=view.required,
        positional=view.location == Location.PATH and view.required,
        deprecated=deprecated,
        default=limits.default,
        bounds=dict(limits.bounds),
    )


def _spelled(status: Status) -> str:
    match status:
        case StatusCode(value=value):
            return str(value)
        case Range(first=first):
            return f"{first}XX"
        case Default():
            return "default"


def _types(api: Api, names: Names, plan: Plan) -> Iterator[tuple[str, SeenType]]:
    definitions = {definition.id: definition for definition in api.types}
    keys = type_keys(api)
    coming = reachable(received(api), definitions, sending=False)
    coming |= {names.shared[identity] for identity in coming if identity in names.shared}
    classes = {chosen: identity for identity, chosen in names.types.items()}
    inputs = {chosen: identity for identity, chosen in names.inputs.items()}
    going = {inputs[str(name)] for module in plan.models if module.future for name in module.exports}
    for module in plan.models:
        known = inputs if module.future else classes
        for item in module.items:
            identity = known[str(item.name)]
            fields = dict(_fields_of(definitions[identity], names, by_attribute=not module.future))
            received_too = identity in coming and not module.future
            seen = _type(item, keys[identity], identity in going, received_too, fields)
            if identity in names.shared and not module.future:
                seen = _as_its_class(seen, names, identity)
            yield str(item.name), seen


def _as_its_class(seen: SeenType, names: Names, identity: str) -> SeenType:
    """Return an enum that is the class of another one: with that one's members, and its name."""
    head = names.shared[identity]
    members = {chosen: value for (owner, value), chosen in names.members.items() if owner == head}
    return replace(seen, kind=SeenKind.ENUM, target="", members=members, same=names.types[head])


def _fields_of(definition: TypeDef, names: Names, *, by_attribute: bool) -> Iterator[tuple[str, Field]]:
    if isinstance(definition, Model):
        for field in definition.fields:
            yield names.fields[definition.id, field.name] if by_attribute else field.name, field


def _type(item: ItemView, key: str, sent: bool, coming: bool, known: Mapping[str, Field]) -> SeenType:  # noqa: FBT001
    match item:
        case StructView():
            fields = {
                str(view.name): _field(str(view.name), _unquoted(view.annotation), not view.default, known)
                for view in item.fields
            }
            return SeenType(SeenKind.MODEL, key, sent, coming, fields=fields)
        case EnumView():
            members = {str(name): cast("str | int", _value(value)) for name, value, _ in item.members}
            return SeenType(SeenKind.ENUM, key, sent, coming, members=members)
        case UnionView():
            return SeenType(SeenKind.UNION, key, sent, coming, target=_unquoted(item.alias))
        case TypedDictView():
            entries = [(str(view.name), str(view.annotation)) for view in item.fields]
        case TypedDictCallView():
            entries = [(cast("str", _value(name)), _unquoted(kind)) for name, kind in item.entries]
        case AliasView():
            return SeenType(SeenKind.UNION, key, sent, coming, target=_unquoted(item.target))
        case _:
            assert_never(item)
    return SeenType(
        SeenKind.INPUT, key, sent, coming, fields={name: _entry(name, kind, known) for name, kind in entries}
    )


def _entry(name: str, annotation: str, known: Mapping[str, Field]) -> SeenField:
    inner = annotation.removeprefix("NotRequired[")
    is_required = inner == annotation
    return _field(name, inner if is_required else inner.removesuffix("]"), is_required, known)


def _field(name: str, annotation: str, required: bool, known: Mapping[str, Field]) -> SeenField:  # noqa: FBT001
    field = known.get(name)
    limits = field.limits if field is not None else NO_LIMITS
    wire = field.name if field is not None else name
    return SeenField(
        type=annotation,
        wire="" if wire == name else wire,
        required=required,
        deprecated=field is not None and field.deprecated,
        default=limits.default,
        bounds=dict(limits.bounds),
    )
