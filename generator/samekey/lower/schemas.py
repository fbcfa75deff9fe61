"""Schemas to types: references, allOf, oneOf, anyOf, enums, objects, arrays and scalars.

A schema is looked at as its `parts`: all the mappings that hold at once, once references of an allOf
are followed. Everything else reads from the merged parts, so `allOf` needs no case of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samekey.document.values import spelling
from samekey.document.versions import version_of
from samekey.ir import (
    Alias,
    AnyJson,
    Discriminator,
    Enum,
    Field,
    Kind,
    ListOf,
    LiteralOf,
    MapOf,
    Model,
    Named,
    Nullable,
    Primitive,
    Type,
    TypeDef,
    Union,
)
from samekey.lower.docs import constraints, described, limits
from samekey.lower.families import Heirs, family_of, gather_heirs
from samekey.lower.merged import (
    FORMATS,
    STRUCTURAL,
    TYPES,
    Merged,
    Parts,
    is_empty,
    is_objectlike,
    keys_of,
    only_constrains,
    required_of,
    says_null,
    target_of,
)
from samekey.lower.unions import Hint, flatten, implicit_tag, mapped_target, or_null, tag_values, variant_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.document import JsonValue, Node


MAX_ENUM_VALUES = 2000
MANY_SCHEMAS = 20_000
UNDECODABLE = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
"""What msgspec refuses in the name of a field, and halves of surrogate pairs, which UTF-8 cannot spell."""
_COMPONENTS = ("/components/", "/definitions/", "/parameters/", "/responses/")


_WORDS_BESIDE_REFERENCES = (3, 1)
"""The version of OpenAPI from which on structural words beside a reference count."""


@dataclass(slots=True)
class Schemas:
    """Lowers schemas, and keeps the definitions that they need.

    Args:
        definitions: type definitions by id, in the order of first use.
        exhausted: whether the document spelled too many schemas to go on (reported as an error).
    """

    definitions: dict[str, TypeDef] = field(default_factory=dict[str, TypeDef])
    exhausted: bool = False
    _types: dict[str, Type] = field(default_factory=dict[str, Type])
    _open: dict[str, Hint] = field(default_factory=dict[str, Hint])
    _heirs: Heirs | None = None
    _recursive: set[str] = field(default_factory=set[str])
    _merging: set[str] = field(default_factory=set[str])
    _uniting: set[str] = field(default_factory=set[str])
    _cut: set[str] = field(default_factory=set[str])

    def lower(self, node: Node, hint: Hint) -> Type:
        """The type of a schema.

        Args:
            node: the schema, or a reference to one.
            hint: words for a name, should an inline schema need one.
        """
        if isinstance(node.value, bool):
            return AnyJson("the schema allows anything" if node.value else "the schema allows nothing")
        if not isinstance(node.value, dict):
            node.warn("not-a-schema", "expected a schema; read as any JSON")
            return AnyJson("the schema is not a mapping")
        if node.reference is not None:
            return self._referenced(node, hint)
        wrapped = self._sole_reference(node)
        if wrapped is not None:
            if self._leads_back(node):
                node.warn("schema-cycle", "this schema is nothing but itself; read as any JSON")
                return AnyJson("the schema is nothing but itself")
            inner = self.lower(wrapped, hint)
            return or_null(inner) if says_null((node,)) else inner
        return self._remembered(node, hint)

    def _referenced(self, node: Node, hint: Hint) -> Type:
        if any(key in STRUCTURAL and key != "$ref" for key in keys_of(node)) and self._resolves(node):
            return self._defined(node, (node,), hint)
        reference = node.reference or ""
        # The whole chain must lead somewhere, but each link may bear words of its own.
        target = node.lookup(reference) if node.follow() is not None else None
        if target is None:
            return AnyJson(f"the reference {reference!r} cannot be resolved")
        named = self._family(target) or self.lower(target, reference_name(reference, target))
        return or_null(named) if node.flag("nullable") else named

    def _family(self, parent: Node) -> Type | None:
        """The union of a schema's heirs, where its discriminator tells them apart; None where it has none."""
        if not isinstance(parent.value, dict) or not parent.has("discriminator"):
            return None
        if self._heirs is None:
            self._heirs = gather_heirs(parent.document.node)
        family = family_of(parent, self._heirs)
        if family is None:
            return None
        identity = f"{parent.identity}+family"
        if identity not in self.definitions:
            hint = ("any", parent.name)
            # Registered before its heirs are lowered, which may refer to it.
            self.definitions[identity] = Alias(identity, hint, AnyJson())
            own = self.lower(parent, (parent.name,))
            heirs = {heir.name: self._heir(heir) for heir in family.heirs}
            heirs[parent.name] = own
            mapping = tuple((value, heirs[name]) for value, name in family.mapping)
            union = Union(tuple(dict.fromkeys(heirs.values())))
            discriminator = Discriminator(family.property, mapping, own)
            self.definitions[identity] = Alias(identity, hint, union, discriminator, described(parent))
        return Named(identity)

    def _heir(self, heir: Node) -> Type:
        """The type of an heir: its own, even where it adds nothing to its parent."""
        if self._sole_reference(heir) is not None:
            return self._defined(heir, (heir,), (heir.name,))
        return self.lower(heir, (heir.name,))

    def _resolves(self, node: Node) -> bool:
        """Whether structural words beside a reference count: they do from OpenAPI 3.1 on."""
        version = version_of(node.document.root.value)
        return version is not None and version >= _WORDS_BESIDE_REFERENCES

    def _sole_reference(self, node: Node) -> Node | None:
        """The reference inside `allOf: [{$ref}]` or the like, where nothing but annotations stands beside it."""
        for word in ("allOf", "oneOf", "anyOf"):
            if node.has(word):
                elements = [element for element in node.elements(word) if not is_empty(element) or required_of(element)]
                others = [key for key in keys_of(node) if key in STRUCTURAL and key not in {word, "type"}]
                others += required_of(node)
                if len(elements) == 1 and not others and elements[0].reference is not None:
                    return elements[0]
                return None
        return None

    def _leads_back(self, node: Node) -> bool:
        """Whether references inside `allOf` and its like go in a circle, with nothing else on the way."""
        seen: set[str] = set()
        current: Node | None = node
        while current is not None and current.identity not in seen:
            seen.add(current.identity)
            wrapped = self._sole_reference(current)
            if wrapped is None:
                return False
            current = wrapped.follow()
        return current is not None

    def _remembered(self, node: Node, hint: Hint) -> Type:
        identity = node.identity
        known = self._types.get(identity)
        if known is not None:
            return known
        if identity in self._open:
            self._recursive.add(identity)
            return Named(identity)
        if self._exhausts(node):
            return AnyJson("the document spells too many schemas")
        if _is_component(node):
            hint = (node.name,)
        self._open[identity] = hint
        try:
            lowered = self._defined(node, (node,), hint)
            if identity in self._recursive and lowered != Named(identity):
                if identity not in self.definitions:
                    target = lowered if not isinstance(lowered, Nullable) else lowered.inner
                    self.definitions[identity] = Alias(identity, hint, target, None, described(node))
                lowered = or_null(Named(identity)) if isinstance(lowered, Nullable) else Named(identity)
        finally:
            del self._open[identity]
        self._cut.discard(identity)
        if not self._cut:
            # What was cut short on behalf of a union around it is not its whole type, and is not remembered.
            self._types[identity] = lowered
        return lowered

    def _exhausts(self, node: Node) -> bool:
        """Whether there are more schemas than a text of this size can spell without aliases that multiply."""
        count = len(self._types)
        if not self.exhausted and count > MANY_SCHEMAS and count > MANY_SCHEMAS + node.document.size:
            self.exhausted = True
            node.document.node.error(
                "too-many-schemas",
                f"the aliases of this document spell more than {count} schemas",
                "refer to shared schemas by `$ref`",
            )
        return self.exhausted

    def _defined(self, node: Node, parts: Parts, hint: Hint) -> Type:
        """The type of a schema that is not a bare reference, null included."""
        merged = Merged.of(parts)
        inner = self._shape(node, merged, hint)
        return or_null(inner) if merged.nullable else inner

    def _shape(self, node: Node, merged: Merged, hint: Hint) -> Type:
        # Beside `type: array` an enum is meant for the items, and nothing that could be checked here.
        if (merged.has("const") or merged.has("enum")) and merged.types not in (["array"], ["object"]):
            enumerated = self._enumerated(node, merged, hint)
            if enumerated is not None:
                return enumerated
        for word in ("oneOf", "anyOf"):
            variants = [variant for variant in merged.elements(word) if not only_constrains(variant)]
            if variants:
                return self._union(node, merged, variants, hint)
        types = merged.types
        if len(types) > 1:
            return self._several_types(node, merged, types, hint)
        return self._typed(node, merged, types[0] if types else merged.implied_type, hint)

    def _several_types(self, node: Node, merged: Merged, types: list[str], hint: Hint) -> Type:
        variants = tuple(self._typed(node, merged, kind, hint) for kind in types)
        return self._union_of(node, variants, hint, None)

    def _typed(self, node: Node, merged: Merged, kind: str, hint: Hint) -> Type:
        if kind == "object":
            return self._object(node, merged, hint)
        if kind == "array":
            return ListOf(self._items(merged, hint))
        if kind == "string" and merged.holds_file:
            return Primitive(Kind.BINARY)
        if kind in TYPES:
            return Primitive(FORMATS.get((kind, merged.text("format")), TYPES[kind]))
        if kind:
            node.warn("unknown-type", f"there is no type {kind!r}; read as any JSON")
            return AnyJson(f"there is no type {kind!r}")
        return AnyJson("the schema says nothing of the type")

    def _items(self, merged: Merged, hint: Hint) -> Type:
        prefix = merged.elements("prefixItems")
        items = merged.first("items")
        hints = (*hint, "item")
        if prefix:
            types = [self.lower(item, (*hints, str(index + 1))) for index, item in enumerate(prefix)]
            if items is not None and items.value is not False:
                types.append(self.lower(items, hints))
            return self._union_of(prefix[0], tuple(dict.fromkeys(types)), hints, None)
        if items is None:
            return AnyJson("the array says nothing of its items")
        if isinstance(items.value, list):
            types = [self.lower(item, hints) for item in items.elements()]
            return self._union_of(items, tuple(dict.fromkeys(types)), hints, None) if types else AnyJson("no items")
        return self.lower(items, hints)

    def _object(self, node: Node, merged: Merged, hint: Hint) -> Type:
        extra = self._extra(merged, hint)
        properties = merged.properties()
        if not properties:
            return MapOf(extra or AnyJson("the object says nothing of its properties"))
        identity = node.identity
        if identity in self.definitions:
            return Named(identity)
        # Registered before its fields are lowered, so that definitions keep the order of first use.
        placeholder = Model(identity, hint, (), extra if merged.allows_extra else None)
        self.definitions[identity] = placeholder
        fields = tuple(self._field(name, parts, merged.required, hint) for name, parts in properties.items())
        if extra is None or not merged.allows_extra:
            # A name that is required and described nowhere is often a slip, so it is not asked for; it can be sent.
            nowhere = AnyJson("the property is required, and described nowhere")
            names = (name for name in merged.required_names if name not in properties and not UNDECODABLE.search(name))
            fields += tuple(Field(name, nowhere) for name in names)
        self.definitions[identity] = Model(
            identity,
            hint,
            fields,
            extra if merged.allows_extra else None,
            merged.doc,
            deprecated=merged.flag("deprecated"),
        )
        return Named(identity)

    def _field(self, name: str, parts: Parts, required: frozenset[str], hint: Hint) -> Field:
        node = parts[0]
        structural = [part for part in parts if not is_empty(part)]
        if len(structural) > 1 and structural[0].reference is None:
            kind = self._defined(structural[0], tuple(structural), (*hint, name))
        else:
            kind = self.lower(structural[0] if structural else node, (*hint, name))
        target = node.follow() or node
        decodable = UNDECODABLE.search(name) is None
        if not decodable:
            message = f"no class can have a field named {name!r}; it can be sent, and is left out of what comes back"
            node.warn("field-name-unsupported", message)
        return Field(
            name,
            kind,
            required=name in required,
            doc=_join(described(node) or described(target), constraints(target)),
            read_only=any(part.flag("readOnly") for part in parts) or target.flag("readOnly"),
            write_only=any(part.flag("writeOnly") for part in parts) or target.flag("writeOnly"),
            deprecated=any(part.flag("deprecated") for part in parts),
            limits=limits(target),
            decodable=decodable,
        )

    def _extra(self, merged: Merged, hint: Hint) -> Type | None:
        node = merged.first("additionalProperties")
        if node is not None and node.value is not False:
            return (
                AnyJson("further properties may be anything")
                if node.value is True
                else self.lower(node, (*hint, "value"))
            )
        patterns = [schema for part in merged.parts for _, schema in part.items("patternProperties")]
        if patterns:
            types = tuple(dict.fromkeys(self.lower(schema, (*hint, "value")) for schema in patterns))
            return self._union_of(patterns[0], types, (*hint, "value"), None)
        return None

    def _enumerated(self, node: Node, merged: Merged, hint: Hint) -> Type | None:
        """The type of `enum` or `const`; None where only null is listed or the list is no list."""
        values = merged.enum_values()
        if merged.types == ["string"]:
            # Unquoted in YAML, `1` and `true` are no strings; the schema says that they are meant as such.
            values = [value if value is None else spelling(value) or value for value in values]
        concrete = [value for value in values if value is not None]
        if not concrete:
            return Primitive(Kind.NULL) if values else None
        strings = [value for value in concrete if isinstance(value, str)]
        integers = [value for value in concrete if isinstance(value, int) and not isinstance(value, bool)]
        if len(strings) == len(concrete):
            kind: Type = self._enum(node, merged, tuple(dict.fromkeys(strings)), hint)
        elif len(integers) == len(concrete):
            kind = self._enum(node, merged, tuple(dict.fromkeys(integers)), hint)
        else:
            kind = self._mixed_values(node, concrete, hint)
        return or_null(kind) if len(concrete) < len(values) and not merged.has("const") else kind

    def _enum(self, node: Node, merged: Merged, values: tuple[str, ...] | tuple[int, ...], hint: Hint) -> Type:
        if len(values) == 1:
            return LiteralOf(values)
        if len(values) > MAX_ENUM_VALUES:
            return Primitive(Kind.STRING if isinstance(values[0], str) else Kind.INTEGER)
        identity = node.identity
        self.definitions.setdefault(identity, Enum(identity, hint, values, merged.doc))
        return Named(identity)

    def _mixed_values(self, node: Node, values: Sequence[JsonValue], hint: Hint) -> Type:
        kinds: list[Type] = []
        for value in values:
            match value:
                case bool():
                    kinds.append(Primitive(Kind.BOOLEAN))
                case str():
                    kinds.append(Primitive(Kind.STRING))
                case int() | float():
                    kinds.append(Primitive(Kind.NUMBER))
                case _:
                    kinds.append(AnyJson("the enum lists values that are no scalars"))
        return self._union_of(node, tuple(dict.fromkeys(kinds)), hint, None)

    def _union(self, node: Node, merged: Merged, variants: list[Node], hint: Hint) -> Type:
        """The union of a oneOf or anyOf; what stands beside it holds for each variant."""
        base = merged.without_unions()
        lowered: list[tuple[Node, Type]] = []
        self._uniting.add(node.identity)
        for index, variant in enumerate(variants):
            target = target_of(variant)
            if target == node.identity or target in self._uniting:
                # A union that lists itself, or one around it, adds nothing to itself.
                self._cut.add(target)
                continue
            words = (*hint, *variant_words(variant, index))
            if base is not None and variant.identity not in self._merging and is_objectlike(variant):
                self._merging.add(variant.identity)
                lowered.append((variant, self._defined(variant, (variant, *base), words)))
                self._merging.discard(variant.identity)
            else:
                lowered.append((variant, self.lower(variant, words)))
        self._uniting.discard(node.identity)
        discriminator = self._discriminator(merged, lowered)
        return self._union_of(node, tuple(kind for _, kind in lowered), hint, discriminator, merged.doc)

    def _discriminator(self, merged: Merged, variants: list[tuple[Node, Type]]) -> Discriminator | None:
        node = merged.first("discriminator")
        if node is None:
            return None
        name = node.text("propertyName") if isinstance(node.value, dict) else spelling(node.value) or ""
        by_target = {identity: kind for variant, kind in variants if (identity := target_of(variant))}
        mapping: dict[str, Type] = {}
        for value, target in node.items("mapping") if isinstance(node.value, dict) else ():
            found = by_target.get(mapped_target(target, [variant for variant, _ in variants]))
            if found is not None:
                mapping[value] = found
        mapped = set(mapping.values())
        for variant, kind in variants:
            if kind not in mapped:
                for value in tag_values(variant, name) or implicit_tag(variant):
                    mapping.setdefault(value, kind)
        default = node.get("defaultMapping") if isinstance(node.value, dict) else None
        otherwise = by_target.get(mapped_target(default, [variant for variant, _ in variants])) if default else None
        return Discriminator(name, tuple(mapping.items()), otherwise) if name else None

    def _union_of(
        self, node: Node, variants: tuple[Type, ...], hint: Hint, discriminator: Discriminator | None, doc: str = ""
    ) -> Type:
        """A union of types: flattened, and named where its variants cannot be told apart by their JSON kind."""
        flat, nullable = flatten(variants)
        if any(isinstance(variant, AnyJson) for variant in flat):
            return next(variant for variant in flat if isinstance(variant, AnyJson))
        if not flat:
            return Primitive(Kind.NULL)
        if len(flat) == 1:
            return or_null(flat[0]) if nullable else flat[0]
        union: Type = Union(flat)
        if not self._plain(flat):
            identity = f"{node.identity}+union" if node.identity in self.definitions else node.identity
            self.definitions.setdefault(identity, Alias(identity, hint, union, discriminator, doc))
            union = Named(identity)
        return or_null(union) if nullable else union

    def _plain(self, variants: tuple[Type, ...]) -> bool:
        """Whether each variant has a JSON kind of its own, so any decoder can tell them apart."""
        kinds = [self._json_kind(variant) for variant in variants]
        return None not in kinds and len(set(kinds)) == len(kinds)

    def _json_kind(self, kind: Type) -> str | None:  # noqa: PLR0911  # one line for each kind of type
        match kind:
            case Primitive(kind=Kind.STRING):
                return "string"
            case Primitive(kind=Kind.INTEGER | Kind.NUMBER):
                return "number"
            case Primitive(kind=Kind.BOOLEAN):
                return "boolean"
            case ListOf():
                return "array"
            case MapOf():
                return "object"
            case Named(id=identity):
                # A model with further properties is no class that msgspec tells from others by itself.
                model = self.definitions.get(identity)
                return "object" if isinstance(model, Model) and model.extra is None else None
            case _:
                return None


def reference_name(reference: str, target: Node) -> Hint:
    """Words for the name of what a reference points to: the component's name, or the file's."""
    fragment = reference.partition("#")[2]
    if fragment or target.pointer:
        words = [word for word in target.pointer.split("/") if word and not word.isdigit()]
        generic = {"schema", "items", "properties", "content", "components", "schemas", "definitions", "get", "post"}
        useful = [word for word in words if word not in generic]
        return (target.name,) if _is_component(target) or not useful else tuple(useful[-2:])
    stem = target.source.uri.rpartition("/")[2].partition(".")[0]
    return (stem or "document",)


def _is_component(node: Node) -> bool:
    parent = node.pointer.rpartition("/")[0]
    return parent in {"/components/schemas", "/definitions", "/$defs"} or parent.endswith(("/schemas", "/$defs"))


def _join(*texts: str) -> str:
    return "\n".join(text for text in texts if text)
