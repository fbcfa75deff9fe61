"""Overlays: what they change, where their values are found, and what people are told of their mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samekey.cli import app
from samekey.document.diagnostics import Diagnostics, in_full, location
from samekey.document.node import Document, load
from samekey.document.overlay import apply_overlays, load_overlay
from samekey.document.source import FetchError
from samekey.document.values import JsonValue
from typer.testing import CliRunner

HOME = "/docs/openapi.yaml"
PATCH = "/docs/fix.yaml"
DOCUMENT = """\
openapi: 3.0.3
info: {title: Pets, version: '1'}
tags: [{name: a}, {name: b}, {name: c}]
paths:
  /pets:
    get:
      tags: [a, b]
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: cursor, in: query, schema: {type: string}}
      responses: {200: {description: pets}}
    post:
      responses: {201: {description: made}}
  /pets/{id}:
    get:
      responses: {200: {description: a pet}}
"""


class Patched:
    """A document with an overlay applied to it."""

    def __init__(self, actions: str, document: str = DOCUMENT, version: str = "1.1.0", top: str = "") -> None:
        overlay = f"overlay: {version}\ninfo: {{title: Fix, version: '1'}}\n{top}actions:\n{dedent(actions)}"
        self.diagnostics = Diagnostics()
        texts = {HOME: document, PATCH: overlay}
        loaded = load(HOME, self.diagnostics, fetch=lambda uri: texts[uri].encode())
        patch = load_overlay(PATCH, self.diagnostics, fetch=lambda uri: texts[uri].encode())
        assert loaded is not None
        assert patch is not None, self.said
        self.before = json.dumps(loaded.root.value)
        self.document: Document = apply_overlays(loaded, [patch])
        assert json.dumps(loaded.root.value) == self.before, "the document itself stays as it is"

    @property
    def said(self) -> str:
        """All findings as they are printed."""
        return "\n".join(in_full(entry) for entry in self.diagnostics)

    @property
    def codes(self) -> list[str]:
        """The codes of all findings."""
        return [entry.code for entry in self.diagnostics]

    def at(self, pointer: str) -> JsonValue:
        """The value at a pointer."""
        found = self.document.node.lookup(f"#{pointer}")
        assert found is not None, pointer
        return found.value

    def place(self, pointer: str) -> str:
        """Where the value at a pointer was written."""
        found = self.document.node.lookup(f"#{pointer}")
        assert found is not None, pointer
        return location(found.place).removeprefix("/docs/")


# --- what is changed ---


def test_an_update_merges_mappings() -> None:
    """What is only in the document stays, what is only in the overlay comes behind it, scalars are replaced."""
    patched = Patched("""
      - target: $.paths['/pets'].get
        update: {operationId: listPets, responses: {200: {description: all pets}, 404: {description: none}}}
    """)
    operation = patched.at("/paths/~1pets/get")
    assert isinstance(operation, dict)
    assert list(operation) == ["tags", "parameters", "responses", "operationId"]
    assert operation["responses"] == {"200": {"description": "all pets"}, "404": {"description": "none"}}
    assert not patched.codes


def test_lists_are_joined() -> None:
    """A list of the overlay comes behind the document's, whether it is the target or deep inside one."""
    patched = Patched("""
      - target: $.paths['/pets'].get
        update: {tags: [c]}
      - target: $.tags
        update: [{name: d}, {name: e}]
      - target: $.tags
        update: {name: f}
    """)
    assert patched.at("/paths/~1pets/get/tags") == ["a", "b", "c"]
    assert [tag["name"] for tag in patched.at("/tags")] == list("abcdef")  # type: ignore[union-attr, index, call-overload]


def test_an_update_reaches_every_match() -> None:
    """A wildcard changes all, and what one of them gets is not shared with the others."""
    patched = Patched("""
      - target: $.paths.*.get
        update: {x-retry: {count: 1}}
      - target: $.paths['/pets'].get.x-retry
        update: {count: 2}
    """)
    assert patched.at("/paths/~1pets/get/x-retry") == {"count": 2}
    assert patched.at("/paths/~1pets~1{id}/get/x-retry") == {"count": 1}


def test_a_filter_picks_what_is_removed() -> None:
    """`remove: true` takes a value out of its mapping or its list, and the others keep their order."""
    patched = Patched("""
      - target: $.paths['/pets'].get.parameters[?@.name == 'limit']
        remove: true
      - target: $.tags[?@.name != 'b']
        remove: true
      - target: $.paths['/pets'].post
        remove: true
    """)
    assert patched.at("/tags") == [{"name": "b"}]
    assert patched.at("/paths/~1pets/get/parameters/0/name") == "cursor"
    assert "post" not in patched.at("/paths/~1pets")  # type: ignore[operator]


def test_removing_what_is_inside_of_what_is_removed_is_no_mistake() -> None:
    """A path may select a value and its own parent, and the same value twice."""
    patched = Patched("""
      - target: $.paths['/pets']..*
        remove: true
      - target: $.tags[2, 0, 0]
        remove: true
    """)
    assert patched.at("/paths/~1pets") == {}
    assert patched.at("/tags") == [{"name": "b"}]
    assert not patched.codes


def test_actions_work_on_what_those_before_them_left() -> None:
    """A value may be removed and then made again, with another kind."""
    patched = Patched("""
      - target: $.paths['/pets'].get.parameters[0].schema.type
        remove: true
      - target: $.paths['/pets'].get.parameters[0].schema
        update: {type: [integer, string]}
    """)
    assert patched.at("/paths/~1pets/get/parameters/0/schema/type") == ["integer", "string"]


def test_a_scalar_may_be_the_target() -> None:
    """It is replaced."""
    patched = Patched("- {target: $.info.title, update: Cats}\n- {target: '$.tags[*].name', update: x}")
    assert patched.at("/info") == {"title": "Cats", "version": "1"}
    assert patched.at("/tags") == [{"name": "x"}] * 3


def test_null_is_nothing() -> None:
    """A key without a value asks for no change, and a value may come where the document had none."""
    patched = Patched(
        "- target: $\n  update:\n    info:\n    tags:\n    components: {schemas: {A: {}}}\n",
        document=DOCUMENT + "components:\n",
    )
    assert patched.at("/info/title") == "Pets"
    assert patched.at("/components") == {"schemas": {"A": {}}}
    assert not patched.codes


def test_a_value_may_be_copied() -> None:
    """`copy` of version 1.1 merges a value of the document; later changes touch the copy alone."""
    patched = Patched("""
      - {target: "$.paths['/pets/{id}']", copy: "$.paths['/pets']"}
      - {target: "$.paths['/pets/{id}'].post.responses['201']", update: {description: changed}}
      - {target: $.info, copy: $}
    """)
    assert patched.at("/paths/~1pets~1{id}/post/responses/201/description") == "changed"
    assert patched.at("/paths/~1pets/post/responses/201/description") == "made"
    assert patched.at("/paths/~1pets~1{id}/get/responses/200/description") == "pets"
    assert patched.at("/info/openapi") == "3.0.3"


def test_what_an_alias_shares_is_changed_at_the_target_alone() -> None:
    """YAML's aliases are a way to write, not a bond."""
    document = "a: &x {b: {c: 1}, d: [1]}\ne: *x\n"
    patched = Patched("- {target: $.e, update: {b: {c: 2}, d: [2]}}", document)
    assert patched.document.root.value == {"a": {"b": {"c": 1}, "d": [1]}, "e": {"b": {"c": 2}, "d": [1, 2]}}


def test_in_version_1_0_a_property_may_change_its_kind() -> None:
    """There the overlay's properties replace the document's; from 1.1 on, kinds that differ are an error."""
    action = "- target: $.paths['/pets'].get.parameters[0].schema\n  update: {type: [integer, string]}"
    pointer = "/paths/~1pets/get/parameters/0/schema/type"
    assert Patched(action, version="1.0.0").at(pointer) == ["integer", "string"]
    refused = Patched(action, version="1.1.0")
    assert (refused.at(pointer), refused.codes) == ("integer", ["overlay-mismatch"])


# --- where it was written ---


def test_places_lead_to_the_file_that_can_be_edited() -> None:
    """What came from the overlay points there, what moved points to where it was, what is untouched stays."""
    patched = Patched(
        "- target: $.paths['/pets'].get\n"
        "  update:\n"
        "    operationId: listPets\n"
        "    parameters:\n"
        "      - {name: more, in: query}\n"
        "    responses: {200: {description: all}}\n"
        "- {target: '$.tags[0]', remove: true}\n"
        "- {target: $.tags, update: {name: d}}\n"
        "- {target: $.info.title, update: Cats}\n"
    )
    # The overlay's actions begin in line 4.
    assert patched.place("/paths/~1pets/get/operationId") == "fix.yaml:6:5"
    assert patched.place("/paths/~1pets/get/parameters/2/name") == "fix.yaml:8:10"
    assert patched.place("/paths/~1pets/get/parameters/1/name") == "openapi.yaml:10:12"
    assert patched.place("/paths/~1pets/get/responses/200/description") == "fix.yaml:9:23"
    assert patched.place("/paths/~1pets/get/responses/200") == "openapi.yaml:11:19"
    assert patched.place("/paths/~1pets/get") == "openapi.yaml:6:5"
    assert patched.place("/tags/0") == "openapi.yaml:3:19"
    assert patched.place("/tags/1/name") == "openapi.yaml:3:31"
    assert patched.place("/tags/2/name") == "fix.yaml:11:29"
    assert patched.place("/info/title") == "fix.yaml:12:26"
    assert patched.place("/info/version") == "openapi.yaml:2:21"


def test_a_copied_value_points_to_what_was_copied() -> None:
    """That is where somebody would correct it."""
    patched = Patched("""- {target: "$.paths['/pets/{id}']", copy: "$.paths['/pets']"}""")
    assert patched.place("/paths/~1pets~1{id}/post/responses/201") == "openapi.yaml:13:19"


# --- mistakes ---


@pytest.mark.parametrize(
    ("action", "code", "line", "words"),
    [
        ("- {target: $.nothing, remove: true}", "overlay-unmatched", "4:4", "matches the target"),
        ("- {target: '$.paths[', remove: true}", "overlay-invalid", "4:4", "is not a JSONPath"),
        ("- {target: paths, remove: true}", "overlay-invalid", "4:4", "is not a JSONPath"),
        ("- {remove: true}", "overlay-invalid", "4:3", "no target"),
        ("- {target: {a: b}, remove: true}", "wrong-type", "4:4", "expected a string"),
        ("- {target: $.info}", "overlay-invalid", "4:3", "changes nothing"),
        ("- {target: $.info, remove: false}", "overlay-invalid", "4:3", "changes nothing"),
        ("- {target: $, remove: true}", "overlay-invalid", "4:4", "whole document"),
        ("- {target: $.info, update: 3}", "overlay-mismatch", "4:3", "a number cannot be merged into a mapping"),
        ("- {target: $.info, update: {title: {}}}", "overlay-mismatch", "4:3", "a mapping cannot take the place of"),
        ("- {target: $, update: {tags: x}}", "overlay-mismatch", "4:3", "a string cannot take the place of a sequence"),
        ("- {target: $.info, copy: $.nothing}", "overlay-invalid", "4:20", "matches 0"),
        ("- {target: $.info, copy: '$.tags[*]'}", "overlay-invalid", "4:20", "matches 3"),
        ("- {target: $.info, copy: '['}", "overlay-invalid", "4:20", "is not a JSONPath"),
        ("- {$ref: '#/components/actions/a', target: $.info}", "overlay-invalid", "4:3", "reusable actions"),
        ("- text", "overlay-invalid", "4:3", "an action is a mapping"),
    ],
)
def test_a_mistake_is_told_at_its_line(action: str, code: str, line: str, words: str) -> None:
    """With the lines of the overlay, and the document as it was."""
    patched = Patched(action)
    assert code in patched.codes
    assert words in patched.said
    assert f"--> {PATCH}:{line}\n" in patched.said
    assert action in patched.said, "the line itself is shown"
    assert json.dumps(patched.document.root.value) == patched.before
    assert patched.diagnostics.failed is (code != "overlay-unmatched")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("openapi: 3.0.3\npaths: {}\n", "does not say its version"),
        ("overlay: 2.0.0\nactions: []\n", "Overlay 2.0.0 is not supported"),
        ("overlay: 1.0.0\ninfo: {}\n", "no list of actions"),
        ("overlay: 1.0.0\nactions: {a: b}\n", "no list of actions"),
        ("- a\n", "does not say its version"),
        ("overlay: {a: b}\n", "does not say its version"),
        ("overlay: [\n", "not valid YAML"),
        ("", "is empty"),
    ],
)
def test_what_is_no_overlay_is_refused(text: str, words: str) -> None:
    """With a way out, and never with a traceback."""
    diagnostics = Diagnostics()
    assert load_overlay(PATCH, diagnostics, fetch=lambda _: text.encode()) is None
    assert diagnostics.failed
    assert words in "\n".join(in_full(entry) for entry in diagnostics)


def test_an_overlay_that_cannot_be_read_is_an_error() -> None:
    """Like a document that cannot."""

    def fetch(_: str) -> bytes:
        raise FetchError("no such file or directory")

    diagnostics = Diagnostics()
    assert load_overlay(PATCH, diagnostics, fetch) is None
    assert [entry.code for entry in diagnostics] == ["unreadable"]


@pytest.mark.parametrize(
    ("extends", "codes"),
    [("openapi.yaml", []), ("./openapi.yaml", []), (HOME, []), ("https://api.example/other.yaml", ["overlay-extends"])],
)
def test_the_document_that_an_overlay_was_written_for(extends: str, codes: list[str]) -> None:
    """The document that was given is patched in any case; where it is another one, a note says so."""
    patched = Patched("- {target: $.info.title, update: Cats}", top=f"extends: {extends}\n")
    assert patched.at("/info/title") == "Cats"
    assert patched.codes == codes
    assert not patched.diagnostics.failed


def test_a_document_nested_too_deeply_for_a_path_is_an_error() -> None:
    """Not a traceback."""
    deep = "a: " + "[" * 300 + "]" * 300 + "\n"
    patched = Patched("- {target: '$..x', remove: true}", deep)
    assert patched.codes == ["overlay-failed"]


@pytest.mark.parametrize("function", ["search", "match"])
def test_a_pattern_that_backtracks_for_ever_is_an_error(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends in seconds, and its overlay is told so; a pattern that matches is found as before."""
    monkeypatch.setattr("samekey.document.json_paths._SECONDS", 0.2)
    document = json.dumps({"tags": [{"name": "a" * 60 + "!"}, {"name": "b"}]})
    slow = {"target": f"$.tags[?{function}(@.name, '(a|a)+b')]", "remove": True}
    quick = {"target": f"$.tags[?{function}(@.name, '.')]", "update": {"description": "found"}}
    patched = Patched(f"- {json.dumps(slow)}\n- {json.dumps(quick)}", document)
    assert patched.codes == ["overlay-failed"]
    assert json.dumps(patched.at("/tags")).count("description") == (2 if function == "search" else 1)


@settings(max_examples=300, deadline=None)
@given(path=st.text("$.[]*?@'\"()&|!=<>:, \\abx0-9~^#{}", max_size=14))
def test_no_path_ends_in_a_traceback(path: str) -> None:
    """Whatever is written as a target, it is a path or an error."""
    patched = Patched("- " + json.dumps({"target": "$" + path, "remove": True}), document='{"a": {"b": [1, {"x": 2}]}}')
    assert patched.document.root.value is not None or patched.diagnostics.failed


# --- the command line ---


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a document and two overlays."""
    (tmp_path / "openapi.yaml").write_text(DOCUMENT, "utf-8")
    for name, identity in (("one", "listPets"), ("two", "findPets")):
        text = "overlay: 1.0.0\ninfo: {title: T, version: '1'}\nactions:\n  - target: $.paths['/pets'].get\n"
        text += f"    update: {{operationId: {identity}, summary: What {identity} does}}\n"
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    (tmp_path / "samekey.yaml").write_text("package: pets\noverlays: [one.yaml]\n", "utf-8")
    return tmp_path


def _ids(project: Path, *options: str) -> list[str]:
    done = CliRunner().invoke(app, ["inspect", str(project / "openapi.yaml"), "--json", *options])
    assert done.exit_code == 0, done.output
    return [row["operation_id"] for row in json.loads(done.stdout)]


def test_inspect_shows_the_patched_document(project: Path) -> None:
    """The config's overlays come first, then those of the command line, in order."""
    one, two = str(project / "one.yaml"), str(project / "two.yaml")
    config = str(project / "samekey.yaml")
    assert _ids(project)[0] == ""
    assert _ids(project, "--overlay", two, "--overlay", one)[0] == "listPets"
    assert _ids(project, "--config", config)[0] == "listPets"
    assert _ids(project, "--config", config, "--overlay", two)[0] == "findPets"


def test_generate_and_check_work_on_the_patched_document(project: Path) -> None:
    """What was made with an overlay is up to date with it, and out of date without it."""
    target = project / "out"
    command = ["generate", str(project / "openapi.yaml"), "-o", str(target), "--package", "pets"]
    overlay = ["--overlay", str(project / "one.yaml")]
    made = CliRunner().invoke(app, [*command, *overlay])
    assert made.exit_code == 0, made.output
    assert CliRunner().invoke(app, [*command, *overlay, "--check"]).exit_code == 0
    assert CliRunner().invoke(app, [*command, "--check", "--overlay", str(project / "two.yaml")]).exit_code == 1


def test_a_broken_overlay_fails_the_run_and_writes_nothing(project: Path) -> None:
    """Exit code 2, the finding on standard error, and no SDK."""
    (project / "bad.yaml").write_text("overlay: 1.0.0\nactions: [{target: '$[', remove: true}]\n", "utf-8")
    command = ["generate", str(project / "openapi.yaml"), "-o", str(project / "out"), "--package", "pets"]
    for bad in (str(project / "bad.yaml"), str(project / "openapi.yaml"), str(project / "missing.yaml")):
        done = CliRunner().invoke(app, [*command, "--overlay", bad])
        assert done.exit_code == 2
        assert "Traceback" not in done.output
        assert bad in done.output.replace("\n", "")
    assert not (project / "out").exists()


@pytest.mark.parametrize("written", ["overlays: one.yaml", "overlays: [3]", "overlays: {a: b}"])
def test_the_config_says_where_its_overlays_are(project: Path, written: str) -> None:
    """A list of paths; anything else is an error at its line."""
    (project / "samekey.yaml").write_text(f"{written}\n", "utf-8")
    arguments = ["inspect", str(project / "openapi.yaml"), "--config", str(project / "samekey.yaml")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert "config-invalid" in done.output
    assert "samekey.yaml:1:" in done.output
