"""Versions of OpenAPI, compared as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from samekey.document.values import JsonValue

Version: TypeAlias = tuple[int, int]
"""Major and minor version."""
OLDEST: Final[Version] = (2, 0)
NEWEST: Final[Version] = (3, 2)
"""The newest version that samekey knows; a newer one is read as this one."""
_NUMBERS = re.compile(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?(?![0-9])")


def version_of(document: JsonValue) -> Version | None:
    """Return the version that a document states under `openapi` or `swagger`; None where it states none.

    Args:
        document: its root.
    """
    if not isinstance(document, dict):
        return None
    stated = next((document[word] for word in ("openapi", "swagger") if document.get(word) is not None), None)
    found = _NUMBERS.match(str(stated).strip()) if isinstance(stated, (str, int, float)) else None
    return None if found is None else (int(found[1]), int(found[2] or 0))
