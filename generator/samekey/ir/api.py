"""The whole API: its servers, its ways to authenticate, and everything in it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from samekey_templates.runtime.safety import UnlistedRule

from samekey.ir.operations import Location

if TYPE_CHECKING:
    from samekey.config.dialect import Dialect
    from samekey.config.retry import RetryHint
    from samekey.ir.operations import Operation
    from samekey.ir.types import Type, TypeDef


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
        token_url: where OAuth2 tokens come from; relative to the base URL where it is not a whole URL.
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
    """What the API sends by itself.

    Args:
        name: its name in the document.
        type: its JSON payload.
        doc: its description.
        headers: the names of the headers that it is sent with.
        pointer: where it stands in its file.
        source: the path or URL of that file.
    """

    name: str
    type: Type
    doc: str = ""
    headers: tuple[str, ...] = ()
    pointer: str = ""
    source: str = ""


class About(Struct, frozen=True):
    """What a document says of itself for the people behind it; empty where it does not.

    Args:
        contact: the name of a person or an organisation.
        email: its e-mail address.
        homepage: its URL.
        licence: the identifier or the name of the licence.
        documentation: the URL of documentation elsewhere.
    """

    contact: str = ""
    email: str = ""
    homepage: str = ""
    licence: str = ""
    documentation: str = ""


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
        unlisted: what holds for operations that the document does not list.
        home: the URI of the document, with which the ids of its own types begin.
        parts: the URIs of further documents that are parts of it, each with the name of its part.
        about: what it says of itself.
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
    unlisted: UnlistedRule = UnlistedRule()
    home: str = ""
    webhooks: tuple[Webhook, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    about: About = About()
