"""Text of the document: shown, sent and compared, and never run; no path leaves the target folder."""

from __future__ import annotations

import ast
import inspect
import tomllib
from pathlib import PurePosixPath
from typing import Any, cast

import msgspec
import pytest

from .sdk import BASE_URL, STRICT, Answer, Sdk

TOPIC = "text"
ONE = "POST /one/{a'b}"
PROPERTY = "name'] = raise SystemExit  # "


def test_the_document_is_generated_and_imports(sdk: Sdk) -> None:
    """Importing every module of the package runs nothing but what samekey wrote."""
    for path in sdk.result.files:
        if path.startswith(f"{sdk.result.package}/") and path.endswith(".py"):
            ast.parse(sdk.result.files[path])
    client = sdk.client(base_url=BASE_URL)
    for summary in sdk.operations.values():
        resource, _, method = summary.call.partition(".")
        assert callable(getattr(getattr(client, resource), method))
    for name in sdk.models.__all__:
        assert getattr(sdk.models, name) is not None


def test_no_path_leaves_the_target_folder(sdk: Sdk) -> None:
    """Tags, schemas and operationIds with `..`, slashes, drives and colons name files of the package."""
    for path in sdk.result.files:
        parts = PurePosixPath(path).parts
        assert not PurePosixPath(path).is_absolute()
        assert not {"..", "", "\\", ":"} & set(parts)
        assert all("\\" not in part and ":" not in part for part in parts)


@pytest.mark.parametrize("path", ["pyproject.toml"])
def test_other_formats_are_whole(sdk: Sdk, path: str) -> None:
    """What is no Python is valid too."""
    assert tomllib.loads(sdk.result.files[path])["project"]["name"] == "hard-text"


def test_text_is_documentation(sdk: Sdk) -> None:
    """Quotes, backslashes and templates reach the reader as they stand; what cannot be seen does not."""
    resource, _, method = sdk.operations[ONE].call.partition(".")
    doc = inspect.getdoc(getattr(getattr(sdk.client(base_url=BASE_URL), resource), method)) or ""
    assert doc.startswith('Summary """')
    assert "{{ 7 * 7 }}" in doc
    assert "raise SystemExit('operation')" in doc
    assert not {"\0", "\a", "\x1b", "\u202e", "\u2066", "\u200b"} & set(doc)


def test_text_is_sent_as_it_stands(sdk: Sdk) -> None:
    """Names, enum values and media types are data: they are encoded where they go, and nothing more."""
    sent, found = sdk.exchange(
        sdk.by_wire(
            ONE,
            {
                ("path", "a'b"): "'",
                ("query", "q\"\\'\n{x}"): '"""',
                ("query", "choice"): 'a"""; raise SystemExit',
                ("body", PROPERTY): '"""\\',
                ("body", "{{ 7 * 7 }}"): "{{ 7 * 7 }}",
                ("body", "plain"): "\0",
            },
        ),
        Answer(200, b'{"name\'] = raise SystemExit  # ": "a", "{{ 7 * 7 }}": "49", "plain": "\\u202e"}'),
        STRICT,
    )
    assert sent.line == ("POST /one/%27?q%22%5C%27%0A%7Bx%7D=%22%22%22&choice=a%22%22%22%3B%20raise%20SystemExit")
    assert sent.headers["content-type"] == 'application/x"""{{7}}+json'
    assert (
        sent.body == b'{"name\'] = raise SystemExit  # ":"\\"\\"\\"\\\\","{{ 7 * 7 }}":"{{ 7 * 7 }}","plain":"\\u0000"}'
    )
    kind: Any = cast("Any", type(found))
    values = {field.encode_name: getattr(found, field.name) for field in msgspec.structs.fields(kind)}
    assert values == {PROPERTY: "a", "{{ 7 * 7 }}": "49", "日本\u202e": None, "plain": "\u202e"}


def test_braces_of_a_path_are_no_template(sdk: Sdk) -> None:
    """Only `{name}` is a parameter; the other braces, and the signs of other template languages, are sent."""
    sent = sdk.send(sdk.by_wire("GET /two/{{x}}/{%", {("path", "x"): "1"}))
    assert sent.line == "GET /two/%7B1%7D/%7B%"


def test_every_value_of_an_enum_is_itself(sdk: Sdk) -> None:
    """Quotes, line breaks, NUL and marks of direction are values like others."""
    kinds: list[Any] = [getattr(sdk.models, name) for name in sdk.models.__all__]
    enums = [{member.value for member in kind} for kind in kinds if hasattr(kind, "__members__")]
    assert {'a"""; raise SystemExit', "b\\", "c\n", "{{ 7 * 7 }}"} in enums
    assert {'\'"""\\\n', "{{ x }}", "\0", "\u202e"} in enums
