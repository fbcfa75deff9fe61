"""Operations: what is sent, what comes back, and how it is retried and paged."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from samekey.ir.types import NO_LIMITS, Limits

if TYPE_CHECKING:
    from samekey_templates.runtime.retry.dialect import Carrier
    from samekey_templates.runtime.safety import Evidence, Safety

    from samekey.config.dialect import Dialect
    from samekey.config.pagination import PagingStyle
    from samekey.config.retry import RetryHint
    from samekey.ir.types import Type


class Location(StrEnum):
    """Where a parameter travels."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"


class Style(StrEnum):
    """How a parameter is spelled: the document's words, and what a media type or Swagger 2.0 says in their place.

    `JSON` is a parameter in JSON, `BASE64` bytes that travel as text, `TAB` an array with tabs in between. The
    last three are the whole query (OpenAPI 3.2: `in: querystring`), as a form, in JSON, or as it is.
    """

    FORM = "form"
    SIMPLE = "simple"
    LABEL = "label"
    MATRIX = "matrix"
    SPACE = "spaceDelimited"
    PIPE = "pipeDelimited"
    DEEP = "deepObject"
    JSON = "json"
    BASE64 = "base64"
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
    on_client: bool = False
    """Whether the client may be given it, for all calls that do not say it themselves."""
    example: str = ""
    """The document's own example, as JSON; empty for none."""
    called: str = ""
    """What it is to be called, in a word for another generator, or empty."""

    @property
    def is_demanded(self) -> bool:
        """Whether each call must say it: it is required, and no client can have been given it."""
        return self.required and not self.on_client

    @property
    def is_positional(self) -> bool:
        """Whether a call gives it by its place: what can be left out has none."""
        return self.location is Location.PATH and self.is_demanded


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
        spellings: spellings of form fields that are not the default; under "" that of fields without one of their own.
        part_types: media types of multipart parts.
        example: the document's own example, as JSON; empty for none.
    """

    media_type: str
    kind: BodyKind
    type: Type
    required: bool
    doc: str = ""
    spellings: tuple[tuple[str, Spelling], ...] = ()
    part_types: tuple[tuple[str, str], ...] = ()
    example: str = ""


class StatusCode(Struct, frozen=True):
    """A single status."""

    value: int


class Range(Struct, frozen=True):
    """A class of statuses: 2 for 2XX."""

    first: int


class Default(Struct, frozen=True):
    """Every status that is not listed."""


Status: TypeAlias = StatusCode | Range | Default


class StreamFormat(StrEnum):
    """How the items of a stream follow each other."""

    EVENTS = "sse"
    LINES = "jsonl"
    SEQUENCE = "json-seq"
    ANY = "any"
    """As the answer says: the document says nothing of what comes."""


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
        headers: the names of its documented headers.
        example: the document's own example of the body, as JSON; empty for none.
    """

    status: Status
    type: Type | None
    media_type: str = ""
    doc: str = ""
    stream: StreamOf | None = None
    headers: tuple[str, ...] = ()
    example: str = ""

    @property
    def links(self) -> bool:
        """Whether it has a Link header (RFC 8288)."""
        return self.has_header("link")

    def has_header(self, *names: str) -> bool:
        """Whether it has one of some headers, which are given in lower case."""
        return any(header.lower() in names for header in self.headers)


class Paging(Struct, frozen=True):
    """How the pages of a list follow each other; paths lead from the answer to a value by names on the wire.

    Args:
        style: what the next request is made of.
        items: the path to the list; empty where the answer is the list.
        item: the type of an item.
        parameter: what is set for the next page, or empty where a URL says it all.
        in_body: whether that is a field of the body.
        next: the path to the cursor or URL; from the item to its id where the last item counts.
        more: the path to a flag that says whether there are more pages.
        last: the path to the number of the last page.
        first: the number of the first page, or the first offset.
        current: the path to this page's own number or offset, where only the answer says what the first one is.
        within: the objects, from the outermost, in which the parameter lies.
        done: the path to a flag that says whether this was the last page.
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
    within: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


class DeclaredKey(Struct, frozen=True):
    """A carrier of an idempotency key that the document declares at an operation.

    Args:
        carrier: where the key travels.
        name: the header, query parameter or body field.
        limits: what a key must look like there.
        required: whether a request without it is refused.
        within: the fields of the body, from the outermost, in which a body field lies.
        is_proposed: whether an overlay added it, so that the document itself says nothing of it.
        is_own: whether it holds for this operation alone, and not for all methods of its path.
        doc: its description.
    """

    carrier: Carrier
    name: str
    limits: Limits
    required: bool
    within: tuple[str, ...] = ()
    is_proposed: bool = False
    is_own: bool = True
    doc: str = ""


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
        retry: how the document or the config wants it to be retried.
        pointer: where it stands in its file.
        paging: how its pages follow each other, if it gives a list in pages.
        variant: words for what sets it apart from the same operation in other media types, such as `as csv`.
        server: the server of its own that it has in place of the API's, relative to that where it is not a whole URL.
        evidence: who says that the API honours its idempotency key; None where it has none.
        key_only: whether it is retried as if it had no key, since nobody says that the API honours it.
        source: the path or URL of the file in which it stands.
        declared: the carriers of a key that it declares, whether or not they count, parameters before fields.
        issues_tokens: whether it is the token endpoint of one of the document's own OAuth2 flows.
        lists_accept: whether the document says what Accept may be, so that nothing else may be asked for.
        group: where it is to be found in an SDK, in words for another generator; one for each level, or none.
        called: what it is to be called there, likewise; or empty.
        left_out: the word for another generator that wants it in no SDK, or empty.
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
    evidence: Evidence | None = None
    key_only: bool = False
    source: str = ""
    declared: tuple[DeclaredKey, ...] = ()
    issues_tokens: bool = False
    lists_accept: bool = False
    group: tuple[str, ...] = ()
    called: str = ""
    left_out: str = ""
