"""A generated package, imported whole: every module, every name, every decoder; and a client of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from samekey.names.reserved import CLIENT_ARGUMENTS

from tests.corpus.bench import Sdk
from tests.corpus.core import HOST

PACKAGE: Final = "sdk"
_SECRET: Final = re.compile(r"\b(str|TokenSource)\b")


@dataclass(frozen=True, slots=True)
class Package:
    """What was imported.

    Args:
        modules: how many modules.
        decoders: how many decoders were built.
        operations: method and path of every operation in it.
    """

    modules: int
    decoders: int
    operations: tuple[str, ...]


def import_whole(folder: Path) -> Package:
    """Import the package in a folder, with all that it usually does only when it is first touched.

    Raises:
        Exception: whatever an import or a decoder raises.
    """
    sys.path.insert(0, str(folder))
    sdk = importlib.import_module(PACKAGE)
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(sdk.__path__, f"{PACKAGE}.")]
    for name in sdk.__all__:
        getattr(sdk, name)
    decoders = 0
    decoder = importlib.import_module(f"{PACKAGE}._runtime.codec.json")._decoder
    models = importlib.import_module(f"{PACKAGE}.models")
    for name in models.__all__:
        kind = getattr(models, name)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            decoder(kind)
            decoders += 1
    resources = [module for module in modules if module.__name__.startswith(f"{PACKAGE}.resources.")]
    found = sorted({f"{endpoint.method} {endpoint.path}" for module in resources for endpoint in _endpoints(module)})
    return Package(len(modules), decoders, tuple(found))


def _endpoints(module: Any) -> Iterator[Any]:  # noqa: ANN401  # classes of the SDK
    """The facts of every operation that a module declares; its return types are made as well."""
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ != module.__name__:
            continue
        for entry in vars(kind).values():
            endpoint = getattr(entry, "endpoint", None)
            if endpoint is None:
                continue
            for make in (endpoint.returns, endpoint.errors):
                if make is not None:
                    make()
            yield endpoint


def make_client() -> Sdk:
    """A client of the imported package that talks to whoever `handler` names."""
    sdk = importlib.import_module(PACKAGE)
    clients = importlib.import_module(f"{PACKAGE}._client")
    base = importlib.import_module(f"{PACKAGE}._runtime.client").SyncClient
    kinds = [kind for _, kind in inspect.getmembers(clients, inspect.isclass)]
    kind: Any = next(kind for kind in kinds if issubclass(kind, base) and kind is not base)
    handler: list[Callable[[httpx.Request], httpx.Response]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        return handler[0](request)

    client = kind(
        base_url=HOST,
        retry=sdk.RetryPolicy(max_retries=0),
        strict=True,
        http_client=httpx.Client(transport=httpx.MockTransport(answer)),
        **_secrets(kind),
    )
    return Sdk(client, importlib.import_module(f"{PACKAGE}._runtime.codec.json").encode, handler)


def _secrets(client: type) -> dict[str, str]:
    """A credential for each argument of the client that takes one: a text without a default."""
    arguments = inspect.signature(client).parameters.values()
    return {
        entry.name: f"secret-{entry.name}"
        for entry in arguments
        if entry.default is None and _SECRET.search(str(entry.annotation)) and entry.name not in CLIENT_ARGUMENTS
    }
