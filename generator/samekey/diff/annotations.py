"""What an annotation takes, as type checkers see it: whether each value of one type is a value of another."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from samekey.diff.surface import SeenKind
from samekey.emit.code import union_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.diff.surface import SeenType


class TypeTerm(Struct, frozen=True):
    """One member of a union: a class with its arguments, or a literal, whose value is the head."""

    head: str
    arguments: tuple[TypeTerms, ...] = ()
    is_literal: bool = False


TypeTerms: TypeAlias = frozenset[TypeTerm]

_READ_ONLY: Final = {"Sequence": frozenset({"Sequence", "list"}), "Mapping": frozenset({"Mapping", "dict"})}
"""Containers that are only read, so that a container of subtypes will do, with the containers that are such ones."""
_SUPERTYPES: Final[Mapping[str, frozenset[str]]] = {
    "bool": frozenset({"int", "float"}), "int": frozenset({"float"}), "dt.datetime": frozenset({"dt.date"}),
    "str": frozenset({"TokenSource"}), "bytes": frozenset({"File"}),
}  # fmt: skip
"""Classes that stand for others to type checkers (PEP 484 for numbers), and two aliases of the runtime."""


class Annotations(Struct, frozen=True):
    """Annotations of one SDK, in the names of another.

    Args:
        types: what the names in `models` are, by the names that they have in the other SDK.
        renames: names that are others there.
    """

    types: Mapping[str, SeenType]
    renames: Mapping[str, str] = {}

    def terms(self, annotation: str) -> TypeTerms:
        """Return the members of a union; a type that is none is its only member."""
        try:
            return self._terms(ast.parse(annotation, mode="eval").body)
        except (RecursionError, MemoryError, SyntaxError, ValueError):
            # More than Python can take apart: two of them have the same members, or they are different.
            return frozenset(TypeTerm(member) for member in union_members(annotation))

    def _terms(self, node: ast.expr) -> TypeTerms:
        return frozenset(self._flat(node))

    def _flat(self, node: ast.expr) -> Iterator[TypeTerm]:
        match node:
            case ast.BinOp(left=left, right=right):
                yield from self._flat(left)
                yield from self._flat(right)
            case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
                listed = values.elts if isinstance(values, ast.Tuple) else [values]
                yield from (TypeTerm(ast.unparse(value), is_literal=True) for value in listed)
            case ast.Subscript(value=value, slice=inner):
                listed = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                yield TypeTerm(ast.unparse(value), tuple(self._terms(entry) for entry in listed))
            case _:
                name = ast.unparse(node)
                yield TypeTerm(self.renames.get(name, name))

    def opened(self, term: TypeTerm, passed: frozenset[str]) -> TypeTerms | None:
        """Return what an alias stands for; None where a term is no alias, or one that was opened already."""
        known = self.types.get(term.head)
        if known is None or known.kind is not SeenKind.UNION or term.is_literal or term.head in passed:
            return None
        return self.terms(known.target)

    def is_enum_of(self, term: TypeTerm, base: str) -> bool:
        """Whether a term is an enum whose members are strings, or integers."""
        known = self.types.get(term.head)
        if known is None or known.kind is not SeenKind.ENUM:
            return False
        return {type(value).__name__ for value in known.members.values()} == {base}


class Side(Struct, frozen=True):
    """An annotation, and the SDK that it stands in."""

    annotations: Annotations
    terms: TypeTerms


def accepts(wide: Side, narrow: Side, *, any_is_all: bool) -> bool:
    """Whether each value of one type is a value of another.

    Args:
        wide: the type that should take all.
        narrow: the type whose values it should take.
        any_is_all: whether `Any` takes every value; where not, it takes what is `Any` alone.
    """
    beyond = narrow.terms - wide.terms
    return all(_takes(wide, narrow, term, frozenset(), any_is_all=any_is_all) for term in beyond)


def is_same(one: Side, other: Side) -> bool:
    """Whether two types have the same values."""
    return accepts(one, other, any_is_all=False) and accepts(other, one, any_is_all=False)


def _takes(wide: Side, narrow: Side, term: TypeTerm, passed: frozenset[str], *, any_is_all: bool) -> bool:
    if any(_is_taken(wide, narrow, own, term, any_is_all=any_is_all) for own in wide.terms):
        return True
    inner = narrow.annotations.opened(term, passed)
    if inner is not None:
        beyond = passed | {term.head}
        return all(_takes(wide, narrow, each, beyond, any_is_all=any_is_all) for each in inner)
    opened = _opened(wide)
    return opened is not None and _takes(opened, narrow, term, passed, any_is_all=any_is_all)


def _opened(side: Side) -> Side | None:
    """Return a type with its aliases in full; None where it has none."""
    terms, passed = side.terms, frozenset[str]()
    while True:
        found = {term: side.annotations.opened(term, passed) for term in terms}
        if not any(found.values()):
            return None if terms == side.terms else Side(side.annotations, terms)
        passed |= {term.head for term, inner in found.items() if inner is not None}
        terms = frozenset(each for term, inner in found.items() for each in (inner if inner is not None else {term}))


def _is_taken(wide: Side, narrow: Side, own: TypeTerm, term: TypeTerm, *, any_is_all: bool) -> bool:
    """Whether one member of a union takes another, without a look into aliases."""
    if own.head == "Any" and not own.is_literal and any_is_all:
        return True
    if term.is_literal:
        return own == term or (not own.is_literal and own.head == type(ast.literal_eval(term.head)).__name__)
    if own.is_literal:
        return False
    mine, theirs = own.head, term.head
    if theirs in _READ_ONLY.get(mine, ()):
        return _each(wide, narrow, own, term, any_is_all=any_is_all)
    if mine == theirs:
        # What can be changed has to hold the very same types.
        same = _each(narrow, wide, term, own, any_is_all=any_is_all)
        return same and _each(wide, narrow, own, term, any_is_all=any_is_all)
    return mine in _SUPERTYPES.get(theirs, ()) or narrow.annotations.is_enum_of(term, mine)


def _each(wide: Side, narrow: Side, own: TypeTerm, term: TypeTerm, *, any_is_all: bool) -> bool:
    if len(own.arguments) != len(term.arguments):
        return False
    pairs = zip(own.arguments, term.arguments, strict=True)
    return all(
        accepts(Side(wide.annotations, ours), Side(narrow.annotations, others), any_is_all=any_is_all)
        for ours, others in pairs
    )
