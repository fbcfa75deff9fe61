"""SDKs whose calls are found on a client and its resources: those of Stainless, Fern and Speakeasy."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from samekey.adopt.known import AdoptError, Argument, ClientArgument, Generator, KnownCall, OtherSdk
from samekey.adopt.models import classes_of
from samekey.adopt.sending import aliases_of, arguments_of, fields_of, sending_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.adopt.package import ClassIn, Package
    from samekey.adopt.sending import FunctionNode

_MAX_DEPTH: Final = 8
_BASES: Final = {Generator.STAINLESS: "SyncAPIClient", Generator.SPEAKEASY: "BaseSDK"}
_NO_CREDENTIALS: Final = frozenset({
    "self", "base_url", "timeout", "max_retries", "default_headers", "default_query", "http_client", "environment",
    "headers", "follow_redirects", "httpx_client", "version", "server", "server_url", "server_idx", "url_params",
    "client", "async_client", "retry_config", "timeout_ms", "debug_logger", "logging", "region",
})  # fmt: skip
"""Arguments of clients that are the same in every SDK of a generator."""


def read_tree(package: Package, generator: Generator) -> OtherSdk:
    """Read the SDK of a generator whose client holds resources.

    Raises:
        AdoptError: there is no client in it.
    """
    client = _client(package, generator)
    aliases = aliases_of(package)
    parameters = _parameters(package) if generator is Generator.SPEAKEASY else ()
    given = {entry.name for entry in parameters}
    return OtherSdk(
        generator=generator,
        package=package.name,
        client=client.node.name,
        calls=tuple(_calls(package, client, "", aliases, _MAX_DEPTH)),
        credentials=tuple(entry for entry in _credentials(client.node) if entry.argument not in given),
        parameters=parameters,
        classes=classes_of(package),
    )


def _client(package: Package, generator: Generator) -> ClassIn:
    """Return the class of the sync client: the one that the package itself exports, where there are several."""
    base = _BASES.get(generator)
    root = package.modules.get(package.name)
    for entry in sorted(package.all_classes(), key=lambda entry: (entry.module.count("."), entry.module)):
        name = entry.node.name
        if generator is Generator.SPEAKEASY and entry.module != f"{package.name}.sdk":
            continue
        if name.startswith(("Async", "_", "Base")) or (root is not None and not _mentions(root, name)):
            continue
        is_one = any(_name_of(parent) == base for parent in entry.node.bases) if base else _wraps(entry.node)
        if is_one:
            return entry
    raise AdoptError(f"{package.folder} has no client as those of {generator.value} are")


def _mentions(root: ast.Module, name: str) -> bool:
    """Whether the package's own module exports a name, in whatever way: by an import, or in a table of names."""
    for node in ast.walk(root):
        if isinstance(node, ast.alias) and (node.asname or node.name) in {name, "*"}:
            return True
        if isinstance(node, ast.Constant) and node.value == name:
            return True
    return False


def _wraps(node: ast.ClassDef) -> bool:
    """Whether a class makes Fern's `SyncClientWrapper`."""
    return any(isinstance(entry, ast.Name) and entry.id == "SyncClientWrapper" for entry in ast.walk(node)) and any(
        isinstance(entry, ast.FunctionDef)
        and entry.name == "__init__"
        and "client_wrapper" not in {argument.arg for argument in entry.args.kwonlyargs}
        for entry in node.body
    )


def _name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Constant(value=str(text)):
            return text.rpartition(".")[2]
        case _:
            return ""


def _calls(
    package: Package, holder: ClassIn, path: str, aliases: Mapping[str, Mapping[str, str]], depth: int
) -> Iterator[KnownCall]:
    """Yield the calls of a client or resource, then those of the resources that it holds."""
    for function in _functions(holder.node):
        if _is_property(function) or not _is_call(function):
            continue
        sender = _sender(package, holder, function)
        sending = sending_of(sender)
        if sending is not None:
            arguments = arguments_of(sender, sending.route, aliases)
            yield KnownCall(f"{path}{function.name}", sending.method, sending.route, arguments)
    if depth == 0:
        return
    for attribute, held in _held(package, holder).items():
        if held.node is not holder.node:
            yield from _calls(package, held, f"{path}{attribute}.", aliases, depth - 1)


def _functions(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    yield from (entry for entry in node.body if isinstance(entry, ast.FunctionDef))


def _is_call(function: FunctionNode) -> bool:
    name = function.name
    overloaded = any(_name_of(decorator) == "overload" for decorator in function.decorator_list)
    return not name.startswith("_") and not name.endswith("_async") and not overloaded and name != "with_options"


def _is_property(function: FunctionNode) -> bool:
    return any(_name_of(decorator) in {"property", "cached_property"} for decorator in function.decorator_list)


def _sender(package: Package, holder: ClassIn, function: ast.FunctionDef) -> ast.FunctionDef:
    """Return the function that sends: of Fern's raw client, where a method only passes its arguments on."""
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=word), attr=name)) if "raw_client" in word:
                raw = _made_in(package, holder, word)
                for entry in _functions(raw.node) if raw is not None else ():
                    if entry.name == name:
                        return entry
            case _:
                pass
    return function


def _made_in(package: Package, holder: ClassIn, attribute: str) -> ClassIn | None:
    """Return the class of what an `__init__` keeps under an attribute."""
    for node in ast.walk(holder.node):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=word)], value=ast.Call(func=made)) if word == attribute:
                return package.find_class(holder.module, _name_of(made))
            case _:
                pass
    return None


def _held(package: Package, holder: ClassIn) -> dict[str, ClassIn]:
    """Return the resources that a client or resource holds, by attribute: properties, and what an `__init__` makes."""
    found: dict[str, ClassIn | None] = {}
    for function in _functions(holder.node):
        if _is_property(function) and not function.name.startswith("_") and "raw" not in function.name:
            found[function.name] = _given(package, holder, function)
    for node in ast.walk(holder.node):
        match node:
            case ast.Assign(targets=[ast.Name(id="_sub_sdk_map")], value=ast.Dict(keys=keys, values=values)):
                listed = zip(keys, values, strict=True)
                found |= {name: package.find_class(*_texts(value)) for key, value in listed for name in _texts(key)[:1]}
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call(func=made)):
                if not name.startswith("_"):
                    found.setdefault(name, package.find_class(holder.module, _name_of(made)))
            case _:
                pass
    return {attribute: held for attribute, held in found.items() if held is not None}


def _texts(node: ast.expr | None) -> tuple[str, str]:
    """Return two texts that a tuple has, or a text alone before an empty one."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    found = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return found[0] if found else "", found[1] if len(found) > 1 else ""


def _given(package: Package, holder: ClassIn, function: ast.FunctionDef) -> ClassIn | None:
    """Return the class of what a property gives: what it makes, else what its annotation names."""
    names = [_name_of(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
    if function.returns is not None:
        names.append(_name_of(function.returns))
    for name in names:
        if not name[:1].isupper() or "Streaming" in name or "Raw" in name:
            continue
        local = package.imported(holder.module, function, name)
        held = package.find_class(*local) if local is not None else package.find_class(holder.module, name)
        if held is not None:
            return held
    return None


def _parameters(package: Package) -> tuple[Argument, ...]:
    """Return what a client of Speakeasy is given for all calls: the fields of its class `Globals`."""
    held = package.find_class(f"{package.name}.models.internal.globals", "Globals")
    return tuple(Argument(name, wire) for name, wire in fields_of(held.node).items()) if held is not None else ()


def _credentials(client: ast.ClassDef) -> Iterator[ClientArgument]:
    """Yield the arguments of a client's `__init__` that are its own, with their environment variables."""
    start = next((entry for entry in _functions(client) if entry.name == "__init__"), None)
    if start is None:
        return
    declared = [*start.args.args, *start.args.kwonlyargs]
    defaults: dict[str, ast.expr] = dict(
        zip((entry.arg for entry in reversed(start.args.args)), reversed(start.args.defaults), strict=False)
    )
    pairs = zip(start.args.kwonlyargs, start.args.kw_defaults, strict=True)
    defaults |= {entry.arg: default for entry, default in pairs if default is not None}
    for entry in declared:
        if entry.arg in _NO_CREDENTIALS or entry.arg.startswith("_"):
            continue
        given = defaults.get(entry.arg)
        variable = _variable(given) if given is not None else ""
        yield ClientArgument(entry.arg, variable or _assigned_variable(start, entry.arg))


def _variable(node: ast.AST) -> str:
    """Return the environment variable that an expression reads; empty where it reads none."""
    for entry in ast.walk(node):
        match entry:
            case ast.Call(func=ast.Attribute(attr="get" | "getenv"), args=[ast.Constant(value=str(text)), *_]):
                if text.isupper():
                    return text
            case _:
                pass
    return ""


def _assigned_variable(start: ast.FunctionDef, name: str) -> str:
    for node in ast.walk(start):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                found = _variable(value)
                if found:
                    return found
            case _:
                pass
    return ""
