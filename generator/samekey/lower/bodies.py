"""Request bodies of OpenAPI 3 and of Swagger 2.0 (`in: body`, `in: formData`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.document import describe
from samekey.ir import AnyJson, Body, BodyKind, Field, Kind, Location, Model, Named, Primitive, Spelling, Style
from samekey.lower.docs import constraints, described
from samekey.lower.media import body_kind, is_text, preferred_for_request, written
from samekey.lower.parameters import collection

if TYPE_CHECKING:
    from samekey.document import Node
    from samekey.ir import Type
    from samekey.lower.schemas import Schemas

_STYLES = {Style.FORM, Style.SPACE, Style.PIPE, Style.DEEP}


def body_of_openapi3(operation: Node, schemas: Schemas, hint: str) -> Body | None:
    """The body under `requestBody`, in the media type that is preferred."""
    holder = operation.get("requestBody")
    node = holder.follow() if holder is not None else None
    if node is None:
        return None
    if not isinstance(node.value, dict):
        node.warn("wrong-type", f"expected a request body, found {describe(node.value)}; it is ignored")
        return None
    content = dict(node.items("content")) if node.get("content") else {}
    required = node.flag("required")
    if not content:
        return None
    name = preferred_for_request(list(content))
    media = content[name]
    kind = body_kind(name)
    schema = media.get("schema")
    return Body(
        written(name),
        kind,
        _body_type(schema, name, kind, schemas, (hint, "request")),
        required,
        described(node) if node.has("description") else "",
        _spellings(media),
        _part_types(media),
    )


def body_of_swagger2(
    operation: Node, parameters: list[Node], consumes: tuple[str, ...], schemas: Schemas, hint: str
) -> Body | None:
    """The body under a parameter `in: body`, or made of the parameters `in: formData`."""
    for node in parameters:
        if node.text("in") == "body":
            name = preferred_for_request(list(consumes) or ["application/json"])
            kind = body_kind(name)
            if kind in {BodyKind.FORM, BodyKind.MULTIPART}:
                name, kind = "application/json", BodyKind.JSON
            schema = node.get("schema")
            type_ = _body_type(schema, name, kind, schemas, (hint, "request"))
            return Body(written(name), kind, type_, node.flag("required"), described(node))
    fields = [node for node in parameters if node.text("in") == "formData"]
    if not fields:
        return None
    multipart = any(node.text("type") == "file" for node in fields) or (
        any(name.startswith("multipart/") for name in consumes) and "application/x-www-form-urlencoded" not in consumes
    )
    return _form(operation, fields, schemas, hint, multipart=multipart)


def _form(operation: Node, nodes: list[Node], schemas: Schemas, hint: str, *, multipart: bool) -> Body:
    fields = tuple(
        Field(
            node.text("name"),
            schemas.lower(node, (hint, node.text("name"))),
            required=node.flag("required"),
            doc="\n".join(text for text in (described(node), constraints(node)) if text),
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
    required = any(field.required for field in fields)
    return Body(media_type, kind, Named(identity), required, "", spellings)


def _body_type(schema: Node | None, media_type: str, kind: BodyKind, schemas: Schemas, hint: tuple[str, ...]) -> Type:
    if kind is BodyKind.RAW:
        return Primitive(Kind.STRING if is_text(media_type) else Kind.BINARY)
    if schema is None:
        return AnyJson("the body has no schema")
    return schemas.lower(schema, hint)


def _spellings(media: Node) -> tuple[tuple[str, Spelling], ...]:
    found: list[tuple[str, Spelling]] = []
    for name, encoding in media.items("encoding") if media.get("encoding") else ():
        style = encoding.text("style")
        if style in _STYLES or encoding.has("explode"):
            chosen = Style(style) if style in _STYLES else Style.FORM
            explode = encoding.flag("explode") if encoding.has("explode") else chosen in {Style.FORM, Style.DEEP}
            found.append((name, Spelling(chosen, explode)))
        elif "json" in encoding.text("contentType"):
            found.append((name, Spelling(Style.JSON)))
    return tuple(found)


def _part_types(media: Node) -> tuple[tuple[str, str], ...]:
    encodings = media.items("encoding") if media.get("encoding") else ()
    types = [(name, encoding.text("contentType").split(",")[0].strip()) for name, encoding in encodings]
    return tuple((name, kind) for name, kind in types if kind and "*" not in kind)
