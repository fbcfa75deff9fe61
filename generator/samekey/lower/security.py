"""Security schemes and requirements of OpenAPI 3 and of Swagger 2.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.ir import Location, SchemeKind, SecurityScheme
from samekey.lower.docs import described

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document import Node

_BEARERS = frozenset({"oauth2", "openIdConnect"})


def lower_schemes(entries: Iterable[tuple[str, Node]]) -> tuple[SecurityScheme, ...]:
    """The schemes that the SDK can send credentials for; the others are reported."""
    found: list[SecurityScheme] = []
    for name, element in entries:
        node = element.follow()
        if node is None or not isinstance(node.value, dict):
            continue
        scheme = _scheme(name, node)
        if scheme is None:
            element.warn(
                "security-unsupported", f"the security scheme {name!r} is not supported; pass headers yourself"
            )
        else:
            found.append(scheme)
    return tuple(found)


def lower_requirement(node: Node) -> tuple[tuple[str, ...], ...] | None:
    """The alternatives under `security`; None where the word is missing, empty where nothing is needed."""
    if not node.has("security"):
        return None
    return tuple(tuple(name for name, _ in element.items()) for element in node.elements("security"))


def _scheme(name: str, node: Node) -> SecurityScheme | None:
    doc = described(node) if node.has("description") else ""
    kind = node.text("type")
    if kind == "apiKey":
        location = node.text("in").lower()
        if location in {"header", "query", "cookie"} and node.text("name"):
            return SecurityScheme(name, SchemeKind.API_KEY, node.text("name"), Location(location), doc)
        return None
    if kind == "basic":
        return SecurityScheme(name, SchemeKind.BASIC, doc=doc)
    if kind == "http":
        scheme = node.text("scheme").lower()
        if scheme == "basic":
            return SecurityScheme(name, SchemeKind.BASIC, doc=doc)
        return SecurityScheme(name, SchemeKind.BEARER, doc=doc) if scheme == "bearer" else None
    return SecurityScheme(name, SchemeKind.BEARER, doc=doc) if kind in _BEARERS else None
