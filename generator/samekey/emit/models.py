"""Modules of models: classes for what comes back, and types for what goes in."""

from __future__ import annotations

import keyword
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.emit import code, symbols
from samekey.emit.annotations import Annotator, dependencies, holds_decimal_numbers
from samekey.emit.code import Code, source
from samekey.emit.views import (
    AliasView,
    EnumView,
    FieldView,
    ImportView,
    ItemView,
    ModelsModule,
    StructView,
    TypedDictCallView,
    TypedDictView,
    UnionView,
)
from samekey.graph import chunk, components
from samekey.ir import Alias, AnyJson, Enum, MapOf, Model, Named, Nullable, Type, TypeDef, Union, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from samekey.ir import Field
    from samekey.names import Names

MODULE_SIZE = 20
_MAX_IMPORTS = 40
"""How many modules may import each other in a row: Python's stack holds about a hundred."""
_MODEL_METHODS = frozenset({"to_dict", "to_json", "from_dict", "from_json", "replace", "extra_fields"})
_EXCUSE = source("  # type: ignore[assignment, unused-ignore]  # pyright: ignore[reportIncompatibleMethodOverride]")
_EXTRA_NAMES = (source("extra"), source("extra_fields"), source("extra_fields_"), source("extra_fields_2"))


def plan_models(
    types: Mapping[str, TypeDef],
    names: Names,
    links: Mapping[str, Sequence[str]],
    outputs: set[str],
    inputs: set[str],
    merged: set[str],
) -> tuple[ModelsModule, ...]:
    """Return the modules of models: classes for what comes back, and types for what goes in.

    Args:
        types: type definitions by id.
        names: the Python names.
        links: the ids of the definitions that each names.
        outputs: ids of definitions that get a class.
        inputs: ids of definitions that get a type for what goes in.
        merged: ids of definitions that are sent as merge patches, in which null clears a field (RFC 7396).
    """
    shared = names.shared
    own_outputs, own_inputs = ({shared.get(one, one) for one in found} for found in (outputs, inputs))
    order = components(types, lambda one: [shared.get(other, other) for other in links[one]])
    classes = chunk(([member for member in group if member in own_outputs] for group in order), MODULE_SIZE)
    homes = {identity: f"_part_{number:02}" for number, part in enumerate(classes, 1) for identity in part}
    entries = chunk(([member for member in group if member in own_inputs] for group in order), MODULE_SIZE)
    input_homes = {identity: f"_inputs_{number:02}" for number, part in enumerate(entries, 1) for identity in part}
    modules = [
        _class_module(f"_part_{number:02}", part, types, names, homes, inputs, merged, _others(part, outputs, shared))
        for number, part in enumerate(classes, 1)
    ]
    modules += [
        _input_module(f"_inputs_{number:02}", part, types, names, homes, input_homes, _others(part, inputs, shared))
        for number, part in enumerate(entries, 1)
    ]
    return tuple(module for module in modules if module.items)


def _others(part: Iterable[str], found: set[str], shared: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the ids of the enums that are the class of another one, by that one's id, as far as they are needed."""
    others: dict[str, list[str]] = {identity: [] for identity in part}
    for identity, head in shared.items():
        if head in others and identity in found:
            others[head].append(identity)
    return others


def deep_modules(modules: Iterable[ModelsModule]) -> tuple[Code, ...]:
    """Return the modules whose imports are nested too deeply, one import inside the other.

    Args:
        modules: modules of models, each behind those that it imports.
    """
    depths: dict[str, int] = {}
    for module in modules:
        imported = [depths[line.module.removeprefix(".")] for line in module.siblings]
        depths[module.name] = 1 + max(imported, default=0)
    return tuple(code.identifier(name) for name, depth in depths.items() if depth > _MAX_IMPORTS)


def _class_module(
    name: str,
    members: list[str],
    types: Mapping[str, TypeDef],
    names: Names,
    homes: Mapping[str, str],
    inputs: set[str],
    merged: set[str],
    others: Mapping[str, list[str]],
) -> ModelsModule:
    annotator = Annotator(names, types)
    defined: set[str] = {identity for identity in homes if homes[identity] != name}
    defined |= {identity for identity, head in names.shared.items() if head in defined}
    items: list[ItemView] = []
    for identity in members:
        definition = types[identity]
        match definition:
            case Model():
                sending = _Sending(identity in inputs, identity in merged)
                items.append(_struct(definition, annotator, defined, sending))
            case Enum():
                same = others[identity]
                items.append(_enum(definition, annotator, [types[other] for other in same]))
                items += [_other_name(names.types[other], names.types[identity]) for other in same]
                defined.update(same)
            case Alias():
                items.append(_union(definition, annotator))
        defined.add(identity)
    siblings = _siblings(annotator.used - set(members), homes, names.types)
    exports = tuple(code.identifier(names.types[other]) for one in members for other in (one, *others[one]))
    return ModelsModule(
        code.identifier(name),
        future=False,
        imports=symbols.imports(tuple(items), ".."),
        siblings=siblings,
        typing_siblings=(),
        items=tuple(items),
        exports=exports,
    )


def _siblings(used: set[str], homes: Mapping[str, str], spelled: Mapping[str, str]) -> tuple[ImportView, ...]:
    by_module: dict[str, list[Code]] = {}
    for identity in used:
        by_module.setdefault(homes[identity], []).append(code.identifier(spelled[identity]))
    return tuple(
        ImportView(code.dotted(source(""), code.identifier(module)), tuple(sorted(listed)))
        for module, listed in sorted(by_module.items())
    )


class _Sending(Struct, frozen=True):
    """Whether a model is sent, and whether as a merge patch."""

    is_sent: bool
    is_merged: bool

    def keeps_null(self, entry: Field, types: Mapping[str, TypeDef]) -> bool:
        """Whether a null in a field says something else than an absent field does."""
        return self.is_sent and (self.is_merged or _takes_null(entry.type, types))


def _takes_null(kind: Type, types: Mapping[str, TypeDef]) -> bool:
    seen: set[str] = set()
    while isinstance(kind, Named) and kind.id not in seen:
        seen.add(kind.id)
        definition = types[kind.id]
        if not isinstance(definition, Alias):
            return False
        kind = definition.target
    return isinstance(kind, (Nullable, AnyJson))


def _struct(model: Model, annotator: Annotator, defined: set[str], sending: _Sending) -> StructView:
    is_open = model.extra is not None
    fields: list[FieldView] = []
    knows_absence = False
    for entry in model.fields:
        if not entry.decodable or (entry.write_only and not sending.is_sent):
            continue
        required = entry.required and not entry.write_only
        annotation = annotator.output(entry.type)
        if not required and annotation != "Any":
            annotation = code.alternatives([annotation, source("None")])
        if any(identity not in defined for identity in references(entry.type)):
            annotation = code.quoted(annotation)
        name = code.identifier(annotator.names.fields[model.id, entry.name])
        default = source("None")
        if not required and sending.keeps_null(entry, annotator.definitions):
            default = symbols.ABSENT
            knows_absence = True
        if entry.constant is None:
            spelled = _default(entry.name, name, None if required else default)
        else:
            renamed = [] if entry.name == name else [code.keyword_argument("name", code.literal(entry.name))]
            spelled = code.call(symbols.FIXED, code.literal(entry.constant), *renamed)
        if entry.deprecated:
            annotation, spelled = _discouraged(annotation, spelled)
        fields.append(FieldView(name, annotation, spelled, _field_doc(entry), _excuse(name)))
    if model.extra is not None:
        fields.append(_extra(model, model.extra, annotator, defined))
    hidden = [code.literal(entry.name) for entry in model.fields if entry.read_only] if sending.is_sent else []
    decorators = [code.decorator(symbols.KEEPS_NULL)] if knows_absence and not is_open else []
    decorators += [code.decorator(code.call(symbols.READ_ONLY, *hidden))] if hidden else []
    numbers = [
        code.literal(entry.name) for entry in model.fields if holds_decimal_numbers(entry.type, annotator.definitions)
    ]
    if model.extra is not None and holds_decimal_numbers(model.extra, annotator.definitions):
        numbers.append(code.keyword_argument("extra", source("True")))
    decorators += [code.decorator(code.call(symbols.DECIMAL_NUMBERS, *numbers))] if numbers else []
    deprecated = [code.literal(str(name)) for name in _deprecated_names(model, annotator, fields)]
    decorators = [code.decorator(code.call(symbols.DEPRECATED_FIELDS, *deprecated)), *decorators][not deprecated :]
    return StructView(
        tuple(decorators),
        code.identifier(annotator.names.types[model.id]),
        symbols.OPEN_MODEL if is_open else code.comma_separated([symbols.MODEL, source("kw_only=True")]),
        _own_doc(model.doc, deprecated=model.deprecated),
        tuple(fields),
    )


def _deprecated_names(model: Model, annotator: Annotator, fields: Iterable[FieldView]) -> list[Code]:
    """Return the attributes of a class that the document deprecates."""
    names = {annotator.names.fields[model.id, entry.name] for entry in model.fields if entry.deprecated}
    return [field.name for field in fields if field.name in names]


def _discouraged(annotation: Code, default: Code) -> tuple[Code, Code]:
    """Return annotation and default of a field that is deprecated: type checkers see a descriptor that says so."""
    spelled = code.subscript(symbols.DEPRECATED_FIELD, annotation)
    # What renames a field and has no default must stay what type checkers know.
    has_default = bool(default) and not default.startswith(f"{symbols.MSGSPEC_FIELD}(name=")
    return spelled, code.call(symbols.DISCOURAGED, default) if has_default else default


def _extra(model: Model, kind: Type, annotator: Annotator, defined: set[str]) -> FieldView:
    """Return the attribute that holds the properties beyond a model's fields; none of the fields has its name."""
    taken = {annotator.names.fields[model.id, entry.name] for entry in model.fields}
    name = next(name for name in _EXTRA_NAMES if name not in taken)
    annotation = annotator.output(MapOf(kind))
    if any(identity not in defined for identity in references(kind)):
        annotation = code.quoted(annotation)
    return FieldView(name, annotation, symbols.EXTRA_DEFAULT, _doc("Further fields, by their names."), _excuse(name))


def _excuse(name: Code) -> Code:
    """Return what tells type checkers that a field takes the place of what every model has under its name."""
    return _EXCUSE if name in _MODEL_METHODS else source("")


def _default(wire: str, name: Code, default: Code | None) -> Code:
    """Return the right side of a field: nothing, its default, or msgspec's `field` where the wire has another name."""
    if wire == name:
        return source("") if default is None else default
    renamed = code.keyword_argument("name", code.literal(wire))
    arguments = [renamed] if default is None else [code.keyword_argument("default", default), renamed]
    return code.call(symbols.MSGSPEC_FIELD, *arguments)


def _other_name(name: str, target: str) -> AliasView:
    """Return a further name of a class: that of an equal schema, which programs may know it by."""
    return AliasView(symbols.TYPE_ALIAS, code.identifier(name), source(""), code.identifier(target))


def _enum(definition: Enum, annotator: Annotator, others: Iterable[TypeDef]) -> EnumView:
    base = symbols.OPEN_STR_ENUM if isinstance(definition.values[0], str) else symbols.OPEN_INT_ENUM
    docs = iter([doc for _, doc in definition.members] or [""] * len(definition.values))
    members = tuple(
        (code.identifier(annotator.names.members[definition.id, value]), code.literal(value), _own_doc(next(docs)))
        for value in definition.values
    )
    # What is said of one of several properties does not hold for the others.
    doc = definition.doc if {other.doc for other in others} <= {definition.doc} else ""
    return EnumView(code.identifier(annotator.names.types[definition.id]), base, _own_doc(doc), members)


def _union(definition: Alias, annotator: Annotator) -> UnionView:
    name = code.identifier(annotator.names.types[definition.id])
    variants = definition.target.variants if isinstance(definition.target, Union) else (definition.target,)
    spelled = [annotator.output(variant) for variant in variants]
    arguments = [code.literal(str(name)), code.thunk(code.sequence(spelled))]
    discriminator = definition.discriminator
    if discriminator is not None:
        tagged = code.mapping((code.literal(value), annotator.output(kind)) for value, kind in discriminator.mapping)
        arguments += [
            code.keyword_argument("tag", code.literal(discriminator.property)),
            code.keyword_argument("tagged", code.thunk(tagged)),
        ]
        if discriminator.otherwise is not None:
            otherwise = code.thunk(annotator.output(discriminator.otherwise))
            arguments.append(code.keyword_argument("otherwise", otherwise))
    alias = code.quoted(code.alternatives(spelled))
    runtime = code.call(symbols.ONE_OF, *arguments)
    return UnionView(symbols.TYPE_CHECKING_, symbols.TYPE_ALIAS, name, _doc(definition.doc), alias, runtime)


def _input_module(
    name: str,
    members: list[str],
    types: Mapping[str, TypeDef],
    names: Names,
    homes: Mapping[str, str],
    input_homes: Mapping[str, str],
    others: Mapping[str, list[str]],
) -> ModelsModule:
    annotator = Annotator(names, types, beside=input_homes)
    items: list[ItemView] = []
    for identity in members:
        items.append(_input(types[identity], annotator))
        items += [_other_name(names.inputs[other], names.inputs[identity]) for other in others[identity]]
    typing_siblings = (
        *_siblings(annotator.used, homes, names.types),
        *_siblings(annotator.used_inputs - set(members), input_homes, names.inputs),
    )
    exports = tuple(code.identifier(names.inputs[other]) for one in members for other in (one, *others[one]))
    return ModelsModule(
        code.identifier(name),
        future=True,
        imports=symbols.imports((tuple(items), symbols.TYPE_CHECKING_ if typing_siblings else ()), ".."),
        siblings=(),
        typing_siblings=typing_siblings,
        items=tuple(items),
        exports=exports,
    )


def _input(definition: TypeDef, annotator: Annotator) -> ItemView:
    name = code.identifier(annotator.names.inputs[definition.id])
    match definition:
        case Enum(values=values):
            target = code.subscript(symbols.LITERAL, *(code.literal(value) for value in values))
            return AliasView(symbols.TYPE_ALIAS, name, source(""), target)
        case Alias(target=target):
            return AliasView(symbols.TYPE_ALIAS, name, _doc(definition.doc), code.quoted(annotator.input(target)))
        case Model():
            return _typed_dict(definition, name, annotator)


def _typed_dict(model: Model, name: Code, annotator: Annotator) -> TypedDictView | TypedDictCallView:
    sent = [entry for entry in model.fields if not entry.read_only]
    spelled: list[Code] = []
    for entry in sent:
        annotation = annotator.input(entry.type)
        if not entry.required:
            annotation = code.subscript(symbols.NOT_REQUIRED, annotation)
        spelled.append(annotation)
    doc = _own_doc(model.doc, deprecated=model.deprecated)
    if all(_is_key(entry.name) for entry in sent):
        fields = zip(sent, spelled, strict=True)
        views = (FieldView(code.identifier(entry.name), kind, source(""), _field_doc(entry)) for entry, kind in fields)
        return TypedDictView(symbols.TYPED_DICT, name, doc, tuple(views))
    entries = zip(sent, spelled, strict=True)
    items = tuple((code.literal(entry.name), code.quoted(kind)) for entry, kind in entries)
    return TypedDictCallView(symbols.TYPED_DICT, name, doc, items)


def _is_key(wire: str) -> bool:
    """Whether a wire name can be a key of a TypedDict class; names with two leading underscores would be mangled."""
    hidden = wire.startswith("__") or wire in {"dt", "list", "dict", "str", "int", "float", "bool", "bytes"}
    return wire.isidentifier() and wire.isascii() and not keyword.iskeyword(wire) and not hidden


def _doc(text: str) -> Code:
    return code.docstring(text) if text.strip() else source("")


def _field_doc(field: Field) -> Code:
    return _own_doc(field.doc, deprecated=field.deprecated)


def _own_doc(text: str, *, deprecated: bool = False) -> Code:
    return _doc(f"Deprecated. {text}".strip() if deprecated else text)


def reachable(kinds: Iterable[Type], types: Mapping[str, TypeDef], *, sending: bool) -> set[str]:
    """Return the ids of all definitions that types lead to; when sending, read-only fields are left out."""
    found: set[str] = set()
    pending = [identity for kind in kinds for identity in references(kind)]
    while pending:
        identity = pending.pop()
        if identity in found:
            continue
        found.add(identity)
        definition = types[identity]
        if sending and isinstance(definition, Model):
            sent = [entry.type for entry in definition.fields if not entry.read_only]
            pending += [inner for kind in sent for inner in references(kind)]
        else:
            pending += dependencies(definition)
    return found


def adapted_when_sent(types: Mapping[str, TypeDef], links: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the ids of definitions whose values, at any depth, are not sent as they are given.

    There may be fields that only come back, and decimals that are numbers.

    Args:
        types: type definitions by id.
        links: the ids of the definitions that each names.
    """
    models = (definition for definition in types.values() if isinstance(definition, Model))
    pending = [
        model.id
        for model in models
        if any(field.read_only or holds_decimal_numbers(field.type, types) for field in model.fields)
    ]
    if not pending:
        return frozenset()
    users: defaultdict[str, list[str]] = defaultdict(list)
    for identity, others in links.items():
        for other in others:
            users[other].append(identity)
    found: set[str] = set()
    while pending:
        identity = pending.pop()
        if identity not in found:
            found.add(identity)
            pending += users[identity]
    return frozenset(found)
