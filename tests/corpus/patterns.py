"""Strings that match a regular expression, made up from its parse tree."""

from __future__ import annotations

import importlib
import re
import string
from random import Random
from typing import Any

_parse: Any = importlib.import_module("re._parser").parse
"""The standard library's own parser of patterns, which has no stubs."""
_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_letters,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_NOT_WORD": "-.!",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
}
_VISIBLE = [chr(code) for code in range(0x21, 0x7F)]
_PROPERTIES = {
    "L": r"a-zA-Z", "Lu": r"A-Z", "Ll": r"a-z", "N": r"0-9", "Nd": r"0-9", "P": r"!-/:-@\[-`{-~", "Z": r" ", "Zs": r" ",
    "S": r"$+<=>^`|~", "M": r"\u0300-\u036f", "Letter": r"a-zA-Z", "Punctuation": r"!-/:-@\[-`{-~", "Emoji": r"\u263a",
}  # fmt: skip


def python_pattern(pattern: str) -> re.Pattern[str] | None:
    """An ECMA-262 pattern for Python; None where Python cannot spell it."""
    text = re.sub(r"\\[pP]\{(?:\w+=)?(\w+)\}", lambda found: _property(found, pattern), pattern)
    text = re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda found: re.escape(chr(int(found[1], 16))), text)
    text = re.sub(r"\\c([A-Z])", lambda found: f"\\x{ord(found[1]) - 64:02x}", text).replace("(?<", "(?P<")
    text = text.replace("(?P<=", "(?<=").replace("(?P<!", "(?<!").replace("\\/", "/").replace("\\Z", "$")
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return None


def _property(found: re.Match[str], pattern: str) -> str:
    letters = _PROPERTIES.get(found[1], r"a-z")
    # Inside a class the ranges stand as they are.
    inside = pattern.rfind("[", 0, found.start()) > pattern.rfind("]", 0, found.start())
    return letters if inside else f"[{letters}]"


def matching(pattern: str, random: Random, longer: int = 0) -> str | None:
    """A string that a pattern is likely to match; the caller checks it.

    Args:
        pattern: the regular expression.
        random: the source of chance.
        longer: how many more repetitions than the fewest are aimed at.
    """
    compiled = python_pattern(pattern)
    if compiled is None:
        return None
    flags = re.IGNORECASE if compiled.flags & re.IGNORECASE else 0
    return _Maker(random, longer, {}).text(_parse(compiled.pattern, flags))


class _Maker:
    """Walks a parse tree, with the texts of its groups at hand."""

    def __init__(self, random: Random, longer: int, groups: dict[int, str]) -> None:
        self.random = random
        self.longer = longer
        self.groups = groups

    def text(self, tree: Any) -> str:  # noqa: ANN401  # the parser's own lists
        return "".join(self._one(str(op), argument) for op, argument in tree)

    def _one(self, op: str, argument: Any) -> str:  # noqa: ANN401, PLR0911  # one line for each kind of node
        match op:
            case "LITERAL":
                return chr(argument)
            case "NOT_LITERAL":
                return self.random.choice([sign for sign in string.ascii_letters if ord(sign) != argument])
            case "ANY":
                return self.random.choice(string.ascii_letters)
            case "IN":
                return self._in(argument)
            case "BRANCH":
                return self.text(self.random.choice(argument[1]))
            case "SUBPATTERN":
                made = self.text(argument[3])
                self.groups[argument[0]] = made
                return made
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = argument
                count = min(int(most), int(least) + (self.longer or self.random.randint(0, 2)))
                return "".join(self.text(inner) for _ in range(count))
            case "GROUPREF":
                return self.groups.get(argument, "")
            case "ATOMIC_GROUP":
                return self.text(argument)
            case _:  # anchors and assertions take no room; the caller checks what they ask
                return ""

    def _in(self, entries: Any) -> str:  # noqa: ANN401
        negated = str(entries[0][0]) == "NEGATE"
        signs: list[str] = []
        for op, argument in entries:
            match str(op):
                case "LITERAL":
                    signs.append(chr(argument))
                case "RANGE":
                    low, high = argument
                    signs += [chr(code) for code in range(low, min(high, low + 300) + 1)]
                case "CATEGORY":
                    signs += _CATEGORIES[str(argument)]
                case _:
                    pass
        if negated:
            signs = [sign for sign in _VISIBLE if sign not in signs] or [" ", "é", "\n"]
        else:
            # Where there is a choice, signs that people can read.
            signs = [sign for sign in signs if sign.isascii() and sign.isprintable()] or signs
        return self.random.choice(signs)
