"""What a document says of the bodies, the answers and the credentials of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tests.corpus.raw import RawOperation, UnresolvableError, View, version_of
from tests.corpus.wire import COLLECTION_FORMATS, Received, schema_of_swagger2

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
EVENTS: Final = "text/event-stream"
STREAMS: Final = frozenset(
    {EVENTS, "application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq"}
)
_TEXTUAL: Final = re.compile(r"text/|[/+](xml|yaml|x-yaml|javascript|graphql|csv)$")
_SUCCESS: Final = re.compile(r"2(\d\d|XX|xx)")


def is_json(media_type: str) -> bool:
    """Whether a body of this media type is JSON."""
    name = essence(media_type)
    return name.endswith(("/json", "+json")) or name in {"*/*", "application/*", "json"}


def is_textual(media_type: str) -> bool:
    """Whether a body of this media type is text that is not JSON."""
    return _TEXTUAL.search(essence(media_type)) is not None


def is_stream(media_type: str) -> bool:
    """Whether a body of this media type comes item by item."""
    return essence(media_type) in STREAMS


def essence(media_type: str) -> str:
    """A media type without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def documented(media_type: str, names: Iterable[str]) -> str | None:
    """The documented media type, or range of such, that one belongs to."""
    wanted = essence(media_type)
    by_essence = {essence(name): name for name in names}
    if wanted in by_essence:
        return by_essence[wanted]
    for name, spelled in by_essence.items():
        if name in {"*/*", f"{wanted.partition('/')[0]}/*"} or ("/" not in name and is_json(wanted)):
            return spelled
    return None


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The body that an operation takes.

    Args:
        required: whether there must be one.
        schemas: schemas by media type.
        styles: style and explode of form fields, by media type and name, where they are not the usual ones.
    """

    required: bool
    schemas: Mapping[str, View | None]
    styles: Mapping[tuple[str, str], tuple[str, bool]]


def body_of(operation: RawOperation) -> RequestBody | None:
    """The body of an operation; None where it takes none."""
    if version_of(operation.root) == "2":
        return _body_of_swagger2(operation)
    body = operation.node.get("requestBody")
    content = body.get("content") if body is not None else None
    if body is None or content is None or not content.fields:
        return None
    styles = {
        (media_type, name): style
        for media_type, element in content.items()
        for name, encoding in element.child("encoding").items()
        if (style := _style(encoding)) is not None
    }
    return RequestBody(body.flag("required"), schemas_of(content), styles)


def _style(encoding: View) -> tuple[str, bool] | None:
    style = encoding.text("style")
    if style or "explode" in encoding.fields:
        style = style or "form"
        explode = encoding.flag("explode") if "explode" in encoding.fields else style in {"form", "deepObject"}
        return style, explode
    return ("json", False) if "json" in encoding.text("contentType") else None


def _body_of_swagger2(operation: RawOperation) -> RequestBody | None:
    consumes = texts(operation.node, "consumes") or texts(operation.root, "consumes")
    declared = _body_parameters(operation)
    required = any(parameter.flag("required") for parameter in declared)
    for parameter in declared:
        if parameter.text("in") == "body":
            schema = parameter.child("schema")
            found = dict.fromkeys(consumes or ["application/json"], schema)
            # Swagger says nothing of objects in forms; whoever sends them there means brackets.
            nested = [
                name for name in property_names(schema) if any(map(could_be_nested, properties_named(schema, name)))
            ]
            return RequestBody(required, found, {(FORM, name): ("deepObject", True) for name in nested})
    if not declared:
        return None
    # A form is a form, and one with files is multipart, whatever else is said under `consumes`.
    form = operation.node.made(
        {
            "type": "object",
            "properties": {entry.text("name"): schema_of_swagger2(entry).value for entry in declared},
            "required": [entry.text("name") for entry in declared if entry.flag("required")],
        }
    )
    media_types = dict.fromkeys([*consumes, FORM, MULTIPART], form)
    styles = {
        (FORM, entry.text("name")): COLLECTION_FORMATS.get(entry.text("collectionFormat") or "csv", ("form", False))
        for entry in declared
        if entry.text("type") == "array"
    }
    return RequestBody(required, media_types, styles)


def _body_parameters(operation: RawOperation) -> list[View]:
    """Parameters of Swagger 2.0 that make the body."""
    found: dict[tuple[str, str], View] = {}
    for holder in (operation.item, operation.node):
        for element in holder.child("parameters").elements():
            node = resolved(element)
            if node is not None and node.text("in") in {"body", "formData"}:
                found[(node.text("in"), node.text("name"))] = node
    return list(found.values())


_REDIRECTS: Final = frozenset({"301", "302", "303", "307", "308"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that an operation may give.

    Args:
        status: its status.
        schemas: schemas by media type.
    """

    status: int
    schemas: Mapping[str, View | None]


def answers_of(operation: RawOperation) -> list[Answer]:
    """The successes that are described; one without a body where none is."""
    found: list[Answer] = []
    responses = operation.node.child("responses")
    for status, element in responses.items():
        node = resolved(element)
        if node is not None and _SUCCESS.fullmatch(status):
            found.append(Answer(_concrete(status, responses), _answered(operation, node)))
    leads = any(status in _REDIRECTS for status in responses.fields)
    if not found and leads and operation.method == "GET":
        # What is behind a redirect is a file, whatever the document says of errors.
        return [Answer(200, {"application/octet-stream": responses.made({"type": "string", "format": "binary"})})]
    default = responses.get("default")
    if not found and default is not None:
        found.append(Answer(200, _answered(operation, default)))
    return found or [Answer(204, {})]


def _concrete(status: str, responses: View) -> int:
    """A status as it is, or one of a range that is not listed for itself."""
    if status.isdigit():
        return int(status)
    return next(number for number in (200, 203, 250) if str(number) not in responses.fields)


def _answered(operation: RawOperation, node: View) -> Mapping[str, View | None]:
    if version_of(operation.root) != "2":
        return schemas_of(node.child("content"))
    if "schema" not in node.fields:
        return {}
    produces = texts(operation.node, "produces") or texts(operation.root, "produces")
    return dict.fromkeys(produces or ["application/json"], node.child("schema"))


def schemas_of(content: View) -> dict[str, View | None]:
    """Schemas by media type."""
    found: dict[str, View | None] = {}
    for name, element in content.items():
        media = resolved(element)
        words = [word for word in ("itemSchema", "schema") if media is not None and word in media.fields]
        found[name] = media.child(words[0]) if media is not None and words else None
    return found


def schemes_of(root: View) -> dict[str, View]:
    """The security schemes by name."""
    old = version_of(root) == "2"
    holder = root.child("securityDefinitions") if old else root.child("components").child("securitySchemes")
    found = {name: resolved(element) for name, element in holder.items()}
    return {name: scheme for name, scheme in found.items() if scheme is not None}


def alternatives_of(operation: RawOperation) -> list[list[str]]:
    """The alternatives of credentials that hold for an operation."""
    stated = operation.node.fields.get("security", operation.root.fields.get("security"))
    return [list(entry) for entry in stated if isinstance(entry, dict)] if isinstance(stated, list) else []


def is_proven(scheme: View, received: Received) -> bool:
    """Whether a request bears the credential that a scheme asks for."""
    match scheme.text("type"), scheme.text("in").lower():
        case "apiKey", "header":
            return scheme.text("name").lower() in received.headers
        case "apiKey", "query":
            return scheme.text("name") in received.query_names
        case "apiKey", "cookie":
            return any(key == scheme.text("name") for key, _ in received.cookies)
        case "mutualTLS", _:
            return True  # it is proven below HTTP
        case "http", _ if scheme.text("scheme").lower() == "mutual":
            return True
        case _:
            return "authorization" in received.headers


def prefix_of(operation: RawOperation) -> str:
    """The path of a server that an operation or its path has for itself: what remains of it on a given base URL."""
    holder = next((node for node in (operation.node, operation.item) if node.child("servers").value), None)
    server = next(holder.child("servers").elements(), None) if holder is not None else None
    usual = next(operation.root.child("servers").elements(), None)
    if server is None or (usual is not None and usual.text("url") == server.text("url")):
        return ""
    url = server.text("url")
    for name, variable in server.child("variables").items():
        url = url.replace(f"{{{name}}}", variable.text("default"))
    return urlsplit(url).path.rstrip("/")


def texts(node: View, word: str) -> list[str]:
    """The strings of a list below."""
    listed = node.fields.get(word)
    return [entry for entry in listed if isinstance(entry, str)] if isinstance(listed, list) else []


def resolved(view: View) -> View | None:
    """Where a reference ends; None where it leads nowhere."""
    try:
        return view.resolved()
    except UnresolvableError:
        return None


def inside(schema: View) -> Iterator[View]:
    """A schema and all that is laid over it by references and unions, each once."""
    seen: set[str] = set()
    waiting = [schema]
    while waiting:
        target = resolved(waiting.pop())
        if target is None or target.identity in seen:
            continue
        seen.add(target.identity)
        yield target
        waiting += [element for word in ("allOf", "oneOf", "anyOf") for element in target.child(word).elements()]


def property_names(schema: View) -> set[str]:
    """The names of all properties that a schema may have."""
    return {name for part in inside(schema) for name in part.child("properties").fields}


def properties_named(schema: View, name: str) -> list[View]:
    """The schemas of a property."""
    return [part.child("properties").child(name) for part in inside(schema) if name in part.child("properties").fields]


def could_be_nested(schema: View) -> bool:
    """Whether a value may be a list or an object."""
    words = {"properties", "additionalProperties", "items"}
    return any(words & part.fields.keys() or part.text("type") in {"array", "object"} for part in inside(schema))


def is_file(schema: View) -> bool:
    """Whether a part of a multipart body is a file."""
    return any(
        part.text("format") == "binary"
        or part.text("type") == "file"
        or ("contentMediaType" in part.fields and "contentEncoding" not in part.fields)
        for part in inside(schema)
    )


def files_in(schema: View) -> bool:
    """Whether a part is a list of files."""
    return any(is_file(part.child("items")) for part in inside(schema) if "items" in part.fields)
