"""The SDK of a document: generated to a folder of its own, imported, and forgotten again."""

from __future__ import annotations

import base64
import contextlib
import importlib
import inspect
import itertools
import json
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from samekey.names.reserved import CLIENT_ARGUMENTS
from samekey.pipeline import generate
from samekey.prove.errors import ProveError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

    from samekey.config.file import Config
    from samekey.document.node import Document

ACCOUNT = "prove"
OTHER_ACCOUNT = "another"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Sdk:
    """A generated package. What it holds is known only when it is there, so its parts are of any type."""

    folder: str
    package: ModuleType
    client: Any
    async_client: Any

    def part(self, name: str) -> Any:  # noqa: ANN401
        """Import a module of the SDK's runtime."""
        return importlib.import_module(f"{self.package.__name__}._runtime.{name}")

    def see_requests(self, hook: Callable[..., object], async_hook: Callable[..., object]) -> None:
        """Have hooks called with each request that leaves this SDK, on whatever connection of its own."""
        transport = self.part("http.transport")
        transport.own_client = _with_hook(transport.own_client, hook)
        transport.own_async_client = _with_hook(transport.own_async_client, async_hook)

    @contextlib.contextmanager
    def with_key_life(self, seconds: float) -> Generator[None]:
        """Have this SDK believe that keys are remembered for some seconds, while a block runs."""
        core = self.part("core")
        prepare = core.prepare

        def prepared(*arguments: object) -> Any:  # noqa: ANN401  # a call of the SDK, ready to be sent
            made = prepare(*arguments)
            made.state.facts = msgspec.structs.replace(made.state.facts, key_ttl=seconds)
            return made

        core.prepare = prepared
        try:
            yield
        finally:
            core.prepare = prepare

    @property
    def has_accounts(self) -> bool:
        """Whether its credentials can say for whom they are: tokens can."""
        return any(_is_token(parameter) for parameter in self._credentials())

    def credentials(self, account: str) -> dict[str, object]:
        """Return something for every credential: the sandbox takes any. Tokens are renewed for each attempt."""
        return {
            parameter.name: _renewed(account) if _is_token(parameter) else account for parameter in self._credentials()
        }

    def _credentials(self) -> list[inspect.Parameter]:
        parameters = inspect.signature(self.client.__init__).parameters
        return [parameter for name, parameter in parameters.items() if name not in CLIENT_ARGUMENTS]


def _is_token(parameter: inspect.Parameter) -> bool:
    return "TokenSource" in str(parameter.annotation)


def _renewed(account: str) -> Callable[[], str]:
    """Return a source of tokens for one account, no two of which are the same."""

    def token() -> str:
        claims = json.dumps({"sub": account, "jti": f"{os.getpid()}-{next(_NUMBERS)}"})
        parts = (b'{"alg":"none"}', claims.encode(), b"unsigned")
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    return token


def _with_hook(make: Callable[..., Any], hook: Callable[..., object]) -> Callable[..., Any]:
    """Wrap a maker of httpx clients, so that each of them calls a hook with its requests."""

    def made(*arguments: object) -> Any:  # noqa: ANN401  # a client of the library
        client = make(*arguments)
        client.event_hooks = {"request": [hook]}
        return client

    return made


@contextlib.contextmanager
def generated(document: Document, config: Config, step: Callable[[str], None]) -> Generator[Sdk]:
    """Generate the SDK of a document, and import it, while a block runs.

    Args:
        document: the document.
        config: names the package and the class of its client.
        step: told the name of each step as it begins, for progress.

    Raises:
        ProveError: nothing can be made of the document; why is in its sink.
    """
    name = config.package
    result = generate(document, config, step)
    if result is None:
        raise ProveError("no SDK can be made of the document")
    with tempfile.TemporaryDirectory(prefix="samekey-prove-") as folder:
        for path, text in result.files.items():
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        # What it has to say of answers, nobody has asked for here.
        logging.getLogger(name).addHandler(logging.NullHandler())
        try:
            yield import_sdk(folder, name, config.client)
        finally:
            sys.path.remove(folder)
            for module in [module for module in sys.modules if module.partition(".")[0] == name]:
                del sys.modules[module]


def import_sdk(folder: str, name: str, client: str) -> Sdk:
    """Import an SDK from a folder.

    Args:
        folder: where it is.
        name: its package.
        client: the class of its client.
    """
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    package = importlib.import_module(name)
    return Sdk(folder, package, getattr(package, client), getattr(package, f"Async{client}"))
