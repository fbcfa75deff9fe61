"""SDKs of the documents under specs/hard, generated once per run, and what their calls put on the wire.

The generated packages exist while the tests run and no longer, so nothing here knows their types: calls go
through `Any`, and what comes back is compared with values and classes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.names.lockfile import LOCKFILE, load_lockfile
from samekey.pipeline import Generated, generate, inspect

from tests.tools import write_files

if TYPE_CHECKING:
    from samekey.emit.views import OperationSummary

SPECS = Path(__file__).parents[2] / "specs" / "hard"
TOPICS = tuple(sorted(folder.name for folder in SPECS.iterdir() if folder.is_dir()))
BASE_URL = "https://server.example"

Settings: TypeAlias = Mapping[str, object]
"""Arguments of the client."""
USUAL: Settings = {"base_url": BASE_URL}
STRICT: Settings = {"base_url": BASE_URL, "strict": True}
Call: TypeAlias = Callable[[Any], object]
"""A call through a client of the generated package."""


@dataclass(frozen=True)
class Sent:
    """A request as it left: the line, the headers with names in lower case, and the bytes of the body."""

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the server says."""

    status: int = 204
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


NOTHING = Answer()


@dataclass(frozen=True)
class Sdk:
    """A generated SDK.

    Args:
        document: where it was made from.
        result: what was generated.
        diagnostics: what was found on the way.
        folder: where it was written.
    """

    document: Path
    result: Generated
    diagnostics: Diagnostics
    folder: Path

    @cached_property
    def module(self) -> Any:  # noqa: ANN401
        """The package, imported."""
        sys.path.insert(0, str(self.folder))
        try:
            return importlib.import_module(self.result.package)
        finally:
            sys.path.remove(str(self.folder))

    @property
    def models(self) -> Any:  # noqa: ANN401
        """The package's models."""
        return self.module.models

    @property
    def client(self) -> Any:  # noqa: ANN401
        """The class of the client: its name is the package's in capitals."""
        return getattr(self.module, "".join(word.title() for word in self.result.package.split("_")))

    @cached_property
    def operations(self) -> Mapping[str, OperationSummary]:
        """Operations by method and path, as `samekey inspect` shows them."""
        document = load(str(self.document), Diagnostics())
        assert document is not None
        lockfile = load_lockfile(self.document.with_name(LOCKFILE), Diagnostics())
        assert lockfile is not None
        found = inspect(document, Config(), lockfile)
        assert found is not None
        return {f"{entry.method} {entry.path}": entry for entry in found}

    def by_wire(self, operation: str, values: Mapping[tuple[str, str], object]) -> Call:
        """A call of an operation with arguments by place and name on the wire, whatever their Python names are."""
        summary = self.operations[operation]
        assert {(entry.location, entry.wire) for entry in summary.parameters} >= values.keys()
        arguments = {
            entry.name: values[entry.location, entry.wire]
            for entry in summary.parameters
            if (entry.location, entry.wire) in values
        }
        resource, _, method = summary.call.partition(".")
        return lambda api: getattr(getattr(api, resource), method)(**arguments)

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, sorted."""
        return sorted(entry.code for entry in self.diagnostics)

    def send(self, call: Call, answer: Answer = NOTHING, settings: Settings = USUAL) -> Sent:
        """Make a call and say what was sent."""
        return self.exchange(call, answer, settings)[0]

    def read(self, call: Call, answer: Answer, settings: Settings = USUAL) -> Any:  # noqa: ANN401
        """Make a call and say what came back."""
        return self.exchange(call, answer, settings)[1]

    def exchange(self, call: Call, answer: Answer = NOTHING, settings: Settings = USUAL) -> tuple[Sent, Any]:
        """Make a call against a server that gives one answer; what was sent, and what came back."""
        seen: list[Sent] = []

        def handle(request: httpx.Request) -> httpx.Response:
            headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in request.headers.raw}
            line = f"{request.method} {request.url.raw_path.decode('ascii')}"
            seen.append(Sent(line, headers, request.read()))
            headers = {"Content-Type": answer.media_type, **answer.headers} if answer.body else dict(answer.headers)
            return httpx.Response(answer.status, headers=headers, content=answer.body)

        with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
            client = self.client(**settings, http_client=http_client)
            value = call(client)
        (sent,) = seen
        return sent, value


def make(home: Path, folder: Path) -> Sdk:
    """Generate the SDK of a document and write it; the names that it has given before stay."""
    diagnostics = Diagnostics()
    document = load(str(home), diagnostics)
    lockfile = load_lockfile(home.with_name(LOCKFILE), diagnostics)
    assert document is not None
    assert lockfile is not None
    result = generate(document, Config(), lockfile=lockfile)
    assert result is not None, [entry.message for entry in diagnostics]
    write_files(result.files, folder)
    return Sdk(home, result, diagnostics, folder)
