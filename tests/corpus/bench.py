"""What all round trips of a document share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import httpx
from openapi_core import OpenAPI
from samekey.emit.views import OperationSummary

from tests.corpus.raw import RawOperation, View
from tests.corpus.sampler import Sampler
from tests.corpus.validity import Validity


@dataclass(frozen=True, slots=True)
class Sdk:
    """An imported SDK.

    Args:
        client: a client of it.
        encode: encodes a value as JSON, as it does for a body.
        handler: answers the client's next request.
    """

    client: Any
    encode: Callable[[object], bytes]
    handler: list[Callable[[httpx.Request], httpx.Response]]


@dataclass(frozen=True, slots=True)
class Bench:
    """The document, its SDK, and those who judge.

    Args:
        root: the document.
        sdk: the SDK made of it.
        sampler: makes up values.
        validity: checks them.
        core: a second opinion on requests, if there is one.
    """

    root: View
    sdk: Sdk
    sampler: Sampler
    validity: Validity
    core: OpenAPI | None

    @property
    def credentials(self) -> set[tuple[str, str]]:
        """Where the document's API keys travel, as places and names."""
        components = self.root.get("components")
        declared = self.root.get("securityDefinitions") or (components and components.get("securitySchemes"))
        schemes = [declared.get(name) for name in declared.fields] if declared else []
        return {(str(found.fields.get("in")), str(found.fields.get("name"))) for found in schemes if found}


@dataclass(frozen=True, slots=True)
class Case:
    """An operation on the bench.

    Args:
        bench: what it shares with others.
        operation: the operation in the document.
        row: what samekey says of it.
        notes: what was let go on the way; in order, each once.
    """

    bench: Bench
    operation: RawOperation
    row: OperationSummary
    notes: dict[str, None]

    def note(self, text: str) -> None:
        """Say what was let go."""
        self.notes.setdefault(text)

    def is_key(self, place: str, name: str) -> bool:
        """Whether a parameter or a field is the one that carries the idempotency key."""
        key = self.row.key
        return key is not None and key[0] == place and key[1].lower() == name.lower()

    @property
    def method(self) -> Any:  # noqa: ANN401  # a class of the SDK
        """The method of the SDK, bound to its client."""
        found: Any = self.bench.sdk.client
        for name in self.row.call.split("."):
            found = getattr(found, name)
        return found

    def is_own(self, place: str, name: str) -> bool:
        """Whether the SDK itself gives a parameter or a field: the key, or the flag that asks for a stream."""
        facts = getattr(self.declared, "facts", None)
        return self.is_key(place, name) or (place == "body" and facts is not None and name == facts.flag)

    @property
    def has_flag(self) -> bool:
        """Whether a field of the body asks for a stream."""
        return bool(getattr(getattr(self.declared, "facts", None), "flag", ""))

    @property
    def streams(self) -> bool:
        """Whether the operation gives a stream, be it beside a value."""
        return hasattr(self.declared, "facts")

    @property
    def declared(self) -> Any:  # noqa: ANN401  # a class of the SDK
        """The operation as the SDK declares it."""
        holder: Any = self.bench.sdk.client
        *resources, name = self.row.call.split(".")
        for resource in resources:
            holder = getattr(holder, resource)
        return getattr(cast("Any", type(holder)), name)
