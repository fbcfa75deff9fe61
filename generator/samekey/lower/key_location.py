"""Where an operation takes its idempotency key: a header, a query parameter or a body field, by name and shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from samekey.config.dialect import Carrier, KeyFormat, KeyKind
from samekey.ir import (
    Alias,
    Body,
    BodyKind,
    DeclaredKey,
    Kind,
    Limits,
    Location,
    Model,
    Named,
    Nullable,
    Primitive,
    Union,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.ir import Field, Param, Type
    from samekey.lower.schemas import Schemas

_HEADER = re.compile(
    r"(x-|[a-z0-9]+-)*idempoten(cy|t|ce)(-?(key|token|id))?|paypal-request-id|repeatability-request-id", re.IGNORECASE
)
_FIELD = re.compile(r"(x_)?idempoten(cy|t|ce)_?(key|token|id)|client_?(request_?)?token", re.IGNORECASE)
_REQUEST_ID = re.compile(r"(x[-_])?(client[-_]?)?request[-_]?(id|token|key)|unique[-_]?(id|key)", re.IGNORECASE)
_MEANT = re.compile(
    r"idempoten|de-?dup|exactly[ -]once|retr(?:y|ied|ies|ying)\W+(?:\w+\W+){0,3}safely|safely\W+(?:\w+\W+){0,3}retr",
    re.IGNORECASE,
)
_STRINGS = frozenset({Primitive(Kind.STRING), Primitive(Kind.UUID)})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MARK = re.compile(r"idempoten(?:cy|t|ce)|dedup(?:e|licate|lication)?")
_KEY_WORDS = frozenset({"key", "token", "id", "identifier", "uuid", "guid", "value", "request"})
_OTHERS = frozenset(
    {"original", "parent", "previous", "last", "is", "has", "expires", "status", "mode", "scope", "type"}
)
"""Words that say it is about keys, and none itself."""
_ALWAYS_THERE = frozenset({"data", "attributes"})
"""Objects that each request of JSON:API has, though documents often forget to require them."""
_DEEPEST = 4
_WIDEST = 50
_REPEATED_GROUP = re.compile(r"[+*}]\)[+*{]|\)[+*]")
_MAX_PATTERN = 200


def declared_keys(params: Sequence[Param], body: Body | None, schemas: Schemas) -> list[DeclaredKey]:
    """Return the carriers of an idempotency key that an operation declares, parameters before body fields.

    A list, a number or a field that only comes back is not a carrier, whatever its name.
    """
    places = {Location.HEADER: Carrier.HEADER, Location.QUERY: Carrier.QUERY}
    found = [
        DeclaredKey(places[param.location], param.name, param.limits, param.required, doc=param.doc)
        for param in params
        if is_key_parameter(param)
    ]
    field = _body_field(body, schemas)
    return found if field is None else [*found, field]


def is_key_parameter(param: Param) -> bool:
    """Whether a parameter carries an idempotency key: by its name, or by its name and its description."""
    if param.location not in {Location.HEADER, Location.QUERY} or not _is_string(param.type):
        return False
    names = _HEADER if param.location is Location.HEADER else _FIELD
    return names.fullmatch(param.name) is not None or _names_a_key(param.name) or _is_request_id(param.name, param.doc)


def declared_header(operations: Iterable[Sequence[Param]]) -> str:
    """Return the one name that all key headers of a document share; empty where there is none, or more than one."""
    names = {
        param.name
        for params in operations
        for param in params
        if param.location is Location.HEADER and is_key_parameter(param)
    }
    return names.pop() if len(names) == 1 else ""


def fit(form: KeyFormat, limits: Limits) -> KeyFormat | None:
    """Return a key format that a declared carrier accepts: the given one, else the closest; None where none is found.

    Args:
        form: what the profile asks for.
        limits: `maxLength`, `pattern` and `format` of the declared parameter or field.
    """
    longest = min(form.max_length, limits.max_length or form.max_length)
    wanted = replace(form, max_length=longest)
    others = [
        replace(wanted, kind=KeyKind.ALPHABET, length=length, alphabet=alphabet)
        for length in (32, 26, 24, 22, 20, 16, 12, 10, 8)
        for alphabet in ("0123456789abcdef", "0123456789ABCDEF", "0123456789")
    ]
    for candidate in [wanted, *others] if limits.format != "uuid" else [wanted]:
        if all(_accepts(limits, sample, longest) for sample in _samples(candidate)):
            return candidate
    return None


def _body_field(body: Body | None, schemas: Schemas) -> DeclaredKey | None:
    """Return the field of a body that carries a key: at its top, or in objects that are always there."""
    if body is None or body.kind is BodyKind.RAW:
        return None
    # Nearer to the top is likelier; objects that hold each other end at some depth.
    level: list[tuple[tuple[str, ...], Type]] = [((), body.type)]
    for _ in range(_DEEPEST if body.kind is BodyKind.JSON else 1):
        inner: list[tuple[tuple[str, ...], Type]] = []
        for within, kind in level:
            models = _objects(kind, schemas)
            found = [_key_field(model) for model in models]
            first = next((field for field in found if field is not None), None)
            if first is not None and all(field is not None and field.name == first.name for field in found):
                return DeclaredKey(Carrier.BODY, first.name, first.limits, first.required, within, doc=first.doc)
            if len(models) == 1:
                inner += [
                    ((*within, field.name), field.type)
                    for field in models[0].fields
                    if field.required or field.name in _ALWAYS_THERE
                ]
        level = inner[:_WIDEST]
    return None


def _objects(kind: Type, schemas: Schemas) -> list[Model]:
    """Return the objects that a type may be, all variants of a union; none where it may be something else.

    Unions that list each other were dissolved when they were lowered, so this comes to an end.
    """
    match kind:
        case Nullable(inner=inner):
            return _objects(inner, schemas)
        case Named(id=identity):
            definition = schemas.definitions.get(identity)
            if isinstance(definition, Model):
                return [definition]
            return _objects(definition.target, schemas) if isinstance(definition, Alias) else []
        case Union(variants=variants):
            found = [_objects(variant, schemas) for variant in variants]
            return [model for models in found for model in models] if all(found) else []
        case _:
            return []


def _key_field(model: Model) -> Field | None:
    for field in model.fields:
        if _is_key_name(field.name, field.doc) and _is_string(field.type) and not field.read_only:
            return field
    return None


def _is_key_name(name: str, doc: str) -> bool:
    return _FIELD.fullmatch(name) is not None or _names_a_key(name) or _is_request_id(name, doc)


def _names_a_key(name: str) -> bool:
    """Whether the words of a name say that it is a key to tell repetitions by: `integrationIdempotencyId`."""
    words = [word.lower() for word in _WORD.findall(name)]
    marks = [index for index, word in enumerate(words) if _MARK.fullmatch(word) is not None]
    return (
        bool(marks) and all(word in _KEY_WORDS for word in words[marks[-1] + 1 :]) and not _OTHERS.intersection(words)
    )


def _is_string(kind: Type) -> bool:
    return (kind.inner if isinstance(kind, Nullable) else kind) in _STRINGS


def _is_request_id(name: str, doc: str) -> bool:
    """Whether a name with other uses, such as `request_id`, has a description that speaks of idempotency."""
    return _REQUEST_ID.fullmatch(name) is not None and _MEANT.search(doc) is not None


def _samples(form: KeyFormat) -> tuple[str, ...]:
    """Return keys of a format; of an alphabet two, since a short key has room for one half of it only."""
    if form.kind is KeyKind.ALPHABET:
        return tuple((letters * form.length)[: form.length] for letters in (form.alphabet, form.alphabet[::-1]))
    version = "4" if form.kind is KeyKind.UUID4 else "7"
    return (f"01234567-89ab-{version}cde-8123-456789abcdef",)


def _accepts(limits: Limits, sample: str, longest: int) -> bool:
    if len(sample) > longest:
        return False
    if not limits.pattern or len(limits.pattern) > _MAX_PATTERN or _REPEATED_GROUP.search(limits.pattern):
        # A repeated group may take for ever on a hostile pattern; such a one is not tried.
        return True
    try:
        return re.search(limits.pattern, sample) is not None
    except re.error:
        return True


__all__ = ["declared_header", "declared_keys", "fit", "is_key_parameter"]
