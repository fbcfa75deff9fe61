"""Security schemes and requirements of OpenAPI 3 and of Swagger 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.text import is_token

from samekey.ir import Location, SchemeKind, SecurityScheme
from samekey.lower.docs import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from samekey.document.node import Node
    from samekey.ir import Param, Server

Requirement: TypeAlias = tuple[tuple[str, ...], ...]
"""Alternatives; each names the schemes that it needs together."""
DeclaredSchemes: TypeAlias = Mapping[str, SecurityScheme | None]
"""Declared schemes by name; None for one whose credentials the SDK does not send."""

_IN_CONNECTION: Final = "give the client its certificate: cert=('me.pem', 'me.key')"
_DIGEST: Final = "it answers a challenge: give the client http_client=httpx.Client(auth=httpx.DigestAuth(…))"
_OWN_HEADERS: Final = "pass headers= to the client"


def lower_schemes(entries: Iterable[tuple[str, Node]]) -> DeclaredSchemes:
    """Return the declared security schemes; those that the SDK cannot send credentials for are reported."""
    return {name: _scheme(name, element) for name, element in entries}


def lower_requirement(node: Node, schemes: DeclaredSchemes) -> Requirement | None:
    """Return the alternatives under `security`; None where the word is missing, empty where nothing is needed.

    A scheme that is not declared, or whose credentials travel in the connection, asks nothing of the SDK.
    """
    if not node.has("security"):
        return None
    return tuple(tuple(_names(element, schemes)) for element in node.elements("security"))


class Security(Struct, frozen=True):
    """The security of a document.

    Args:
        declared: its schemes.
        usual: the alternatives of operations that say nothing of their own.
    """

    declared: DeclaredSchemes
    usual: Requirement

    def fills(self, param: Param, needed: Requirement | None) -> bool:
        """Whether a parameter is the place of a credential, which the client sends by itself.

        Args:
            param: a parameter of an operation.
            needed: the operation's own alternatives; None where it has none.
        """
        names = {name for names in (self.usual if needed is None else needed) for name in names}
        return any(_is_place(scheme, param) for name, scheme in self.declared.items() if name in names)


def _is_place(scheme: SecurityScheme | None, param: Param) -> bool:
    if scheme is None or scheme.kind is not SchemeKind.API_KEY or scheme.location is not param.location:
        return False
    if param.location is Location.HEADER:
        return scheme.name.lower() == param.name.lower()
    return scheme.name == param.name


def scoped(
    declared: DeclaredSchemes, root: Node, operations: Iterable[Node], servers: tuple[Server, ...]
) -> tuple[SecurityScheme, ...]:
    """Return the schemes that the SDK sends credentials for, with the scopes that their tokens are asked for.

    A token is asked to be good for the scopes of the document's default `security`, and where that names none, for
    those of all operations. A token URL on the API's own host follows the base URL, wherever that leads.
    """
    everywhere = list(operations)
    found: list[SecurityScheme] = []
    for name, scheme in declared.items():
        if scheme is not None and scheme.kind is SchemeKind.OAUTH2:
            scopes = _scopes(name, [root]) or _scopes(name, everywhere)
            url = _relative(scheme.token_url, servers[0].url if servers else "")
            found.append(replace(scheme, scopes=scopes, token_url=url))
        elif scheme is not None:
            found.append(scheme)
    return tuple(found)


def token_paths(entries: Iterable[tuple[str, Node]], servers: tuple[Server, ...]) -> frozenset[str]:
    """Return the paths below a server at which the document's own OAuth2 flows get their tokens."""
    holders = [node for _, entry in entries if (node := entry.follow()) is not None and isinstance(node.value, dict)]
    holders += [flow for node in holders if node.get("flows") is not None for _, flow in node.items("flows")]
    urls = [flow.text(word) for flow in holders if isinstance(flow.value, dict) for word in ("tokenUrl", "refreshUrl")]
    return frozenset(path for url in urls if url for path in _paths_of(url, [server.url for server in servers] or [""]))


def _paths_of(url: str, servers: Sequence[str]) -> Iterator[str]:
    for server in servers:
        try:
            parts, base = urlsplit(url), urlsplit(server)
        except ValueError:
            continue
        if parts.netloc and base.netloc and parts.netloc != base.netloc:
            continue
        path = f"/{parts.path.lstrip('/')}"
        prefix = base.path.rstrip("/")
        yield path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path


def _relative(url: str, server: str) -> str:
    """Return a URL on a server's own host without the host, and any other URL as it is."""
    try:
        parts, own = urlsplit(url), urlsplit(server)
    except ValueError:
        return url
    if not parts.netloc or (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
        return url
    return parts._replace(scheme="", netloc="").geturl() or "/"


def _names(element: Node, schemes: DeclaredSchemes) -> Iterator[str]:
    """Yield the schemes of one alternative whose credentials the SDK sends; undeclared ones are reported."""
    headers: dict[str, str] = {}
    for name, entry in element.items():
        if name not in schemes:
            entry.warn(
                "security-undeclared",
                f"there is no security scheme {name!r}; the operation is called without it",
                "declare it under the document's security schemes, or correct the name",
            )
            continue
        scheme = schemes[name]
        if scheme is None:
            continue
        header = _header(scheme).lower()
        if header and header in headers:
            entry.warn(
                "security-conflict",
                f"{headers[header]!r} and {name!r} both set the header {_header(scheme)}; the last one counts",
            )
        headers[header] = name
        yield name


def _header(scheme: SecurityScheme) -> str:
    if scheme.kind is not SchemeKind.API_KEY:
        return "Authorization"
    return scheme.name if scheme.location is Location.HEADER else ""


def _scopes(name: str, holders: Iterable[Node]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for holder in holders:
        # What makes no sense there has been reported when the requirement was read.
        listed = holder.value.get("security") if isinstance(holder.value, dict) else None
        for alternative in listed if isinstance(listed, list) else ():
            wanted = alternative.get(name) if isinstance(alternative, dict) else None
            for scope in wanted if isinstance(wanted, list) else ():
                if isinstance(scope, str) and scope.strip():
                    found[scope.strip()] = None
    return tuple(found)


def _scheme(name: str, element: Node) -> SecurityScheme | None:
    node = element.follow()
    if node is None or not isinstance(node.value, dict):
        return None
    doc = described(node) if node.has("description") else ""
    match node.text("type"):
        case "apiKey":
            found = _api_key(name, node, doc)
        case "basic":
            found = SecurityScheme(name, SchemeKind.BASIC, doc=doc)
        case "http":
            found = _http(name, node, doc)
        case "oauth2":
            found = _oauth2(name, node, doc)
        case "openIdConnect":
            found = SecurityScheme(name, SchemeKind.BEARER, doc=doc)
        case _:
            found = None
    if found is None:
        _report(name, node, element)
    return found


def _report(name: str, node: Node, element: Node) -> None:
    if node.text("type") == "mutualTLS":
        message = f"the security scheme {name!r} is part of the connection"
        element.document.diagnostics.note("security-in-connection", message, element.place, _IN_CONNECTION)
        return
    hint = _DIGEST if node.text("scheme").lower() == "digest" else _OWN_HEADERS
    element.warn("security-unsupported", f"the security scheme {name!r} is not supported", hint)


def _api_key(name: str, node: Node, doc: str) -> SecurityScheme | None:
    location, carrier = node.text("in").lower(), node.text("name")
    if location not in {"header", "query", "cookie"} or not carrier:
        return None
    if location != "query" and not is_token(carrier):
        return None
    return SecurityScheme(name, SchemeKind.API_KEY, carrier, Location(location), doc)


def _http(name: str, node: Node, doc: str) -> SecurityScheme | None:
    scheme = node.text("scheme")
    match scheme.lower():
        case "basic":
            return SecurityScheme(name, SchemeKind.BASIC, doc=doc)
        case "bearer":
            return SecurityScheme(name, SchemeKind.BEARER, doc=doc)
        case "digest":
            # What is sent depends on the server's challenge and on the request, so no value given once can be right.
            return None
        case _ if is_token(scheme):
            return SecurityScheme(name, SchemeKind.HTTP, scheme, doc=doc)
        case _:
            return None


def _oauth2(name: str, node: Node, doc: str) -> SecurityScheme:
    flow = _client_credentials(node)
    if flow is None:
        return SecurityScheme(name, SchemeKind.BEARER, doc=doc)
    url = flow.text("tokenUrl").strip()
    if not _is_token_url(url):
        flow.warn("token-url-unusable", f"{url!r} is not a URL to fetch tokens from; bring a token of your own")
        return SecurityScheme(name, SchemeKind.BEARER, doc=doc)
    return SecurityScheme(name, SchemeKind.OAUTH2, doc=doc, token_url=url)


def _client_credentials(node: Node) -> Node | None:
    """Return the OAuth2 flow without a person, as OpenAPI 3 and Swagger 2.0 spell it; None where there is none."""
    flows = node.get("flows")
    if flows is not None:
        found = flows.get("clientCredentials")
        return found if found is not None and isinstance(found.value, dict) else None
    return node if node.text("flow") == "application" else None


def _is_token_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(url) and (parts.scheme in {"http", "https"} if parts.netloc else not parts.scheme)
