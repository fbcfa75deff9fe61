"""A broken server or client: the program with one change."""

from __future__ import annotations

from dataclasses import dataclass

from samekey.prove.promises import Promise

__all__ = ["Mutant", "Promise"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """The program with one mistake.

    Args:
        label: the mistake, in words.
        path: the module, from the root of the checkout.
        changes: what is replaced by what.
        breaks: promises of which one must be found to be broken.
        reason: words that the explanation must hold; empty for any.
        is_harmful: whether anybody would come to harm by it.
    """

    label: str
    path: str
    changes: tuple[tuple[str, str], ...]
    breaks: set[Promise]
    reason: str = ""
    is_harmful: bool = True
