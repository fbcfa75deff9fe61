"""How an overlay is written down: JSONPath (RFC 9535) and YAML, in signs that every parser reads alike."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from samekey.document.pointers import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.document.values import JsonValue

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def json_path(pointer: str, root: JsonValue) -> str:
    """Return the JSONPath (RFC 9535) of the value at a JSON pointer.

    Args:
        pointer: the pointer, to a value that is there.
        root: the document, which tells keys from indexes.
    """
    steps, value = ["$"], root
    for token in tokens(pointer):
        if isinstance(value, list):
            steps.append(f"[{token}]")
            value = value[int(token)]
            continue
        steps.append(f".{token}" if _PLAIN.fullmatch(token) else f"[{_in_single_quotes(token)}]")
        value = value.get(token) if isinstance(value, dict) else None
    return "".join(steps)


def _in_single_quotes(text: str) -> str:
    """Return a name in the quotes of RFC 9535 section 2.3.1.1."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + "'"


def block(mapping: dict[str, JsonValue], indent: str) -> Iterator[str]:
    """Yield a mapping in YAML, its inner mappings below their keys as long as these hold others."""
    for key, value in mapping.items():
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            yield f"{indent}{_key(key)}:"
            yield from block(value, f"{indent}  ")
        else:
            yield f"{indent}{_key(key)}: {flow(value)}"


def yaml_scalar(text: str) -> str:
    """Return a text as YAML's double-quoted scalar, in one line and in characters that every parser takes."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def flow(value: JsonValue) -> str:
    """Return a value in YAML's flow style, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return _key(value) if isinstance(value, str) else json.dumps(value)


def _key(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) is not None and text.lower() not in {
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    }
    return text if is_plain else yaml_scalar(text)
