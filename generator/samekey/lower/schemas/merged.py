"""Several schemas that hold at once, read as one: what an allOf refers to, and what stands beside a oneOf."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from samekey.ir import Kind
from samekey.lower.docs import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samekey.document.node import Node
    from samekey.document.values import JsonValue

Parts: TypeAlias = tuple["Node", ...]

STRUCTURAL = frozenset(
    {
        "type", "properties", "additionalProperties", "patternProperties", "items", "prefixItems", "allOf", "oneOf",
        "anyOf", "enum", "const", "$ref", "$dynamicRef", "format",
    }
)  # fmt: skip
REFERENCES = frozenset({"$ref", "$dynamicRef"})
_UNION_WORDS = frozenset({"oneOf", "anyOf", "discriminator"})
_OPENED_WORDS = _UNION_WORDS | {"allOf", *REFERENCES}
_OBJECT_WORDS = ("properties", "additionalProperties", "patternProperties", "required", "maxProperties")
_ARRAY_WORDS = ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")
_STRING_WORDS = ("pattern", "minLength", "maxLength")
_NUMBER_WORDS = ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")
TYPES = {
    "string": Kind.STRING,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "null": Kind.NULL,
    "file": Kind.BINARY,
}
_TYPE_REPAIRS = {"int": "integer", "float": "number", "double": "number", "bool": "boolean", "str": "string",
                 "dict": "object", "map": "object", "list": "array", "long": "integer", "int32": "integer",
                 "int64": "integer", "date": "string", "datetime": "string", "date-time": "string", "enum": "string",
                 "uuid": "string", "json": "object", "timestamp": "string"}  # fmt: skip
FORMATS: dict[tuple[str, str], Kind] = {
    ("string", "date-time"): Kind.DATETIME,
    ("string", "date"): Kind.DATE,
    ("string", "uuid"): Kind.UUID,
    ("string", "decimal"): Kind.DECIMAL,
    ("string", "byte"): Kind.BYTES,
    ("string", "base64"): Kind.BYTES,
    ("string", "binary"): Kind.BINARY,
    ("number", "decimal"): Kind.DECIMAL_NUMBER,
}
_FILES = ("application/octet-stream", "application/pdf", "application/zip", "image/", "audio/", "video/")


class Merged(Struct, frozen=True):
    """Several schemas that hold at once, read as one.

    Args:
        parts: the schemas, with all that their references and allOf lead to.
        starts: where in the parts each of the schemas that were given begins; each refines those behind it.
    """

    parts: Parts
    starts: tuple[int, ...] = (0,)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Merged:
        """Merge schemas: follow references and open every allOf; a schema that contains itself counts once."""
        parts: list[Node] = []
        starts: list[int] = []
        seen: set[str] = set()
        values: set[int] = set()  # aliases of YAML are one value in several places
        for start in nodes:
            starts.append(len(parts))
            cls._open(start, parts, seen, values)
        return cls(tuple(parts), tuple(starts))

    @staticmethod
    def _open(start: Node, parts: list[Node], seen: set[str], values: set[int]) -> None:
        pending = [start]
        while pending:
            node = pending.pop()
            if node.identity in seen or id(node.value) in values or not isinstance(node.value, dict):
                continue
            values.add(id(node.value))
            if seen and _offers(node, seen):
                # A parent that lists its children: for a child, the list is not part of what it inherits.
                node = _without(node, _UNION_WORDS)
            seen.add(node.identity)
            if node.reference is None:
                parts.append(node)
                pending += list(node.elements("allOf"))[::-1]
                continue
            if has_words_beside(node):
                parts.append(node)
            target = node.follow()
            if target is not None:
                pending.append(target)

    def has(self, word: str) -> bool:
        """Whether any part has a keyword."""
        return any(part.has(word) for part in self.parts)

    def first(self, word: str) -> Node | None:
        """Return the value of a keyword in the first part that has it; None where no part has it."""
        return next((node for part in self.parts if (node := part.get(word)) is not None), None)

    def text(self, word: str) -> str:
        """Return the string under a keyword, or an empty one."""
        node = self.first(word)
        return node.value if node is not None and isinstance(node.value, str) else ""

    def flag(self, word: str) -> bool:
        """Return a boolean of the schema's own, not of what it refers to."""
        return bool(self.parts) and self.parts[0].flag(word)

    def all_of(self, word: str) -> Parts:
        """Return the values of a keyword in all parts, the outermost part's first."""
        return tuple(
            node for group in self._groups() for part in _refined(group) if (node := part.get(word)) is not None
        )

    def _groups(self) -> Iterator[Parts]:
        for start, end in itertools.pairwise((*self.starts, len(self.parts))):
            if start < end:
                yield self.parts[start:end]

    def elements(self, word: str) -> list[Node]:
        """Return the elements under a keyword, of all parts."""
        return [element for part in self.parts for element in (part.elements(word) if part.get(word) else ())]

    @property
    def doc(self) -> str:
        """Its own description."""
        return described(self.parts[0]) if self.parts else ""

    @property
    def required(self) -> frozenset[str]:
        """The properties that any part requires."""
        return frozenset(name for part in self.parts for name in required_of(part))

    @property
    def types(self) -> list[str]:
        """The types that all parts allow, null left out."""
        allowed: list[str] | None = None
        for part in self.parts:
            own = [kind for kind in types_of(part) if kind != "null"]
            if own:
                both = own if allowed is None else [kind for kind in allowed if kind in own]
                allowed = both or allowed
        return allowed or []

    @property
    def nullable(self) -> bool:
        """Whether null is allowed: by the schema's own word, since parts of an allOf seldom repeat it."""
        return bool(self.parts) and says_null(self.parts[:1])

    @property
    def implied_type(self) -> str:
        """The type that other words imply where none is given; schemas of the wild often leave it out."""
        if self.types:
            return self.types[0]
        if any(types_of(part) == ["null"] for part in self.parts):
            return "null"
        for words, kind in (
            (_OBJECT_WORDS, "object"),
            (_ARRAY_WORDS, "array"),
            (_STRING_WORDS, "string"),
            (_NUMBER_WORDS, "number"),
        ):
            if any(self.has(word) for word in words):
                return kind
        return "string" if ("string", self.text("format")) in FORMATS or self.holds_file else ""

    @property
    def holds_file(self) -> bool:
        """Whether a string is raw bytes: by its media type, from OpenAPI 3.1 on, and in no encoding of text."""
        return self.text("contentMediaType").startswith(_FILES) and not self.has("contentEncoding")

    @property
    def allows_extra(self) -> bool:
        """Whether extra properties are allowed explicitly."""
        node = self.first("additionalProperties")
        return (node is not None and node.value is not False) or self.has("patternProperties")

    @property
    def required_names(self) -> tuple[str, ...]:
        """The names that must be there, in the document's order."""
        return tuple(dict.fromkeys(name for part in self.parts for name in required_of(part)))

    def properties(self) -> dict[str, Parts]:
        """Return properties by name, each with every schema that the parts give it, the outermost part's first."""
        found: dict[str, list[Node]] = {}
        for group in self._groups():
            own: dict[str, list[Node]] = {}
            for part in reversed(_refined(group)):
                for name, schema in part.items("properties"):
                    own.setdefault(name, []).insert(0, schema)
            for name, schemas in own.items():
                found.setdefault(name, []).extend(schemas)
        return {name: tuple(schemas) for name, schemas in found.items()}

    def enum_values(self) -> list[JsonValue]:
        """Return the listed values of `enum`, or the one of `const`; empty where there is neither."""
        for part in self.parts:
            if part.has("const") and isinstance(part.value, dict):
                return [part.value["const"]]
        node = self.first("enum")
        return list(node.value) if node is not None and isinstance(node.value, list) else []

    def without_unions(self) -> Parts | None:
        """Return the parts without their unions, for a variant; None where they hold nothing but the union."""
        holders = [part for part in self.parts if part.get("properties") or part.get("additionalProperties")]
        return tuple(_without(part, _OPENED_WORDS) for part in self.parts) if holders else None


def _refined(group: Parts) -> Parts:
    """Return the parts of one schema, each before those that it refines: itself, then its allOf from the end."""
    is_outermost = group[0].has("allOf")
    return (group[0], *reversed(group[1:])) if is_outermost else group[::-1]


def keys_of(node: Node) -> Iterator[str]:
    """Return an iterator over the keywords of a schema."""
    return iter(node.value) if isinstance(node.value, dict) else iter(())


def has_words_beside(reference: Node) -> bool:
    """Whether words stand beside a reference that say something of the shape of a value."""
    return any(key in STRUCTURAL and key not in REFERENCES for key in keys_of(reference))


def required_of(part: Node) -> tuple[str, ...]:
    """Return the names of the properties that a schema requires."""
    return (
        part.texts("required") if isinstance(part.value, dict) and isinstance(part.value.get("required"), list) else ()
    )


def types_of(part: Node) -> list[str]:
    """Return the types that a schema names, repaired where the meaning is plain (reported)."""
    value = part.value.get("type") if isinstance(part.value, dict) else None
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    found: list[str] = []
    for name in ("null" if each is None else each for each in names):
        if not isinstance(name, str):
            continue
        known = name in TYPES or name in {"object", "array"}
        found.append(name if known else _TYPE_REPAIRS.get(name.lower(), name.lower()))
        if not known and name.lower() in _TYPE_REPAIRS:
            part.warn("unknown-type", f"there is no type {name!r}; read as {_TYPE_REPAIRS[name.lower()]!r}")
    return list(dict.fromkeys(found))


def says_null(parts: Parts) -> bool:
    """Whether a schema allows null explicitly."""
    return any(
        part.flag("nullable") or part.flag("x-nullable") or ("null" in types_of(part) and len(types_of(part)) > 1)
        for part in parts
    )


def is_empty(node: Node) -> bool:
    """Whether a schema says nothing of the shape of a value."""
    return isinstance(node.value, bool) or not any(key in STRUCTURAL for key in keys_of(node))


def sole_reference(node: Node) -> Node | None:
    """Return the reference inside `allOf: [{$ref}]` or the like, if only annotations stand beside it; else None."""
    for word in ("allOf", "oneOf", "anyOf"):
        if node.has(word):
            elements = [element for element in node.elements(word) if not is_empty(element) or required_of(element)]
            others = [key for key in keys_of(node) if key in STRUCTURAL and key not in {word, "type"}]
            others += required_of(node)
            if len(elements) == 1 and not others and elements[0].reference is not None:
                return elements[0]
            return None
    return None


def only_constrains(variant: Node) -> bool:
    """Whether a variant only restricts what stands beside it, such as `{required: [a]}`."""
    keys = set(keys_of(variant))
    return bool(keys) and keys <= {
        "required",
        "not",
        "title",
        "description",
        "minProperties",
        "maxProperties",
        "if",
        "then",
    }


def only_constraining(merged: Merged) -> list[Node]:
    """Return the variants of a oneOf, else of an anyOf, that add nothing to what stands beside it."""
    for word in ("oneOf", "anyOf"):
        variants = merged.elements(word)
        if variants:
            return [variant for variant in variants if only_constrains(variant)]
    return []


def relaxed(variant: Node, others: Iterable[Node]) -> Node:
    """Return a variant that requires no more than all others do as well."""
    target = variant.follow()
    if target is None or not isinstance(target.value, dict):
        return variant
    needed = set(required_of(target)).intersection(*(required_of(other) for other in others))
    required: list[JsonValue] = [name for name in required_of(target) if name in needed]
    value: dict[str, JsonValue] = {**target.value, "required": required}
    return type(target)(target.document, target.source, target.pointer, value)


def is_file(schema: Node) -> bool:
    """Whether a schema says that a value is raw bytes."""
    merged = Merged.of((schema,))
    return merged.implied_type in {"string", "file"} and (
        merged.holds_file or merged.text("format") == "binary" or merged.text("type") == "file"
    )


def is_objectlike(variant: Node) -> bool:
    """Whether a variant is an object."""
    target = variant.follow()
    return target is not None and Merged.of((target,)).implied_type == "object"


def _offers(node: Node, seen: set[str]) -> bool:
    variants = [variant for word in ("oneOf", "anyOf") if node.get(word) for variant in node.elements(word)]
    return any(variant.reference is not None and target_of(variant) in seen for variant in variants)


def _without(node: Node, words: frozenset[str]) -> Node:
    """Return a schema without some of its keywords, standing where the whole one stands."""
    if not isinstance(node.value, dict) or words.isdisjoint(node.value):
        return node
    value = {key: entry for key, entry in node.value.items() if key not in words}
    return type(node)(node.document, node.source, node.pointer, value)


def target_of(node: Node) -> str:
    """Return the identity of what stands behind a reference, or of the value itself; empty if it leads nowhere."""
    target = node.follow()
    return target.identity if target is not None else ""
