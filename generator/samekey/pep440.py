"""Versions as Python packages spell them (PEP 440), from whatever an API's document says."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

_MAX_DIGITS: Final = 18
_PHASES: Final = {
    "a": "a", "alpha": "a", "b": "b", "beta": "b", "c": "rc", "rc": "rc", "pre": "rc", "preview": "rc", "cr": "rc",
    "canary": "a", "dev": ".dev", "snapshot": ".dev", "nightly": ".dev", "post": ".post", "rev": ".post", "r": ".post",
    "oas": "", "ga": "", "final": "", "release": "", "stable": "",
}  # fmt: skip
"""What is written behind the numbers, and how PEP 440 spells it; nothing where it says nothing."""
_VERSION: Final = re.compile(
    r"\s*[vV]?\.?\s*(?P<numbers>[0-9]+([._-][0-9]+)*)(?P<rest>.*?)(\+(?P<build>[A-Za-z0-9.-]*))?\s*", re.DOTALL
)
_PHASE: Final = re.compile(r"[-_.\s(]*(?P<word>[a-z]+)[-_.\s]*(?P<number>[0-9]*)\)?")
_PADDED: Final = 3


class PythonVersion(Struct, frozen=True):
    """A version, and whether it says all that was said.

    Args:
        text: the version.
        is_whole: whether nothing was left out.
    """

    text: str
    is_whole: bool


def python_version(text: str) -> PythonVersion | None:
    """Return a version in the spelling of PEP 440: `1.2.3-beta.1` is `1.2.3b1`; None for what has no number.

    What it ends with and PEP 440 cannot spell is left out, and so is a build, which no index takes (`1.0.0+sha`).
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    numbers = [number for number in re.split(r"[._-]", found["numbers"]) if len(number) <= _MAX_DIGITS]
    if not numbers:
        return None
    numbers = [str(int(number)) for number in numbers]
    release = ".".join([*numbers, *["0"] * (_PADDED - len(numbers))])
    suffix, is_whole = _suffix(found["rest"])
    return PythonVersion(release + suffix, is_whole and len(numbers) == len(re.split(r"[._-]", found["numbers"])))


def _suffix(rest: str) -> tuple[str, bool]:
    """Return what PEP 440 has for the end of a version, and whether that says all of it."""
    if not rest.strip():
        return "", True
    found = _PHASE.fullmatch(rest.strip().lower())
    phase = _PHASES.get(found["word"]) if found is not None else None
    if found is None or phase is None or len(found["number"]) > _MAX_DIGITS:
        return "", False
    return (f"{phase}{int(found['number'] or 0)}", True) if phase else ("", not found["number"])
