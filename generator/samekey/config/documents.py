"""Further documents of an SDK: each is a part with a name, and says for itself what of it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.config.selection import EVERYTHING, Selection, read_selection
from samekey.config.words import read_locations, refuse_unknown
from samekey.document.source import join_uri
from samekey.identifiers import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.document.node import Node

_INVALID: Final = "config-invalid"
_KEYS: Final = ("spec", "overlays", "include", "exclude")


class PartConfig(Struct, frozen=True):
    """A further document of an SDK.

    Args:
        spec: its path or URL.
        overlays: paths or URLs of overlays to apply to it, in order.
        selection: which of its operations are in the SDK.
        node: where it stands in the config.
    """

    spec: str
    overlays: tuple[str, ...]
    selection: Selection
    node: Node


def read_documents(node: Node | None) -> Mapping[str, PartConfig]:
    """Return what the mapping under `documents` says, by the parts' names; what is wrong is reported and left out."""
    return {} if node is None else dict(_parts(node))


def _parts(node: Node) -> Iterator[tuple[str, PartConfig]]:
    for name, entry in node.items():
        if not (is_identifier(name) and name == name.lower()):
            entry.error(_INVALID, f"the name of a part is a word in lower case such as billing, not {name!r}")
        elif isinstance(entry.value, str) and entry.value:
            yield name, PartConfig(join_uri(node.source.uri, entry.value), (), EVERYTHING, entry)
        elif isinstance(entry.value, dict) and isinstance(entry.value.get("spec"), str) and entry.text("spec"):
            refuse_unknown(entry, _KEYS)
            spec = join_uri(node.source.uri, entry.text("spec"))
            yield name, PartConfig(spec, read_locations(entry, "overlays"), read_selection(entry), entry)
        else:
            entry.error(_INVALID, "a document is the path or URL of a file, or a mapping with its `spec`")
