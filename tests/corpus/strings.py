"""Strings made up: by format, by pattern, by length, and by where they travel."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from tests.corpus.patterns import matching, python_pattern
from tests.corpus.raw import Json, View

TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "json": (
        "text", "a b", 'quo"te', "back\\slash", "naïve café", "日本語", "😀", "line\nbreak", "<&>", "%41", "", "null",
    ),
    "path": ("text", "a b", "x/y", "50%", "q?u", "h#h", "naïve", "日本語", "a+b", "a&b=c", "%41", "x;y:z@"),
    "query": ("text", "a b", "x/y", "50%", "q?u", "h#h", "naïve", "日本語", "a+b", "a&b=c", "%41", 'quo"te'),
    "header": ("text", "a b", "x/y;q=1", 'quo"te', "50%", "a=b&c"),
    "cookie": ("text", "x/y", "50%", "a=b", "naïve"),
    "word": ("text", "word", "other", "x1", "y-2"),
    "letters": ("text", "word", "other"),
}  # fmt: skip
"""Strings by where they travel; `word` where signs would be taken for the ones between values, `letters` in a segment
that holds several parameters."""

_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "date-time": ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07.125Z", "2026-12-31T23:59:59+05:30"),
    "date": ("2026-03-04", "1999-12-31"),
    "time": ("05:06:07Z", "05:06:07+01:00"),
    "duration": ("PT5M", "P1DT2H"),
    "uuid": ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "0c9e8f1a-7b6d-4c3e-8f2a-1b0d9e8c7f6a"),
    "uri": ("https://example.org/x?y=1&z=a%20b", "https://example.org/"),
    "url": ("https://example.org/x?y=1", "https://example.org/"),
    "uri-reference": ("/x/y", "https://example.org/"),
    "email": ("ann@example.org", "bob+x@example.org"),
    "hostname": ("example.org", "a.example.org"),
    "ipv4": ("192.0.2.1", "198.51.100.7"),
    "ipv6": ("2001:db8::1", "::1"),
    "decimal": ("12.50", "0.001", "-3"),
    "int64": ("123", "-7"),
    "uint64": ("123", "7"),
    "int32": ("12",),
    "double": ("1.5",),
    "float": ("1.5",),
}
UNLIMITED: Final = 10**6


def make_string(parts: Sequence[View], place: str, random: Random, shortest: int = 0) -> str:
    """A string for schemas that hold at once.

    Args:
        parts: the schemas.
        place: where it travels; a key of `TEXTS`.
        random: the source of chance.
        shortest: characters that it must have at least.
    """
    patterns = [part.text("pattern") for part in parts if part.text("pattern")]
    least = max(shortest, at_most_of(parts, "minLength"))
    most = at_least_of(parts, "maxLength")
    for name in [part.text("format") for part in parts if part.text("format")]:
        fitting = [text for text in _formatted(name, random) if least <= len(text) <= most]
        fitting = [text for text in fitting if all(matches(pattern, text) for pattern in patterns)]
        if fitting:
            return random.choice(fitting)
    made = _matching(patterns, least, most, random) if patterns else None
    if made is not None:
        return made
    texts = [text for text in TEXTS[place] if least <= len(text) <= most]
    return random.choice(texts) if texts else ("abcdefghij" * (least // 10 + 1))[: max(least, min(most, 4))]


def _formatted(name: str, random: Random) -> tuple[str, ...]:
    if name in {"byte", "base64"}:
        sizes = range(1, 65) if random.random() < 0.5 else (4, 5, 6)
        return tuple(base64.b64encode(bytes(range(size))).decode() for size in sizes)
    return _FORMATS.get(name, ())


def _matching(patterns: list[str], least: int, most: int, random: Random) -> str | None:
    """A string for the first pattern that the others and the lengths allow as well."""
    for longer in (0, 0, 0, 1, 2, 4, 8, least, least, max(least - 4, 0), 0):
        made = matching(patterns[0], random, longer)
        if made is None:
            return None
        if least <= len(made) <= most and all(matches(pattern, made) for pattern in patterns):
            return made
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern finds itself in a text; one that Python cannot spell finds itself everywhere."""
    compiled = python_pattern(pattern)
    return compiled is None or compiled.search(text) is not None


def number_of(value: Json) -> float | None:
    """A number; None for anything else, and for true and false."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def at_most_of(parts: Sequence[View], word: str) -> int:
    """The largest of the lower limits that schemas set by a word."""
    return max((int(number_of(part.fields.get(word)) or 0) for part in parts), default=0)


def at_least_of(parts: Sequence[View], word: str) -> int:
    """The smallest of the upper limits that schemas set by a word."""
    found = [number_of(part.fields.get(word)) for part in parts]
    return min((int(number) for number in found if number is not None), default=UNLIMITED)
