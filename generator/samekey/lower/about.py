"""What a document says of itself for the people behind it: contact, licence, and documentation elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.ir import About

if TYPE_CHECKING:
    from samekey.document.node import Node


def lower_about(root: Node) -> About:
    """Return what `info.contact`, `info.license` and `externalDocs` say; what is none of them is passed over."""
    info = _mapping(root, "info")
    contact, licence = _mapping(info, "contact"), _mapping(info, "license")
    return About(
        contact=_text(contact, "name"),
        email=_text(contact, "email"),
        homepage=_text(contact, "url"),
        licence=_text(licence, "identifier") or _text(licence, "name"),
        documentation=_text(_mapping(root, "externalDocs"), "url"),
    )


def _mapping(node: Node | None, key: str) -> Node | None:
    entry = node.get(key) if node is not None else None
    return entry if entry is not None and isinstance(entry.value, dict) else None


def _text(node: Node | None, key: str) -> str:
    return node.text(key).strip() if node is not None else ""
