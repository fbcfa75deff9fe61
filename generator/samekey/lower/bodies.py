"""Request bodies of OpenAPI 3 and of Swagger 2.0 (`in: body`, `in: formData`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey_templates.runtime.request.encode import EVERY_FIELD

from samekey.document.node import kind_in_yaml
from samekey.ir import (
    AnyJson,
    Body,
    BodyKind,
    Field,
    Kind,
    ListOf,
    Location,
    MapOf,
    Model,
    Named,
    Nullable,
    Primitive,
    Spelling,
    Style,
)
from samekey.lower.docs import constraints, described, limits
from samekey.lower.examples import example_of
from samekey.lower.media import (
    body_kind,
    content_of,
    is_json_patch,
    is_wild,
    others_for_request,
    preferred_for_request,
    words_of,
    written,
)
from samekey.lower.parameters import collection
from samekey.lower.schemas.merged import Merged, is_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samekey.document.node import Node
    from samekey.ir import Type
    from samekey.lower.schemas import Schemas

ANY_PART = ""
"""Stands for the parts that have no names."""
_FIELDLESS = {"string", "integer", "number", "boolean", "array", "null"}
_STYLES = {Style.FORM, Style.SPACE, Style.PIPE, Style.DEEP}


def bodies_of_openapi3(operation: Node, schemas: Schemas, hint: str) -> tuple[tuple[str, Body], ...]:
    """Return the bodies under `requestBody`: in the preferred media type, then in others, each with words for it."""
    holder = operation.get("requestBody")
    node = holder.follow() if holder is not None else None
    if node is None:
        return ()
    if not isinstance(node.value, dict):
        node.warn("wrong-type", f"expected a request body, found {kind_in_yaml(node.value)}; it is ignored")
        return ()
    content = content_of(node)
    if not content:
        return ()
    preferred = preferred_for_request(list(content))
    found = [("", _body(node, preferred, content[preferred], schemas, (hint, "request")))]
    for name in others_for_request({name: _comparable(name, media) for name, media in content.items()}):
        words = words_of(name)
        found.append((words, _body(node, name, content[name], schemas, (hint, "request", words))))
    return tuple(found)


def _body(node: Node, name: str, media: Node, schemas: Schemas, hint: tuple[str, ...]) -> Body:
    kind = _kind(name, media)
    type_ = _media_body_type(media, kind, schemas, hint)
    return Body(
        _sent(name, kind),
        kind,
        _patch_type(name, type_),
        node.flag("required"),
        described(node) if node.has("description") else "",
        (*_spellings(media, kind), *_encoded_fields(type_, kind, schemas)),
        _part_types(media),
        example=example_of(media, _target(media)),
    )


def _kind(name: str, media: Node) -> BodyKind:
    """Return how a body is written: by its media type, and where that says nothing, by its schema."""
    kind = body_kind(name)
    schema = media.get("schema")
    if schema is None:
        return kind
    is_raw = kind is BodyKind.JSON and is_wild(name) and is_file(schema)
    return BodyKind.RAW if is_raw or (kind is BodyKind.FORM and _has_no_fields(schema)) else kind


def _has_no_fields(schema: Node) -> bool:
    """Whether a form is no object: then whoever sends it has spelled it, since there are no names to spell it by."""
    merged = Merged.of((schema,))
    return "object" not in merged.types and merged.implied_type in _FIELDLESS and not merged.properties()


def _patch_type(name: str, kind: Type) -> Type:
    """Return the type of a body; a JSON Patch is a list of changes (RFC 6902 section 3), whatever the document says."""
    is_vague = isinstance(kind, AnyJson) or (isinstance(kind, MapOf) and isinstance(kind.value, AnyJson))
    return ListOf(MapOf(AnyJson("a change of a JSON Patch"))) if is_json_patch(name) and is_vague else kind


def _encoded_fields(kind: Type, written: BodyKind, schemas: Schemas) -> Iterable[tuple[str, Spelling]]:
    """Yield the fields of a form whose bytes travel as base64: in JSON that needs no saying."""
    model = schemas.definitions.get(kind.id) if isinstance(kind, Named) else None
    if written not in {BodyKind.FORM, BodyKind.MULTIPART} or not isinstance(model, Model):
        return
    for field in model.fields:
        inner = field.type.inner if isinstance(field.type, Nullable) else field.type
        inner = inner.item if isinstance(inner, ListOf) else inner
        if inner == Primitive(Kind.BYTES):
            yield field.name, Spelling(Style.BASE64, explode=True)


def _target(media: Node) -> Node | None:
    schema = media.get("schema")
    return schema.follow() if schema is not None else None


def _comparable(name: str, media: Node) -> object:
    """Return a schema as it stands, to compare media types; one with files says more in multipart than elsewhere."""
    schema = media.get("schema")
    if schema is None:
        return None
    has_files = body_kind(name) is BodyKind.MULTIPART and _has_files(schema)
    return (schema.value, has_files) if has_files else schema.value


def _has_files(schema: Node) -> bool:
    node = schema.follow()
    properties = node.get("properties") if node is not None and isinstance(node.value, dict) else None
    inner = [entry.follow() for _, entry in properties.items()] if properties is not None else []
    flat = [entry.get("items") or entry for entry in inner if entry is not None and isinstance(entry.value, dict)]
    return any(isinstance(entry.value, dict) and entry.text("format") == "binary" for entry in flat)


def bodies_of_swagger2(
    operation: Node, parameters: list[Node], consumes: tuple[str, ...], schemas: Schemas, hint: str
) -> tuple[tuple[str, Body], ...]:
    """Return the bodies from the parameter `in: body`, one for each media type, or from those `in: formData`."""
    for node in parameters:
        if node.text("in") == "body":
            return tuple(_swagger2_bodies(node, consumes or ("application/json",), schemas, hint))
    fields = [node for node in parameters if node.text("in") == "formData"]
    if not fields:
        return ()
    multipart = any(node.text("type") == "file" for node in fields) or (
        any(name.startswith("multipart/") for name in consumes) and "application/x-www-form-urlencoded" not in consumes
    )
    return (("", _form(operation, fields, schemas, hint, multipart=multipart)),)


def _swagger2_bodies(node: Node, consumes: tuple[str, ...], schemas: Schemas, hint: str) -> Iterator[tuple[str, Body]]:
    schema = node.get("schema")
    said = None if schema is None else schema.value
    yield "", _swagger2_body(node, preferred_for_request(list(consumes)), schemas, (hint, "request"))
    for name in others_for_request(dict.fromkeys(consumes, said)):
        words = words_of(name)
        yield words, _swagger2_body(node, name, schemas, (hint, "request", words))


def _swagger2_body(node: Node, name: str, schemas: Schemas, hint: tuple[str, ...]) -> Body:
    kind = _kind(name, node)
    type_ = _patch_type(name, _body_type(node.get("schema"), kind, schemas, hint))
    # Swagger has no word for how the objects in a form are spelled; whoever sends them there means brackets.
    spellings = [(EVERY_FIELD, Spelling(Style.DEEP, explode=True))] if kind is BodyKind.FORM else []
    encoded = _encoded_fields(type_, kind, schemas)
    return Body(
        _sent(name, kind),
        kind,
        type_,
        node.flag("required"),
        described(node),
        (*spellings, *encoded),
        example=example_of(node, _target(node)),
    )


def _form(operation: Node, nodes: list[Node], schemas: Schemas, hint: str, *, multipart: bool) -> Body:
    fields = tuple(
        Field(
            node.text("name"),
            schemas.lower(node, (hint, node.text("name"))),
            required=node.flag("required"),
            doc="\n".join(text for text in (described(node), constraints(node)) if text),
            limits=limits(node),
            example=example_of(node),
        )
        for node in nodes
    )
    identity = f"{operation.identity}+form"
    schemas.definitions.setdefault(identity, Model(identity, (hint, "form"), fields))
    kind = BodyKind.MULTIPART if multipart else BodyKind.FORM
    media_type = "multipart/form-data" if multipart else "application/x-www-form-urlencoded"
    spellings = tuple(
        (node.text("name"), collection(node, Location.QUERY))
        for node in nodes
        if node.text("type") == "array" and node.text("collectionFormat") != "multi"
    )
    encoded = _encoded_fields(Named(identity), kind, schemas)
    required = any(field.required for field in fields)
    return Body(media_type, kind, Named(identity), required, "", (*spellings, *encoded))


def _sent(media_type: str, kind: BodyKind) -> str:
    """Return the media type as a Content-Type header; for a family of raw bodies, its most general member."""
    if kind is BodyKind.RAW and "*" in media_type:
        return "text/plain" if media_type.startswith("text/") else "application/octet-stream"
    return written(media_type)


def _media_body_type(media: Node, kind: BodyKind, schemas: Schemas, hint: tuple[str, ...]) -> Type:
    items = media.get("itemSchema")
    if items is not None and kind is BodyKind.MULTIPART and not media.has("schema"):
        # OpenAPI 3.2 section 4.14.4: parts without names, in their order.
        return ListOf(schemas.lower(items, (*hint, "item")))
    return _body_type(media.get("schema"), kind, schemas, hint)


def _body_type(schema: Node | None, kind: BodyKind, schemas: Schemas, hint: tuple[str, ...]) -> Type:
    if kind is BodyKind.RAW:
        # Text or bytes, whatever the media type: the caller may have either, and in a file.
        return Primitive(Kind.BINARY)
    if schema is None:
        return AnyJson("the body has no schema")
    return schemas.lower(schema, hint)


def _spellings(media: Node, kind: BodyKind) -> tuple[tuple[str, Spelling], ...]:
    found: list[tuple[str, Spelling]] = []
    for name, encoding in media.items("encoding"):
        if not isinstance(encoding.value, dict):
            continue
        style = encoding.text("style")
        if style in _STYLES or encoding.has("explode"):
            chosen = Style(style) if style in _STYLES else Style.FORM
            explode = encoding.flag("explode") if encoding.has("explode") else chosen in {Style.FORM, Style.DEEP}
            found.append((name, Spelling(chosen, explode)))
        elif "json" in encoding.text("contentType") and kind is BodyKind.FORM:
            found.append((name, Spelling(Style.JSON)))
    return tuple(found)


def _part_types(media: Node) -> tuple[tuple[str, str], ...]:
    encodings = [(name, encoding) for name, encoding in media.items("encoding") if isinstance(encoding.value, dict)]
    for_items = media.get("itemEncoding")
    if for_items is not None:
        encodings.append((ANY_PART, for_items))
    types = [(name, encoding.text("contentType").split(",")[0].strip()) for name, encoding in encodings]
    return tuple((name, kind) for name, kind in types if kind and "*" not in kind)
