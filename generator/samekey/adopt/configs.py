"""Configs of other generators: `stainless.yml`, Fern's `generators.yml` with its overrides, Speakeasy's `gen.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.adopt.known import AdoptError, ClientArgument, Generator, KnownCall, OtherSdk
from samekey.document.node import load
from samekey.lower.sdk_words import group_of, method_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from samekey.document.diagnostics import Diagnostics
    from samekey.document.node import Node

_ENDS: Final = frozenset({".yml", ".yaml", ".json"})
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})


def is_config(path: Path) -> bool:
    """Whether a path is a file that can be the config of a generator."""
    return path.suffix.lower() in _ENDS and path.is_file()


def read_config_of(path: Path, diagnostics: Diagnostics) -> OtherSdk:
    """Read the config of a generator.

    Raises:
        AdoptError: it is none that is known.
    """
    document = load(str(path), diagnostics)
    root = document.node if document is not None else None
    if root is not None and isinstance(root.value, dict):
        if root.has("resources"):
            return _stainless(root)
        if root.has("paths"):
            # OpenAPI overrides or a whole document, with words for Fern or Speakeasy.
            return OtherSdk(Generator.FERN, "", "", tuple(_overridden(root)))
        if root.has("generation") or root.has(_PYTHON):
            return _speakeasy(root)
        if root.has("groups") or root.has("api"):
            return _fern(root, path, diagnostics)
    raise AdoptError(
        f"{path} is no config of a generator that is known: stainless.yml, Fern's generators.yml or overrides, "
        "Speakeasy's gen.yaml"
    )


_PYTHON: Final = "python"


def _inner(node: Node | None, *words: str) -> Node | None:
    for word in words:
        node = node.get(word) if node is not None and isinstance(node.value, dict) else None
    return node


def _text(node: Node | None, *words: str) -> str:
    found = _inner(node, *words)
    return found.value if found is not None and isinstance(found.value, str) else ""


def _stainless(root: Node) -> OtherSdk:
    name = _text(root, "organization", "name")
    opts = _inner(root, "client_settings", "opts")
    credentials = [
        ClientArgument(argument, _text(entry, "read_env"))
        for argument, entry in (opts.items() if opts is not None and isinstance(opts.value, dict) else ())
    ]
    resources = _inner(root, "resources")
    return OtherSdk(
        generator=Generator.STAINLESS,
        package=(_text(root, "targets", _PYTHON, "package_name") or name).replace("-", "_").lower(),
        client="".join(word[:1].upper() + word[1:] for word in name.replace("-", " ").replace("_", " ").split()),
        calls=tuple(_of_resources(resources, "")) if resources is not None else (),
        credentials=tuple(credentials),
        types=dict(_models(resources)) if resources is not None else {},
    )


def _of_resources(resources: Node, path: str) -> Iterator[KnownCall]:
    for name, resource in resources.items() if isinstance(resources.value, dict) else ():
        here = path if name == "$client" else f"{path}{name}."
        methods = _inner(resource, "methods")
        for method, entry in methods.items() if methods is not None and isinstance(methods.value, dict) else ():
            endpoint = entry.value if isinstance(entry.value, str) else _text(entry, "endpoint")
            verb, _, route = endpoint.partition(" ")
            if verb.lower() in _METHODS and route.strip().startswith("/"):
                yield KnownCall(f"{here}{method}", verb.upper(), route.strip())
        below = _inner(resource, "subresources")
        if below is not None:
            yield from _of_resources(below, here)


def _models(resources: Node) -> Iterator[tuple[str, str]]:
    for _, resource in resources.items() if isinstance(resources.value, dict) else ():
        models = _inner(resource, "models")
        for name, entry in models.items() if models is not None and isinstance(models.value, dict) else ():
            reference = entry.value if isinstance(entry.value, str) else _text(entry, "uri")
            schema = reference.rpartition("/")[2]
            if schema:
                yield schema, "".join(word[:1].upper() + word[1:] for word in name.split("_"))
        below = _inner(resource, "subresources")
        if below is not None:
            yield from _models(below)


def _overridden(root: Node) -> Iterator[KnownCall]:
    paths = _inner(root, "paths")
    for route, item in paths.items() if paths is not None and isinstance(paths.value, dict) else ():
        for word, operation in item.items() if isinstance(item.value, dict) else ():
            if word in _METHODS and isinstance(operation.value, dict):
                group, method = group_of(operation), method_of(operation, root)
                if group and method:
                    yield KnownCall(".".join([*group, method]), word.upper(), route)


def _speakeasy(root: Node) -> OtherSdk:
    name, prefix = _text(root, "generation", "sdkClassName"), _text(root, _PYTHON, "envVarPrefix")
    return OtherSdk(
        generator=Generator.SPEAKEASY,
        package=(_text(root, _PYTHON, "moduleName") or _text(root, _PYTHON, "packageName")).replace("-", "_"),
        client=name[:1].upper() + name[1:],
        calls=(),
        credentials=(ClientArgument("", f"{prefix}_"),) if prefix else (),
    )


def _fern(root: Node, path: Path, diagnostics: Diagnostics) -> OtherSdk:
    """Read `generators.yml`: the client's name, and the words of the overrides that it refers to."""
    client = package = ""
    groups = _inner(root, "groups")
    for _, group in groups.items() if groups is not None and isinstance(groups.value, dict) else ():
        listed = _inner(group, "generators")
        for generator in listed.elements() if listed is not None and isinstance(listed.value, list) else ():
            if _PYTHON in _text(generator, "name"):
                client = client or _text(generator, "config", "client_class_name")
                client = client or _text(generator, "config", "client", "class_name")
                package = package or _text(generator, "config", "package_name")
    calls: list[KnownCall] = []
    for name in _overrides(_inner(root, "api")):
        document = load(str(path.parent / name), diagnostics)
        if document is not None and isinstance(document.node.value, dict):
            calls += _overridden(document.node)
    return OtherSdk(Generator.FERN, package.replace("-", "_"), client, tuple(calls))


def _overrides(api: Node | None) -> Iterator[str]:
    if api is None:
        return
    if isinstance(api.value, dict):
        if _text(api, "overrides"):
            yield _text(api, "overrides")
        specs = api.get("specs")
        yield from _overrides(specs)
    elif isinstance(api.value, list):
        for element in api.elements():
            yield from _overrides(element)
