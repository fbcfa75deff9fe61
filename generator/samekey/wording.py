"""Words: splitting names into them, and finding the one that was meant."""

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+|[^\W\d_A-Za-z]+")
_SIBILANTS = ("ses", "xes", "ches", "shes", "zes")


def split(text: str) -> tuple[str, ...]:
    """The words of a name in lower case: `createHTTPCharge`, `create-http-charge` and `create.http charge` alike."""
    text = unicodedata.normalize("NFKC", text)
    return tuple(word.lower() for word in _PIECE.findall(text))


def singular(word: str) -> str:
    """An English noun in the singular, by rule of thumb; good enough to compare two names of one thing."""
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(_SIBILANTS) and word not in {"uses", "cases", "databases", "responses", "releases", "phases"}:
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def meant(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word; empty where no known one comes near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]!r}?" if found else ""


def closest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word; all that are known where none comes near."""
    known = list(known)
    return meant(word, known) or f"the known ones are {', '.join(known)}"
