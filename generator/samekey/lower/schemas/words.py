"""Words that the name of an inline schema is made of, one for each step from its owner to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.lower.schemas.steps import Hint

ITEM: Hint = ("item",)
"""The items of an array."""
VALUE: Hint = ("value",)
"""The values of an object with free keys."""


class UnknownStepError(ValueError):
    """A pointer leads through a word that says nothing of how a schema is called."""


def element(index: int) -> Hint:
    """Return words for the name of an element of a tuple.

    Args:
        index: its place, counted from 0.
    """
    return (*ITEM, str(index + 1))


def option(index: int) -> Hint:
    """Return words for the name of a variant of a union that has no name and no title.

    Args:
        index: its place, counted from 0.
    """
    return ("option", str(index + 1))


def steps(tokens: Sequence[str]) -> Iterator[Hint]:
    """Yield the words that each step of a pointer adds.

    Args:
        tokens: the steps from a component to a schema inside it.

    Raises:
        UnknownStepError: a step says nothing of the schema's name.
    """
    left = iter(tokens)
    for token in left:
        match token:
            case "properties":
                yield (next(left),)
            case "items":
                yield ITEM
            case "additionalProperties":
                yield VALUE
            case "patternProperties":
                next(left)
                yield VALUE
            case "oneOf" | "anyOf":
                yield option(int(next(left)))
            case "prefixItems":
                yield element(int(next(left)))
            case "allOf" | "content":
                next(left)
            case "schema":
                pass
            case _:
                raise UnknownStepError(token)
