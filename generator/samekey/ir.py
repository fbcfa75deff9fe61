"""The API as samekey understands it: frozen data and closed unions, with wire names only.

Nothing here knows Python; identifiers are given in `names.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from samekey.profile import Profile


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


@dataclass(frozen=True, slots=True)
class Primitive:
    """A scalar."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    item: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with free keys."""

    value: Type


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types, in the document's order."""

    variants: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Nullable:
    """A type, or null."""

    inner: Type


@dataclass(frozen=True, slots=True)
class Named:
    """A reference to a `TypeDef` by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class LiteralOf:
    """One of the listed strings or integers, without a name of its own."""

    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class AnyJson:
    """Any JSON; `reason` says why there is no better type."""

    reason: str = ""


Type: TypeAlias = Primitive | ListOf | MapOf | Union | Nullable | Named | LiteralOf | AnyJson


@dataclass(frozen=True, slots=True)
class Limits:
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


@dataclass(frozen=True, slots=True)
class Field:
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


@dataclass(frozen=True, slots=True)
class Model:
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


@dataclass(frozen=True, slots=True)
class Enum:
    """A closed list in the document, open in the SDK: of strings or of integers."""

    id: str
    name: tuple[str, ...]
    values: tuple[str, ...] | tuple[int, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Discriminator:
    """The property that tells the variants of a union apart, and the variant for each of its values."""

    property: str
    mapping: tuple[tuple[str, Type], ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
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
    """How a parameter is spelled; `JSON` for one that is described by a media type."""

    FORM = "form"
    SIMPLE = "simple"
    LABEL = "label"
    MATRIX = "matrix"
    SPACE = "spaceDelimited"
    PIPE = "pipeDelimited"
    DEEP = "deepObject"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Spelling:
    """The style of a parameter with its modifiers."""

    style: Style
    explode: bool = False
    allow_reserved: bool = False


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the path, the query, a header or a cookie."""

    name: str
    location: Location
    type: Type
    required: bool
    spelling: Spelling
    doc: str = ""
    deprecated: bool = False
    limits: Limits = NO_LIMITS


class BodyKind(StrEnum):
    """How a request body is written."""

    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Body:
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


@dataclass(frozen=True, slots=True)
class Code:
    """A single status."""

    value: int


@dataclass(frozen=True, slots=True)
class Range:
    """A class of statuses: 2 for 2XX."""

    first: int


@dataclass(frozen=True, slots=True)
class Default:
    """Every status that is not listed."""


Status: TypeAlias = Code | Range | Default


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: what comes back under a status; `type` is None where no body does."""

    status: Status
    type: Type | None
    media_type: str = ""
    doc: str = ""


class Safety(StrEnum):
    """What sending an operation twice may do (RETRIES.md section 1)."""

    SAFE = "safe"
    IDEMPOTENT = "idempotent"
    KEYED = "keyed"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class RetryHint:
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


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path.

    Args:
        id: the document's operationId, or empty.
        method: the HTTP method in capitals.
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
    """

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
    profile: Profile
    why: str
    retry: RetryHint | None
    pointer: str


class SchemeKind(StrEnum):
    """Kinds of credentials that the SDK can send."""

    API_KEY = "apiKey"
    BASIC = "basic"
    BEARER = "bearer"


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A named way to authenticate.

    Args:
        id: its name in the document.
        kind: what is sent.
        name: the header, query parameter or cookie, for an API key.
        location: where an API key travels.
        doc: its description.
    """

    id: str
    kind: SchemeKind
    name: str = ""
    location: Location = Location.HEADER
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A base URL with its variables filled in."""

    url: str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations."""

    name: str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Api:
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
    profile: Profile
    retry: RetryHint | None
