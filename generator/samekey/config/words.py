"""Words of a mapping that people write: those that are known, those that are not, and durations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.document.source import join_uri
from samekey.document.values import spelling
from samekey.identifiers import closest

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.document.node import Node

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def refuse_unknown(node: Node, known: tuple[str, ...]) -> None:
    """Report the keys of a mapping that are not among the known ones."""
    for key, value in node.items():
        if key not in known:
            value.error("unknown-key", f"there is no key {key!r} here", closest(key, known))


def read_duration(node: Node, key: str, code: str, *, may_be_zero: bool = False) -> float | None:
    """Return a duration in seconds, from a number, or one with s, m, h or d; None if missing or wrong (reported).

    Args:
        node: the mapping.
        key: the word under which it stands.
        code: the code of the error.
        may_be_zero: whether no time at all makes sense.
    """
    entry = node.get(key)
    if entry is None:
        return None
    text = spelling(entry.value) or ""
    unit = _UNITS.get(text[-1:], 0.0)
    try:
        seconds = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        seconds = -1.0
    if isinstance(entry.value, bool) or not 0 <= seconds < float("inf") or (seconds == 0 and not may_be_zero):
        entry.error(code, f"{key} is a duration such as 90s, 30m, 24h or 7d")
        return None
    return seconds


def text_under(node: Node, key: str, is_valid: Callable[[str], object], wanted: str, called: str = "") -> str:
    """Return the text under a key; empty if it is missing, or is not what is wanted (an error).

    Args:
        node: the mapping.
        key: the word under which it stands.
        is_valid: whether a text is what is wanted.
        wanted: that, in words.
        called: what it is, where the key does not say it.
    """
    entry = node.get(key)
    if entry is None:
        return ""
    if not isinstance(entry.value, str) or not is_valid(entry.value):
        entry.error("config-invalid", f"{called or key} is {wanted}")
        return ""
    return entry.value


def mapping_of(node: Node, key: str) -> Node | None:
    """Return the mapping under a key; None where it is missing, or where something else stands there (an error)."""
    entry = node.get(key)
    if entry is not None and not isinstance(entry.value, dict):
        entry.error("config-invalid", f"{key} is a mapping")
        return None
    return entry


def read_locations(node: Node, key: str) -> tuple[str, ...]:
    """Return the paths or URLs of a list, relative ones seen from the config file; what is wrong is reported."""
    listed = node.get(key)
    if listed is None:
        return ()
    if not isinstance(listed.value, list):
        listed.error("config-invalid", f"{key} is a list of paths or URLs")
        return ()
    found: list[str] = []
    for element in listed.elements():
        if isinstance(element.value, str) and element.value:
            found.append(join_uri(node.source.uri, element.value))
        else:
            element.error("config-invalid", f"an entry of {key} is the path or URL of a file")
    return tuple(found)
