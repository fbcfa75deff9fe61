"""The request that a method of an SDK sends, found in its source: method, path, and where each argument goes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.adopt.known import Argument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.adopt.package import Package

_VERBS: Final = {
    "get": "GET",
    "post": "POST",
    "put": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "get_api_list": "GET",
}
_REQUESTS: Final = frozenset({"request", "stream", "_build_request", "param_serialize"})
_ROUTES: Final = ("path", "resource_path", "url")
_GENERIC: Final = frozenset({
    "self", "extra_headers", "extra_query", "extra_body", "timeout", "idempotency_key", "request_options", "retries",
    "server_url", "timeout_ms", "http_headers", "accept_header_override", "url_params", "kwargs",
})  # fmt: skip
"""What every call of some generator takes, and no API."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class SentRequest(Struct, frozen=True):
    """A request: its method, and the template of its path with the Python names of what fills it."""

    method: str
    route: str


def sending_of(function: FunctionNode) -> SentRequest | None:
    """Return the request that a function sends; None where it sends none that can be told."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found = _sending(node, node.func.attr, function)
            if found is not None:
                return found
    return None


def _sending(node: ast.Call, called: str, function: FunctionNode) -> SentRequest | None:
    named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    verb = _VERBS.get(called.removeprefix("_"))
    is_self = isinstance(node.func, ast.Attribute) and _last(node.func.value) == "self"
    if called == "call_api" and len(node.args) > 1:
        # Earlier versions of openapi-generator, and swagger-codegen before it.
        method, route = _text(node.args[1]), node.args[0]
    elif verb is not None and is_self and node.args:
        # Stainless: `self._get(path, …)`; lists may be read by another method.
        method, route = _text(named.get("method")) or verb, node.args[0]
    elif called in _REQUESTS and "method" in named:
        # Fern, Speakeasy, openapi-generator.
        route_by_name = next((named[word] for word in _ROUTES if word in named), None)
        found = route_by_name if route_by_name is not None else (node.args[0] if node.args else None)
        if found is None:
            return None
        method, route = _text(named["method"]), found
    else:
        return None
    template = template_of(route, function)
    return SentRequest(method.upper(), template) if method and template is not None else None


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def template_of(node: ast.expr, scope: ast.AST) -> str | None:
    """Return the template of a path as source spells it: a text, an f-string, a format, or a name that is given one."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else f"{{{_innermost(part)}}}" for part in values
            ]
            return "".join(parts)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return text
        case ast.Call(args=[ast.Constant(value=str(text)), *_]):
            return text
        case ast.Name(id=name):
            given = (entry for entry in ast.walk(scope) if isinstance(entry, ast.Assign))
            for entry in given:
                if any(isinstance(target, ast.Name) and target.id == name for target in entry.targets):
                    is_itself = isinstance(entry.value, ast.Name)
                    return None if is_itself else template_of(entry.value, scope)
        case _:
            pass
    return None


def _innermost(node: ast.AST) -> str:
    """Return the last name in an expression: `customer_id` of `jsonable_encoder(customer_id)`."""
    names = [entry.id for entry in ast.walk(node) if isinstance(entry, ast.Name)]
    return names[-1] if names else "value"


def arguments_of(function: FunctionNode, route: str, aliases: Mapping[str, Mapping[str, str]]) -> tuple[Argument, ...]:
    """Return the arguments of a method with their names on the wire.

    Args:
        function: the method.
        route: the template of the path, with Python's names.
        aliases: names on the wire by class and attribute, where they differ.
    """
    declared = function.args
    positional = [*declared.posonlyargs, *declared.args]
    required = {entry.arg for entry in positional[: len(positional) - len(declared.defaults)]}
    required |= {
        entry.arg for entry, default in zip(declared.kwonlyargs, declared.kw_defaults, strict=True) if default is None
    }
    names = [entry.arg for entry in (*positional, *declared.kwonlyargs) if entry.arg not in _GENERIC]
    wires: dict[str, str] = {}
    for name, wire in _wires(function, frozenset(names), aliases):
        wires.setdefault(name, wire)
    in_path = [part.partition("}")[0] for part in route.split("{")[1:]]
    return tuple(
        Argument(
            name,
            wires.get(name, ""),
            next((at for at, word in enumerate(in_path) if word in {name, wires.get(name)}), None),
            name in required,
        )
        for name in names
        if not name.startswith("_")
    )


def _wires(
    function: FunctionNode, names: frozenset[str], aliases: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield arguments with the names that they are sent under, wherever the source pairs them."""
    transformed = {
        id(node.args[0]): _last(node.args[1])
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[0], ast.Dict)
    }
    for node in ast.walk(function):
        own = aliases.get(transformed.get(id(node), "") or (_last(node.func) if isinstance(node, ast.Call) else ""), {})
        for wire, value in _pairs(node):
            name = _own(value, names)
            if name and wire:
                yield name, own.get(wire, wire)


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield names and values that a piece of source pairs: in a dict, a tuple, an item, or what a class is made of."""
    match node:
        case ast.Dict(keys=keys, values=values):
            yield from ((_text(key), value) for key, value in zip(keys, values, strict=True))
        case ast.Call(func=func, keywords=keywords) if _last(func)[:1].isupper():
            yield from ((keyword.arg or "", keyword.value) for keyword in keywords)
        case ast.Assign(targets=[ast.Subscript(slice=index)], value=value):
            yield _text(index), value
        case ast.Tuple(elts=[first, second]):
            yield _text(first), second
        case _:
            pass


def _last(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _own(node: ast.expr, names: frozenset[str]) -> str:
    """Return the one argument that an expression is made of; empty where it is made of none, or of several."""
    found = {entry.id for entry in ast.walk(node) if isinstance(entry, ast.Name)} & names
    nests = any(isinstance(entry, (ast.Dict, ast.keyword)) for entry in ast.walk(node) if entry is not node)
    if nests and isinstance(node, ast.Call) and len(found) == 1:
        # `convert(object_=address, annotation=…)` is the address; `Model(a=a)` is not.
        return next(iter(found)) if not _last(node.func)[:1].isupper() else ""
    return next(iter(found)) if len(found) == 1 and not nests else ""


def aliases_of(package: Package) -> dict[str, dict[str, str]]:
    """Return the names on the wire of attributes that are called otherwise, by class and attribute."""
    found: dict[str, dict[str, str]] = {}
    for entry in package.all_classes():
        for name, alias in fields_of(entry.node).items():
            if alias != name:
                found.setdefault(entry.node.name, {})[name] = alias
    return found


def fields_of(node: ast.ClassDef) -> dict[str, str]:
    """Return the attributes that a class declares, with their names on the wire."""
    found: dict[str, str] = {}
    for entry in node.body:
        if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name):
            found[entry.target.id] = _alias(entry) or entry.target.id
    return found


def _alias(entry: ast.AnnAssign) -> str:
    for node in ast.walk(entry):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "alias" and _text(keyword.value):
                    return _text(keyword.value)
    return ""
