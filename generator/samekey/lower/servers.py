"""Servers of OpenAPI 3 and of Swagger 2.0, as base URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from samekey.ir import Server
from samekey.lower.docs import described

if TYPE_CHECKING:
    from samekey.document import Node


def servers_of_openapi3(root: Node) -> tuple[Server, ...]:
    """The servers with the defaults of their variables filled in."""
    found: list[Server] = []
    for element in root.elements("servers") if root.get("servers") else ():
        url = element.text("url")
        for name, variable in element.items("variables") if element.get("variables") else ():
            choices = variable.texts("enum")
            default = variable.text("default") or (choices[0] if choices else "")
            if default:
                url = url.replace(f"{{{name}}}", default)
        found.append(Server(_absolute(root, url), described(element)))
    usable = tuple(server for server in found if server.url)
    return usable or _own_host(root)


def servers_of_swagger2(root: Node) -> tuple[Server, ...]:
    """The server that `schemes`, `host` and `basePath` describe; https where it is offered."""
    host, base = root.text("host"), root.text("basePath")
    schemes = root.texts("schemes") or ("https",)
    scheme = "https" if "https" in schemes else schemes[0]
    url = f"{scheme}://{host}/{base.lstrip('/')}" if host else base
    return (Server(_absolute(root, url)),) if url else _own_host(root)


def _own_host(root: Node) -> tuple[Server, ...]:
    """Without servers, a document that came from a URL speaks for its own host (OpenAPI 3.1 section 4.8.1)."""
    url = _absolute(root, "/")
    return (Server(url),) if "://" in url else ()


def _absolute(root: Node, url: str) -> str:
    """A relative URL against the document's own (OpenAPI 3.1 section 4.8.5), without a slash at its end."""
    if "://" not in url and root.source.uri.startswith(("http://", "https://")):
        url = urljoin(root.source.uri, url)
    return url.rstrip("/") if "{" not in url else ""
