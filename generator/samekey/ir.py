"""The API as samekey understands it: frozen data and closed unions, with wire names only.

Nothing here knows Python; identifiers are given in `names/`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.config.dialect import Dialect
    from samekey.config.pagination import PagingStyle


class Kind(StrEnum):
    """A value without inner structure."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    DATETIME = "date-time"
    DATE = "date"
    UUID = "uuid"
    DECIMAL = "decimal"
    BYTES = "byte"
    """Base64 in JSON."""
    BINARY = "binary"
    """Raw bytes: a file."""


class Primitive(Struct, frozen=True):
    """A scalar."""

    kind: Kind


class ListOf(Struct, frozen=True):
    """An array."""

    item: Type


class MapOf(Struct, frozen=True):
    """An object with free keys."""

    value: Type


class Union(Struct, frozen=True):
    """One of several types, in the document's order."""

    variants: tuple[Type, ...]


class Nullable(Struct, frozen=True):
    """A type, or null."""

    inner: Type


class Named(Struct, frozen=True):
    """A reference to a `TypeDef` by its id."""

    id: str


class LiteralOf(Struct, frozen=True):
    """One of the listed strings or integers, without a name of its own."""

    values: tuple[str | int, ...]


class AnyJson(Struct, frozen=True):
    """Any JSON; `reason` says why there is no better type."""

    reason: str = ""


Type: TypeAlias = Primitive | ListOf | MapOf | Union | Nullable | Named | LiteralOf | AnyJson


def references(kind: Type) -> Iterator[str]:
    """Ids of the definitions that a type names, in order."""
    match kind:
        case Named(id=identity):
            yield identity
        case ListOf(item=inner) | MapOf(value=inner) | Nullable(inner=inner):
            yield from references(inner)
        case Union(variants=variants):
            for variant in variants:
                yield from references(variant)
        case _:
            pass


class Limits(Struct, frozen=True):
    """What a string must keep to.

    Args:
        max_length: characters; None for no limit.
        pattern: a regular expression, or empty.
        format: the document's own word, whether samekey knows it or not.
    """

    max_length: int | None = None
    pattern: str = ""
    format: str = ""


NO_LIMITS = Limits()


class Field(Struct, frozen=True):
    """A property of a model.

    Args:
        name: its name on the wire.
        type: its type.
        required: whether the document requires it.
        doc: description and constraints.
        read_only: comes back, is never sent.
        write_only: is sent, never comes back.
        deprecated: the document discourages it.
        limits: what a string must keep to.
        decodable: whether a decoder can have a field of this name; one that is not is sent, and does not come back.
    """

    name: str
    type: Type
    required: bool = False
    doc: str = ""
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False
    limits: Limits = NO_LIMITS
    decodable: bool = True


class Model(Struct, frozen=True):
    """An object with known properties.

    Args:
        id: where it stands in the document.
        name: words for its name: a component's name, or the way to an inline schema.
        fields: its properties in the document's order.
        extra: the type of further properties, where the document allows them explicitly.
        doc: its description.
        deprecated: the document discourages it.
    """

    id: str
    name: tuple[str, ...]
    fields: tuple[Field, ...]
    extra: Type | None = None
    doc: str = ""
    deprecated: bool = False


class Enum(Struct, frozen=True):
    """A closed list in the document, open in the SDK: of strings or of integers."""

    id: str
    name: tuple[str, ...]
    values: tuple[str, ...] | tuple[int, ...]
    doc: str = ""


class Discriminator(Struct, frozen=True):
    """The property that tells the variants of a union apart.

    Args:
        property: its name.
        mapping: the variant for each of its values.
        otherwise: the variant for all other values; None where the one that fits best is taken.
    """

    property: str
    mapping: tuple[tuple[str, Type], ...] = ()
    otherwise: Type | None = None


class Alias(Struct, frozen=True):
    """A named type that is no model: a union, or a type that contains itself."""

    id: str
    name: tuple[str, ...]
    target: Type
    discriminator: Discriminator | None = None
    doc: str = ""


TypeDef: TypeAlias = Model | Enum | Alias


class Location(StrEnum):
    """Where a parameter travels."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"


class Style(StrEnum):
    """How a parameter is spelled: the document's words, and what a media type or Swagger 2.0 says in their place.

    `JSON` is a parameter in JSON, `TAB` an array with tabs between its elements. The last three are the whole query
    (OpenAPI 3.2: `in: querystring`), as a form, in JSON, or as it is.
    """

    FORM = "form"
    SIMPLE = "simple"
    LABEL = "label"
    MATRIX = "matrix"
    SPACE = "spaceDelimited"
    PIPE = "pipeDelimited"
    DEEP = "deepObject"
    JSON = "json"
    TAB = "tabDelimited"
    WHOLE_FORM = "wholeForm"
    WHOLE_JSON = "wholeJson"
    WHOLE_TEXT = "wholeText"


class Spelling(Struct, frozen=True):
    """The style of a parameter with its modifiers."""

    style: Style
    explode: bool = False
    allow_reserved: bool = False


class Param(Struct, frozen=True):
    """A parameter of the path, the query, a header or a cookie."""

    name: str
    location: Location
    type: Type
    required: bool
    spelling: Spelling
    doc: str = ""
    deprecated: bool = False
    limits: Limits = NO_LIMITS
    starts_at: int | None = None
    """The number that the document gives as default, else as minimum."""


class BodyKind(StrEnum):
    """How a request body is written."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    RAW = "raw"


class Body(Struct, frozen=True):
    """The request body in the media type that is sent.

    Args:
        media_type: its name.
        kind: how it is written.
        type: what it holds.
        required: whether the document requires it.
        doc: its description.
        spellings: spellings of form fields that are not the default.
        part_types: media types of multipart parts.
    """

    media_type: str
    kind: BodyKind
    type: Type
    required: bool
    doc: str = ""
    spellings: tuple[tuple[str, Spelling], ...] = ()
    part_types: tuple[tuple[str, str], ...] = ()


class Code(Struct, frozen=True):
    """A single status."""

    value: int


class Range(Struct, frozen=True):
    """A class of statuses: 2 for 2XX."""

    first: int


class Default(Struct, frozen=True):
    """Every status that is not listed."""


Status: TypeAlias = Code | Range | Default


class StreamFormat(StrEnum):
    """How the items of a stream follow each other."""

    EVENTS = "sse"
    LINES = "jsonl"
    SEQUENCE = "json-seq"


class StreamOf(Struct, frozen=True):
    """A body that comes item by item.

    Args:
        format: how items follow each other.
        item: the type of an item; of the data, for events.
        media_type: its name.
        flag: the field of the request body that asks for the stream, or empty.
        sentinel: the data that ends a stream of events; None for the usual one.
        events: the types of data by the types of events, where these tell them apart.
    """

    format: StreamFormat
    item: Type
    media_type: str
    flag: str = ""
    sentinel: str | None = None
    events: tuple[tuple[str, Type], ...] = ()


class Response(Struct, frozen=True):
    """An answer under a status.

    Args:
        status: the status or statuses.
        type: what comes back; None where no body does, or only a stream.
        media_type: the name of the body's media type.
        doc: its description.
        stream: what comes back item by item, if the caller asks for it.
        links: whether it has a Link header.
    """

    status: Status
    type: Type | None
    media_type: str = ""
    doc: str = ""
    stream: StreamOf | None = None
    links: bool = False


class Paging(Struct, frozen=True):
    """How the pages of a list follow each other; ways lead from the answer to a value by names on the wire.

    Args:
        style: what the next request is made of.
        items: the way to the list; empty where the answer is the list.
        item: the type of an item.
        parameter: what is set for the next page, or empty where a URL says it all.
        in_body: whether that is a field of the body.
        next: the way to the cursor or URL; from the item to its id where the last item counts.
        more: the way to a flag that says whether there are more pages.
        last: the way to the number of the last page.
        first: the number of the first page, or the first offset.
        current: the way to this page's own number or offset, where only the answer says what the first one is.
    """

    style: PagingStyle
    items: tuple[str, ...]
    item: Type
    parameter: str = ""
    in_body: bool = False
    next: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    first: int = 0
    current: tuple[str, ...] = ()


class Safety(StrEnum):
    """What sending an operation twice may do (RETRIES.md section 1)."""

    SAFE = "safe"
    IDEMPOTENT = "idempotent"
    KEYED = "keyed"
    UNSAFE = "unsafe"


class RetryHint(Struct, frozen=True):
    """How the document wants an operation, or all of them, to be retried; None where it is silent.

    Args:
        max_retries: retries after the first attempt.
        initial_delay: seconds.
        max_delay: seconds.
        deadline: seconds for the whole call.
        statuses: statuses to retry; empty for all that are safe to.
    """

    max_retries: int | None = None
    initial_delay: float | None = None
    max_delay: float | None = None
    deadline: float | None = None
    statuses: tuple[int, ...] = ()


class Operation(Struct, frozen=True):
    """One method on one path.

    Args:
        key: what it is known by, in this document and in the next version of it: method and path, the words that set
            it apart from others of both, and a number where that is not enough.
        id: the document's operationId, or empty.
        method: the HTTP method as it is sent.
        path: the path template.
        tags: the document's tags.
        summary: one line.
        description: more lines.
        deprecated: the document discourages it.
        params: parameters without the idempotency key.
        body: the request body.
        responses: the answers in the document's order.
        security: alternatives of schemes; None for the API's default.
        safety: what sending it twice may do.
        profile: the dialect of idempotency that holds here.
        why: how the safety was decided.
        retry: how the document wants it to be retried.
        pointer: where it stands in the document.
        paging: how its pages follow each other, if it gives a list in pages.
        variant: words for what sets it apart from the same operation in other media types, such as `as csv`.
        server: the server of its own that it has in place of the API's, relative to that where it is no whole URL.
        declares_key: whether the document declares its idempotency key, rather than samekey assuming it.
    """

    key: str
    id: str
    method: str
    path: str
    tags: tuple[str, ...]
    summary: str
    description: str
    deprecated: bool
    params: tuple[Param, ...]
    body: Body | None
    responses: tuple[Response, ...]
    security: tuple[tuple[str, ...], ...] | None
    safety: Safety
    profile: Dialect
    why: str
    retry: RetryHint | None
    pointer: str
    paging: Paging | None = None
    variant: str = ""
    server: str = ""
    declares_key: bool = False


class SchemeKind(StrEnum):
    """Kinds of credentials that the SDK can send."""

    API_KEY = "apiKey"
    BASIC = "basic"
    BEARER = "bearer"
    HTTP = "http"
    """A scheme of HTTP that is neither basic nor bearer."""
    OAUTH2 = "oauth2"
    """A bearer token that the client can fetch with credentials of its own (RFC 6749 section 4.4)."""


class SecurityScheme(Struct, frozen=True):
    """A named way to authenticate.

    Args:
        id: its name in the document.
        kind: what is sent.
        name: the header, query parameter or cookie of an API key; the name of a scheme of HTTP.
        location: where an API key travels.
        doc: its description.
        token_url: where OAuth2 tokens come from; relative to the base URL where it is no whole URL.
        scopes: what an OAuth2 token is asked to be good for.
    """

    id: str
    kind: SchemeKind
    name: str = ""
    location: Location = Location.HEADER
    doc: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()


class ServerVariable(Struct, frozen=True):
    """A part of a server's URL that the user chooses; `default` is None where the document has none."""

    name: str
    default: str | None
    choices: tuple[str, ...] = ()
    doc: str = ""


class Server(Struct, frozen=True):
    """A base URL.

    Args:
        url: with the defaults of its variables filled in; empty where one of them has none.
        doc: its description.
        template: the URL with its variables in braces.
        variables: in the order of the URL.
        name: what the document calls it, if it does (OpenAPI 3.2).
    """

    url: str
    doc: str = ""
    template: str = ""
    variables: tuple[ServerVariable, ...] = ()
    name: str = ""


class Tag(Struct, frozen=True):
    """A group of operations."""

    name: str
    doc: str = ""


class Webhook(Struct, frozen=True):
    """What the API sends by itself: the webhook's name and its JSON payload."""

    name: str
    type: Type
    doc: str = ""


class Api(Struct, frozen=True):
    """The whole document, understood.

    Args:
        title: its title.
        version: its version.
        description: its description.
        servers: base URLs, the default first.
        schemes: ways to authenticate.
        security: the default alternatives of schemes.
        tags: declared tags with their descriptions.
        operations: in the document's order.
        types: type definitions by id, in the order of first use.
        profile: the default dialect of idempotency.
        retry: how the document wants all operations to be retried.
        webhooks: what the API sends by itself.
        home: the URI of the document, with which the ids of its own types begin.
    """

    title: str
    version: str
    description: str
    servers: tuple[Server, ...]
    schemes: tuple[SecurityScheme, ...]
    security: tuple[tuple[str, ...], ...]
    tags: tuple[Tag, ...]
    operations: tuple[Operation, ...]
    types: tuple[TypeDef, ...]
    profile: Dialect
    retry: RetryHint | None
    home: str = ""
    webhooks: tuple[Webhook, ...] = ()
