"""Models as fields of pydantic's models, and as what FastAPI answers with; pydantic is imported if somebody uses it."""

from __future__ import annotations

from importlib import import_module
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from ..types import is_fields, is_items
from .json import encode, plain, read_dict, read_json
from .models import Model, OpenModel, extra_of, has_extra_numbers, is_model, numbers_of, struct_of
from .unions import OneOf, is_union


def core_schema_of(kind: type[Model | OpenModel]) -> Any:  # noqa: ANN401  # pydantic's own
    """Return pydantic's schema of a model: what it takes, and what it gives as JSON.

    Args:
        kind: the class of models.
    """
    core: Any = import_module("pydantic_core").core_schema

    def validated(value: Any) -> Any:  # noqa: ANN401  # whatever somebody gives
        # By functions, and not by methods: a document may have a field of their name.
        if isinstance(value, kind):
            return value
        if not is_fields(value):
            raise ValueError(f"{kind.__name__} is made of a dict, and not of a {type(value).__name__}")
        return read_dict(value, kind)

    def serialized(model: Model | OpenModel) -> dict[str, Any]:
        made: dict[str, Any] = plain(model)
        return made

    serializer = core.plain_serializer_function_ser_schema(serialized)
    return core.no_info_plain_validator_function(validated, serialization=serializer)


def union_schema_of(kind: type[OneOf]) -> Any:  # noqa: ANN401  # pydantic's own
    """Return pydantic's schema of a union: what it takes, and what it gives as JSON.

    Args:
        kind: the union.
    """
    core: Any = import_module("pydantic_core").core_schema

    def validated(value: Any) -> Any:  # noqa: ANN401  # whatever somebody gives
        made = value if isinstance(value, kind) else read_json(encode(value), kind)
        if not isinstance(made, kind):
            # What pydantic takes for a mistake in its input.
            raise ValueError(f"it is none of the variants of {kind.__name__}")  # noqa: TRY004
        return made

    serializer = core.plain_serializer_function_ser_schema(plain)
    return core.no_info_plain_validator_function(validated, serialization=serializer)


def json_schema_of(kind: Any, within: tuple[Any, ...] = ()) -> dict[str, Any]:  # noqa: ANN401  # any annotation
    """Return the JSON schema of a type, without references: it may stand anywhere in another schema.

    Args:
        kind: the type.
        within: the models inside which it stands; one that stands inside itself may be any object there.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if is_model(kind):
        return {"type": "object"} if kind in within else _object(kind, (*within, kind))
    if is_union(kind):
        return {"anyOf": [json_schema_of(variant, within) for variant in kind.facts.variants()]}
    if origin in (Union, UnionType):
        return {"anyOf": [json_schema_of(variant, within) for variant in inner]}
    if origin is list:
        return {"type": "array", "items": json_schema_of(inner[0], within)}
    if origin is dict:
        return {"type": "object", "additionalProperties": json_schema_of(inner[1], within)}
    (root,), parts = msgspec.json.schema_components([kind])
    named: dict[str, Any] = parts.get(str(root.get("$ref", "")).rpartition("/")[2], root)
    return named


def _field(kind: Any, info: msgspec.structs.FieldInfo, within: tuple[Any, ...]) -> dict[str, Any]:  # noqa: ANN401
    schema = json_schema_of(info.type, within)
    return _with_numbers(schema) if info.encode_name in numbers_of(kind) else schema


def _with_numbers(schema: Any) -> Any:  # noqa: ANN401  # a JSON schema, or a part of it
    """Return a schema whose decimals are numbers; to msgspec they are strings."""
    if schema == {"type": "string", "format": "decimal"}:
        return {"type": "number"}
    if is_fields(schema):
        return {name: _with_numbers(entry) for name, entry in schema.items()}
    return [_with_numbers(entry) for entry in schema] if is_items(schema) else schema


def _object(kind: Any, within: tuple[Any, ...]) -> dict[str, Any]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    listed = msgspec.structs.fields(struct_of(kind))
    made: dict[str, Any] = {
        "type": "object",
        "title": kind.__name__,
        "properties": {info.encode_name: _field(kind, info, within) for info in listed},
    }
    required = [info.encode_name for info in listed if info.required]
    if required:
        made["required"] = required
    if issubclass(kind, OpenModel):
        others = json_schema_of(get_args(extra_of(kind)[1])[1], within)
        made["additionalProperties"] = _with_numbers(others) if has_extra_numbers(kind) else others
    return made
