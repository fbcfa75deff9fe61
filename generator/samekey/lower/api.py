"""The whole document to the IR: reads top to bottom, one word after the other."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.safety import SAFE_METHODS, Evidence

from samekey.config.dialect import DEFAULT, Carrier, Dialect
from samekey.config.idempotency import SILENT, StatedDialect, stated_by
from samekey.config.patterns import ForOperations, report_unmeant
from samekey.config.retry import SILENT_RETRIES, SILENT_RETRY, RetryConfig, RetryHint
from samekey.config.selection import EVERYTHING, Selection, report_unmatched
from samekey.document.versions import NEWEST, OLDEST, version_of
from samekey.identifiers import closest, unique
from samekey.ir import Api, Location, Operation, Safety, Tag
from samekey.lower.about import lower_about
from samekey.lower.bodies import bodies_of_openapi3, bodies_of_swagger2
from samekey.lower.client_params import with_client_params
from samekey.lower.constants import with_constants
from samekey.lower.extensions import FERN_IDEMPOTENT, INTERNAL, fern_profile, honours_key, retry_hint
from samekey.lower.key_location import declared_header, declared_keys, is_key_parameter
from samekey.lower.pagination import Pages
from samekey.lower.parameters import gather, lower_parameters
from samekey.lower.parts import with_parts
from samekey.lower.paths import METHOD_WORDS, listed_operations
from samekey.lower.responses import Answers, responses_of_openapi3, responses_of_swagger2
from samekey.lower.safety import Subject, WholeDocument, is_stated, judge, rule_of_unlisted
from samekey.lower.schemas import Schemas
from samekey.lower.sdk_words import availability, group_of, ignored, method_of
from samekey.lower.security import Security, lower_requirement, lower_schemes, scoped, token_paths
from samekey.lower.servers import own_server, servers_of_openapi3, servers_of_swagger2
from samekey.lower.streams import with_flag, with_stream_extension
from samekey.lower.webhooks import lower_webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from samekey.config.file import Config
    from samekey.config.pagination import ConfiguredPages
    from samekey.config.selection import Selectable
    from samekey.document.node import Document, Node
    from samekey.ir import Body, DeclaredKey, Param, Response, Server
    from samekey.lower.parts import Part
    from samekey.lower.paths import ListedOperation


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
        overlaid: the names of parameters that an overlay added.
        body: the request body.
        responses: the answers.
        profile: the dialect that holds here.
        variant: words for what sets it apart from the same operation in other media types.
        server: the server of its own.
        lists_accept: whether the document says what Accept may be.
    """

    method: str
    path: str
    node: Node
    params: tuple[Param, ...]
    own_params: frozenset[str]
    overlaid: frozenset[str]
    body: Body | None
    responses: tuple[Response, ...]
    profile: Dialect
    variant: str = ""
    server: str = ""
    lists_accept: bool = False

    @property
    def names(self) -> tuple[str, str, str]:
        """The operationId, the method and the path, by which a config may mean it."""
        return self.node.text("operationId"), self.method, self.path

    @property
    def gives_other_media(self) -> bool:
        """Whether this is the sister of an operation that answers in another media type."""
        return self.variant.startswith("as ")


def lower(
    document: Document,
    stated: StatedDialect = SILENT,
    pages: Mapping[str, ConfiguredPages] | None = None,
    retries: RetryConfig = SILENT_RETRIES,
    selection: Selection = EVERYTHING,
    elsewhere: Sequence[Selectable] = (),
) -> Api | None:
    """Lower a whole document to the intermediate representation (IR).

    Args:
        document: the loaded document; findings go to its sink.
        stated: what the config says of idempotency; it weighs more than the document (docs/retry-rules.md, section 2).
        pages: what the config file says of lists in pages.
        retries: what the config file says of retries; it weighs more than the document.
        selection: which operations of the document count.
        elsewhere: operations of other documents of the same SDK, of which a config may speak.

    Returns:
        The API, or None where the document is no OpenAPI document, or one without end (reported as an error).
    """
    root = document.node
    edition = _edition(root)
    if edition is None:
        return None
    schemas = Schemas(hides_internal=selection.hides_internal)
    of_root = stated_by(root, of_root=True)
    documented = of_root.refine(fern_profile(root, DEFAULT))
    servers = edition.servers(root)
    declared = lower_schemes(edition.schemes(root))
    dialects = _Dialects(documented, of_root.operations, stated)
    listed = list(listed_operations(root))
    candidates = [entry.selectable for entry in listed]
    report_unmatched(selection, [*candidates, *elsewhere])
    chosen = [entry for entry, candidate in zip(listed, candidates, strict=True) if selection.takes(candidate)]
    sites = list(_sites(chosen, edition, schemas, dialects, servers, selection))
    header = declared_header(site.params for site in sites)
    found = [declared_keys(site.params, site.body, schemas) for site in sites]
    fields_only = {entry.carrier for entries in found for entry in entries} == {Carrier.BODY}
    whole = WholeDocument(schemas, fields_only, token_paths(edition.schemes(root), servers))
    marked = any(site.node.flag(FERN_IDEMPOTENT) for site in sites)
    paging = Pages(schemas.definitions, pages or {})
    security = Security(declared, lower_requirement(root, declared) or ())
    keys = unique(f"{site.method} {site.path} {site.variant}".rstrip() for site in sites)
    operations = tuple(
        _operation(site, key, entries, whole, security, header, paging, marked=marked)
        for site, key, entries in zip(sites, keys, found, strict=True)
    )
    known = [*(entry.names for entry in listed), *((entry.id, entry.method, entry.path) for entry in elsewhere)]
    paging.report_unused(known, document.diagnostics)
    _check_entries((*of_root.operations, *stated.operations), known, sites)
    tags = {tag for entry in (*candidates, *elsewhere) for tag in entry.tags}
    operations = tuple(_retried(operations, retries, known, tags))
    webhooks = lower_webhooks(root, schemas, METHOD_WORDS, hides_internal=selection.hides_internal)
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
        types=with_constants(schemas.definitions.values()),
        profile=_named(stated.refine(documented), header),
        retry=_of_api(retries, root),
        unlisted=rule_of_unlisted(whole, _named(stated.refine(documented), header)),
        home=root.source.uri,
        webhooks=webhooks,
        about=lower_about(root),
    )


def lower_documents(document: Document, config: Config, parts: Sequence[Part] = ()) -> Api | None:
    """Lower a document, and further ones that are parts of the same SDK, to one API; None where one of them cannot be.

    Args:
        document: the first document.
        config: what the user decided.
        parts: the further ones.
    """
    own = tuple(entry.selectable for entry in listed_operations(document.node)) if parts else ()
    everything = {"": own, **{part.name: part.candidates for part in parts}}

    def lowered(name: str, source: Document, selection: Selection) -> Api | None:
        elsewhere = [entry for other, entries in everything.items() if other != name for entry in entries]
        return lower(source, config.idempotency, config.pagination, config.retry, selection, elsewhere)

    main = lowered("", document, config.selection)
    if main is None:
        return None
    found: list[tuple[Part, Api]] = []
    for part in parts:
        # What the config excludes is excluded from every document; what it includes is said of the first one.
        selection = Selection(part.selection.include, part.selection.exclude | config.selection.exclude)
        api = lowered(part.name, part.document, selection)
        if api is None:
            return None
        found.append((part, api))
    whole = with_parts(main, found, document.diagnostics)
    return with_client_params(whole, document.node, config.client_parameters or ())


def _check_entries(
    entries: Iterable[ForOperations[StatedDialect]], known: Iterable[tuple[str, str, str]], sites: Sequence[_Site]
) -> None:
    """Report entries that mean no operation, or promise keys where every operation that they mean only reads."""
    for entry in report_unmeant(entries, known):
        meant = [site for site in sites if entry.means(*site.names)]
        if entry.says.honoured and meant and all(site.method in SAFE_METHODS for site in meant):
            entry.node.warn(
                "key-needless",
                f"{meant[0].method} {meant[0].path} only reads and is sent again without a key; this has no effect",
                "remove this line, or name an operation that writes",
            )


def _named(profile: Dialect, header: str) -> Dialect:
    """Return a profile with the document's own name for the key header, unless somebody chose another."""
    return replace(profile, name=header) if header and not is_stated(profile) else profile


def _of_api(retries: RetryConfig, root: Node) -> RetryHint | None:
    """Return how all calls are to be retried, the config weighing more than the document; None where nobody says."""
    hint = retries.api.over(retry_hint(root))
    return None if hint == SILENT_RETRY else hint


def _retried(
    operations: Sequence[Operation],
    retries: RetryConfig,
    known: Iterable[tuple[str, str, str]],
    tags: Collection[str],
) -> Iterable[Operation]:
    """Yield operations with the retry policies of the config, on top of the document's own."""
    for tag, (_, node) in retries.tags.items():
        if tag not in tags:
            node.error("tag-unknown", f"no operation has the tag {tag!r}", closest(tag, sorted(tags)) if tags else "")
    entries = list(report_unmeant(retries.operations, known))
    for operation in operations:
        hints = [retries.tags[tag][0] for tag in operation.tags if tag in retries.tags]
        hints += [entry.says for entry in entries if entry.means(operation.id, operation.method, operation.path)]
        # What the document says of one operation yields to what the config says of all.
        base = None if operation.retry is None else retries.api.over(operation.retry)
        policy = reduce(lambda known, hint: hint.over(known), hints, base)
        yield operation if policy == operation.retry else replace(operation, retry=policy)


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


class _Dialects(Struct, frozen=True):
    """Who says what of the dialect of idempotency, from the farthest to the nearest.

    Args:
        of_root: the dialect that the root of the document states.
        operations: what the root says of single operations.
        stated: what the config says.
    """

    of_root: Dialect
    operations: tuple[ForOperations[StatedDialect], ...]
    stated: StatedDialect

    def of(self, node: Node, method: str, path: str, of_path: Sequence[StatedDialect]) -> Dialect:
        """Return the dialect of an operation: the nearer and the later weighs more."""
        identity = node.text("operationId")
        profile = _for_operation(self.operations, identity, method, path, self.of_root)
        profile = reduce(lambda known, part: part.refine(known), of_path, profile)
        own = stated_by(node)
        profile = _with_method(own, method, own.refine(profile))
        profile = self.stated.refine(profile)
        return _for_operation(self.stated.operations, identity, method, path, profile)


def _for_operation(
    entries: Sequence[ForOperations[StatedDialect]], identity: str, method: str, path: str, profile: Dialect
) -> Dialect:
    for entry in entries:
        if entry.means(identity, method, path):
            profile = _with_method(entry.says, method, entry.says.refine(profile))
    return profile


def _with_method(stated: StatedDialect, method: str, profile: Dialect) -> Dialect:
    """Return a dialect that honours keys on a method too, where it is said of this very operation."""
    if not stated.honoured_stated or method in profile.methods or method in SAFE_METHODS:
        return profile
    return replace(profile, methods=(*profile.methods, method))


def _sites(
    listed: Iterable[ListedOperation],
    edition: Edition,
    schemas: Schemas,
    dialects: _Dialects,
    servers: tuple[Server, ...],
    selection: Selection,
) -> Iterable[_Site]:
    for entry in listed:
        node, items = entry.node, entry.items
        own = dialects.of(node, entry.method, entry.path, [stated_by(part) for part in items])
        server = own_server((*items, node), servers)
        holders = (*items, node) if entry.is_alone else (node,)
        own_params = frozenset(parameter.text("name") for parameter in gather(*holders))
        lists_accept = any(_is_accept(parameter) for parameter in gather(*items, node))
        for site in _variants(entry, edition, schemas, own, selection):
            yield replace(site, server=server, own_params=own_params, lists_accept=lists_accept)


def _is_accept(parameter: Node) -> bool:
    return parameter.text("in") == Location.HEADER and parameter.text("name").lower() == "accept"


def _variants(
    entry: ListedOperation, edition: Edition, schemas: Schemas, profile: Dialect, selection: Selection
) -> Iterable[_Site]:
    """Yield an operation as usually meant, then with other request bodies, then with responses in other media types."""
    method, path, node = entry.method, entry.path, entry.node
    hint = node.text("operationId") or f"{method.lower()} {path}"
    declared = [found for found in gather(*entry.items, node) if not (selection.hides_internal and _is_hidden(found))]
    overlaid = frozenset(parameter.text("name") for parameter in declared if parameter.is_overlaid)
    params = tuple(lower_parameters(declared, node, path, schemas, hint, edition.body_places))
    bodies = edition.bodies(node, declared, schemas, hint)
    usual_body = bodies[0][1] if bodies else None
    answers = edition.responses(node, schemas, hint)
    usual = with_flag(with_stream_extension(answers.usual, node, schemas, hint), node, usual_body, schemas)
    path = path if path.startswith("/") else f"/{path}"
    yield _Site(method, path, node, params, frozenset(), overlaid, usual_body, usual, profile)
    for words, body in bodies[1:]:
        responses = with_flag(usual, node, body, schemas)
        yield _Site(method, path, node, params, frozenset(), overlaid, body, responses, profile, f"with {words}")
    for words, responses in answers.others:
        yield _Site(method, path, node, params, frozenset(), overlaid, usual_body, responses, profile, f"as {words}")


def _is_hidden(parameter: Node) -> bool:
    """Whether a parameter is marked `x-internal`; the server would refuse a request without one that it requires."""
    return parameter.flag(INTERNAL) and not parameter.flag("required")


def _is_overlaid(found: DeclaredKey, site: _Site) -> bool:
    """Whether an overlay added what declares a key, so that the document itself says nothing of it."""
    if site.node.source.origin is None:
        return False
    if found.carrier is not Carrier.BODY:
        return found.name in site.overlaid
    body = site.node.get("requestBody")
    nodes = [node for schema in _body_schemas(body) for node in _fields_at(schema, (*found.within, found.name))]
    return bool(nodes) and all(node.is_overlaid for node in nodes)


def _body_schemas(body: Node | None) -> Iterable[Node]:
    followed = body.follow() if body is not None else None
    for _, media in followed.items("content") if followed is not None and isinstance(followed.value, dict) else ():
        schema = media.get("schema") if isinstance(media.value, dict) else None
        if schema is not None:
            yield schema


def _fields_at(schema: Node, path: Sequence[str], depth: int = 8) -> Iterable[Node]:
    """Yield the places where a schema, or a part of it, describes a field; an added container adds what is in it."""
    node = schema.follow()
    if node is None or not isinstance(node.value, dict) or depth == 0:
        return
    for word in ("allOf", "oneOf", "anyOf"):
        listed = node.get(word)
        for part in listed.elements() if listed is not None and isinstance(listed.value, list) else ():
            yield from _fields_at(part, path, depth - 1)
    properties = node.get("properties")
    field = properties.get(path[0]) if properties is not None else None
    if field is None:
        return
    if len(path) == 1 or field.is_overlaid:
        yield field
    else:
        yield from _fields_at(field, path[1:], depth - 1)


def _operation(  # what the document says of it, and what it says of all
    site: _Site,
    key: str,
    found: Sequence[DeclaredKey],
    whole: WholeDocument,
    security: Security,
    header: str,
    pages: Pages,
    *,
    marked: bool,
) -> Operation:
    node = site.node
    needed = lower_requirement(node, security.declared)
    declared = tuple(
        replace(entry, is_proposed=_is_overlaid(entry, site), is_own=_is_own(entry, site)) for entry in found
    )
    found = declared
    profile = honours_key(node, marked=marked, profile=_named(site.profile, header))
    if any(f"{site.method} {site.path}" == entry for entry in profile.honoured_on):
        profile = replace(profile, honoured=profile.honoured or Evidence.PRESET)
    if is_stated(site.profile):
        # What the extension or the config says weighs more than what was found (docs/retry-rules.md, section 2).
        found = [entry for entry in found if (entry.carrier, entry.name) == (profile.carrier, profile.name)]
    if site.method not in profile.methods:
        # A parameter that several methods of a path share says nothing of one that is idempotent by itself.
        found = [entry for entry in found if entry.required or entry.is_own]
    subject = Subject(node, site.method, site.path, found[0] if found else None, site.body, site.responses)
    verdict = judge(subject, whole, profile)
    return Operation(
        key=key,
        id=node.text("operationId"),
        method=site.method,
        path=site.path,
        tags=node.texts("tags"),
        summary=node.text("summary").strip(),
        description=_description(node),
        deprecated=node.flag("deprecated") or availability(node) == "deprecated",
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
        evidence=verdict.evidence,
        key_only=verdict.key_only,
        retry=retry_hint(node),
        pointer=node.pointer,
        paging=None
        if site.gives_other_media
        else pages.of(node, site.method, site.path, site.params, site.body, site.responses),
        variant=site.variant,
        server=site.server,
        lists_accept=site.lists_accept,
        source=node.source.uri,
        declared=declared,
        issues_tokens=site.path in whole.token_paths,
        group=group_of(node),
        called=method_of(node, node.document.node),
        left_out=ignored(node),
    )


def _description(node: Node) -> str:
    """Return the description of an operation, with a word on how far it is on its way."""
    stage = availability(node)
    notes = [f"Availability: {stage}."] if stage and stage != "deprecated" else []
    return "\n\n".join(text for text in (node.text("description").strip(), *notes) if text)


def _is_own(found: DeclaredKey, site: _Site) -> bool:
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
    return bodies_of_swagger2(node, parameters, _media(node, "consumes"), schemas, hint)


def _swagger2_responses(node: Node, schemas: Schemas, hint: str) -> Answers:
    return responses_of_swagger2(node, _media(node, "produces"), schemas, hint)


def _media(node: Node, word: str) -> tuple[str, ...]:
    return node.texts(word) or node.document.node.texts(word)


def _openapi3_schemes(root: Node) -> Iterable[tuple[str, Node]]:
    components = root.get("components")
    found = components.resolved() if components is not None else None
    return found.items("securitySchemes") if found is not None else ()


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
