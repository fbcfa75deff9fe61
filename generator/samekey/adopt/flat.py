"""SDKs without a client that holds resources: a class for each tag, or a module for each operation."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from samekey.adopt.known import Generator, KnownCall, OtherSdk
from samekey.adopt.models import classes_of
from samekey.adopt.sending import aliases_of, arguments_of, sending_of, template_of
from samekey.identifiers import split

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.adopt.package import Package

_TWINS = ("_with_http_info", "_without_preload_content")


def read_services(package: Package) -> OtherSdk:
    """Read an SDK of openapi-generator: a class `PetsApi` for each tag, whose methods are the operations."""
    aliases = aliases_of(package)
    calls = [
        call
        for entry in package.all_classes()
        if entry.module.startswith(f"{package.name}.api.") and entry.node.name.endswith("Api")
        for call in _of_service(entry.node, aliases)
    ]
    return OtherSdk(Generator.OPENAPI_GENERATOR, package.name, "", tuple(calls), classes=classes_of(package))


def _of_service(node: ast.ClassDef, aliases: Mapping[str, Mapping[str, str]]) -> Iterator[KnownCall]:
    functions = {entry.name: entry for entry in node.body if isinstance(entry, (ast.FunctionDef, ast.AsyncFunctionDef))}
    resource = "_".join(split(node.name.removesuffix("Api"))) or "default"
    for name, function in functions.items():
        if name.startswith("_") or name.endswith(_TWINS):
            continue
        sender = functions.get(f"_{name}_serialize") or functions.get(f"{name}_with_http_info") or function
        sending = sending_of(sender)
        if sending is not None:
            known = {entry.arg for entry in (*function.args.args, *function.args.kwonlyargs)}
            found = arguments_of(sender, sending.route, aliases)
            arguments = tuple(entry for entry in found if entry.name in known and not entry.name.startswith("_"))
            yield KnownCall(f"{resource}.{name}", sending.method, sending.route, arguments)


def read_modules(package: Package) -> OtherSdk:
    """Read an SDK of openapi-python-client: a module for each operation, with `sync` and `asyncio` in it."""
    calls = [call for module, tree in package.modules.items() for call in _of_module(package, module, tree)]
    return OtherSdk(Generator.OPENAPI_PYTHON_CLIENT, package.name, "", tuple(calls), classes=classes_of(package))


def _of_module(package: Package, module: str, tree: ast.Module) -> Iterator[KnownCall]:
    prefix, _, name = module.rpartition(".")
    tag = prefix.removeprefix(f"{package.name}.api").removeprefix(".")
    maker = next(
        (entry for entry in tree.body if isinstance(entry, ast.FunctionDef) and entry.name == "_get_kwargs"), None
    )
    if maker is None or not prefix.startswith(f"{package.name}.api"):
        return
    for node in ast.walk(maker):
        if isinstance(node, ast.Dict):
            facts = {key.value: value for key, value in zip(node.keys, node.values, strict=True)
                     if isinstance(key, ast.Constant)}  # fmt: skip
            method, route = facts.get("method"), facts.get("url")
            template = template_of(route, maker) if route is not None else None
            if isinstance(method, ast.Constant) and isinstance(method.value, str) and template is not None:
                arguments = arguments_of(maker, template, {})
                yield KnownCall(f"{tag or 'default'}.{name}", method.value.upper(), template, arguments)
                return
