"""What users of an SDK can see of it: its calls, arguments, types and defaults, as data that is kept with the SDK."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003  # msgspec reads annotations
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from samekey_templates.runtime.safety import Evidence, Safety  # likewise

from samekey.header import MARKER

if TYPE_CHECKING:
    from samekey.document.values import JsonValue

SURFACE: Final = "surface.json"
SURFACE_VERSION: Final = 1
_ABOUT: Final = (
    f"{MARKER}. What users of this SDK can see of it. Keep this file with it: `samekey generate` and `samekey diff` "
    "tell from it what has changed for them."
)


class SurfaceError(Exception):
    """The surface of an SDK cannot be read; the text says why, for people."""


class Taken(Struct, frozen=True, omit_defaults=True):
    """An argument of a method or of a client.

    Args:
        type: what it takes, as it is annotated.
        place: where it travels, and its name on the wire.
        required: whether it has to be given.
        positional: whether it may be given without its name.
        deprecated: whether the document discourages it.
        default: what the API takes where it is left out, as JSON.
        bounds: what the API demands of it, by the document's words.
    """

    type: str
    place: str = ""
    required: bool = False
    positional: bool = False
    deprecated: bool = False
    default: str = ""
    bounds: Mapping[str, str | int | float] = {}


class SeenCall(Struct, frozen=True, omit_defaults=True):
    """A method of an SDK.

    Args:
        operation: the operation behind it: method and path, and what sets it apart from others of both.
        gives: what it returns, as it is annotated.
        safety: what sending it twice may do.
        id: the document's operationId.
        arguments: by name, those of the path first.
        streams: what `.stream(…)` gives; empty where it has none.
        evidence: who says that the API honours its key.
        key: where the key travels, and its name.
        key_only: whether it is retried as if it had no key.
        longest_key: the characters of the longest key that it takes.
        errors: the types of the bodies of errors, by status.
        security: alternatives of schemes of credentials.
        deprecated: whether the document discourages it.
    """

    operation: str
    gives: str
    safety: Safety
    id: str = ""
    arguments: Mapping[str, Taken] = {}
    streams: str = ""
    evidence: Evidence | None = None
    key: str = ""
    key_only: bool = False
    longest_key: int = 0
    errors: Mapping[str, str] = {}
    security: tuple[tuple[str, ...], ...] = ()
    deprecated: bool = False

    @property
    def is_repeated(self) -> bool:
        """Whether it is sent again after its answer was lost."""
        return self.safety is not Safety.UNSAFE and not self.key_only

    @property
    def is_done_once(self) -> bool:
        """Whether it is promised that sending it again does nothing twice."""
        return self.is_repeated and self.evidence is not Evidence.ASSUMED


class SeenKind(StrEnum):
    """What a name in `models` is."""

    MODEL = "model"
    INPUT = "input"
    ENUM = "enum"
    UNION = "union"


class SeenField(Struct, frozen=True, omit_defaults=True):
    """A field of a model, or a key of a dict that may be sent.

    Args:
        type: its type, as it is annotated.
        wire: its name on the wire, where that is another.
        required: whether it must be given to make one.
        deprecated: whether the document discourages it.
        default: what the API takes where it is left out, as JSON.
        bounds: what the API demands of it, by the document's words.
    """

    type: str
    wire: str = ""
    required: bool = False
    deprecated: bool = False
    default: str = ""
    bounds: Mapping[str, str | int | float] = {}


class SeenType(Struct, frozen=True, omit_defaults=True):
    """A name in `models`.

    Args:
        kind: what it is.
        key: where its schema stands in the document.
        sent: whether it may be sent.
        received: whether it comes back.
        fields: of a model or an input, by name.
        members: of an enum, values by name.
        target: of a union, what it stands for, as it is annotated.
        same: of an enum that is a further name of another, that one's name.
    """

    kind: SeenKind
    key: str = ""
    sent: bool = False
    received: bool = False
    fields: Mapping[str, SeenField] = {}
    members: Mapping[str, str | int] = {}
    target: str = ""
    same: str = ""


class Surface(Struct, frozen=True, omit_defaults=True):
    """All that users of an SDK can see of it.

    Args:
        title: the title of the API.
        version: the version of the SDK.
        package: its import name.
        distribution: the name that it is installed by.
        client: the class of the sync client.
        base_url: where requests go if nothing else is said.
        servers: URLs by the names that `SERVERS` has for them.
        client_arguments: what the clients take beside what all clients take.
        calls: by their place on the client, such as `charges.create`.
        types: by their names in `models`.
        webhooks: types of the payloads, by name.
        python: the oldest Python that it is for, such as (3, 11); empty where that was not kept.
    """

    title: str
    version: str
    package: str
    distribution: str
    client: str
    base_url: str = ""
    servers: Mapping[str, str] = {}
    client_arguments: Mapping[str, Taken] = {}
    calls: Mapping[str, SeenCall] = {}
    types: Mapping[str, SeenType] = {}
    webhooks: Mapping[str, str] = {}
    python: tuple[int, ...] = ()


def spell_surface(surface: Surface) -> str:
    """Return the text of a surface: sorted, one fact a line, in ASCII."""
    fields: dict[str, JsonValue] = msgspec.to_builtins(surface)
    whole: dict[str, Any] = {"about": _ABOUT, "surface_version": SURFACE_VERSION, **fields}
    return json.dumps(whole, indent=1) + "\n"


def read_surface(data: bytes) -> Surface:
    """Read the surface of an SDK.

    Raises:
        SurfaceError: it is none, or one of a later samekey.
    """
    try:
        # What is half of a pair of surrogates is text to Python, and none to msgspec.
        whole: JsonValue = json.loads(data)
        version = whole.get("surface_version") if isinstance(whole, dict) else None
        if version != SURFACE_VERSION:
            raise SurfaceError(f"it is of version {version!r}, and this samekey reads version {SURFACE_VERSION}")
        return msgspec.convert(whole, Surface)
    except (ValueError, RecursionError) as error:
        raise SurfaceError(f"it is damaged: {error}") from error
