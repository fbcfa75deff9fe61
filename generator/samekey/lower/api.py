"""The whole document to the IR: reads top to bottom, one word after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samekey.ir import Api, Operation, Tag
from samekey.lower.bodies import body_of_openapi3, body_of_swagger2
from samekey.lower.carriers import carriers_of, declared_header, is_key_parameter
from samekey.lower.extensions import FERN_IDEMPOTENT, fern_profile, honours_key, retry_hint
from samekey.lower.parameters import gather, lower_parameters
from samekey.lower.profiles import lower_profile, refine
from samekey.lower.responses import responses_of_openapi3, responses_of_swagger2
from samekey.lower.safety import judge
from samekey.lower.schemas import Schemas
from samekey.lower.security import lower_requirement, lower_schemes
from samekey.lower.servers import servers_of_openapi3, servers_of_swagger2
from samekey.profile import DEFAULT, Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from samekey.document import Document, Node
    from samekey.ir import Body, Param, Response, Server

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a version of OpenAPI keeps what the others keep elsewhere."""

    servers: Callable[[Node], tuple[Server, ...]]
    schemes: Callable[[Node], Iterable[tuple[str, Node]]]
    body: Callable[[Node, list[Node], Schemas, str], Body | None]
    responses: Callable[[Node, Schemas, str], tuple[Response, ...]]
    body_places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Site:
    """An operation where it stands, before its safety is known."""

    method: str
    path: str
    node: Node
    params: tuple[Param, ...]
    body: Body | None
    responses: tuple[Response, ...]
    profile: Profile


def lower(document: Document, config: Node | None = None) -> Api | None:
    """Understand a document.

    Args:
        document: the loaded document; findings go to its sink.
        config: what the config file says of idempotency; it weighs more than the document (RETRIES.md section 2).

    Returns:
        The API, or None where the document is no OpenAPI document, or one without end (reported as an error).
    """
    root = document.node
    dialect = _dialect(root)
    if dialect is None:
        return None
    schemas = Schemas()
    told = lower_profile(root, fern_profile(root, DEFAULT))
    stated = told if config is None else refine(config, told)
    sites = list(_sites(root, dialect, schemas, told, config))
    header = declared_header(site.params for site in sites)
    marked = any(site.node.flag(FERN_IDEMPOTENT) for site in sites)
    operations = tuple(_operation(site, schemas, header, marked=marked) for site in sites)
    if schemas.exhausted:
        return None
    info = root.get("info")
    return Api(
        title=(info.text("title") if info else "") or "API",
        version=info.text("version") if info else "",
        description=info.text("description") if info else "",
        servers=dialect.servers(root),
        schemes=lower_schemes(dialect.schemes(root)),
        security=lower_requirement(root) or (),
        tags=tuple(_tags(root)),
        operations=operations,
        types=tuple(schemas.definitions.values()),
        profile=_named(stated, header),
        retry=retry_hint(root),
    )


def _named(profile: Profile, header: str) -> Profile:
    """The document's own name for the key header, unless somebody chose another."""
    return replace(profile, name=header) if header and not _is_stated(profile) else profile


def _is_stated(profile: Profile) -> bool:
    """Whether somebody said where the key travels."""
    return profile.name != DEFAULT.name or profile.carrier is not DEFAULT.carrier


def _dialect(root: Node) -> Dialect | None:
    stated = next((word for word in ("openapi", "swagger") if root.get(word) is not None), "")
    version = root.text(stated)
    if version.startswith("3."):
        return _OPENAPI3
    if version.startswith("2"):
        return _SWAGGER2
    hint = "a document starts with `openapi: 3.x.y` or `swagger: '2.0'`"
    if not isinstance(root.value, dict):
        root.error("not-openapi", "this is not an OpenAPI document", hint)
    elif version:
        holder = root.get(stated) or root
        holder.error("version-unsupported", f"OpenAPI {version} is not supported", hint)
    elif root.has("paths"):
        root.warn("version-missing", "the document does not say its version; read as OpenAPI 3", hint)
        return _OPENAPI3
    else:
        root.error("not-openapi", "this is not an OpenAPI document: it names no version", hint)
    return None


def _sites(root: Node, dialect: Dialect, schemas: Schemas, profile: Profile, config: Node | None) -> Iterable[_Site]:
    for path, element in root.items("paths") if root.get("paths") else ():
        if path.startswith("x-"):
            continue
        item = element.follow()
        if item is None:
            element.error("path-lost", f"the path {path!r} cannot be resolved; its operations are missing")
            continue
        if not isinstance(item.value, dict):
            element.error("path-lost", f"the path {path!r} is no mapping; its operations are missing")
            continue
        _report_own_servers(item)
        for method in METHODS:
            if not item.has(method):
                continue
            # An operation of nothing is an operation without words.
            node = item.get(method) or item.child(method, {})
            _report_own_servers(node)
            if not isinstance(node.value, dict):
                node.error("not-an-operation", f"expected an operation under {method!r}; it is missing from the output")
                continue
            told = lower_profile(node, lower_profile(item, profile))
            stated = told if config is None else refine(config, told)
            yield _site(path, method, item, node, dialect, schemas, stated)


def _report_own_servers(holder: Node) -> None:
    servers = holder.get("servers") if isinstance(holder.value, dict) else None
    if servers is not None:
        servers.warn("server-ignored", "servers of a path or an operation are ignored; the client's base URL is used")


def _site(
    path: str, method: str, item: Node, node: Node, dialect: Dialect, schemas: Schemas, profile: Profile
) -> _Site:
    hint = node.text("operationId") or f"{method} {path}"
    declared = gather(item, node)
    return _Site(
        method.upper(),
        path if path.startswith("/") else f"/{path}",
        node,
        tuple(lower_parameters(declared, node, path, schemas, hint, dialect.body_places)),
        dialect.body(node, declared, schemas, hint),
        dialect.responses(node, schemas, hint),
        profile,
    )


def _operation(site: _Site, schemas: Schemas, header: str, *, marked: bool) -> Operation:
    node = site.node
    profile = honours_key(node, marked=marked, profile=_named(site.profile, header))
    found = carriers_of(site.params, site.body, schemas)
    if _is_stated(site.profile):
        # What the extension or the config says weighs more than what was found (RETRIES.md section 2).
        found = [entry for entry in found if (entry.carrier, entry.name) == (profile.carrier, profile.name)]
    verdict = judge(node, site.method, found[0] if found else None, site.body, site.responses, schemas, profile)
    return Operation(
        id=node.text("operationId"),
        method=site.method,
        path=site.path,
        tags=node.texts("tags"),
        summary=node.text("summary").strip(),
        description=node.text("description").strip(),
        deprecated=node.flag("deprecated"),
        # An optional key parameter never becomes an argument: keyed calls fill it, the others do not need it.
        params=tuple(param for param in site.params if not _is_filled(param, verdict.profile, verdict.safety)),
        body=site.body,
        responses=site.responses,
        security=lower_requirement(node),
        safety=verdict.safety,
        profile=verdict.profile,
        why=verdict.why,
        retry=retry_hint(node),
        pointer=node.pointer,
    )


def _is_filled(param: Param, profile: Profile, safety: str) -> bool:
    if not is_key_parameter(param):
        return False
    return not param.required or (safety == "keyed" and param.name == profile.name)


def _tags(root: Node) -> Iterable[Tag]:
    for element in root.elements("tags") if root.get("tags") else ():
        if isinstance(element.value, dict) and element.text("name"):
            yield Tag(element.text("name"), element.text("description"))


def _swagger2_body(node: Node, parameters: list[Node], schemas: Schemas, hint: str) -> Body | None:
    return body_of_swagger2(node, parameters, _media(node, "consumes"), schemas, hint)


def _swagger2_responses(node: Node, schemas: Schemas, hint: str) -> tuple[Response, ...]:
    return responses_of_swagger2(node, _media(node, "produces"), schemas, hint)


def _media(node: Node, word: str) -> tuple[str, ...]:
    return node.texts(word) or node.document.node.texts(word)


def _openapi3_schemes(root: Node) -> Iterable[tuple[str, Node]]:
    components = root.get("components")
    return components.items("securitySchemes") if components is not None else ()


_OPENAPI3 = Dialect(
    servers=servers_of_openapi3,
    schemes=_openapi3_schemes,
    body=lambda node, _, schemas, hint: body_of_openapi3(node, schemas, hint),
    responses=responses_of_openapi3,
)
_SWAGGER2 = Dialect(
    servers=servers_of_swagger2,
    schemes=lambda root: root.items("securityDefinitions"),
    body=_swagger2_body,
    responses=_swagger2_responses,
    body_places=frozenset({"body", "formData"}),
)
