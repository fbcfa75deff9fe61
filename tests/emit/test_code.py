"""Source made from hostile text: a literal stays a literal, a docstring a docstring, a comment a line."""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
import tomllib
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samekey.emit import code
from samekey.emit.code import Code, NotAnIdentifierError, source

if TYPE_CHECKING:
    from samekey.document.values import JsonValue

REPEATABLE = settings(database=None, deadline=None, derandomize=True, max_examples=150)
SNIPPETS = [
    '"""', "'''", '"', "'", "\\", "\\\\", '\\"', "\\n", "\\N{BULLET}", "\\x41", "\\u0041", "\\101", "{{", "}}",
    "{%", "%}",
    "{#", "{x}", "%s", "${x}", "\n", "\r", "\r\n", "\t", "\v", "\f", "\0", "\x1b[31m", "\x85", "\xa0", "\xad", "\u2028",
    "\u2029", "\u200b", "\u202e", "\u2066", "\ufeff", "\ufffe", "\uffff", "\U0001fffe", "\U000e0001", "\ud800",
    "\udfff", "#", "# type: ignore",
    "|", " | ", "None", " | None | ", "]", "[", ", ", ")", "`", "-->", "<!--", "é", "日本", "😀",
    "__import__('os')", "import os", "    ", "  - ", "Args:", "\n    x: y",
]  # fmt: skip
ANY = st.text(st.characters(categories=["Cs"]) | st.characters(), max_size=6)
TEXTS = st.lists(st.sampled_from(SNIPPETS) | ANY, max_size=12).map("".join)
LONG = st.lists(TEXTS, max_size=20).map(" ".join)


def printable(text: str) -> str:
    """What is left to read of a text: what prints, without its spaces."""
    return "".join(c for c in text if c.isprintable() and not c.isspace())


def spelled(text: str) -> str:
    """A text with lone surrogates, which no source file can hold, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def evaluated(made: str) -> object:
    """The value of a literal; anything else is refused."""
    return ast.literal_eval(made)


def is_plain(made: str, *, lines: bool = False) -> bool:
    """Whether everything in source prints."""
    return all(c.isprintable() or (lines and c == "\n") for c in made)


@REPEATABLE
@given(TEXTS)
def test_a_string_literal_means_its_text(text: str) -> None:
    """Evaluating it gives the text back, it is one line, and nothing invisible stands in it."""
    made = code.literal(text)
    assert evaluated(made) == spelled(text)
    assert is_plain(made)


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def respelled(value: JsonValue) -> JsonValue:
    """A value with every text in it as it can be spelled."""
    match value:
        case str():
            return spelled(value)
        case dict():
            return {spelled(key): respelled(entry) for key, entry in value.items()}
        case list():
            return [respelled(entry) for entry in value]
        case _:
            return value


@REPEATABLE
@given(VALUES)
def test_a_literal_means_its_value(value: JsonValue) -> None:
    """Whatever JSON can hold comes back from its literal, booleans and numbers by their own types."""
    made = code.literal(value)
    assert repr(evaluated(made)) == repr(respelled(value))
    assert is_plain(made)


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b'\"\\")])
def test_a_tuple_literal_is_a_tuple(names: tuple[str, ...]) -> None:
    """One entry included, which needs its comma."""
    assert evaluated(code.literal(names)) == names
    assert evaluated(code.sequence(code.literal(name) for name in names)) == names


@REPEATABLE
@given(LONG)
@example('ends with a quote"')
@example('ends with quotes""""')
@example("ends with a backslash\\")
@example('\\"""')
@example("x" * 119 + ' """ ' + "y" * 119 + ' "')
@example("one\n\n    two\n  three\n\n")
@example("\0")
@example('"""')
@example('says """')
@example('says """\n')
@example("a" * 130 + " " + "b" * 130)
def test_a_docstring_is_one_string_and_nothing_more(text: str) -> None:
    """Alone and indented in a class, it parses as one string that says what the text says, without a warning."""
    made = code.docstring(text)
    assert is_plain(made, lines=True)
    (alone,) = ast.parse(made.encode()).body
    assert isinstance(alone, ast.Expr)
    assert isinstance(alone.value, ast.Constant)
    assert isinstance(alone.value.value, str)
    assert printable(alone.value.value) == printable(text)
    method_source = f"    def f(self) -> None:\n        {code.indented(made, 8)}\n"
    holder = f"class A:\n    {code.indented(made, 4)}\n    x = 1\n\n{method_source}"
    (defined,) = ast.parse(holder.encode()).body
    assert isinstance(defined, ast.ClassDef)
    documented, assigned, method = defined.body
    assert isinstance(documented, ast.Expr)
    assert isinstance(assigned, ast.Assign)
    assert isinstance(method, ast.FunctionDef)
    assert len(method.body) == 1
    for holding in (defined, method):
        assert printable(ast.get_docstring(holding) or "") == printable(text)


@REPEATABLE
@given(LONG)
@example("\nimport os\n")
@example("a\x85b\u2028c\x0bd\x0ce\rf")
def test_a_comment_is_one_line(text: str) -> None:
    """It is a single token to the end of its line, and the line behind it is code as before."""
    made = code.comment(text)
    assert is_plain(made)
    tokens = list(tokenize.tokenize(io.BytesIO(f"y = 2  {made}\nx = 1\n".encode()).readline))
    assert [token.string for token in tokens if token.type == tokenize.COMMENT] == [made]
    assert len(ast.parse(f"{made}\nx = 1\n".encode()).body) == 1
    assert printable(made) == "#" + printable(text)


@REPEATABLE
@given(LONG, st.integers(20, 300))
def test_a_line_is_cut_behind_a_word(text: str, limit: int) -> None:
    """It is never longer than its limit and a sign, and what it holds is the beginning of the text."""
    made = code.single_line(text, limit)
    assert is_plain(made)
    whole = code.single_line(text)
    assert made == whole or made.endswith("…")
    assert len(made) <= limit + 2
    assert whole.startswith(made.removesuffix("…").rstrip())


def test_a_long_word_is_cut_where_little_stands_before_it() -> None:
    """A single space at the beginning is no place to cut at."""
    assert len(code.single_line("A " + "日本語の説明" * 100, 300)) > 200


@pytest.mark.parametrize("text", ["日本語の説明は空白を使わない。" * 30, "x" * 500, "https://a.test/" + "y" * 400])
def test_a_long_text_without_spaces_is_cut_and_not_lost(text: str) -> None:
    """Japanese and Chinese have no spaces to cut at; most of the limit is still filled."""
    assert len(code.single_line(text, 300)) > 200


NAMES = st.lists(st.sampled_from(["a", "B", "_", "1", "é", "ª", " ", "\n", ".", "-", "(", "class", "None"]), max_size=4)


@REPEATABLE
@given(NAMES.map("".join) | TEXTS | st.sampled_from(keyword.kwlist))
def test_an_identifier_is_one_or_nothing(text: str) -> None:
    """Only a name that Python reads as it stands passes, and no keyword; all else is a defect that is raised."""
    fits = text.isidentifier() and unicodedata.normalize("NFKC", text) == text
    if fits and not keyword.iskeyword(text):
        assert code.identifier(text) == text
    else:
        with pytest.raises(NotAnIdentifierError):
            code.identifier(text)
        with pytest.raises(NotAnIdentifierError):
            code.construct(source("f"), {text: source("1")})


def members(annotation: str) -> list[str]:
    """The members of a union, as Python reads them."""
    pending: list[ast.expr] = [ast.parse(annotation, mode="eval").body]
    found: list[str] = []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.BinOp):
            pending += [node.right, node.left]
        else:
            found.append(ast.dump(node))
    return found


HARD = st.lists(st.sampled_from(["\\", "'", '"', "]", "[", " | ", "None", "x", ", ", "|"]), max_size=6).map("".join)


@REPEATABLE
@given(st.lists(HARD, min_size=1, max_size=4), st.lists(HARD, min_size=1, max_size=4))
@example(["\\", "]", "a | None | b"], ["x"])
@example(["\\"], ["\\"])
def test_the_members_of_a_union_are_each_there_once_with_none_last(first: list[str], second: list[str]) -> None:
    """Unions of unions are flat, and no sign inside a string is taken for one between types."""
    one = code.subscript(source("Literal"), *(code.literal(text) for text in first))
    two = code.subscript(source("Literal"), *(code.literal(text) for text in second))
    inner = code.alternatives([one, source("None"), source("dict[str, int | None]")])
    made = code.alternatives([inner, source("str"), two, source("None"), one, inner, source("str")])
    expected = [one, source("dict[str, int | None]"), source("str"), *([two] if two != one else []), source("None")]
    assert members(made) == [entry for kind in expected for entry in members(kind)]


@REPEATABLE
@given(HARD)
def test_a_quoted_member_is_not_split(text: str) -> None:
    """An annotation in quotes is one member, whatever stands in it."""
    inner = code.subscript(source("Literal"), code.literal(text))
    held = code.quoted(inner)
    assert evaluated(held) == str(inner)
    assert members(code.alternatives([held, source("int"), held])) == [*members(held), *members("int")]


@REPEATABLE
@given(LONG)
def test_a_toml_string_means_its_text(text: str) -> None:
    """A TOML parser reads the text back, on one line."""
    made = code.toml_string(text)
    assert is_plain(made)
    assert tomllib.loads(f"x = {made}\ny = 1\n") == {"x": code.single_line(text), "y": 1}


@REPEATABLE
@given(LONG)
def test_prose_is_no_markup(text: str) -> None:
    """In Markdown no text opens a tag, a comment, a link, a code span or a cell."""
    made = code.prose(text)
    assert is_plain(made)
    assert printable(re.sub(r"\\([\\`*_{}\[\]<>#|!])", r"\1", made)) == printable(text)
    assert not re.search(r"[`<>|\[\]#]", re.sub(r"\\.", "", made))


@REPEATABLE
@given(LONG)
def test_a_span_stays_in_its_cell(text: str) -> None:
    """Between backticks in a table there is no backtick and no bare bar."""
    made = code.span(text)
    assert is_plain(made)
    assert "`" not in made
    assert not re.search(r"(?<!\\)\|", made)


def test_code_is_not_made_by_joining_text() -> None:
    """A text that is put beside Code is a plain text again, so a template refuses to print it."""
    assert type(source("a") + "b") is not Code
    assert type(f"{source('a')}") is not Code
    assert isinstance(code.literal("a"), Code)
