"""A text to a name of one kind, and whether a text is such a name already."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import Final

from samekey.identifiers import in_ascii, is_identifier, runs, split
from samekey.names.reserved import ANNOTATION_BUILTINS, MODULE_WORDS

_SIGNS = {"+": " plus ", "@": " at ", "$": " ", "#": " number ", "%": " percent ", "&": " and ", "<": " less ",
          ">": " greater ", "=": " equal ", "!": " not ", "*": " star "}  # fmt: skip
_MAX_SNAKE = 60
_MAX_PASCAL = 100
_MAX_BYTES: Final = 120
"""Names become names of files, which end at 255 bytes, and stand in lines that somebody reads."""
_LAST_WORD = re.compile(r"(?<=.)[A-Z][^A-Z]*\Z")
_LONGEST = 200
"""Characters of a name with whatever was put behind it to tell it from others."""


def snake(text: str, fallback: str) -> str:
    """Return a name for a variable, function or module; `fallback` where nothing of the text can stand in one."""
    simple = text.isascii() and text.isidentifier() and text == text.lower() and not text.startswith("_")
    return _lower_case(text if simple else "_".join(words(text)), fallback)


def ascii_snake(text: str, fallback: str) -> str:
    """Return a name in ASCII, for what becomes an environment variable (POSIX.1-2017 section 8.1)."""
    spelled = in_ascii(text)
    if not any(character.isascii() and character.isalnum() for character in spelled):
        spelled = " ".join(f"u{ord(character):x}" for character in spelled if character.isalnum()) or text
    return snake(spelled.encode("ascii", "replace").decode(), fallback)


def _lower_case(found: str, fallback: str) -> str:
    if not found:
        return fallback
    if not found[0].isidentifier():
        found = f"{fallback}_{found}"
    if len(found) > _MAX_SNAKE or len(found.encode()) > _MAX_BYTES:
        room = _MAX_SNAKE if found.isascii() else _MAX_BYTES // 4
        found = (found[: room + 1].rpartition("_")[0] or found[:room]).rstrip("_")
    return f"{found}_" if keyword.iskeyword(found) else found


def pascal(text: str, fallback: str) -> str:
    """Return a name for a class; a text that is such a name already stays as it is.

    Where a script knows no capitals, nothing tells a class from an attribute; see `capitalized`.
    """
    if text.isidentifier() and text.isascii() and text[0].isupper() and "_" not in text:
        found = text
    else:
        found = "".join(word[:1].upper() + word[1:] for word in runs(_spelled(text)))
    if not found:
        return fallback
    found = found if found[0].isidentifier() else f"{fallback}{found}"
    if len(found) > _MAX_PASCAL:
        cut = found[:_MAX_PASCAL]
        found = cut if found[_MAX_PASCAL].isupper() else _LAST_WORD.sub("", cut)
    found = unicodedata.normalize("NFKC", found)
    return f"{found}_" if keyword.iskeyword(found) else found


def capitalized(name: str, kind: str) -> tuple[str, ...]:
    """Return a class's name and one with its kind; only the latter where no capital tells the first from an attribute.

    A field `状态: 状态` would hide its own type.
    """
    plain_name = (name,) if name != name.lower() else ()
    return (*plain_name, f"{name}{kind}")


def attribute(text: str, fallback: str) -> str:
    """Return a name for a field or argument: snake case that hides nothing that annotations need."""
    return _beside_annotations(snake(text, fallback))


def _beside_annotations(found: str) -> str:
    return f"{found}_" if found in ANNOTATION_BUILTINS or found in MODULE_WORDS else found


def constant(value: str | int) -> str:
    """Return a name for a member of an enum."""
    if isinstance(value, int):
        return f"VALUE_MINUS_{-value}" if value < 0 else f"VALUE_{value}"
    return unicodedata.normalize("NFKC", snake(value, "value").upper()) if value else "EMPTY"


def words(text: str) -> tuple[str, ...]:
    """Return a text's words in lower case, in letters of identifiers; signs become words where nothing else is."""
    return split(_spelled(text))


def _spelled(text: str) -> str:
    """Return a text in the letters of identifiers; signs become words where it has no letters."""
    if text.startswith("-") and text[1:2].isdigit():
        text = f"minus {text[1:]}"
    if not any(character.isalpha() for character in text):
        for sign, word in _SIGNS.items():
            text = text.replace(sign, word)
    return in_ascii(text)


def is_snake(text: str) -> bool:
    """Whether a text can be the name of a module or method."""
    return _is_name(text) and text == text.lower()


def is_snake_path(text: str) -> bool:
    """Whether a text can be the names of attributes, one on the other, with dots between them."""
    return all(is_snake(part) for part in text.split("."))


def is_attribute(text: str) -> bool:
    """Whether a text can be the name of a field or argument."""
    return is_snake(text) and _beside_annotations(text) == text


def is_pascal(text: str) -> bool:
    """Whether a text can be the name of a class."""
    return _is_name(text) and text != text.lower() and not text[0].islower()


def is_constant(text: str) -> bool:
    """Whether a text can be the name of an enum's member."""
    return _is_name(text) and not any(character.isascii() and character.islower() for character in text)


def _is_name(text: str) -> bool:
    return is_identifier(text) and not text.startswith("_") and len(text) <= _LONGEST
