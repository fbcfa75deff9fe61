"""Titles and summaries that frameworks make of names: they say nothing, so that something else is said."""

from __future__ import annotations

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

DOCUMENT = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /items/{item_id}:
    get:
      operationId: read_item_items__item_id__get
      summary: SUMMARY
      description: Give one item.
      tags: [items]
      parameters:
        - {name: item_id, in: path, required: true, schema: {type: integer, title: Item Id}}
        - {name: deep, in: query, schema: {type: boolean, title: Whether parts are shown}}
      responses: {"200": {description: ok}}
"""


def resource(summary: str) -> str:
    """The module of the items, for a document with this summary."""
    document = load("api.yaml", Diagnostics(), lambda _: DOCUMENT.replace("SUMMARY", summary).encode())
    assert document is not None
    result = generate(document, Config(package="shop"))
    assert result is not None
    return result.files["shop/resources/items.py"]


@pytest.mark.parametrize(
    ("summary", "expected"),
    [("Read Item", '"""Give one item.'), ("Read an item", '"""Read an item.'), ("''", '"""Give one item.')],
)
def test_a_summary_that_repeats_the_name_gives_way_to_the_description(summary: str, expected: str) -> None:
    """FastAPI makes it of the function's name; a person's summary stays."""
    assert expected in resource(summary)


def test_a_title_that_repeats_the_name_is_no_documentation() -> None:
    """As pydantic makes it of the field's name; a title that says something stays."""
    text = resource("Read Item")
    assert "Item Id" not in text
    assert "deep: Whether parts are shown" in text
