"""Values made up from schemas: what is known is kept where it fits, the rest comes from examples or the schema."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from samekey.lower.schemas.merged import Merged, says_null, target_of
from samekey.sandbox.api.patterns import matching
from samekey.sandbox.api.schemas import ANNOTATIONS, Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.lower.schemas.merged import Parts
    from samekey.sandbox.api.schemas import SchemaJudge

_DEEP = 8
"""From this depth on, only what is required."""
_SHALLOW = 3
"""To this depth what is optional is said, where all is to be."""
_TOO_DEEP = 24
_MOST_VALUES = 20_000
_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 2_000
_BESIDE: Final = ANNOTATIONS | {"$ref", "nullable"}
"""Words beside a reference that say nothing of the values that it allows."""
_PLAIN: Final = _BESIDE | {
    *("type", "properties", "required", "additionalProperties", "items", "allOf", "discriminator"),
    *("minItems", "maxItems", "uniqueItems", "maxProperties", "minLength", "maxLength", "pattern", "format"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("contentMediaType", "contentEncoding"),
}
"""Words that hold for an object or a list whose parts are right, however much it says."""
_FORMATS: Final = {
    "date": "%Y-%m-%d",
    "date-time": "%Y-%m-%dT%H:%M:%SZ",
    "time": "%H:%M:%SZ",
}
_WORDS: Final = {
    "uuid": "5f0c6f0e-6d0b-4c57-9c57-0a1b6c2d3e4f",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uri-reference": "/",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "c2FtcGxl",
    "base64": "c2FtcGxl",
    "decimal": "1.00",
    "duration": "PT1M",
    "int64": "1",
}


class Missing:
    """Nothing is known of a value."""


MISSING: Final = Missing()
Known: TypeAlias = "JsonValue | Missing"


class _Budget:
    """How many values there may be in a value: lists of a hundred lists of a hundred have an end as well."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES

    def spend(self) -> bool:
        """Count a value, and return whether there may be more."""
        self.left -= 1
        return self.left > 0


@dataclass(frozen=True, slots=True)
class _Depth:
    """How deep in a value another one is made, and how.

    Args:
        level: how deep.
        whole: whether what is optional is said.
        is_judged: whether a value around it is looked at as a whole, when it is made.
        budget: how much there may be.
    """

    level: int = 0
    whole: bool = False
    is_judged: bool = False
    budget: _Budget = field(default_factory=_Budget)

    @property
    def down(self) -> _Depth:
        """One level below."""
        return _Depth(self.level + 1, self.whole, self.is_judged, self.budget)

    @property
    def judged(self) -> _Depth:
        """The same, where the value itself is looked at."""
        return replace(self, is_judged=True)

    @property
    def says_all(self) -> bool:
        """Whether what is optional is said here."""
        return self.whole and self.level < _SHALLOW


@dataclass(frozen=True, slots=True)
class _Outline:
    """What values for a schema are made by, read from it once.

    Args:
        given: the schemas that hold at once.
        place: their identities, and what else tells them from others.
        merged: the same as one, with all that they refer to.
        kind: the type that it has, or implies.
        properties: the schemas of its properties.
        required: the properties that must be there.
        allows_extra: whether there may be others.
        is_hidden: whether it does not go in this direction.
        says_null: whether it allows null explicitly.
        variants: those of its unions, one after the other, that add something.
        has_conditions: whether some of its words may hold only where more is said than must be.
    """

    given: Parts
    place: tuple[str, ...]
    merged: Merged
    kind: str
    properties: Mapping[str, Parts]
    required: frozenset[str]
    allows_extra: bool
    is_hidden: bool
    says_null: bool
    variants: tuple[tuple[Node, ...], ...]
    has_conditions: bool


def _outline(given: Parts, place: tuple[str, ...], hidden: str) -> _Outline:
    merged = Merged.of(given)
    unions = (tuple(node for node in merged.elements(word) if _adds(node)) for word in ("oneOf", "anyOf"))
    listed = [variants for variants in unions if variants]
    properties = merged.properties()
    return _Outline(
        given=given,
        place=place,
        merged=merged,
        kind=merged.implied_type,
        properties=properties,
        required=merged.required,
        allows_extra=not properties or merged.allows_extra,
        is_hidden=any(part.flag(hidden) for part in merged.parts),
        says_null=says_null(merged.parts),
        variants=tuple(listed or filter(None, [_subtypes(merged)])),
        has_conditions=_has_conditions(given),
    )


def _has_conditions(given: Parts) -> bool:
    """Whether schemas, or what they refer to, have words that may hold only where more is said than must be."""
    left = list(given)
    seen: set[str] = set()
    while left:
        node = left.pop()
        if node.identity in seen or not isinstance(node.value, dict):
            continue
        seen.add(node.identity)
        # What stands beside a reference counts as well, though nothing is made of it.
        plain = _PLAIN if node.reference is None else _BESIDE
        if any(word not in plain and not word.startswith("x-") for word in node.value):
            return True
        target = None if node.reference is None else node.follow()
        left += [target] if target is not None else node.elements("allOf") if node.has("allOf") else ()
    return False


def _subtypes(merged: Merged) -> tuple[Node, ...]:
    """Return the schemas that a parent names by the values of its discriminator, each of which extends it."""
    own = merged.parts[0].get("discriminator") if merged.parts else None
    if own is None or own.get("mapping") is None:
        return ()
    parent = merged.parts[0].identity
    found = filter(None, (_mapped(node) for _, node in own.items("mapping")))
    return tuple(node for node in found if any(part.identity == parent for part in Merged.of((node,)).parts[1:]))


def _mapped(node: Node) -> Node | None:
    """Return the schema that a value of a mapping leads to; None where it names one otherwise than by a reference."""
    return node.lookup(node.value) if isinstance(node.value, str) and "#" in node.value else None


class Samples:
    """Makes values.

    Args:
        schemas: judges them.
        now: the present time.
        direction: which way they go: what is sent lacks what is read-only, what comes back what is write-only.
    """

    def __init__(
        self,
        schemas: SchemaJudge,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        direction: Direction = Direction.RESPONSE,
    ) -> None:
        self._schemas = schemas
        self._now = now
        self._direction = direction
        self._hidden = "writeOnly" if direction is Direction.RESPONSE else "readOnly"
        self._outlines: dict[tuple[str, ...], _Outline] = {}
        self._inner: dict[tuple[str, ...], tuple[tuple[str, _Outline], ...]] = {}
        self._examples: dict[tuple[str, ...], Known] = {}
        self._tags: dict[tuple[str, ...], dict[str, JsonValue]] = {}
        self._known: dict[tuple[tuple[str, ...], type, object], bool] = {}

    def fit(self, schema: Node, known: Known = MISSING) -> JsonValue:
        """Return a value that a schema allows in this direction, made of what is known wherever that fits.

        Args:
            schema: the schema.
            known: a value of which all is kept that the schema has room for.
        """
        return self._fit(self._read((schema,)), known, _Depth())

    def whole(self, schema: Node, known: Known = MISSING) -> JsonValue:
        """Return a value like `fit`, in which all is said that need not be said, as far as three levels down."""
        return self._fit(self._read((schema,)), known, _Depth(whole=True, is_judged=True))

    def _fit(self, outline: _Outline, known: Known, depth: _Depth) -> JsonValue:
        if known is None and (outline.says_null or self._accepts(outline, None)):
            return None
        if known is None or isinstance(known, Missing):
            # An example is known by way of the document; it is fitted for what must not come back.
            known = self._example(outline)
        if depth.level > _TOO_DEEP or not depth.budget.spend():
            return None
        opened, tags = self._open(outline, known) if outline.variants else (outline, {})
        if opened.kind in {"object", "array"}:
            if depth.is_judged or not (outline.has_conditions or opened.has_conditions):
                return self._made(opened, tags, known, depth)
            left = depth.budget.left
            made = self._made(opened, tags, known, depth.judged)
            # A whole answer comes once, with an id of its own; what is inside comes again.
            if self._accepts(outline, made) if depth.level else self._judged(outline, made):
                return made
            depth.budget.left = left
            whole = self._fit(outline, known, replace(depth.judged, whole=True))
            return whole if self._judged(outline, whole) else made
        return self._scalar(opened) if isinstance(known, Missing) or not self._accepts(outline, known) else known

    def _made(self, opened: _Outline, tags: dict[str, JsonValue], known: Known, depth: _Depth) -> JsonValue:
        """Return an object or a list, as far as what is in it tells."""
        if opened.kind == "object":
            return {**self._object(opened, known, depth), **tags}
        return self._array(opened.merged, known, depth)

    def _read(self, given: Parts) -> _Outline:
        """Return several schemas as one; the same schemas are read only once."""
        place = tuple(part.identity for part in given)
        if place not in self._outlines:
            self._outlines[place] = _outline(given, place, self._hidden)
        return self._outlines[place]

    def _variant(self, union: Merged, chosen: Node) -> _Outline:
        """Return a union with one of its variants as one schema, read only once."""
        # Not by `_read`: what is left of the union stands where the union does.
        place = (*(part.identity for part in union.parts), "with", chosen.identity)
        if place not in self._outlines:
            self._outlines[place] = _outline((*(union.without_unions() or ()), chosen), place, self._hidden)
        return self._outlines[place]

    def _shown(self, outline: _Outline) -> tuple[tuple[str, _Outline], ...]:
        """Return the properties of a schema that go in this direction, which are found only once."""
        if outline.place not in self._inner:
            inner = ((name, self._read(parts)) for name, parts in outline.properties.items())
            self._inner[outline.place] = tuple((name, each) for name, each in inner if not each.is_hidden)
        return self._inner[outline.place]

    def _example(self, outline: _Outline) -> Known:
        """Return the first of the document's own values that its schema allows; MISSING where there is none."""
        if outline.place not in self._examples:
            named = (outline.merged.first(word) for word in ("const", "default", "example", "examples", "x-example"))
            values = (_first_of(node) for node in named if node is not None)
            allowed = (value for value in values if value is not None and self._accepts(outline, value))
            self._examples[outline.place] = next(allowed, MISSING)
        return self._examples[outline.place]

    def _open(
        self, outline: _Outline, known: Known, met: frozenset[str] = frozenset()
    ) -> tuple[_Outline, dict[str, JsonValue]]:
        """Return a union's variant that takes what is known, else its first that is more than null, with its tag.

        Args:
            outline: the union, or a schema of another kind.
            known: a value to take.
            met: identities of the unions around it, which add nothing as its variants.
        """
        for listed in outline.variants:
            variants = [node for node in listed if target_of(node) not in met]
            if not variants:
                continue
            chosen = variants[0]
            if not isinstance(known, Missing):
                chosen = next((node for node in variants if self._accepts(self._read((node,)), known)), chosen)
            opened, tags = self._open(self._variant(outline.merged, chosen), known, met | {target_of(chosen)})
            return opened, {**tags, **self._tag(outline.merged, chosen)}
        return outline, {}

    def _tag(self, merged: Merged, variant: Node) -> dict[str, JsonValue]:
        """Return the property that tells a variant from others, with a value that the variant itself allows.

        Some documents map it to other words than its constant, which they then mean.
        """
        place = (*(part.identity for part in merged.parts), "tagged", variant.identity)
        if place not in self._tags:
            name, values = _tags(merged, variant)
            tagged = self._read(Merged.of((variant,)).properties().get(name, ()))
            allowed = next((value for value in values if self._accepts(tagged, value)), None)
            self._tags[place] = {} if allowed is None else {name: allowed}
        return self._tags[place]

    def _object(self, outline: _Outline, known: Known, depth: _Depth) -> dict[str, JsonValue]:
        fields = known if isinstance(known, dict) else {}
        made: dict[str, JsonValue] = {}
        inside = depth.down
        for name, inner in self._shown(outline):
            if name in fields or name in outline.required or depth.says_all:
                made[name] = self._fit(inner, fields.get(name, MISSING), inside)
        for name in outline.required - outline.properties.keys():
            made[name] = fields.get(name)
        if outline.allows_extra:
            made |= {name: value for name, value in fields.items() if name not in outline.properties}
        most = _number(outline.merged, "maxProperties")
        if most is not None and len(made) > most:
            kept = sorted(made, key=lambda name: name not in outline.required)[: int(most)]
            return {name: made[name] for name in kept}
        return made

    def _array(self, merged: Merged, known: Known, depth: _Depth) -> JsonValue:
        items = merged.first("items")
        if items is None:
            return known if isinstance(known, list) else []
        inner = self._read((items,))
        if isinstance(known, list):
            return [self._fit(inner, item, depth.down) for item in known]
        least = _number(merged, "minItems")
        count = max(int(least) if least is not None else 0, 1 if depth.level < _DEEP else 0)
        return [self._fit(inner, MISSING, depth.down) for _ in range(min(count, 100))]

    def _scalar(self, outline: _Outline) -> JsonValue:
        merged = outline.merged
        listed = [value for value in merged.enum_values() if value is not None]
        if listed:
            return listed[0]
        match outline.kind:
            case "integer":
                return round(self._amount(merged))
            case "number":
                return self._amount(merged)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return self._text(merged)

    def _amount(self, merged: Merged) -> float:
        least, most = _number(merged, "minimum"), _number(merged, "maximum")
        above, below = _number(merged, "exclusiveMinimum"), _number(merged, "exclusiveMaximum")
        step = _number(merged, "multipleOf")
        if above is not None:
            least = above + (step or 1)
        elif merged.flag("exclusiveMinimum") and least is not None:
            least += step or 1
        if below is not None:
            most = below - (step or 1)
        value = 1.0 if least is None else max(1.0, least)
        if most is not None and value > most:
            value = most
        return -(-value // step) * step if step else value

    def _text(self, merged: Merged) -> str:
        pattern, form = merged.text("pattern"), merged.text("format")
        if pattern:
            longest = _number(merged, "maxLength")
            return matching(pattern, None if longest is None else int(longest))
        if form in _FORMATS:
            return self._now().strftime(_FORMATS[form])
        if form in _WORDS:
            return _WORDS[form]
        least, most = _number(merged, "minLength") or 0, _number(merged, "maxLength")
        text = "text" * (1 + int(min(least, 10_000)) // 4)
        if least:
            text = text[: max(int(least), 4)]
        return text if most is None else text[: int(most)]

    def _accepts(self, outline: _Outline, value: JsonValue) -> bool:
        """Whether schemas allow a value, which is remembered: examples come again with each answer."""
        key = _spelled(value) if isinstance(value, (dict, list)) else value
        if key is MISSING:
            return self._judged(outline, value)
        # True is 1 as a key of a dict, and something else to a schema.
        place = (outline.place, type(value), key)
        if place not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[place] = self._judged(outline, value)
        return self._known[place]

    def _judged(self, outline: _Outline, value: JsonValue) -> bool:
        return all(self._schemas.accepts(part, value, self._direction) for part in outline.given)


def _first_of(node: Node) -> JsonValue:
    """Return a value that a document gives for a schema: of a list of examples, the first."""
    if node.name != "examples" or not isinstance(node.value, list):
        return node.value if node.name != "examples" else None
    return node.value[0] if node.value else None


def _spelled(value: dict[str, JsonValue] | list[JsonValue]) -> Known:
    """Return a text that only equal values have; MISSING for one that is too large to be remembered."""
    try:
        text = repr(value)
    except RecursionError:
        return MISSING
    return text if len(text) <= _LONGEST_REMEMBERED else MISSING


def _adds(variant: Node) -> bool:
    """Whether a variant says more than null."""
    return Merged.of((variant,)).implied_type != "null"


def _tags(merged: Merged, variant: Node) -> tuple[str, list[str]]:
    """Return the property that tells a variant from others, and its values for it, if the document names one.

    OpenAPI 3.1 section 4.8.25.
    """
    holder = merged.first("discriminator")
    name = holder.text("propertyName") if holder is not None and isinstance(holder.value, dict) else ""
    if holder is None or not name:
        return "", []
    target = target_of(variant)
    values: list[str] = []
    for value, node in holder.items("mapping") if holder.get("mapping") else ():
        found = _mapped(node)
        if found is not None and found.identity == target:
            values.append(value)
    if not values and variant.reference is not None:
        values = [variant.reference.rpartition("/")[2]]
    return name, values


def _number(merged: Merged, word: str) -> float | None:
    node = merged.first(word)
    value = node.value if node is not None else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
