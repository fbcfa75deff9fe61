"""Servers of OpenAPI 3 and of Swagger 2.0: the API's base URLs, and those of single paths and operations."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from samekey_templates.runtime.request.servers import filled

from samekey.ir import Server, ServerVariable
from samekey.lower.docs import described

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document.node import Node

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")


def servers_of_openapi3(root: Node) -> tuple[Server, ...]:
    """Return the API's servers, the default first: the first that needs no value from the user, if there is one."""
    listed = [server for server in _listed(root) if server.template]
    if not listed:
        return _own_host(root)
    default = next((server for server in listed if server.url), listed[0])
    return (default, *(server for server in listed if server is not default))


def servers_of_swagger2(root: Node) -> tuple[Server, ...]:
    """Return the server that `schemes`, `host` and `basePath` describe; https where it is offered."""
    host, base = root.text("host"), root.text("basePath")
    schemes = root.texts("schemes") or ("https",)
    scheme = "https" if "https" in schemes else schemes[0]
    url = f"{scheme}://{host}/{base.lstrip('/')}" if host else base
    return (_plain(_absolute(root, url)),) if url else _own_host(root)


def own_server(holders: Iterable[Node], api: tuple[Server, ...]) -> str:
    """Return an operation's server in place of the API's; empty for none (OpenAPI 3.1 sections 4.8.9 and 4.8.10).

    Args:
        holders: path item and operation; the last that has servers counts, and its first server.
        api: the API's servers, the default first; variables that it has as well stay in braces.
    """
    holder = next((holder for holder in reversed(list(holders)) if holder.get("servers") is not None), None)
    servers = _listed(holder) if holder is not None else []
    if holder is None or not servers:
        return ""
    default = api[0] if api else Server("")
    shared = {variable.name for variable in default.variables}
    url = filled(servers[0].template, _defaults(entry for entry in servers[0].variables if entry.name not in shared))
    if not _is_usable(url) or not shared.issuperset(_VARIABLE.findall(url)):
        message = f"the server {servers[0].template!r} cannot be used; the client's base URL is used instead"
        (holder.get("servers") or holder).warn("server-ignored", message)
        return ""
    return "" if url in {default.template, default.url} else url


def _listed(holder: Node) -> list[Server]:
    elements = holder.elements("servers") if holder.get("servers") is not None else ()
    return [_server(element) for element in elements if isinstance(element.value, dict)]


def _server(element: Node) -> Server:
    template = _absolute(element, element.text("url"))
    declared = dict(element.items("variables")) if element.get("variables") is not None else {}
    names = dict.fromkeys(_VARIABLE.findall(template))
    variables = tuple(_variable(name, declared.get(name)) for name in names)
    url = filled(template, _defaults(variables))
    complete = "" if "{" in url else url
    return Server(complete, described(element), template, variables, element.text("name"))


def _variable(name: str, node: Node | None) -> ServerVariable:
    if node is None or not isinstance(node.value, dict):
        return ServerVariable(name, None)
    choices = node.texts("enum")
    # `default` is required, but a list without it begins with what is meant.
    stated = node.get("default")
    default = node.text("default") if stated is not None else next(iter(choices), None)
    return ServerVariable(name, default, choices, described(node))


def _defaults(variables: Iterable[ServerVariable]) -> dict[str, str]:
    return {variable.name: variable.default for variable in variables if variable.default is not None}


def _own_host(root: Node) -> tuple[Server, ...]:
    """Return the host that a document without servers was read from; empty for a file (OpenAPI 3.1 section 4.8.1)."""
    url = _absolute(root, "/")
    return (_plain(url),) if "://" in url else ()


def _plain(url: str) -> Server:
    return Server(url, template=url)


def _absolute(node: Node, url: str) -> str:
    """Resolve a URL against the document's own (OpenAPI 3.1 section 4.8.5), without a slash at its end."""
    if url and "://" not in url and node.source.uri.startswith(("http://", "https://")):
        with suppress(ValueError):
            home = urlsplit(node.source.uri)
            # What it took to read the document is nobody else's.
            url = urljoin(home._replace(netloc=home.netloc.rpartition("@")[2]).geturl(), url)
    return url.rstrip("/") or url[:1]


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.netloc) if parts.scheme in {"http", "https"} else bool(url) and not parts.scheme
