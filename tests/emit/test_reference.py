"""api.md: each call with its arguments, what it gives, where it stands, and an example."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.emit.reference import first_sentence
from samekey.pipeline import generate

ROOT = Path(__file__).parents[2]
SDKS = ("payments", "warehouse")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def parts_of(page: str) -> dict[str, str]:
    """What a page says of each call."""
    _, *parts = re.split(r"^### ", page, flags=re.MULTILINE)
    return {part[1 : part.index("`", 1)]: part for part in parts}


@pytest.mark.parametrize("sdk", SDKS)
def test_each_call_is_told_whole(sdk: str) -> None:
    """Every call of the overview has a part, with its arguments in the order of the overview, types and an example."""
    page = (ROOT / "generated" / sdk / "api.md").read_text("utf-8")
    listed = re.findall(r"^\| `client\.([\w.]+)\((.*?)\)` \|", page, re.MULTILINE)
    parts = parts_of(page)
    assert list(parts) == [call for call, _ in listed if not call.endswith(".stream")]
    for call, arguments in listed:
        part = parts[call.removesuffix(".stream")]
        told = re.findall(r"^\| `(\w+)` \| (?:\[`[^`]+`\]|`[^`]+`)", part, re.MULTILINE)
        assert told == [name.removesuffix("=…") for name in arguments.split(", ") if name], call
        assert f"client.{call.removesuffix('.stream')}" in part
        assert "\nReturns `" in part


@pytest.mark.parametrize("sdk", SDKS)
def test_links_lead_to_what_they_name(sdk: str) -> None:
    """A call's source defines its method, and a model's file defines the model."""
    folder = ROOT / "generated" / sdk
    for call, part in parts_of((folder / "api.md").read_text("utf-8")).items():
        source = LINK.findall(part)[0]
        assert f"def {call.rpartition('.')[2]}(" in (folder / source).read_text("utf-8")
        for shown, path in re.findall(r"\[(\w+)\]\((\S+?)\)", part):
            assert f"class {shown}(" in (text := (folder / path).read_text("utf-8")) or f"{shown}: TypeAlias" in text
        for kind, path in re.findall(r"\| \[`([^`]+)`\]\((\S+?)\)", part):
            names = re.findall(r"models\.(\w+)", kind)
            assert names
            assert any(
                re.search(rf"^(class )?{name}\b", (folder / path).read_text("utf-8"), re.MULTILINE) for name in names
            )


def test_what_is_required_is_marked() -> None:
    """As the document has it."""
    part = parts_of((ROOT / "generated" / "payments" / "api.md").read_text("utf-8"))["charges.create"]
    assert "| `amount` | `int` | yes | What to charge, in the currency's smallest unit. |" in part
    assert "| `capture` | `bool` |  | Take the money at once. |" in part
    assert "Returns `models.Charge`: [Charge](acme_payments/models/_part_" in part


def document_of(count: int) -> str:
    """A document of many operations in two resources."""
    paths = [
        f"  /{noun}/x{number}: {{get: {{operationId: read{number}, tags: [{noun}], parameters: "
        "[{name: q, in: query, schema: {type: string}, example: word}], responses: {'200': {description: ok, "
        "content: {application/json: {schema: {$ref: '#/components/schemas/T'}}}}}}}"
        for number in range(count)
        for noun in ("cats" if number % 2 else "dogs",)
    ]
    schema = "components: {schemas: {T: {type: object, properties: {a: {type: string}}}}}"
    return "\n".join(["openapi: 3.1.0", "info: {title: T, version: '1'}", "paths:", *paths, schema])


def test_a_long_list_has_a_page_for_each_resource() -> None:
    """api.md stays an overview that one can read; links lead to the pages, and from them to the source."""
    loaded = load("api.yaml", Diagnostics(), lambda _: document_of(201).encode())
    assert loaded is not None
    result = generate(loaded, Config(package="t"))
    assert result is not None
    page = result.files["api.md"]
    assert "### " not in page
    assert len(re.findall(r"^\| `client\.", page, re.MULTILINE)) == 201
    pages = [path for path in LINK.findall(page) if path.startswith("api/")]
    assert sorted(pages) == ["api/cats.md", "api/dogs.md"]
    parts = {call: part for path in pages for call, part in parts_of(result.files[path]).items()}
    assert len(parts) == 201
    for part in parts.values():
        assert [path.removeprefix("../") in result.files for path in LINK.findall(part)] == [True, True]
        (example,) = re.findall(r"^```python\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
        assert [type(statement) for statement in ast.parse(example).body] == [ast.Assign, ast.Expr]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("What to charge. At least 1.", "What to charge."),
        ("A date, e.g. the first. Then more.", "A date, e.g. the first."),
        ("Version 1.2 of it", "Version 1.2 of it"),
        ("Deprecated. Use that. Or this.", "Deprecated. Use that."),
        ("How many? 20 by default.", "How many?"),
        ("顧客の名前。省略できます。", "顧客の名前。"),
        ("", ""),
    ],
)
def test_the_first_sentence_is_enough(text: str, sentence: str) -> None:
    """Abbreviations and versions do not end it."""
    assert first_sentence(text) == sentence
