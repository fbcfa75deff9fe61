"""What a document says of each operation, as far as a server must know it: raw schemas and examples beside the IR."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from samekey.ir import Location, Safety
from samekey.lower.media import content_of, is_json
from samekey.lower.parameters import gather
from samekey.lower.paths import METHOD_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from samekey.document.node import Document, Node
    from samekey.document.values import JsonValue
    from samekey.ir import Api, Operation, Param

_PARAMETER = re.compile(r"\{([^{}/]+)\}")
_CODE = re.compile(r"[1-5][0-9][0-9]")
_OF_ATTEMPT = re.compile(
    r"authorization|traceparent|tracestate|baggage|prefer|user-agent|cookie|date|via|x-forwarded-.*|x-client-.*"
    r"|accept(-.*)?|content-.*|if-.*|cache-control|(x-)?(request|correlation|trace|span)-?id|x-b3-.*|x-amzn-.*"
)
"""Headers that belong to an attempt, or to HTTP, and so may differ between a request and its retry."""
_FORM = "application/x-www-form-urlencoded"
_SENTINEL = "x-speakeasy-sse-sentinel"
_OK = 200
_CREATED = 201
_ERRORS = 400
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class DeclaredContent:
    """A body in one media type.

    Args:
        media_type: its name.
        schema: the schema of the whole body; of each item, where `has_items`.
        examples: those that the document has for it.
        names: their names.
        has_items: whether the schema is of each item of a body that comes item by item.
        sentinel: what stands for data at the end of such a body; empty for nothing.
    """

    media_type: str
    schema: Node | None
    examples: tuple[JsonValue, ...] = ()
    names: tuple[str, ...] = ()
    has_items: bool = False
    sentinel: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of an operation.

    Args:
        status: the HTTP status.
        content: its body, in the media type that is given where nobody asks for another.
        others: the same in other media types.
    """

    status: int
    content: DeclaredContent | None = None
    others: tuple[DeclaredContent, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredParameter:
    """A parameter in the IR and in the document."""

    param: Param
    node: Node


@dataclass(frozen=True, slots=True)
class Site:
    """An operation.

    Args:
        operation: what the IR says of it.
        name: its operationId, else method and path.
        path: its path template, without a query or fragment.
        parameters: its parameters, without the idempotency key.
        key_node: the parameter that carries the key, if the document declares it.
        bodies: the bodies that it takes, in the document's order.
        body_required: whether it needs one.
        reply: its answer.
        replies: all answers of those that go well.
        refuses_unknown: whether the document says that what is not there is answered 404.
        scoping: its headers and cookies that say whose request it is, or for whom.
        refusals: its answers to what does not go well, by status, by `4XX` and `5XX`, and as `default`.
    """

    operation: Operation
    name: str
    path: str
    parameters: tuple[DeclaredParameter, ...]
    key_node: Node | None
    bodies: tuple[DeclaredContent, ...]
    body_required: bool
    reply: Reply
    replies: tuple[Reply, ...]
    refuses_unknown: bool
    scoping: tuple[str, ...]
    refusals: Mapping[str, Reply]

    def refusal(self, status: int) -> Reply | None:
        """Return what the document says of an answer that refuses or fails; None where it says nothing."""
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self.refusals:
                return replace(self.refusals[name], status=status)
        return None

    def reply_where(self, *, made: bool) -> Reply:
        """Return the response where something was made (201, RFC 9110 section 9.3.4), or was there already."""
        return next((reply for reply in self.replies if (reply.status == _CREATED) is made), self.reply)

    @property
    def method(self) -> str:
        """The method in capitals."""
        return self.operation.method

    @property
    def place(self) -> str:
        """Method and path, as people and configs name an operation: `POST /charges`."""
        return f"{self.method} {self.path}"

    @property
    def keyed(self) -> bool:
        """Whether keys are honoured here."""
        return self.operation.safety is Safety.KEYED

    @property
    def changes(self) -> bool:
        """Whether it may have an effect."""
        return self.operation.safety is not Safety.SAFE


@dataclass(frozen=True, slots=True)
class Match:
    """An operation and the values of its path."""

    site: Site
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Route:
    """An operation with what its requests are told by.

    Args:
        site: the operation.
        pattern: matches its path, with a group for each parameter.
        names: of these parameters.
        rank: a key to sort paths by.
    """

    site: Site
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    rank: tuple[int, ...]


class Routes:
    """Finds the operation of a request: paths without parameters first, as OpenAPI asks (3.1 section 4.8.8)."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = tuple(sites)
        self._by_depth: dict[int, list[_Route]] = {}
        for site in sorted(sites, key=lambda site: _rank(site.path)):
            names = tuple(_PARAMETER.findall(site.path))
            route = _Route(site, pattern_of(site.path), names, _rank(site.path))
            # No value of a parameter has a slash.
            self._by_depth.setdefault(_PARAMETER.sub("", site.path).count("/"), []).append(route)

    def find(self, method: str, path: str) -> Match | tuple[str, ...]:
        """Return the operation of a method and a path, or the methods that there are at the path.

        HEAD is answered as GET is (RFC 9110 section 9.3.2), where the document has no HEAD of its own.
        """
        found = self._found(method, path)
        if method == "HEAD" and not isinstance(found, Match) and "GET" in found:
            return self._found("GET", path)
        return found

    def _found(self, method: str, path: str) -> Match | tuple[str, ...]:
        allowed: list[str] = []
        rank: tuple[int, ...] | None = None
        for route in self._by_depth.get(path.count("/"), ()):
            found = route.pattern.fullmatch(path)
            if found is None:
                continue
            if rank is not None and route.rank != rank:
                # `/pets/search` is no pet, whatever may be done with pets.
                break
            rank = route.rank
            if route.site.method == method:
                return Match(route.site, dict(zip(route.names, map(unquote, found.groups()), strict=True)))
            allowed.append(route.site.method)
        return tuple(dict.fromkeys(allowed))


def pattern_of(template: str) -> re.Pattern[str]:
    """Return a path template as a pattern with a group for each parameter."""
    pieces = _PARAMETER.split(template)
    # Every second piece is a name.
    return re.compile("".join("([^/]+)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)))


def base_path(api: Api) -> str:
    """Return the path of the API's first server, which its clients put before every path; empty for none."""
    return urlsplit(api.servers[0].url).path.rstrip("/") if api.servers else ""


def sites_of(document: Document, api: Api) -> tuple[Site, ...]:
    """Return every operation, in the document's order; those that differ by media type alone are one."""
    credentials = frozenset(scheme.name.lower() for scheme in api.schemes)
    raw = dict(_raw_operations(document.node))
    found: dict[tuple[str, str], Site] = {}
    for operation in api.operations:
        place = (operation.method, operation.path)
        if place in raw and place not in found:
            found[place] = _site(document.node, operation, *raw[place], credentials)
    return tuple(found.values())


def _scoping(parameters: Iterable[DeclaredParameter], credentials: frozenset[str]) -> tuple[str, ...]:
    """Return the headers and cookies that may say for whom a request is: none that differ from attempt to attempt."""
    named = [p.param.name for p in parameters if p.param.location in {Location.HEADER, Location.COOKIE}]
    return tuple(name for name in named if name.lower() not in credentials and not _OF_ATTEMPT.fullmatch(name.lower()))


def _rank(path: str) -> tuple[int, ...]:
    """Return a key to sort paths by: segments without parameters before those with one, from the left."""
    return tuple(1 if _PARAMETER.search(segment) else 0 for segment in path.split("/"))


def _raw_operations(root: Node) -> Iterator[tuple[tuple[str, str], tuple[tuple[Node, ...], Node]]]:
    for path, element in root.items("paths") if root.get("paths") else ():
        item = element.follow()
        if item is None:
            continue
        holders = (item,) if item.identity == element.identity else (item, element)
        place = path if path.startswith("/") else f"/{path}"
        for holder in holders:
            for word, node in holder.items():
                written = [(word.upper(), node)] if word in METHOD_WORDS else []
                if word == "additionalOperations":
                    written += node.items()
                found = ((method, inner.resolved()) for method, inner in written)
                yield from (((method, place), (holders, inner)) for method, inner in found if inner is not None)


def _site(root: Node, operation: Operation, holders: tuple[Node, ...], node: Node, credentials: frozenset[str]) -> Site:
    declared = gather(*holders, node)
    swagger = root.has("swagger")
    bodies, required = _swagger_bodies(root, node, declared) if swagger else _bodies(node)
    profile = operation.profile
    key = next((n for n in declared if (n.text("in"), n.text("name")) == (profile.carrier, profile.name)), None)
    nodes = {(n.text("in"), n.text("name")): n for n in declared}
    params = [param for param in operation.params if (param.location, param.name) in nodes]
    replies = _replies(root, node, swagger=swagger)
    parameters = tuple(
        DeclaredParameter(p, nodes[p.location, p.name]) for p in params if nodes[p.location, p.name] != key
    )
    return Site(
        operation=operation,
        name=operation.id or f"{operation.method} {operation.path}",
        path=re.split(r"[?#]", operation.path)[0],
        parameters=parameters,
        key_node=key,
        bodies=tuple(bodies),
        body_required=required,
        reply=replies[0],
        replies=replies,
        refuses_unknown=str(_NOT_FOUND) in _responses(node),
        scoping=_scoping(parameters, credentials),
        refusals=_refusals(root, node, swagger=swagger),
    )


def _refusals(root: Node, node: Node, *, swagger: bool) -> dict[str, Reply]:
    """Return the responses to what does not go well; `default` is one of them where there is another for what does."""
    listed = _responses(node)
    has_good = any(code.upper().startswith(("2", "3")) for code in listed)
    found = {
        code if code == "default" else code.upper(): _reply(root, node, code, response, swagger=swagger)
        for code, response in listed.items()
        if code.upper()[0] in "45" or (code == "default" and has_good)
    }
    if not swagger:
        return found
    # Whatever an operation of Swagger answers is in one of its media types, with a schema or without.
    free = next((DeclaredContent(name, None) for name in _produced(root, node) if is_json(name)), None)
    return {code: replace(reply, content=reply.content or free) for code, reply in found.items()}


def _bodies(node: Node) -> tuple[list[DeclaredContent], bool]:
    holder = node.get("requestBody")
    body = holder.follow() if holder is not None else None
    if body is None or not isinstance(body.value, dict):
        return [], False
    return [_content(name, media) for name, media in content_of(body).items()], body.flag("required")


def _swagger_bodies(root: Node, node: Node, declared: Iterable[Node]) -> tuple[list[DeclaredContent], bool]:
    consumes = node.texts("consumes") or root.texts("consumes") or ("application/json",)
    for parameter in declared:
        if parameter.text("in") == "body":
            return [DeclaredContent(name, parameter.get("schema")) for name in consumes], parameter.flag("required")
    if any(parameter.text("in") == "formData" for parameter in declared):
        return [DeclaredContent(name, None) for name in (_FORM, "multipart/form-data")], False
    return [], False


def _responses(node: Node) -> dict[str, Node]:
    return dict(node.items("responses"))


def _replies(root: Node, node: Node, *, swagger: bool) -> tuple[Reply, ...]:
    """Return the responses of an operation that goes well: at least one, the best first."""
    listed = _responses(node)
    codes = [code for code in listed if _CODE.fullmatch(code) and int(code) < _ERRORS]
    good = [code for code in codes if code.startswith("2")]
    others = [code for code in listed if code.upper() == "2XX"] + codes + [code for code in listed if code == "default"]
    found = good or others[:1]
    return tuple(_reply(root, node, code, listed[code], swagger=swagger) for code in found) or (Reply(_OK),)


def _reply(root: Node, node: Node, code: str, response: Node, *, swagger: bool) -> Reply:
    answer = response.follow()
    status = int(code) if code.isdigit() else _OK
    if answer is None or not isinstance(answer.value, dict):
        return Reply(status)
    contents = _swagger_contents(root, node, answer) if swagger else [_content(*e) for e in content_of(answer).items()]
    usual = next((content for content in contents if is_json(content.media_type)), next(iter(contents), None))
    return Reply(status, usual, tuple(content for content in contents if content is not usual))


def _swagger_contents(root: Node, node: Node, answer: Node) -> list[DeclaredContent]:
    schema = answer.get("schema")
    if schema is None:
        return []
    examples = dict(answer.items("examples")) if answer.get("examples") else {}
    produced = _produced(root, node)
    return [DeclaredContent(name, schema, (examples[name].value,) if name in examples else ()) for name in produced]


def _produced(root: Node, node: Node) -> tuple[str, ...]:
    """Return the media types of an operation's answers, as Swagger has them."""
    return tuple(node.texts("produces") or root.texts("produces") or ("application/json",))


def _content(name: str, media: Node) -> DeclaredContent:
    if not isinstance(media.value, dict):
        return DeclaredContent(name, None)
    examples: list[tuple[str, JsonValue]] = [("", media.value["example"])] if media.has("example") else []
    for word, element in media.items("examples") if media.get("examples") else ():
        example = element.follow()
        if example is not None and isinstance(example.value, dict) and "value" in example.value:
            examples.append((word, example.value["value"]))
    names, values = [word for word, _ in examples], [value for _, value in examples]
    item = media.get("itemSchema")
    sentinel = media.text(_SENTINEL) if media.has(_SENTINEL) else ""
    schema = media.get("schema") if item is None else item
    return DeclaredContent(name, schema, tuple(values), tuple(names), item is not None, sentinel)
