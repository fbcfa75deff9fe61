"""The models of another generator's SDK: what each of them has on the wire, to know it by in the document."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from samekey.adopt.sending import fields_of

if TYPE_CHECKING:
    from samekey.adopt.package import ClassIn, Package

_MAX_BASES: Final = 20
_SENT: Final = ("Params", "TypedDict")
"""Ends of the names of types for what is sent, which have the properties of models and are none."""


def classes_of(package: Package) -> dict[str, frozenset[str]]:
    """Return the properties on the wire of each model, by the name of its class; of two of one name, the first."""
    found: dict[str, frozenset[str]] = {}
    for entry in package.all_classes():
        name = entry.node.name
        if name.startswith("_") or name.endswith(_SENT) or name in found:
            continue
        fields = _fields(package, entry, _MAX_BASES)
        if fields:
            found[name] = frozenset(fields)
    return found


def _fields(package: Package, entry: ClassIn, steps: int) -> set[str]:
    found = {wire for name, wire in fields_of(entry.node).items() if not name.startswith("_")}
    for base in entry.node.bases:
        name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
        above = package.find_class(entry.module, name) if name and steps else None
        if above is not None and above.node is not entry.node:
            found |= _fields(package, above, steps - 1)
    return found
