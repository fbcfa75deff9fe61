"""Words: splitting names into them, spelling them as Python can, and finding the one that was meant."""

from __future__ import annotations

import difflib
import keyword
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INNER = r"D+(?:LL?(?!L)|U(?=UL|[^ULD]|\Z))"
_WORD = re.compile(rf"U{_INNER}|U+(?!L)(?:D+LL?(?!L))*D*|U?L+(?:{_INNER})*D*|D+LL?(?!L)|D+|O+D*")
"""A word by the kinds of its characters: upper case, lower case, digits, and letters that know no case.

A letter or two behind digits belong to them, as in `P2P`, `k8s`, `2fa` and `i18n`; `line1text` is `line1` and `text`.
"""
_RUN = re.compile(r"[ULDO]+")
_KNOWN = re.compile(
    r"OAuth|OpenAI|OpenAPI|OpenID|GitHub|GitLab|GraphQL|PayPal|YouTube|LinkedIn|WhatsApp|TikTok|JavaScript|TypeScript"
    r"|(?<![0-9])[23](?:FA|DS)(?![a-z])|MySQL|NoSQL|PostgreSQL|WebAuthn|[SPI]aaS|VoIP|QoS|IoT|IPv(?=[46])|macOS|(?<![A-Za-z])(?:oAuth|openAI|gitHub|payPal|iOS|iPhone|iPad|eSIM)"
)
"""Words that have capitals inside, and are one word all the same."""
_PLURAL = re.compile(r"(?<=[A-Z]{2})s(?![a-z])")
"""The plural of an acronym, as in `URLs` and `VPCsAndIPs`."""
_POSSESSIVE = re.compile(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}](?:s\b|(?=\w))", re.IGNORECASE)
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What Python allows in identifiers and nobody sees (Unicode's Default_Ignorable_Code_Point)."""
_LATIN = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
}  # fmt: skip
"""Latin letters that Unicode does not decompose."""
_SIBILANTS = ("ses", "xes", "ches", "shes", "zes")


NO_FILES_ON_WINDOWS: Final = frozenset({
    "con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10)),
})  # fmt: skip
"""Names that no file has there, whatever its ending is: they are those of devices."""


def is_identifier(text: str) -> bool:
    """Whether a text is a name in Python as it stands: no keyword, and nothing that Python would spell otherwise.

    Python reads identifiers in NFKC (section 2.3 of its reference); a name in another form would have two spellings.
    """
    return text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text


def in_ascii(text: str) -> str:
    """Return text with Latin letters in ASCII and digits in ASCII; other scripts stay as they are."""
    text = unicodedata.normalize("NFKC", text)
    if text.isascii():
        return text
    spelled: list[str] = []
    for character in _INVISIBLE.sub("", text):
        base = unicodedata.normalize("NFD", character)[0]
        if character.isdecimal():
            spelled.append(str(unicodedata.decimal(character)))
        elif character in _LATIN:
            spelled.append(_LATIN[character])
        elif base.isascii():
            spelled.append(base)
        elif not (unicodedata.category(character) == "Mn" and spelled and spelled[-1][-1].isascii()):
            # A mark that stays on a Latin letter has no composed form; the letter says enough.
            spelled.append(character)
    return unicodedata.normalize("NFC", "".join(spelled))


@lru_cache(maxsize=10_000)  # a word of a document comes again and again
def split(text: str) -> tuple[str, ...]:
    """Split a name into lower-case words: `createHTTPCharge`, `create-http-charge` and `create.http charge` alike.

    A word with capitals inside is one word where it is known as such, as are acronyms in the plural; a possessive loses
    its ending: `OAuth2 tokens`, `VPCs`, `Harbour's`.
    """
    text = without_possessives(unicodedata.normalize("NFKC", text))
    text = _PLURAL.sub("S", _KNOWN.sub(lambda known: known[0].capitalize(), text))
    return tuple(text[found.start() : found.end()].lower() for found in _WORD.finditer(_kinds(text)))


def without_possessives(text: str) -> str:
    """Return a text without the endings of possessives, and without apostrophes in words: `Harbour's` is `Harbour`."""
    return _POSSESSIVE.sub("", text)


def runs(text: str) -> tuple[str, ...]:
    """Return the parts of a text between signs and spaces, each in its own case."""
    return tuple(text[found.start() : found.end()] for found in _RUN.finditer(_kinds(text)))


def _kinds(text: str) -> str:
    """Return a letter for each character: `U` upper case, `L` lower case, `D` digit, `O` no case, `-` between words."""
    kinds: list[str] = []
    for character in text:
        if character.isupper():
            kinds.append("U")
        elif character.islower():
            kinds.append("L")
        elif character.isdecimal():
            kinds.append("D")
        elif unicodedata.category(character).startswith("M"):
            # Marks belong to the letter before them; without one they are no part of a word.
            kinds.append(kinds[-1] if kinds and kinds[-1] != "D" else "-")
        else:
            kinds.append("O" if character.isalnum() and f"a{character}".isidentifier() else "-")
    return "".join(kinds)


def singular(word: str) -> str:
    """Return an English noun in the singular, by rule of thumb; good enough to compare two names of one thing."""
    if word.endswith("ies") and len(word) > len("ties"):
        return word[:-3] + "y"
    if word.endswith(_SIBILANTS) and word not in {"uses", "cases", "databases", "responses", "releases", "phases"}:
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def meant(word: str, known: Iterable[str]) -> str:
    """Return a hint for a misspelt word; empty where no known word is close to it."""
    # As plain text: the members of an enum show themselves as such.
    found = difflib.get_close_matches(word, [str(entry) for entry in known], n=1, cutoff=0.5)
    return f"did you mean {found[0]!r}?" if found else ""


def closest(word: str, known: Iterable[str]) -> str:
    """Return a hint for a misspelt word; it lists all known words where none is close."""
    known = list(known)
    return meant(word, known) or f"the known ones are {', '.join(known)}"


def unique(keys: Iterable[str]) -> Iterator[str]:
    """Yield keys, with a number after each key that came before."""
    counts = Counter[str]()
    for key in keys:
        counts[key] += 1
        yield key if counts[key] == 1 else f"{key} {counts[key]}"
