"""What other generators' extensions call things: `x-speakeasy-*`, `x-fern-*`, `x-stainless-*` and `x-enum-*`.

The words are kept as they are written; `names/` makes Python names of them, as of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.config.patterns import fits
from samekey.document.values import spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.document.node import Node
    from samekey.document.values import JsonValue

_IGNORING: Final = ("x-speakeasy-ignore", "x-fern-ignore", "x-stainless-skip")
_NAME: Final = "x-speakeasy-name-override"
_NAMES: Final = ("x-enum-varnames", "x-speakeasy-enums", "x-enumNames", "x-enum-names")
_DESCRIPTIONS: Final = ("x-enum-descriptions", "x-speakeasy-enum-descriptions", "x-enumDescriptions")
_FERN_ENUM: Final = "x-fern-enum"
_AVAILABILITY: Final = "x-fern-availability"
_PYTHON: Final = "python"
_MAX_LEVELS: Final = 8
"""Of resources that hold each other; a text of a document must not make thousands of modules."""
_SIGNS_OF_PATTERNS: Final = frozenset("\\^$.[]|()?+{}")


def group_of(operation: Node) -> tuple[str, ...]:
    """Return where an operation is to be found, a word for each level; none where nobody says."""
    for word in ("x-speakeasy-group", "x-fern-sdk-group-name"):
        stated = operation.get(word)
        value = stated.value if stated is not None else None
        listed = [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else [value]
        # Speakeasy's lists are several places for one operation, and the first of them counts; Fern's are levels.
        listed = listed[:1] if word == "x-speakeasy-group" else listed
        levels = tuple(part for entry in listed if isinstance(entry, str) for part in entry.split(".") if part.strip())
        if len(levels) > _MAX_LEVELS:
            levels = (*levels[: _MAX_LEVELS - 1], " ".join(levels[_MAX_LEVELS - 1 :]))
        if levels:
            return levels
    return ()


def method_of(operation: Node, root: Node) -> str:
    """Return what an operation is to be called; empty where nobody says.

    Args:
        operation: the operation.
        root: the document, which may have rules for the names of many.
    """
    own = operation.text("x-fern-sdk-method-name") or operation.text(_NAME) or _stainless(operation, "method_name")
    return own.strip() or _by_rule(operation.text("operationId"), root)


def _by_rule(identity: str, root: Node) -> str:
    """Return the name by the first rule of the root that means an operationId; of patterns, anchors and `.*` count."""
    rules = root.get(_NAME)
    for rule in rules.elements() if rules is not None and isinstance(rules.value, list) else ():
        pattern = rule.text("operationId") if isinstance(rule.value, dict) else ""
        start, end = pattern.startswith("^"), pattern.endswith("$")
        inner = pattern.removeprefix("^").removesuffix("$")
        plain = inner.replace(".*", "*")
        is_plain = identity and plain and not set(plain.replace("*", "")) & _SIGNS_OF_PATTERNS
        if is_plain and fits(f"{'' if start else '*'}{plain}{'' if end else '*'}", identity):
            return rule.text("methodNameOverride").strip()
    return ""


def parameter_called(parameter: Node) -> str:
    """Return what a parameter is to be called; empty where nobody says."""
    return _first(parameter, _NAME, "x-fern-parameter-name", "x-stainless-param") or _stainless(
        parameter, "property_name"
    )


def property_called(schema: Node) -> str:
    """Return what a property is to be called; empty where nobody says. Speakeasy's word for a schema is its class's."""
    return _first(schema, "x-fern-property-name") or _stainless(schema, "property_name")


def type_called(schema: Node) -> str:
    """Return what the class of a schema is to be called; empty where nobody says."""
    named = _first(schema, "x-fern-type-name", _NAME)
    return named or _stainless(schema, "type_name") or _stainless(schema, "model_name")


def _first(node: Node, *words: str) -> str:
    for word in words:
        stated = node.value.get(word) if isinstance(node.value, dict) else None
        if isinstance(stated, str) and stated.strip():
            return stated.strip()
    return ""


def _stainless(node: Node, word: str) -> str:
    """Return a name of `x-stainless-naming`, the one for Python before the one for all languages."""
    naming = node.get("x-stainless-naming") if isinstance(node.value, dict) else None
    if naming is None or not isinstance(naming.value, dict):
        return ""
    own = naming.get(_PYTHON)
    return (own.text(word) if own is not None and isinstance(own.value, dict) else "") or naming.text(word)


def ignored(operation: Node) -> str:
    """Return the word that leaves an operation out of every SDK; empty where none does."""
    for word in _IGNORING:
        stated = operation.get(word)
        value = stated.value if stated is not None else None
        if value is True or (isinstance(value, list) and _PYTHON in value):
            return word
    return ""


def availability(node: Node) -> str:
    """Return how far something is on its way, in Fern's word, such as `beta` or `deprecated`; empty if it is there."""
    stated = node.get(_AVAILABILITY) if isinstance(node.value, dict) else None
    value = stated.value if stated is not None else None
    found = value if isinstance(value, str) else value.get("status") if isinstance(value, dict) else ""
    return found if isinstance(found, str) and found not in {"generally-available", "available"} else ""


def member_words(node: Node, values: Sequence[str | int]) -> tuple[tuple[str, str], ...]:
    """Return the name and the description of each value of an enum, either of which may be empty; () if all are.

    Args:
        node: the schema.
        values: its values without null.
    """
    raw = node.get("enum")
    listed = [entry.value for entry in raw.elements()] if raw is not None and isinstance(raw.value, list) else []
    order = {_key(value): at for at, value in enumerate(listed)}
    fern = dict(_fern_members(node))
    names = [_of_member(node, _NAMES, value, order) or fern.get(_key(value), ("", ""))[0] for value in values]
    docs = [_of_member(node, _DESCRIPTIONS, value, order) or fern.get(_key(value), ("", ""))[1] for value in values]
    return tuple(zip(names, docs, strict=True)) if any(names) or any(docs) else ()


def _key(value: JsonValue) -> str:
    return spelling(value) or str(value)


def _of_member(node: Node, words: Iterable[str], value: str | int, order: dict[str, int]) -> str:
    """Return the text of a member from the first extension that has one: a list in the enum's order, or a mapping."""
    at = order.get(_key(value))
    for word in words:
        stated = node.get(word)
        found = stated.value if stated is not None else None
        if isinstance(found, list) and at is not None and at < len(found):
            text = found[at]
        elif isinstance(found, dict):
            text = found.get(_key(value))
        else:
            continue
        if isinstance(text, str) and text.strip():
            return text.strip()
    return ""


def _fern_members(node: Node) -> Iterable[tuple[str, tuple[str, str]]]:
    stated = node.get(_FERN_ENUM)
    for value, entry in stated.items() if stated is not None and isinstance(stated.value, dict) else ():
        if isinstance(entry.value, dict):
            yield value, (entry.text("name").strip(), entry.text("description").strip())
