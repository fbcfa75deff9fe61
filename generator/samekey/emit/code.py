"""The one maker of Python source from a document's text.

Everything that a template prints is `Code`, and `Code` is made only here: text becomes a literal, a checked
identifier, a docstring or a comment, so no text of a document can become a program.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from typing import TYPE_CHECKING, Final, LiteralString
from urllib.parse import quote

from samekey.identifiers import is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from enum import Enum

    from samekey.document.values import JsonValue

DOC_WIDTH = 100
DOC_LIMIT = 120
_ENTRY = re.compile(r"\s+\w+: ")
_LAST = ("None", "Omit")
_PIECE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^'"|[\]]+|.""", re.DOTALL)
"""A string with its escapes, or any other character of source."""
_ENDS_DOCSTRING = re.compile(r'"{3}|"\Z')


NOTHING: Final[frozenset[str]] = frozenset()


class Code(str):  # noqa: SLOT000  # most pieces need nothing, and then hold nothing
    """Python source that is safe to print as it stands, and the lines that import what it needs.

    Attributes:
        needs: the import lines; `{package}` in them stands for the dots that lead to the SDK's package.
    """

    needs: frozenset[str] = NOTHING


class NotAnIdentifierError(ValueError):
    """A name that Python cannot have; a defect of `names/`."""


def source(text: LiteralString) -> Code:
    """Return source text that stands in samekey itself, as `Code`."""
    return Code(text)


def imported(line: LiteralString, spelled: LiteralString) -> Code:
    """Return a name that has to be imported.

    Args:
        line: what imports it; `{package}` stands for the dots that lead to the SDK's package.
        spelled: how it is written.
    """
    return _needing(spelled, frozenset({line}))


def _needing(text: str, needs: frozenset[str]) -> Code:
    made = Code(text)
    if needs:
        made.needs = needs
    return made


def import_lines(pieces: Iterable[Code], package: LiteralString) -> tuple[Code, ...]:
    """Return the lines that import what pieces of source need, sorted.

    Args:
        pieces: what is printed in a module.
        package: the dots that lead from the module to the SDK's package.
    """
    lines = {line for piece in pieces for line in piece.needs}
    return tuple(Code(line.replace("{package}", package)) for line in sorted(lines))


def _made(text: str, pieces: Iterable[Code]) -> Code:
    """Return source that is put together from pieces, with the imports that they need."""
    needs = NOTHING
    for piece in pieces:
        if piece.needs:
            needs = needs | piece.needs if needs else piece.needs
    return _needing(text, needs)


def identifier(name: str) -> Code:
    """Return a name as source, after checking that Python can have it.

    Raises:
        NotAnIdentifierError: Python cannot have this name.
    """
    if not is_identifier(name):
        raise NotAnIdentifierError(name)
    return Code(name)


def literal(value: JsonValue | tuple[str, ...]) -> Code:
    """Return a value as a Python literal; characters that do not print are escaped in strings."""
    if isinstance(value, str):
        spelled = repr(value.encode("utf-8", "backslashreplace").decode("utf-8"))
        # Double quotes, as the formatter has them, where nothing inside needs another thought.
        plain = spelled.startswith("'") and '"' not in spelled and "\\" not in spelled
        return Code(f'"{spelled[1:-1]}"' if plain else spelled)
    if isinstance(value, tuple):
        return Code(f"({', '.join(literal(entry) for entry in value)}{',' if len(value) == 1 else ''})")
    if isinstance(value, list):
        return Code(f"[{', '.join(literal(entry) for entry in value)}]")
    if isinstance(value, dict):
        return mapping((literal(key), literal(entry)) for key, entry in value.items())
    return Code(repr(value))


def enum_member(kind: Code, value: Enum) -> Code:
    """Return source that names a member of an enum.

    Args:
        kind: the enum, as it is written.
        value: the member.
    """
    return dotted(kind, identifier(value.name))


def mapping(entries: Iterable[tuple[Code, Code]]) -> Code:
    """Return a dict display of keys and values."""
    listed = list(entries)
    text = ", ".join(f"{key}: {value}" for key, value in listed)
    return _made("{" + text + "}", itertools.chain.from_iterable(listed))


def sequence(entries: Iterable[Code]) -> Code:
    """Return a tuple display of entries."""
    listed = list(entries)
    return _made(f"({', '.join(listed)}{',' if len(listed) == 1 else ''})", listed)


def display(entries: Iterable[Code]) -> Code:
    """Return a list display of entries."""
    listed = list(entries)
    return _made(f"[{', '.join(listed)}]", listed)


def byte_string(value: bytes) -> Code:
    """Return bytes as a literal."""
    spelled = repr(value)
    is_plain = spelled.startswith("b'") and '"' not in spelled and "\\" not in spelled
    return Code(f'b"{spelled[2:-1]}"' if is_plain else spelled)


def subscript(head: Code, *arguments: Code) -> Code:
    """Return a generic type with its arguments."""
    return _made(f"{head}[{', '.join(arguments)}]", (head, *arguments))


def comma_separated(kinds: Iterable[Code]) -> Code:
    """Return types side by side, as arguments of a generic class."""
    pieces = list(kinds)
    return _made(", ".join(pieces), pieces)


def generic(container: Code, kinds: Code) -> Code:
    """Return types as arguments of a generic class; the types alone where there is no class."""
    return _made(f"{container}[{kinds}]", (container, kinds)) if container else kinds


def dotted(*names: Code) -> Code:
    """Return names joined by dots."""
    return _made(".".join(names), names)


def call(function: Code, *arguments: Code) -> Code:
    """Return a call of a function with its arguments."""
    return _made(f"{function}({', '.join(arguments)})", (function, *arguments))


def construct(function: Code, arguments: Mapping[str, Code], *positional: Code) -> Code:
    """Return a call with positional arguments, then keyword arguments, whose names are checked."""
    named = (_made(f"{identifier(name)}={value}", (value,)) for name, value in arguments.items())
    return call(function, *positional, *named)


def keyword_argument(name: str, value: Code) -> Code:
    """Return a keyword argument of a call, after checking its name.

    Raises:
        NotAnIdentifierError: Python cannot have this name.
    """
    return _made(f"{identifier(name)}={value}", (value,))


def decorator(function: Code) -> Code:
    """Return a decorator without arguments."""
    return _made(f"@{function}", (function,))


def thunk(expression: Code) -> Code:
    """Return a function without arguments that evaluates an expression when it is first needed."""
    return _made(f"lambda: {expression}", (expression,))


def alternatives(types: Iterable[Code]) -> Code:
    """Return a union of types, each once; None and what stands for a missing argument come last."""
    kinds = list(types)
    unique = list(dict.fromkeys(member for kind in kinds for member in union_members(kind)))
    return _made(" | ".join(sorted(unique, key=lambda kind: _LAST.index(kind) + 1 if kind in _LAST else 0)), kinds)


def union_members(annotation: str) -> list[str]:
    """Return the members of a union, split where no bracket or string is open."""
    if " | " not in annotation:
        return [annotation]
    members = [""]
    depth = 0
    for piece in _PIECE.findall(annotation):
        depth += {"[": 1, "]": -1}.get(piece, 0)
        if piece == "|" and depth == 0:
            members.append("")
        else:
            members[-1] += piece
    return [member.strip() for member in members]


def quoted(annotation: Code) -> Code:
    """Return an annotation as a string, for what is defined later."""
    return _made(repr(str(annotation)), (annotation,))


def docstring(text: str) -> Code:
    """Return text as a docstring: no character of the text can end it, and every character in it prints."""
    lines = _clean_lines(text)
    body = "\n".join(lines).replace("\\", "\\\\")
    body = _ENDS_DOCSTRING.sub(lambda found: found[0].replace('"', '\\"'), body)
    closing = "\n" if "\n" in body else ""
    return Code(f'"""{body}{closing}"""')


def comment(text: str) -> Code:
    """Return text as a one-line comment."""
    return Code(f"# {single_line(text)}")


def single_line(text: str, limit: int = 0) -> str:
    """Return text on one line, with nothing that does not print; cut after a word where it is longer than the limit."""
    line = " ".join(text.split())
    if not line.isprintable():
        line = " ".join(_printable(line).split())
    if not limit or len(line) <= limit:
        return line
    words = line[:limit].rpartition(" ")[0]
    # Chinese and Japanese put no spaces between words; they may be cut anywhere.
    kept = words if len(words) > limit // 2 else line[:limit]
    return kept.rstrip(",;:.") + " …"


def prose(text: str) -> Code:
    """Return text for Markdown or TOML comments: printable, on one line, with Markdown's and HTML's signs escaped."""
    return Code(re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", single_line(text)))


def span(text: str) -> Code:
    """Return text to put between backticks in a Markdown table."""
    return Code(single_line(text).replace("`", "'").replace("|", "\\|"))


def toml_string(text: str) -> Code:
    """Return text as a basic string of TOML (section String of the TOML 1.0 specification)."""
    escaped = single_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return Code(f'"{escaped}"')


def toml_table(entries: Iterable[tuple[str, str]]) -> Code:
    """Return texts by bare keys as an inline table of TOML (section Inline Table)."""
    pieces = (f"{identifier(key)} = {toml_string(text)}" for key, text in entries)
    return Code(f"{{ {', '.join(pieces)} }}")


def link_target(url: str) -> Code:
    """Return a URL as the target of a link of Markdown, without a slash at its end; what could end it is escaped."""
    return Code(quote(single_line(url), safe=":/?#[]@!$&'*+,;=%~").rstrip("/"))


def conjunction(conditions: Iterable[Code]) -> Code:
    """Return the condition that all of several conditions hold."""
    pieces = list(conditions)
    return _made(" and ".join(pieces), pieces)


def is_given(name: Code) -> Code:
    """Return the condition that a variable is not None."""
    return _made(f"{name} is not None", (name,))


def assigned(entries: Iterable[tuple[Code, Code]]) -> Code:
    """Return keyword arguments of a call, by names that were checked before; an empty name makes one positional."""
    pieces = list(entries)
    text = ", ".join(f"{name}={value}" if name else value for name, value in pieces)
    return _made(text, itertools.chain.from_iterable(pieces))


def bodies(module: str, mark: LiteralString) -> tuple[Code, ...]:
    """Return the bodies of the compound statements of a module that the formatter gave back, moved to the left.

    Args:
        module: source whose strings all end on the line where they begin.
        mark: the line before each statement.
    """
    _, *statements = f"\n{module}".split(f"\n{mark}\n")
    return tuple(Code(textwrap.dedent(statement.partition("\n")[2]).rstrip()) for statement in statements)


def indented(code: Code, spaces: int) -> Code:
    """Return source with all lines but the first moved to the right."""
    return _made(code.replace("\n", "\n" + " " * spaces), (code,))


def _clean_lines(text: str) -> list[str]:
    wrapped: list[str] = []
    for line in textwrap.dedent(text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)).strip().split("\n"):
        clean = _printable(line).rstrip()
        indent = len(clean) - len(clean.lstrip())
        hang = " " * (indent + 4 if _ENTRY.match(clean) else indent)
        if len(clean) <= DOC_LIMIT:
            wrapped.append(clean)
        else:
            wrapped += textwrap.wrap(
                clean,
                DOC_WIDTH,
                subsequent_indent=hang,
                break_long_words=False,
                break_on_hyphens=False,
                drop_whitespace=True,
            )
    return wrapped or [""]


def _printable(text: str) -> str:
    """Return text without characters that do not print: controls, bidirectional marks, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
