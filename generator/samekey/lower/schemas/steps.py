"""Run the lowering of schemas on a stack of its own: references lead deeper than Python's stack does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from samekey.ir import Type

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.lower.schemas.merged import Parts

Hint: TypeAlias = tuple[str, ...]
"""Words for the name of an inline schema, should it need one."""


class Ask(Struct, frozen=True):
    """Ask for the type of a schema; the answer is what `yield` gives.

    Args:
        node: the schema, or a reference to one.
        hint: words for a name, should an inline schema need one.
        parts: schemas that hold together in the place of the node's own; None for the node as it stands.
    """

    node: Node
    hint: Hint
    parts: Parts | None = None


Lowering: TypeAlias = Generator[Ask, Type, Type]
"""The lowering of one schema: it asks for the types of others and returns its own."""


def ask_all(asked: Iterable[Ask]) -> Generator[Ask, Type, tuple[Type, ...]]:
    """Ask for the types of several schemas and return them, each once."""
    kinds: dict[Type, None] = {}
    for ask in asked:
        kind = yield ask
        kinds[kind] = None
    return tuple(kinds)


def run(ask: Ask, begin: Callable[[Ask], Lowering]) -> Type:
    """Return the type of a schema, lowered on a stack that is not Python's.

    Args:
        ask: the schema.
        begin: begins the lowering of whatever is asked for.
    """
    stack = [begin(ask)]
    answer: Type | None = None
    while True:
        try:
            asked = next(stack[-1]) if answer is None else stack[-1].send(answer)
        except StopIteration as done:
            stack.pop()
            answer = _type(done)
            if not stack:
                return answer
        else:
            stack.append(begin(asked))
            answer = None


def _type(done: StopIteration) -> Type:
    result: Type = done.value
    return result
