"""Bytes to plain values: the quirks of YAML and JSON, broken text, and references across files and servers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samekey.document.diagnostics import Diagnostics, Position, Severity, in_full
from samekey.document.node import load
from samekey.document.source import FetchError, SourceText, fetch_bytes
from samekey.document.values import SpelledFloat

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from samekey.document.diagnostics import Diagnostic
    from samekey.document.node import Document, Node
    from samekey.document.values import JsonValue

REPEATABLE = settings(database=None, deadline=None, derandomize=True)
BOM = b"\xef\xbb\xbf"
LAUGHS = "l0: &l0 {a: 1}\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
"""A tree of 9^9 leaves in ten lines."""


@dataclass
class Files:
    """Files and URLs that exist only in memory; whatever was asked for is remembered."""

    texts: Mapping[str, str | bytes]
    asked: list[str] = field(default_factory=list[str])

    def fetch(self, uri: str) -> bytes:
        """The bytes at a path or URL."""
        self.asked.append(uri)
        found = self.texts.get(uri)
        if found is None:
            raise FetchError("no such file")
        return found if isinstance(found, bytes) else found.encode()


def read(text: str | bytes, name: str = "api.yaml") -> tuple[Document | None, Diagnostics]:
    """A document of one file."""
    diagnostics = Diagnostics()
    return load(name, diagnostics, Files({name: text}).fetch), diagnostics


def value_of(text: str | bytes, name: str = "api.yaml") -> JsonValue:
    """The value of a document that has nothing wrong with it."""
    document, diagnostics = read(text, name)
    assert document is not None
    assert [in_full(entry) for entry in diagnostics] == []
    return document.root.value


def opened(files: Files, location: str) -> tuple[Node, Diagnostics]:
    """The root of a document of several files."""
    diagnostics = Diagnostics()
    document = load(location, diagnostics, files.fetch)
    assert document is not None
    return document.node, diagnostics


def only(diagnostics: Diagnostics) -> Diagnostic:
    """The one finding."""
    (found,) = diagnostics
    return found


def spot(finding: Diagnostic) -> tuple[int, int]:
    """The line and column of a finding."""
    assert finding.place is not None
    position = finding.place.resolve()
    return position.line, position.column


def run_alone(script: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a limit on time and memory, for inputs that are meant to exhaust both."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
    command = [sys.executable, "-c", limit + script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=8)


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("off", "off"), ("yes", "yes"), ("y", "y"),
        ("2026-01-02", "2026-01-02"), ("12:30:00", "12:30:00"), ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("true", True), ("True", True), ("FALSE", False), ("tRue", "tRue"),
        ("null", None), ("Null", None), ("~", None), ("", None), ("nULL", "nULL"),
        ("0", 0), ("-7", -7), ("+12", 12), ("1.50", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        ("0x1F", "0x1F"), ("0o17", "0o17"), ("1_000", "1_000"), (".inf", ".inf"), (".nan", ".nan"), ("1e", "1e"),
        ("1.2.3", "1.2.3"), ("'200'", "200"), ('"true"', "true"), ("!!str 200", "200"), ("!!int '5'", 5),
        ("! 12", "12"), ("!custom x", "x"), ("!!timestamp 2026-01-02", "2026-01-02"), ("|\n  200\n", "200\n"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_json(spelled: str, expected: JsonValue) -> None:
    """Only JSON's numbers, booleans and null are more than text; no Norway, no dates, no octals."""
    value = value_of(f"a: {spelled}")
    assert isinstance(value, dict)
    found = value["a"]
    kind = float if isinstance(found, float) else type(found)
    assert (kind, found) == (type(expected), expected)


@pytest.mark.parametrize("name", ["api.yaml", "api.json"])
def test_a_fraction_is_a_number_that_knows_its_spelling(name: str) -> None:
    """It is written again as the number that it is."""
    value = value_of('{"a": 1.10}', name)
    assert isinstance(value, dict)
    assert isinstance(value["a"], SpelledFloat)
    assert (value["a"], value["a"].text, json.dumps(value), repr(value["a"])) == (1.1, "1.10", '{"a": 1.1}', "1.1")


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "{{host}}: 1\n", "x: &x {}\n*x : 1\n"])
def test_a_key_that_is_no_scalar_is_an_error(text: str) -> None:
    """JSON has no such keys, and OpenAPI forbids them."""
    document, diagnostics = read(text)
    assert document is None
    assert only(diagnostics).code == "syntax"


def test_leading_zeros_make_no_float() -> None:
    """`012` is a code or a whole number, never 12.0."""
    value = value_of("a: 012")
    assert isinstance(value, dict)
    assert not isinstance(value["a"], float)


@pytest.mark.parametrize("key", ["200", "1.5", "true", "null", "NO", "2026-01-02", "~", "'<<'", "a b"])
def test_keys_are_strings_as_they_are_spelled(key: str) -> None:
    """An unquoted status such as `200:` is the key "200"."""
    assert value_of(f"{key}: x") == {key.strip("'"): "x"}


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', "a: 1e999"])
def test_every_number_is_one_of_json(text: str) -> None:
    """What JSON cannot spell does not become an infinity or a not-a-number that later stages would have to know."""
    document, diagnostics = read(text)
    if document is None:
        assert diagnostics.failed
    else:
        json.dumps(document.root.value, allow_nan=False)


@pytest.mark.parametrize("text", ['{"a": %s}', "a: %s"], ids=["json", "yaml"])
def test_a_number_of_thousands_of_digits_is_no_crash(text: str) -> None:
    """Python refuses to read such a number; a document that holds one is read, or refused with a finding."""
    document, diagnostics = read(text % ("1" * 5000))
    assert document is not None or diagnostics.failed


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("<<: *one\n  y: 3", {"x": 1, "y": 3}),
        ("y: 3\n  <<: *one", {"x": 1, "y": 3}),
        ("<<: [*one, *two]", {"x": 1, "y": 2, "z": 5}),
        ("<<: [*two, *one]", {"x": 4, "y": 2, "z": 5}),
        ("<<: *one\n  <<: *two", {"x": 1, "y": 2, "z": 5}),
        ("<<: {w: 6}", {"w": 6}),
    ],
)
def test_merge_keys_bring_what_is_not_there(merge: str, expected: JsonValue) -> None:
    """`<<` adds the keys of other mappings; own keys win, and earlier mappings before later ones."""
    value = value_of(f"one: &one {{x: 1, y: 2}}\ntwo: &two {{x: 4, z: 5}}\nall:\n  {merge}\n")
    assert isinstance(value, dict)
    assert value["all"] == expected


def test_what_was_merged_can_be_an_anchor_itself() -> None:
    """An alias to a mapping with a merge stands for the merged mapping."""
    value = value_of("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n")
    assert isinstance(value, dict)
    assert value["c"] == {"x": 1, "y": 2, "z": 3}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: &x one\na2: &x two\nb: *x", {"a": "one", "a2": "two", "b": "two"}),
        ("a: &x\nb: *x", {"a": None, "b": None}),
        ("a: &x 200\nb: *x", {"a": 200, "b": 200}),
        ("a: &x foo\n*x : 1", {"a": "foo", "foo": 1}),
        ("&x foo: 1\nb: *x", {"foo": 1, "b": "foo"}),
    ],
)
def test_aliases_stand_for_what_they_name(text: str, expected: JsonValue) -> None:
    """Anchors and aliases work on values and on keys."""
    assert value_of(text) == expected


@pytest.mark.parametrize(
    ("text", "spots"),
    [
        ("a: 1\nb: 2\na: 3\n", [(3, 1)]),
        ("x:\n  a: 1\n  a: 2\ny:\n  a: 1\n  a: 2\n", [(3, 3), (6, 3)]),
        ("x: {a: 1, a: 2, a: 3}\n", [(1, 11), (1, 17)]),
        ('{\n  "a": 1,\n  "b": {"a": 2},\n  "a": 3\n}', [(4, 3)]),
    ],
    ids=["yaml", "two-places", "thrice", "json"],
)
def test_each_duplicate_key_is_reported_at_its_own_line(text: str, spots: list[tuple[int, int]]) -> None:
    """A warning at each repetition says that the last one counts."""
    document, diagnostics = read(text)
    assert document is not None
    assert not diagnostics.failed
    assert {entry.code for entry in diagnostics} == {"duplicate-key"}
    assert [spot(entry) for entry in diagnostics] == spots


def test_the_last_of_two_equal_keys_counts() -> None:
    """The value, and where it stands."""
    document, _ = read("a: {b: 1}\na:\n  c: 2\n")
    assert document is not None
    assert document.root.value == {"a": {"c": 2}}
    assert document.root.position("/a/c") == Position(3, 3)


def test_a_duplicate_key_in_json_is_found_behind_escapes_and_tabs() -> None:
    """What YAML cannot read in JSON hides no line."""
    document, diagnostics = read('{\n\t"a": "\\ud83d\\ude00",\n\t"a": "\u2028"\n}', "api.json")
    assert document is not None
    assert spot(only(diagnostics)) == (3, 2)


def test_merged_keys_are_no_duplicates() -> None:
    """A mapping may override what it merges in."""
    value_of("a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (BOM + b"a: 1\n", {"a": 1}),
        (BOM + b'{"a": 1}', {"a": 1}),
        ("a: é\n".encode("utf-16"), {"a": "é"}),
        (b"a: 1\r\nb:\r\n  - 2\r\n", {"a": 1, "b": [2]}),
        (b"a: |\r\n  one\r\n  two\r\n", {"a": "one\ntwo\n"}),
        (b'{\t"a":\t[\r\n\t1]\t}', {"a": [1]}),
        ('{"a": "\\ud83d\\ude00 \\ud800"}', {"a": "😀 \ud800"}),
        ('a: "日本 😀 \\u00e9"\nключ: ß', {"a": "日本 😀 é", "ключ": "ß"}),
        ("{a: 1, b: [x, y],}", {"a": 1, "b": ["x", "y"]}),
        ("# only a comment\n", None),
        ("%YAML 1.1\n---\na: no\n...\n", {"a": "no"}),
    ],
    ids=["bom", "bom-json", "utf-16", "crlf", "crlf-block", "tabs-json", "escapes", "unicode", "flow", "none", "1.1"],
)
def test_text_of_every_origin_is_read(data: str | bytes, expected: JsonValue) -> None:
    """Byte order marks, Windows newlines, tabs in JSON, flow style and all of Unicode."""
    assert value_of(data) == expected


LETTERS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=12)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@REPEATABLE
@given(JSON_VALUES)
def test_json_means_the_same_as_yaml(value: JsonValue) -> None:
    """JSON comes back as it was written, whichever of the two parsers reads it."""
    text = json.dumps({"value": value}, ensure_ascii=False)
    assert value_of(text) == {"value": value}
    assert value_of(f"# this makes it YAML\n{text}") == {"value": value}


@pytest.mark.parametrize(
    ("name", "text", "kind", "where"),
    [
        ("api.yaml", "a: b: c\n", "YAML", (1, 5)),
        ("api.yaml", "a: 1\r\nb: [1, 2\r\nc: 3\r\n", "YAML", (3, 2)),
        ("api.yaml", "a:\n\t- b\n", "YAML", (2, 1)),
        ("api.yaml", "a: 1\n---\nb: 2\n", "YAML", (2, 1)),
        ("api.yaml", "a: *nobody\n", "YAML", (1, 4)),
        ("api.yaml", "a: &x [1, *x]\n", "YAML", (1, 11)),
        ("api.yaml", "a: ok\nb: \x07\n", "YAML", (2, 4)),
        ("api.yaml", "é: grün\nb: ü\x07\n", "YAML", (2, 5)),
        ("api.yaml", "a: 'open\n", "YAML", (2, 1)),
        ("api.json", '{"a": 1 "b": 2}', "JSON", (1, 9)),
        ("api.json", '{\n  "é": 1,\n  "b" 2\n}', "JSON", (3, 7)),
        ("noname", '{"a": [1, 2}', "JSON", (1, 12)),
    ],
)
def test_broken_text_is_shown_at_its_line_and_column(name: str, text: str, kind: str, where: tuple[int, int]) -> None:
    """Exactly one error, which names the language and points at the character."""
    document, diagnostics = read(text, name)
    assert document is None
    finding = only(diagnostics)
    assert (finding.severity, finding.code) == (Severity.ERROR, "syntax")
    assert finding.message.startswith(f"this is not valid {kind}: ")
    assert spot(finding) == where


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"a: \xff\n", (1, 4)),
        (b"a: 1\nb: \xc3", (2, 4)),
        ("é: ".encode() + b"\xe9", (1, 4)),
        (BOM + b"ab: \xff\n", (1, 5)),
        (b"a: 1\r\nb: \xff", (2, 4)),
    ],
)
def test_what_is_not_utf8_is_shown_at_its_first_bad_byte(data: bytes, where: tuple[int, int]) -> None:
    """An error with line and column, and the way out."""
    document, diagnostics = read(data)
    assert document is None
    finding = only(diagnostics)
    assert (finding.severity, finding.code, finding.hint) == (Severity.ERROR, "encoding", "save it as UTF-8")
    assert spot(finding) == where


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", BOM])
def test_an_empty_file_is_an_error(data: bytes) -> None:
    """Nothing, blanks or a byte order mark alone are no document."""
    document, diagnostics = read(data)
    assert document is None
    assert only(diagnostics).code == "empty"


@pytest.mark.parametrize("depth", [50, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ("- ", "")], ids=["array", "object", "block"]
)
@pytest.mark.parametrize("prefix", ["", "# YAML\n"], ids=["first", "yaml"])
def test_deep_nesting_is_read_or_refused(opening: str, closing: str, prefix: str, depth: int) -> None:
    """A document nested far deeper than any real one is an error, never a crash."""
    document, diagnostics = read(f"{prefix}{opening * depth}1{closing * depth}")
    if depth < 1000:
        assert document is not None
        assert document.root.position("/a/0").line == 1 + prefix.count("\n")
    else:
        assert document is None
        assert only(diagnostics).code == "syntax"


def test_a_bomb_of_aliases_is_harmless() -> None:
    """Aliases share one value, so ten lines that spell a billion leaves cost ten lines."""
    value = value_of(LAUGHS)
    assert isinstance(value, dict)
    top = value["l9"]
    assert isinstance(top, list)
    assert len(top) == 9
    assert all(entry is top[0] for entry in top)


@pytest.mark.parametrize(
    "use",
    [
        f"document = load('a', d, lambda _: {LAUGHS!r}.encode()); assert document.node.lookup('#nowhere') is None",
        f"load('a', d, lambda _: {LAUGHS + '? *l9' + chr(10) + ': 1' + chr(10)!r}.encode())",
        f"document = load('a', d, lambda _: {LAUGHS!r}.encode()); document.root.position('/l9/0/0')",
    ],
    ids=["search-for-an-anchor", "as-a-key", "position"],
)
def test_a_bomb_of_aliases_stays_harmless_when_it_is_used(use: str) -> None:
    """Neither a search through the document nor a key made of the bomb unfolds it."""
    done = run_alone(
        "from samekey.document.node import load\nfrom samekey.document.diagnostics import Diagnostics\n"
        f"d = Diagnostics()\n{use}\n"
    )
    assert done.returncode == 0, done.stderr[-500:]


POINTED = """
a/b: {c~d: 1, "e f": 2, "g%h": 3, "": 4, "~1": 5, "ü": 6}
list: [zero, {one: 1}]
first: {$ref: "#/second"}
second: {$ref: "#/third"}
third: {deep: {er: 7}}
named: {$anchor: here, value: 8}
"""


@pytest.mark.parametrize(
    ("target", "pointer"),
    [
        ("", ""),
        ("#", ""),
        ("#/third/deep", "/third/deep"),
        ("#/a~1b/c~0d", "/a~1b/c~0d"),
        ("#/a~1b/e%20f", "/a~1b/e f"),
        ("#/a~1b/e f", "/a~1b/e f"),
        ("#/a~1b/g%25h", "/a~1b/g%h"),
        ("#/a~1b/", "/a~1b/"),
        ("#/a~1b/~01", "/a~1b/~01"),
        ("#%2Fa~1b%2Fc%7E0d", "/a~1b/c~0d"),
        ("#/a~1b/%C3%BC", "/a~1b/ü"),
        ("#/list/0", "/list/0"),
        ("#/list/1/one", "/list/1/one"),
        ("#/first/deep/er", "/third/deep/er"),
        ("#here", "/named"),
    ],
)
def test_a_local_reference_points_to_its_value(target: str, pointer: str) -> None:
    """Escapes of JSON pointers and of URIs, list indexes, anchors, and a way through other references."""
    root, diagnostics = opened(Files({"api.yaml": POINTED}), "api.yaml")
    found = root.lookup(target)
    assert found is not None
    assert found.identity == f"api.yaml#{pointer}"
    assert len(diagnostics) == 0


def test_a_chain_of_references_is_followed_to_its_end() -> None:
    """A reference to a reference gives what the last one points to; a plain value gives itself."""
    root, _ = opened(Files({"api.yaml": POINTED}), "api.yaml")
    first, third = root.get("first"), root.get("third")
    assert first is not None
    assert third is not None
    assert first.follow() == third
    assert third.follow() == third


@pytest.mark.parametrize(
    "target",
    ["#/nobody", "#/list/2", "#/list/-1", "#/list/-", "#/list/x", "#/list/²", "#/list/%D9%A1%C2%B2",
     f"#/list/{'9' * 5000}", "#/third/deep/er/below", "#nowhere", "#/first/nobody"],
    ids=lambda target: str(target)[:24],
)  # fmt: skip
def test_a_reference_to_nothing_costs_a_warning(target: str) -> None:
    """It is reported where it is written, with a way out, and it is not an error."""
    root, diagnostics = opened(Files({"api.yaml": POINTED}), "api.yaml")
    place = root.get("second")
    assert place is not None
    assert place.lookup(target) is None
    finding = only(diagnostics)
    assert (finding.severity, finding.code) == (Severity.WARNING, "reference-missing")
    assert finding.hint
    assert spot(finding) == (5, 1)
    in_full(finding)


@pytest.mark.parametrize(
    "text",
    [
        'a: {$ref: "#/a"}',
        'a: {$ref: "#/b"}\nb: {$ref: "#/a"}',
        'a: {$ref: "#/a/b"}',
        'a: {$ref: "#/b/x"}\nb: {$ref: "#/a/y"}',
        'a: {b: {$ref: "#/a/b/c"}, $ref: "#/a/b"}',
        'a: {$ref: "api.yaml#/a"}',
        "a: {$ref: 5, b: {$ref: '#/a/x'}}",
    ],
)
def test_a_circle_of_references_ends(text: str) -> None:
    """References that lead to nothing but themselves give None and a warning, however they are written."""
    root, diagnostics = opened(Files({"api.yaml": text}), "api.yaml")
    node = root.get("a")
    assert node is not None
    if node.reference is None:
        node = node.get("b")
        assert node is not None
    assert node.follow() is None
    assert len(diagnostics) > 0
    assert not diagnostics.failed


def test_a_circle_through_a_parent_ends() -> None:
    """`components` may be a reference into itself, as broken documents have it."""
    root, diagnostics = opened(Files({"a": 'components: {$ref: "#/components/x"}\ny: {$ref: "#/components/z"}'}), "a")
    node = root.get("y")
    assert node is not None
    assert node.follow() is None
    assert len(diagnostics) > 0


@pytest.mark.parametrize(
    ("location", "names"),
    [
        ("api.yaml", ("api.yaml", "parts/a.yaml", "parts/more/b.yaml", "shared.yaml")),
        ("/s/x/api.yaml", ("/s/x/api.yaml", "/s/x/parts/a.yaml", "/s/x/parts/more/b.yaml", "/s/x/shared.yaml")),
        ("../x/api.yaml", ("../x/api.yaml", "../x/parts/a.yaml", "../x/parts/more/b.yaml", "../x/shared.yaml")),
        (
            "https://api.test/v1/api.yaml?x=1",
            ("https://api.test/v1/api.yaml?x=1", "https://api.test/v1/parts/a.yaml",
             "https://api.test/v1/parts/more/b.yaml", "https://api.test/v1/shared.yaml"),
        ),
    ],
    ids=["relative", "absolute", "above", "url"],
)  # fmt: skip
def test_references_are_resolved_against_the_file_that_holds_them(location: str, names: tuple[str, ...]) -> None:
    """Each file's own folder is the base of its relative paths; each file is read once."""
    root_name, first, second, shared = names
    files = Files({
        root_name: '{"one": {"$ref": "parts/a.yaml#/x"}, "two": {"$ref": "./parts/../shared.yaml#/s"}}',
        first: 'x: {$ref: "more/b.yaml#/y"}',
        second: 'y: {$ref: "../../shared.yaml#/s"}',
        shared: "s: {done: true}",
    })  # fmt: skip
    root, diagnostics = opened(files, location)
    for key in ("one", "two", "one"):
        node = root.get(key)
        assert node is not None
        target = node.follow()
        assert target is not None
        assert target.identity == f"{shared}#/s"
    assert len(diagnostics) == 0
    assert sorted(files.asked) == sorted(names)


@pytest.mark.parametrize("location", ["api.yaml", "./api.yaml", "sub/../api.yaml", "/srv/./api.yaml", "/srv//api.yaml"])
def test_a_reference_back_to_the_first_file_is_that_file(location: str) -> None:
    """Files that refer to each other are one document, however the first of them is spelled."""
    folder = "/srv/" if location.startswith("/") else ""
    first = 'a: {$ref: "other.yaml#/x"}\nt: {q: 1}\n'
    files = Files({location: first, f"{folder}api.yaml": first, f"{folder}other.yaml": 'x: {$ref: "api.yaml#/t"}'})
    root, diagnostics = opened(files, location)
    node, target = root.get("a"), root.get("t")
    assert node is not None
    assert target is not None
    found = node.follow()
    assert found is not None
    assert found.identity == target.identity
    assert len(diagnostics) == 0
    assert len(files.asked) == 2


def test_a_circle_across_files_ends() -> None:
    """Two files whose references lead to each other alone give None and a warning."""
    files = Files({"a.yaml": 'x: {$ref: "b.yaml#/y"}', "b.yaml": 'y: {$ref: "a.yaml#/x"}'})
    root, diagnostics = opened(files, "a.yaml")
    node = root.get("x")
    assert node is not None
    assert node.follow() is None
    assert only(diagnostics).code == "reference-cycle"


def test_a_file_of_a_reference_may_be_missing() -> None:
    """It costs one warning, at the reference, and it is asked for once."""
    files = Files({"a.yaml": 'x: {$ref: "b.yaml#/y"}\nz: {$ref: "b.yaml#/z"}'})
    root, diagnostics = opened(files, "a.yaml")
    for key in ("x", "z"):
        node = root.get(key)
        assert node is not None
        assert node.follow() is None
    finding = only(diagnostics)
    assert (finding.severity, finding.code, finding.message) == (
        Severity.WARNING, "reference-unreadable", "cannot read b.yaml: no such file",
    )  # fmt: skip
    assert spot(finding) == (1, 1)
    assert files.asked == ["a.yaml", "b.yaml"]


def test_a_broken_file_of_a_reference_is_shown_in_that_file() -> None:
    """The error stands at the line of the file that is broken."""
    root, diagnostics = opened(Files({"a.yaml": 'x: {$ref: "b.yaml#/y"}', "b.yaml": "ok: 1\ny: a: b\n"}), "a.yaml")
    node = root.get("x")
    assert node is not None
    assert node.follow() is None
    finding = only(diagnostics)
    assert finding.code == "syntax"
    assert finding.place is not None
    assert finding.place.source.uri == "b.yaml"
    assert spot(finding) == (2, 5)


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", "file:api.yaml", "file:secret.yaml", "/etc/passwd",
     "../../../../etc/passwd", "//etc/passwd", "C:\\secret.yaml", "c:/secret.yaml", "data:,x"],
)  # fmt: skip
def test_a_remote_document_reads_no_local_file(target: str) -> None:
    """What a server sends may refer to servers only, even when a local document has sent us there."""
    files = Files({
        "api.yaml": 'x: {$ref: "https://api.test/r.yaml#/y"}\nsecret: s',
        "https://api.test/r.yaml": json.dumps({"y": {"$ref": target}}),
    })  # fmt: skip
    root, diagnostics = opened(files, "api.yaml")
    node = root.get("x")
    assert node is not None
    assert node.follow() is None
    assert only(diagnostics).severity is Severity.WARNING
    assert [uri for uri in files.asked if not uri.startswith("https://")] == ["api.yaml"]


def test_an_unreadable_server_costs_a_warning() -> None:
    """A document whose remote parts cannot be had is still read."""
    root, diagnostics = opened(Files({"api.yaml": 'x: {$ref: "https://gone.test/r.yaml#/y"}'}), "api.yaml")
    node = root.get("x")
    assert node is not None
    assert node.follow() is None
    assert only(diagnostics).severity is Severity.WARNING
    assert not diagnostics.failed


@pytest.mark.parametrize("uri", ["http://[bad", f"http://{'a' * 300}.test/x", "http://", "http://\x00/"])
def test_an_impossible_url_is_a_finding(uri: str) -> None:
    """A reference to a URL that no server can have is a warning; a document at such a URL is an error."""
    diagnostics = Diagnostics()
    fetch = Files({"api.yaml": json.dumps({"x": {"$ref": f"{uri}#/y"}})}).fetch
    document = load("api.yaml", diagnostics, lambda name: fetch(name) if name == "api.yaml" else fetch_bytes(name))
    assert document is not None
    node = document.node.get("x")
    assert node is not None
    assert node.follow() is None
    assert only(diagnostics).severity is Severity.WARNING
    unreadable = Diagnostics()
    assert load(uri, unreadable) is None
    assert only(unreadable).code == "unreadable"


ANSWERS: dict[str, tuple[int, str]] = {
    "/api.yaml": (200, 'x: {$ref: "parts/p.json#/y"}\nz: {$ref: "gone.yaml#/y"}\n'),
    "/parts/p.json": (200, '{"y": {"$ref": "/other.yaml"}}'),
    "/other.yaml": (200, "found: true\n"),
    "/moved": (302, "/api.yaml"),
    "/broken": (500, "oops"),
}


class Handler(BaseHTTPRequestHandler):
    """Answers from the table above, and 404 for the rest."""

    def do_GET(self) -> None:
        """Answer a GET."""
        status, body = ANSWERS.get(self.path, (404, "nothing here"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", body)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Say nothing."""


@contextmanager
def serving() -> Generator[str]:
    """A server on loopback; its base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A server on loopback that no proxy stands before."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving() as url:
        yield url


@pytest.mark.parametrize("path", ["/api.yaml", "/moved"])
def test_a_document_is_read_from_a_url(server: str, path: str) -> None:
    """Redirects are followed, and relative references are asked for at the same server."""
    diagnostics = Diagnostics()
    document = load(f"{server}{path}", diagnostics)
    assert document is not None
    node = document.node.get("x")
    assert node is not None
    found = node.follow()
    assert found is not None
    assert found.value == {"found": True}
    assert len(diagnostics) == 0
    missing = document.node.get("z")
    assert missing is not None
    assert missing.follow() is None
    finding = only(diagnostics)
    assert finding.severity is Severity.WARNING
    assert "the server answered 404 Not Found" in finding.message


@pytest.mark.parametrize(("path", "said"), [("/none.yaml", "404 Not Found"), ("/broken", "500 Internal Server Error")])
def test_an_unhappy_answer_is_an_error(server: str, path: str, said: str) -> None:
    """A document whose server answers with an error says so, with the status."""
    diagnostics = Diagnostics()
    assert load(f"{server}{path}", diagnostics) is None
    assert only(diagnostics).message == f"cannot read {server}{path}: the server answered {said}"


def test_a_server_that_is_not_there_is_an_error() -> None:
    """A refused connection is a finding like any other."""
    with serving() as url:
        pass
    diagnostics = Diagnostics()
    assert load(f"{url}/api.yaml", diagnostics) is None
    assert only(diagnostics).code == "unreadable"


def test_standard_input_is_a_document_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads the bytes given, and its references are paths from here."""
    (tmp_path / "my part.yaml").write_text("y: 1\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    diagnostics = Diagnostics()
    document = load("-", diagnostics, stdin=b'x: {$ref: "my%20part.yaml#/y"}\nz: {$ref: "#/w"}')
    assert document is not None
    found = document.node.get("x")
    assert found is not None
    target = found.follow()
    assert target is not None
    assert target.value == 1
    missing = document.node.get("z")
    assert missing is not None
    assert missing.follow() is None
    assert "<stdin>:2:1" in in_full(only(diagnostics))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing.yaml", "no such file or directory"),
        (".", "is a directory"),
        ("a\0b", "null"),
        ("x" * 300, "file name too long"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(
    path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says which file and why."""
    monkeypatch.chdir(tmp_path)
    diagnostics = Diagnostics()
    assert load(path, diagnostics) is None
    finding = only(diagnostics)
    assert (finding.severity, finding.code) == (Severity.ERROR, "unreadable")
    assert said in finding.message
    assert finding.message.startswith(f"cannot read {path}: ")


@pytest.mark.parametrize(
    ("spelled", "text"),
    [("x", "x"), ("'1.10'", "1.10"), ("2", "2"), ("1.0", "1.0"), ("1.10", "1.10"), ("true", "true"), ("1e3", "1e3")],
)
def test_a_number_where_text_belongs_is_taken_by_its_spelling(spelled: str, text: str) -> None:
    """`version: 1.10` without quotes is version 1.10."""
    root, diagnostics = opened(Files({"a": f"version: {spelled}"}), "a")
    assert root.text("version") == text
    assert len(diagnostics) == 0


@pytest.mark.parametrize("word", ["text", "items", "elements"])
def test_a_value_of_the_wrong_kind_is_reported_and_left_out(word: str) -> None:
    """What cannot be repaired costs a warning at its place, and reads as empty."""
    root, diagnostics = opened(Files({"a": "k: 5\nt: [1]\n"}), "a")
    match word:
        case "text":
            assert root.text("t") == ""
        case "items":
            assert list(root.items("k")) == []
        case _:
            assert list(root.elements("k")) == []
    finding = only(diagnostics)
    assert (finding.severity, finding.code) == (Severity.WARNING, "wrong-type")
    assert spot(finding) == ((2, 1) if word == "text" else (1, 1))


def test_a_boolean_in_quotes_is_repaired() -> None:
    """`deprecated: "true"` is read as true, with a warning."""
    root, diagnostics = opened(Files({"a": "a: 'True'\nb: true\nc: 'no'\n"}), "a")
    assert [root.flag(key) for key in "abcd"] == [True, True, False, False]
    assert "a" in {entry.place.pointer.strip("/") for entry in diagnostics if entry.place}


@pytest.mark.parametrize(
    ("text", "pointer", "where"),
    [
        ("a:\n  b:\n    - c: 1\n", "/a/b/0/c", (3, 7)),
        ("a:\n  b:\n    - c: 1\n", "/a/b/7", (2, 3)),
        ("a:\n  b:\n    - c: 1\n", "/a/b/²", (2, 3)),
        ("a:\n  b:\n    - c: 1\n", "/a/b/x/y", (2, 3)),
        ("a:\r\n  b: 1\r\n", "/a/b", (2, 3)),
        ("# é\na~/b: {c: 1}\n", "/a~0~1b/c", (2, 8)),
        ('{\n\t"a": {\n\t\t"b": 1}}', "/a/b", (3, 3)),
        ('{"s": "\\ud83d\\ude00",\n "a": {\n  "b": 1}}', "/a/b", (3, 3)),
        ('{"s": "\\ud800",\n "a": {\n  "b": 1}}', "/a/b", (3, 3)),
        ('{"s": "\u2028",\n "a": {\n  "b": 1}}', "/a/b", (3, 3)),
        ("x: &x {b: 1}\na: *x\n", "/a/b", (1, 8)),
        ("", "", (1, 1)),
    ],
    ids=["yaml", "no-index", "no-number", "nowhere", "crlf", "escapes", "tabs", "emoji", "surrogate", "separator",
         "alias", "empty"],
)  # fmt: skip
def test_a_pointer_has_a_line_and_a_column(text: str, pointer: str, where: tuple[int, int]) -> None:
    """The position of a value, or of the nearest thing above it that is there; escapes in JSON do not lose it."""
    assert SourceText("a", text).position(pointer) == Position(*where)


def test_the_lines_shown_are_the_lines_counted() -> None:
    """Characters that only some programs take for line ends do not shift the excerpt (U+2028, form feed)."""
    document, diagnostics = read('{"a": "\u2028",\n"b" 2}', "api.json")
    assert document is None
    assert '  2 | "b" 2}' in in_full(only(diagnostics))
