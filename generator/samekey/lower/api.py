"""The whole document to the IR: reads top to bottom, one word after the other."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.safety import METHODS
from samekey_templates.runtime.text import is_token

from samekey.config.dialect import DEFAULT, Carrier, Dialect
from samekey.config.idempotency import SILENT, StatedDialect, stated_by
from samekey.document.versions import NEWEST, OLDEST, version_of
from samekey.identifiers import unique
from samekey.ir import Api, Operation, Safety, Tag
from samekey.lower.bodies import bodies_of_openapi3, body_of_swagger2
from samekey.lower.extensions import FERN_IDEMPOTENT, fern_profile, honours_key, retry_hint
from samekey.lower.key_location import Found, declared_header, declared_keys, is_key_parameter
from samekey.lower.pagination import Pages
from samekey.lower.parameters import gather, lower_parameters
from samekey.lower.responses import Answers, responses_of_openapi3, responses_of_swagger2
from samekey.lower.safety import judge
from samekey.lower.schemas import Schemas
from samekey.lower.security import Security, lower_requirement, lower_schemes, scoped
from samekey.lower.servers import own_server, servers_of_openapi3, servers_of_swagger2
from samekey.lower.streams import with_flag, with_stream_extension
from samekey.lower.webhooks import lower_webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from samekey.config.pagination import ConfiguredPages
    from samekey.document.node import Document, Node
    from samekey.ir import Body, Param, Response, Server

METHOD_WORDS = frozenset(method.lower() for method in METHODS)
"""The words of a path item under which its operations stand."""


class Edition(Struct, frozen=True):
    """Where a version of OpenAPI keeps what the others keep elsewhere."""

    servers: Callable[[Node], tuple[Server, ...]]
    schemes: Callable[[Node], Iterable[tuple[str, Node]]]
    bodies: Callable[[Node, list[Node], Schemas, str], tuple[tuple[str, Body], ...]]
    responses: Callable[[Node, Schemas, str], Answers]
    body_places: frozenset[str] = frozenset()


class _Site(Struct, frozen=True):
    """An operation where it stands, before its safety is known.

    Args:
        method: the HTTP method.
        path: the path template.
        node: where it stands in the document.
        params: its parameters and those of its path.
        own_params: the names of those that hold for this operation alone.
        body: the request body.
        responses: the answers.
        profile: the dialect that holds here.
        variant: words for what sets it apart from the same operation in other media types.
        server: the server of its own.
    """

    method: str
    path: str
    node: Node
    params: tuple[Param, ...]
    own_params: frozenset[str]
    body: Body | None
    responses: tuple[Response, ...]
    profile: Dialect
    variant: str = ""
    server: str = ""

    @property
    def gives_other_media(self) -> bool:
        """Whether this is the sister of an operation that answers in another media type."""
        return self.variant.startswith("as ")


def lower(
    document: Document, stated: StatedDialect = SILENT, pages: Mapping[str, ConfiguredPages] | None = None
) -> Api | None:
    """Lower a whole document to the intermediate representation (IR).

    Args:
        document: the loaded document; findings go to its sink.
        stated: what the config says of idempotency; it weighs more than the document (docs/retry-rules.md, section 2).
        pages: what the config file says of lists in pages.

    Returns:
        The API, or None where the document is no OpenAPI document, or one without end (reported as an error).
    """
    root = document.node
    edition = _edition(root)
    if edition is None:
        return None
    schemas = Schemas()
    documented = stated_by(root).refine(fern_profile(root, DEFAULT))
    servers = edition.servers(root)
    declared = lower_schemes(edition.schemes(root))
    sites = list(_sites(root, edition, schemas, documented, stated, servers))
    header = declared_header(site.params for site in sites)
    marked = any(site.node.flag(FERN_IDEMPOTENT) for site in sites)
    paging = Pages(schemas.definitions, pages or {})
    security = Security(declared, lower_requirement(root, declared) or ())
    keys = unique(f"{site.method} {site.path} {site.variant}".rstrip() for site in sites)
    operations = tuple(
        _operation(site, key, schemas, security, header, paging, marked=marked)
        for site, key in zip(sites, keys, strict=True)
    )
    paging.report_unused(document.diagnostics)
    webhooks = lower_webhooks(root, schemas, METHOD_WORDS)
    if schemas.exhausted:
        return None
    info = root.get("info")
    return Api(
        title=(info.text("title") if info else "") or "API",
        version=info.text("version") if info else "",
        description=info.text("description") if info else "",
        servers=servers,
        schemes=scoped(declared, root, (site.node for site in sites), servers),
        security=security.usual,
        tags=tuple(_tags(root)),
        operations=operations,
        types=tuple(schemas.definitions.values()),
        profile=_named(stated.refine(documented), header),
        retry=retry_hint(root),
        home=root.source.uri,
        webhooks=webhooks,
    )


def _named(profile: Dialect, header: str) -> Dialect:
    """Return a profile with the document's own name for the key header, unless somebody chose another."""
    return replace(profile, name=header) if header and not _is_stated(profile) else profile


def _is_stated(profile: Dialect) -> bool:
    """Whether a profile puts the idempotency key anywhere else than the default does."""
    return profile.name != DEFAULT.name or profile.carrier is not DEFAULT.carrier


def _edition(root: Node) -> Edition | None:
    stated = next((word for word in ("openapi", "swagger") if root.get(word) is not None), "")
    version = root.text(stated)
    known = version_of(root.value)
    if known is not None and known[0] == NEWEST[0]:
        if known > NEWEST:
            newest = ".".join(map(str, NEWEST))
            message = f"OpenAPI {version} is newer than samekey knows; it is read as OpenAPI {newest}"
            (root.get(stated) or root).warn("version-newer", message)
        return _OPENAPI3
    if known is not None and known[0] == OLDEST[0]:
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


def _sites(
    root: Node, edition: Edition, schemas: Schemas, profile: Dialect, stated: StatedDialect, servers: tuple[Server, ...]
) -> Iterable[_Site]:
    for path, element in root.items("paths") if root.get("paths") else ():
        if path.startswith("x-"):
            continue
        item = element.follow()
        if item is None:
            element.error("path-lost", f"the path {path!r} cannot be resolved; its operations are missing")
            continue
        if not isinstance(item.value, dict):
            element.error("path-lost", f"the path {path!r} is not a mapping; its operations are missing")
            continue
        # Words beside a reference count as well (OpenAPI 3.1 section 4.8.9.1).
        items = (item,) if item.identity == element.identity else (item, element)
        documented = reduce(lambda known, part: stated_by(part).refine(known), items, profile)
        operations = _operations(items)
        for method, node in operations.items():
            if not isinstance(node.value, dict):
                node.error(
                    "not-an-operation", f"expected an operation under {node.name!r}; it is missing from the output"
                )
                continue
            own = stated.refine(stated_by(node).refine(documented))
            server = own_server((*items, node), servers)
            holders = (*items, node) if len(operations) == 1 else (node,)
            own_params = frozenset(parameter.text("name") for parameter in gather(*holders))
            for site in _variants(path, method, items, node, edition, schemas, own):
                yield replace(site, server=server, own_params=own_params)


def _operations(items: Iterable[Node]) -> dict[str, Node]:
    """Return operations by the HTTP method sent, in document order; the last of two for a method counts (reported)."""
    found: dict[str, Node] = {}
    for method, node in (entry for item in items for entry in _methods(item)):
        if method in found:
            node.error("operation-twice", f"{method} stands twice for one path; the operation here takes its place")
        # An operation of nothing is an operation without words.
        found[method] = node if node.value is not None else replace(node, value={})
    return found


def _methods(item: Node) -> Iterable[tuple[str, Node]]:
    for word, node in item.items():
        if word in METHOD_WORDS:
            yield word.upper(), node
        elif word == "additionalOperations" and node.value is not None:
            # OpenAPI 3.2: methods of any name, in the letters that are sent.
            for method, operation in node.items():
                if not is_token(method):
                    operation.error("not-an-operation", f"{method!r} cannot be a method; it is missing from the output")
                else:
                    yield method, operation


def _variants(
    path: str, method: str, items: Sequence[Node], node: Node, edition: Edition, schemas: Schemas, profile: Dialect
) -> Iterable[_Site]:
    """Yield an operation as usually meant, then with other request bodies, then with responses in other media types."""
    hint = node.text("operationId") or f"{method.lower()} {path}"
    declared = gather(*items, node)
    params = tuple(lower_parameters(declared, node, path, schemas, hint, edition.body_places))
    bodies = edition.bodies(node, declared, schemas, hint)
    usual_body = bodies[0][1] if bodies else None
    answers = edition.responses(node, schemas, hint)
    usual = with_flag(with_stream_extension(answers.usual, node, schemas, hint), node, usual_body, schemas)
    path = path if path.startswith("/") else f"/{path}"
    yield _Site(method, path, node, params, frozenset(), usual_body, usual, profile)
    for words, body in bodies[1:]:
        responses = with_flag(usual, node, body, schemas)
        yield _Site(method, path, node, params, frozenset(), body, responses, profile, f"with {words}")
    for words, responses in answers.others:
        yield _Site(method, path, node, params, frozenset(), usual_body, responses, profile, f"as {words}")


def _operation(
    site: _Site, key: str, schemas: Schemas, security: Security, header: str, pages: Pages, *, marked: bool
) -> Operation:
    node = site.node
    needed = lower_requirement(node, security.declared)
    profile = honours_key(node, marked=marked, profile=_named(site.profile, header))
    found = declared_keys(site.params, site.body, schemas)
    if _is_stated(site.profile):
        # What the extension or the config says weighs more than what was found (docs/retry-rules.md, section 2).
        found = [entry for entry in found if (entry.carrier, entry.name) == (profile.carrier, profile.name)]
    if site.method not in profile.methods:
        # A parameter that several methods of a path share says nothing of one that is idempotent by itself.
        found = [entry for entry in found if entry.required or _is_own(entry, site)]
    verdict = judge(node, site.method, found[0] if found else None, site.body, site.responses, schemas, profile)
    return Operation(
        key=key,
        id=node.text("operationId"),
        method=site.method,
        path=site.path,
        tags=node.texts("tags"),
        summary=node.text("summary").strip(),
        description=node.text("description").strip(),
        deprecated=node.flag("deprecated"),
        # An optional key parameter never becomes an argument: keyed calls fill it, the others do not need it.
        # Nor does a parameter that carries a credential: the client fills it.
        params=tuple(
            param
            for param in site.params
            if not _is_filled(param, verdict.profile, verdict.safety) and not security.fills(param, needed)
        ),
        body=site.body,
        responses=site.responses,
        security=needed,
        safety=verdict.safety,
        profile=verdict.profile,
        why=verdict.why,
        declares_key=verdict.declared,
        retry=retry_hint(node),
        pointer=node.pointer,
        paging=None
        if site.gives_other_media
        else pages.of(node, site.method, site.path, site.params, site.body, site.responses),
        variant=site.variant,
        server=site.server,
    )


def _is_own(found: Found, site: _Site) -> bool:
    return found.carrier is Carrier.BODY or found.name in site.own_params


def _is_filled(param: Param, profile: Dialect, safety: Safety) -> bool:
    if not is_key_parameter(param):
        return False
    return not param.required or (safety is Safety.KEYED and param.name == profile.name)


def _tags(root: Node) -> Iterable[Tag]:
    for element in root.elements("tags") if root.get("tags") else ():
        if isinstance(element.value, dict) and element.text("name"):
            yield Tag(element.text("name"), element.text("description"))


def _swagger2_bodies(node: Node, parameters: list[Node], schemas: Schemas, hint: str) -> tuple[tuple[str, Body], ...]:
    body = body_of_swagger2(node, parameters, _media(node, "consumes"), schemas, hint)
    return () if body is None else (("", body),)


def _swagger2_responses(node: Node, schemas: Schemas, hint: str) -> Answers:
    return responses_of_swagger2(node, _media(node, "produces"), schemas, hint)


def _media(node: Node, word: str) -> tuple[str, ...]:
    return node.texts(word) or node.document.node.texts(word)


def _openapi3_schemes(root: Node) -> Iterable[tuple[str, Node]]:
    components = root.get("components")
    return components.items("securitySchemes") if components is not None else ()


_OPENAPI3 = Edition(
    servers=servers_of_openapi3,
    schemes=_openapi3_schemes,
    bodies=lambda node, _, schemas, hint: bodies_of_openapi3(node, schemas, hint),
    responses=responses_of_openapi3,
)
_SWAGGER2 = Edition(
    servers=servers_of_swagger2,
    schemes=lambda root: root.items("securityDefinitions"),
    bodies=_swagger2_bodies,
    responses=_swagger2_responses,
    body_places=frozenset({"body", "formData"}),
)
