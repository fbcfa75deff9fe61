"""References, and what has been lowered already: each schema once, however many refer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.document.pointers import unescape
from samekey.document.schema_names import INSTANCE
from samekey.document.versions import version_of
from samekey.ir import Alias, AnyJson, ListOf, MapOf, Named, Nullable, Union
from samekey.lower.docs import described
from samekey.lower.schemas.inheritance import Families
from samekey.lower.schemas.merged import has_words_beside, says_null, sole_reference
from samekey.lower.schemas.scope import Scope
from samekey.lower.schemas.shape import lower_parts
from samekey.lower.schemas.steps import Ask, run
from samekey.lower.schemas.unions import or_null
from samekey.lower.sdk_words import type_called

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.ir import Type, TypeDef
    from samekey.lower.schemas.merged import Parts
    from samekey.lower.schemas.steps import Hint, Lowering

MANY_SCHEMAS = 20_000
MAX_NESTING = 1000
"""Steps from the root of a document to a schema: parsers follow no further, so more of them come from aliases."""
MAX_DEPTH = 16
"""How deep a type may nest before a part of it gets a name of its own: readers and decoders follow no further."""
_WORDS_BESIDE_REFERENCES = (3, 1)
"""The version of OpenAPI from which on structural words beside a reference count."""


class Schemas:
    """Lowers schemas, and keeps the definitions that they need.

    Args:
        hides_internal: whether properties that are marked `x-internal` are left out.

    Attributes:
        exhausted: whether the document spelled too many schemas, or too deep ones, to go on (reported as an error).
    """

    __slots__ = ("_ending", "_families", "_open", "_recursive", "_scope", "_types", "exhausted")

    def __init__(self, *, hides_internal: bool = False) -> None:
        self.exhausted = False
        self._scope = Scope(hides_internal=hides_internal)
        self._families = Families()
        self._types: dict[str, Type] = {}
        self._open: set[str] = set()
        self._recursive: set[str] = set()
        self._ending: set[str] = set()

    @property
    def definitions(self) -> dict[str, TypeDef]:
        """Type definitions by id, in the order of first use."""
        return self._scope.definitions

    def lower(self, node: Node, hint: Hint) -> Type:
        """Return the type of a schema.

        Args:
            node: the schema, or a reference to one.
            hint: words for a name, should an inline schema need one.
        """
        return run(Ask(node, hint), self._lowering)

    def _lowering(self, ask: Ask) -> Lowering:
        node = ask.node
        if ask.parts is not None:
            return (yield from self._together(node, ask.parts, ask.hint))
        if isinstance(node.value, bool):
            return AnyJson("the schema allows anything" if node.value else "the schema allows nothing")
        if not isinstance(node.value, dict):
            node.warn("not-a-schema", "expected a schema; read as any JSON")
            return AnyJson("the schema is not a mapping")
        return (yield from self._remembered(node, ask.hint))

    def _remembered(self, node: Node, hint: Hint) -> Lowering:
        known = self._types.get(node.identity)
        if known is not None:
            return known
        if node.reference is not None:
            return (yield from self._referenced(node, hint))
        wrapped = sole_reference(node)
        if wrapped is None:
            return (yield from self._once(node, hint))
        if self._leads_back(node):
            node.warn("schema-cycle", "this schema is nothing but itself; read as any JSON")
            return AnyJson("the schema is nothing but itself")
        inner = yield Ask(wrapped, hint)
        kind = or_null(inner) if says_null((node,)) else inner
        if not (isinstance(inner, Named) and inner.id in self._open):
            self._types[node.identity] = kind
        return kind

    def _referenced(self, node: Node, hint: Hint) -> Lowering:
        if has_words_beside(node) and _counts_words_beside(node):
            return (yield from self._once(node, hint))
        reference = node.reference or ""
        # The whole chain must lead somewhere, but each link may bear words of its own.
        target = node.lookup(reference) if node.follow() is not None else None
        if target is None:
            return AnyJson(f"the reference {reference!r} cannot be resolved")
        named = yield from self._families.lower(target, self._scope)
        if named is None:
            named = yield Ask(target, reference_name(reference, target))
        return or_null(named) if node.flag("nullable") else named

    def _leads_back(self, node: Node) -> bool:
        """Whether references inside `allOf` and its like go in a circle, with nothing else on the way."""
        seen: dict[str, None] = {}
        current: Node | None = node
        while current is not None and current.identity not in self._ending:
            if current.identity in seen:
                return True
            seen[current.identity] = None
            wrapped = sole_reference(current)
            current = wrapped.follow() if wrapped is not None else None
        self._ending.update(seen)
        return False

    def _once(self, node: Node, hint: Hint) -> Lowering:
        """Lower a schema and remember its type."""
        identity = node.identity
        if identity not in self._open and self._exhausts(node):
            return AnyJson("the document spells too many schemas")
        if is_component(node):
            hint = (node.name,)
        lowered = yield from self._with_end(identity, node, (node,), hint)
        if identity in self._open:
            return lowered
        if _nests_deeper(lowered, MAX_DEPTH):
            lowered = self._named(node, lowered, hint)
        self._types[identity] = lowered
        return lowered

    def _together(self, node: Node, parts: Parts, hint: Hint) -> Lowering:
        """Lower schemas that hold together, apart from those that stand alone, which may be on their way as well."""
        key = " and ".join(sorted({part.identity for part in parts}))
        return (yield from self._with_end(f"together {key}", node, parts, hint))

    def _with_end(self, key: str, node: Node, parts: Parts, hint: Hint) -> Lowering:
        """Lower schemas; what contains itself gets a name to be called by.

        Args:
            key: tells these schemas from others while they are lowered.
            node: the schema that they stand for.
            parts: the schemas.
            hint: words for a name.
        """
        if key in self._open:
            self._recursive.add(key)
            return Named(node.identity)
        self._open.add(key)
        try:
            lowered = yield from lower_parts(node, parts, hint, self._scope)
        finally:
            self._open.discard(key)
        is_named = key not in self._recursive or lowered == Named(node.identity)
        return lowered if is_named else self._named(node, lowered, hint)

    def _named(self, node: Node, kind: Type, hint: Hint) -> Type:
        identity = node.identity
        inner = kind.inner if isinstance(kind, Nullable) else kind
        if identity not in self.definitions:
            self.definitions[identity] = Alias(identity, hint, inner, None, described(node), type_called(node))
        return or_null(Named(identity)) if isinstance(kind, Nullable) else Named(identity)

    def _exhausts(self, node: Node) -> bool:
        """Whether there are more schemas, or deeper ones, than a text can spell without aliases that multiply."""
        count = len(self._types)
        if self.exhausted:
            return True
        if count > MANY_SCHEMAS and count > MANY_SCHEMAS + node.document.size:
            message = f"the aliases of this document spell more than {count} schemas"
            node.document.node.error("too-many-schemas", message, "refer to shared schemas by `$ref`")
            self.exhausted = True
        elif node.pointer.count("/") > MAX_NESTING:
            message = "the schemas of this document are nested too deeply"
            hint = "give inner schemas a place of their own under `components` and refer to them"
            node.document.node.error("nested-too-deeply", message, hint)
            self.exhausted = True
        return self.exhausted


def reference_name(reference: str, target: Node) -> Hint:
    """Return words for the name of what a reference points to: the component's name, or the file's."""
    fragment = reference.partition("#")[2]
    if target.pointer.endswith(INSTANCE):
        return (unescape(target.pointer.removesuffix(INSTANCE).rpartition("/")[2]),)
    if fragment or target.pointer:
        words = [word for word in target.pointer.split("/") if word and not word.isdigit()]
        generic = {"schema", "items", "properties", "content", "components", "schemas", "definitions", "get", "post"}
        useful = [word for word in words if word not in generic]
        return (target.name,) if is_component(target) or not useful else tuple(useful[-2:])
    stem = target.source.uri.rpartition("/")[2].partition(".")[0]
    return (stem or "document",)


def is_component(node: Node) -> bool:
    """Whether a schema has a name of its own in the document."""
    parent = node.pointer.rpartition("/")[0]
    return parent in {"/components/schemas", "/definitions", "/$defs"} or parent.endswith(("/schemas", "/$defs"))


def _counts_words_beside(node: Node) -> bool:
    """Whether structural words beside a reference count: they do from OpenAPI 3.1 on."""
    version = version_of(node.document.root.value)
    return version is not None and version >= _WORDS_BESIDE_REFERENCES


def _nests_deeper(kind: Type, limit: int) -> bool:
    match kind:
        case ListOf(item=inner) | MapOf(value=inner) | Nullable(inner=inner):
            return limit == 0 or _nests_deeper(inner, limit - 1)
        case Union(variants=variants):
            return limit == 0 or any(_nests_deeper(variant, limit - 1) for variant in variants)
        case _:
            return False
