"""An operation as far as its pages depend on it: what it can be asked for, and the paths through its answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.ir import (
    Alias,
    BodyKind,
    Enum,
    Kind,
    ListOf,
    LiteralOf,
    Location,
    Model,
    Named,
    Nullable,
    Primitive,
    Type,
    Union,
)
from samekey.lower.schemas.unions import one_of_several

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from samekey.config.pagination import ValuePath
    from samekey.document.node import Node
    from samekey.ir import Body, Field, Paging, Param, TypeDef

HOLDERS: Final = frozenset({
    "meta", "metadata", "pagination", "paging", "page", "pageinfo", "pageable", "links", "cursors", "cursor",
    "responsemetadata", "resultinfo", "info", "pages", "next", "nextpage", "listmetadata", "paginationinfo", "result",
    "data", "response", "embedded",
})  # fmt: skip
"""Plain names of objects that hold a list, or what is said of its pages."""
_PAGE_OBJECTS: Final = frozenset({"page", "pagination", "paging", "pager", "pageable"})
"""Plain names of objects that are asked for a page with, such as `page: {offset, limit}`."""
_DEPTH: Final = 3
_ALIASES: Final = 10


class Input(Struct, frozen=True):
    """Something that a page can be asked for with.

    Args:
        name: the query parameter, or the field of the body.
        type: its type.
        doc: its description.
        in_body: whether it is a field of the body.
        starts_at: the number that the document gives as default, else as minimum.
        deprecated: the document discourages it.
        within: the objects, from the outermost, in which it lies.
    """

    name: str
    type: Type
    doc: str
    in_body: bool = False
    starts_at: int | None = None
    deprecated: bool = False
    within: ValuePath = ()

    @property
    def plain(self) -> str:
        """Its name in small letters without signs."""
        return normalized(self.name)

    def is_called(self, names: Collection[str]) -> bool:
        """Whether it has one of some plain names, by itself or with those of the objects around it."""
        return self.plain in names or normalized("".join((*self.within, self.name))) in names

    def asking(self, base: Paging) -> Paging:
        """Return a paging that asks for its pages with this input."""
        return replace(base, parameter=self.name, in_body=self.in_body, within=self.within)


class Listing(Struct, frozen=True):
    """An operation that may give a list in pages.

    Args:
        node: the operation.
        method: the HTTP method in capitals.
        path: the path template.
        params: its parameters.
        body: its request body.
        answer: what a success brings.
        links: whether a success has a Link header.
        types: type definitions by id.
    """

    node: Node
    method: str
    path: str
    params: tuple[Param, ...]
    body: Body | None
    answer: Type
    links: bool
    types: Mapping[str, TypeDef]

    @property
    def last_segment(self) -> str:
        """The end of the path."""
        return self.path.rstrip("/").rpartition("/")[2]

    def inputs(self) -> Iterator[Input]:
        """Yield the query parameters, then the fields of a JSON body, each followed by what lies in it."""
        for param in self.params:
            if param.location is Location.QUERY:
                entry = Input(param.name, param.type, param.doc, starts_at=param.starts_at, deprecated=param.deprecated)
                yield from self._with_inner(entry)
        if self.body is not None and self.body.kind is BodyKind.JSON:
            for name, field in self.fields(self.body.type).items():
                entry = Input(name, field.type, field.doc, in_body=True, deprecated=field.deprecated)
                yield from self._with_inner(entry)

    def _with_inner(self, entry: Input) -> Iterator[Input]:
        yield entry
        for name, field in self.fields(entry.type).items() if entry.plain in _PAGE_OBJECTS else ():
            within = (entry.name,)
            yield Input(name, field.type, field.doc, entry.in_body, deprecated=field.deprecated, within=within)

    def input(self, name: str) -> Input | None:
        """Return the query parameter or body field of a name, or of a path such as `page.cursor`; None for none."""
        found = {".".join((*entry.within, entry.name)): entry for entry in reversed(list(self.inputs()))}
        return found.get(name) or found.get(name.rpartition(".")[2])

    def values(self) -> dict[ValuePath, Field]:
        """Return the fields of the response by path, the shortest path first."""
        return dict(sorted(self._walk(self.answer), key=lambda entry: len(entry[0])))

    def at(self, path: ValuePath) -> Type | None:
        """Return the type at the end of a path in the response; None where it leads nowhere."""
        kind = self.answer
        for name in path:
            field = self.fields(kind).get(name)
            if field is None:
                return None
            kind = field.type
        return kind

    def item(self, path: ValuePath) -> Type | None:
        """Return the item type of the list at the end of a path in the response; None where there is no list."""
        found = self.at(path)
        return self.item_of(found) if found is not None else None

    def item_of(self, kind: Type) -> Type | None:
        """Return the type of a list's items, or of those of each list that it may be; None for what is not a list."""
        bare = self.bare(kind)
        if isinstance(bare, ListOf):
            return bare.item
        items = [self.item_of(variant) for variant in self._variants(bare)]
        return one_of_several(item for item in items if item is not None) if items and None not in items else None

    def fields(self, kind: Type) -> dict[str, Field]:
        """Return the fields of a model that a response can have, by name; of a union, those that all of it have."""
        model = self.model(kind)
        if model is not None:
            return {field.name: field for field in model.fields if field.decodable}
        first, *others = [self.fields(variant) for variant in self._variants(self.bare(kind))] or [{}]
        shared = [name for name in first if all(name in other for other in others)]
        return {
            name: replace(first[name], type=one_of_several(fields[name].type for fields in (first, *others)))
            for name in shared
        }

    def _variants(self, bare: Type) -> tuple[Type, ...]:
        """Return the variants of a union, by itself or by its name; none for what is no union."""
        definition = self.types[bare.id] if isinstance(bare, Named) else None
        target = definition.target if isinstance(definition, Alias) else bare
        # A union of itself has no fields that could be told.
        is_plain = isinstance(target, Union) and bare not in target.variants
        return target.variants if is_plain and isinstance(target, Union) else ()

    def model(self, kind: Type) -> Model | None:
        """Return the model behind a type; None where there is none."""
        bare = self.bare(kind)
        definition = self.types[bare.id] if isinstance(bare, Named) else None
        return definition if isinstance(definition, Model) else None

    def bare(self, kind: Type) -> Type:
        """Return a type without null and without aliases that stand for it alone."""
        for _ in range(_ALIASES):
            match kind:
                case Nullable(inner=inner):
                    kind = inner
                case Named(id=identity):
                    definition = self.types[identity]
                    if not isinstance(definition, Alias) or isinstance(definition.target, Union):
                        return kind
                    kind = definition.target
                case _:
                    break
        return kind

    def is_scalar(self, kind: Type) -> bool:
        """Whether a value of a type has no inner structure."""
        bare = self.bare(kind)
        if isinstance(bare, Union):
            return all(self.is_scalar(variant) for variant in bare.variants)
        if isinstance(bare, Named):
            return isinstance(self.types[bare.id], Enum)
        return isinstance(bare, (Primitive, LiteralOf))

    def is_one_of(self, kind: Type, *kinds: Kind) -> bool:
        """Whether a value of a type is of one of these kinds."""
        bare = self.bare(kind)
        if isinstance(bare, Union):
            return all(self.is_one_of(variant, *kinds, Kind.NULL) for variant in bare.variants)
        return isinstance(bare, Primitive) and bare.kind in kinds

    def _walk(self, kind: Type, path: ValuePath = ()) -> Iterator[tuple[ValuePath, Field]]:
        fields = self.fields(kind)
        lone = self._lone(fields) if not path else ""
        for name, field in fields.items():
            yield (*path, name), field
            if len(path) + 1 < _DEPTH and (normalized(name) in HOLDERS or name == lone):
                yield from self._walk(field.type, (*path, name))

    def _lone(self, fields: Mapping[str, Field]) -> str:
        """Return the name of the one object that an answer is wrapped in, such as `albums: {items, next}`, or empty."""
        if any(self.item_of(field.type) is not None for field in fields.values()):
            return ""
        inner = [name for name, field in fields.items() if self.fields(field.type)]
        holding = [
            name
            for name in inner
            if any(self.item_of(f.type) is not None for f in self.fields(fields[name].type).values())
        ]
        return holding[0] if len(holding) == 1 and len(inner) == 1 else ""


def normalized(name: str) -> str:
    """Return a name in small letters without signs: `page[number]`, `pageNumber` and `page_number` become one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
