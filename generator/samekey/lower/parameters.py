"""Parameters: those of the path item and of the operation together, with their spelling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from samekey_templates.runtime.declare import table

from samekey.ir import AnyJson, BodyKind, Kind, Location, Param, Primitive, Spelling, Style
from samekey.lower.docs import constraints, described, limits
from samekey.lower.examples import example_of
from samekey.lower.media import body_kind, content_of
from samekey.lower.sdk_words import availability, parameter_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.node import Node
    from samekey.ir import Type
    from samekey.lower.schemas import Schemas

_WHOLE_QUERY = "querystring"
"""OpenAPI 3.2 section 4.12.1: a parameter that is the whole query."""
_WHOLE_STYLES = {BodyKind.FORM: Style.WHOLE_FORM, BodyKind.JSON: Style.WHOLE_JSON}
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
_OF_HTTP = frozenset({
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers of the connection, or of the message as it is sent (RFC 9110 sections 7.2, 7.6.1 and 8.6)."""
_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_DEFAULT_STYLES = table(
    Location,
    {
        Location.PATH: Style.SIMPLE,
        Location.QUERY: Style.FORM,
        Location.HEADER: Style.SIMPLE,
        Location.COOKIE: Style.FORM,
    },
)
_COLLECTION_FORMATS = {
    "csv": (Style.FORM, False),
    "ssv": (Style.SPACE, False),
    "tsv": (Style.TAB, False),
    "pipes": (Style.PIPE, False),
    "multi": (Style.FORM, True),
}
_WRITTEN_STYLES = frozenset(_DEFAULT_STYLES.values()) | {Style.LABEL, Style.MATRIX, Style.SPACE, Style.PIPE, Style.DEEP}
"""Styles that a document may name."""


def gather(*holders: Node) -> list[Node]:
    """Return an operation's parameters; its own, given last, override the path's of the same name and location."""
    found: dict[tuple[str, str], Node] = {}
    for holder in holders:
        for element in holder.elements("parameters") if holder.has("parameters") else ():
            node = element.follow()
            if node is None:
                continue
            if not isinstance(node.value, dict) or not node.text("name") or not node.text("in"):
                element.warn("parameter-incomplete", "a parameter needs a name and a place; it is ignored")
                continue
            found[(node.text("in"), node.text("name"))] = node
    return list(found.values())


def template_names(path: str) -> list[str]:
    """Return the names in a path template, each once."""
    return list(dict.fromkeys(_TEMPLATE.findall(path)))


def lower_parameters(
    nodes: Sequence[Node], operation: Node, path: str, schemas: Schemas, hint: str, elsewhere: frozenset[str]
) -> list[Param]:
    """Lower parameters of the path, the query, headers and cookies; the path's come in the template's order.

    Args:
        nodes: the parameters.
        operation: their operation.
        path: its path template.
        schemas: lowers their types.
        hint: words for names of inline types.
        elsewhere: places that this version of OpenAPI knows and that are lowered elsewhere.
    """
    names = template_names(path)
    params: list[Param] = []
    for node in nodes:
        place = node.text("in")
        if place not in {*Location, _WHOLE_QUERY}:
            if place not in elsewhere:
                node.warn("parameter-unplaced", f"there is no place {place!r} for a parameter; it is ignored")
            continue
        location = Location.QUERY if place == _WHOLE_QUERY else Location(place)
        name = node.text("name") if place != _WHOLE_QUERY else _whole_name(node, nodes)
        if location is Location.HEADER and name.lower() in _IGNORED_HEADERS | _OF_HTTP:
            # OpenAPI 3.1 section 4.8.12.2.1: these are the client's own business.
            continue
        if location is Location.PATH and name not in names:
            node.warn("parameter-unused", f"the path {path!r} has no place for the parameter {name!r}; it is ignored")
            continue
        params.append(_parameter(node, name, location, schemas, hint))
    declared = {param.name for param in params if param.location is Location.PATH}
    for name in names:
        if name not in declared:
            operation.warn("parameter-undeclared", f"the path parameter {name!r} is not declared; taken as a string")
            spelling = Spelling(Style.SIMPLE)
            params.append(Param(name, Location.PATH, Primitive(Kind.STRING), required=True, spelling=spelling))
    order = {name: index for index, name in enumerate(names)}
    return sorted(params, key=lambda param: order[param.name] if param.location is Location.PATH else len(order))


def _whole_name(node: Node, nodes: Sequence[Node]) -> str:
    """Return the name of a parameter that is the whole query; it is not sent, so it gives way to a query parameter's.

    OpenAPI 3.2 section 4.12.1 allows no query parameters beside it, but documents have them.
    """
    taken = {other.text("name") for other in nodes if other.text("in") == Location.QUERY}
    name = node.text("name")
    while name in taken:
        name = f"{name} {_WHOLE_QUERY}"
    if taken:
        node.warn(
            "querystring-shared",
            f"the query cannot be {node.text('name')!r} as a whole and have parameters beside it; both are sent",
            hint="make it `in: query`, or move the others into its schema",
        )
    return name


def _parameter(node: Node, name: str, location: Location, schemas: Schemas, hint: str) -> Param:
    kind, spelling = _typed(node, location, schemas, (hint, name))
    schema = node.get("schema")
    target = (schema.follow() if schema is not None else None) or node
    return Param(
        name,
        location,
        kind,
        required=location is Location.PATH or node.flag("required"),
        spelling=spelling,
        doc="\n".join(text for text in (described(node) or described(target, name), constraints(target)) if text),
        deprecated=node.flag("deprecated") or availability(node) == "deprecated",
        limits=limits(target),
        starts_at=_start(target),
        example=example_of(node, target),
        called=parameter_called(node),
    )


def _start(schema: Node) -> int | None:
    for word in ("default", "minimum"):
        entry = schema.get(word)
        if entry is not None and isinstance(entry.value, int) and not isinstance(entry.value, bool):
            return entry.value
    return None


def _typed(node: Node, location: Location, schemas: Schemas, hint: tuple[str, ...]) -> tuple[Type, Spelling]:
    schema = node.get("schema")
    is_whole = node.text("in") == _WHOLE_QUERY
    if schema is not None:
        return schemas.lower(schema, hint), Spelling(Style.WHOLE_FORM) if is_whole else _spelling(node, location)
    for media_type, media in content_of(node).items():
        inner = media.get("schema")
        kind: Type = schemas.lower(inner, hint) if inner is not None else AnyJson("the parameter has no schema")
        if is_whole:
            return kind, Spelling(_WHOLE_STYLES.get(body_kind(media_type), Style.WHOLE_TEXT))
        return kind, Spelling(Style.JSON) if body_kind(media_type) is BodyKind.JSON else _spelling(node, location)
    if node.has("type"):  # Swagger 2.0: the parameter is its own schema
        return schemas.lower(node, hint), collection(node, location)
    return Primitive(Kind.STRING), _spelling(node, location)


def _spelling(node: Node, location: Location) -> Spelling:
    name = node.text("style")
    default = _DEFAULT_STYLES[location]
    style = Style(name) if name in _WRITTEN_STYLES else default
    if name and name not in _WRITTEN_STYLES and name != "cookie":
        node.warn("unknown-style", f"there is no style {name!r}; {default.value!r} is used")
    explode = node.flag("explode") if node.has("explode") else style in {Style.FORM, Style.DEEP}
    return Spelling(style, explode, node.flag("allowReserved"))


def collection(node: Node, location: Location) -> Spelling:
    """Return the style that Swagger 2.0's `collectionFormat` means."""
    style, explode = _COLLECTION_FORMATS.get(node.text("collectionFormat"), (Style.FORM, False))
    if style is Style.FORM and location in {Location.PATH, Location.HEADER}:
        return Spelling(Style.SIMPLE)
    return Spelling(style, explode)
