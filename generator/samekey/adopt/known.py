"""What is known of another generator's SDK: its calls, what they are given, its classes, and how its client begins."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping


class Generator(StrEnum):
    """Generators of Python SDKs whose output, or whose config, can be read."""

    STAINLESS = "Stainless"
    FERN = "Fern"
    SPEAKEASY = "Speakeasy"
    OPENAPI_GENERATOR = "openapi-generator"
    OPENAPI_PYTHON_CLIENT = "openapi-python-client"


FLAT: Final = frozenset({Generator.OPENAPI_GENERATOR, Generator.OPENAPI_PYTHON_CLIENT})
"""Those whose SDKs have no client that holds resources."""


class Argument(Struct, frozen=True):
    """An argument of a call.

    Args:
        name: its name.
        wire: the name of what it becomes on the wire; empty where the source does not show it.
        place: its place among the parameters of the path, from 0; None for one that is not in the path.
        is_required: whether it has no default.
    """

    name: str
    wire: str = ""
    place: int | None = None
    is_required: bool = False


class KnownCall(Struct, frozen=True):
    """An operation as users of an SDK call it.

    Args:
        path: the attributes from the client to the method, with dots between them.
        method: the HTTP method.
        route: the path template on the wire; the names of its parameters may be others than the document's.
        arguments: what it is given.
    """

    path: str
    method: str
    route: str
    arguments: tuple[Argument, ...] = ()


class ClientArgument(Struct, frozen=True):
    """An argument of the client, and the environment variable that stands in for it; empty where there is none."""

    argument: str
    variable: str = ""


class OtherSdk(Struct, frozen=True):
    """Another generator's SDK.

    Args:
        generator: who made it.
        package: its import name.
        client: the class of its client; empty where its users make no such client.
        calls: its operations.
        credentials: arguments of the client that may be credentials.
        parameters: arguments of the client that become parameters of every call which has them.
        classes: the names of properties on the wire, by the class of the model.
        types: class names by the schema that the config names; for configs, which say so.
    """

    generator: Generator
    package: str
    client: str
    calls: tuple[KnownCall, ...]
    credentials: tuple[ClientArgument, ...] = ()
    parameters: tuple[Argument, ...] = ()
    classes: Mapping[str, frozenset[str]] = {}
    types: Mapping[str, str] = {}


class AdoptError(Exception):
    """What is to be adopted cannot be read; the message says why, and what to do."""
