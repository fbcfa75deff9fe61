"""Versions of OpenAPI are numbers: 3.10 is newer than 3.2, and a version nobody knows yet is read as the newest."""

from __future__ import annotations

import pytest
from samekey.document.versions import NEWEST, version_of

from tests.lower.documents import loaded, lowered

SIBLINGS = """
openapi: VERSION
info: {title: T, version: '1'}
paths:
  /t:
    get: {responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}
components:
  schemas:
    A: {$ref: '#/components/schemas/B', properties: {b: {type: string}}}
    B: {type: object, properties: {a: {type: string}}}
"""


@pytest.mark.parametrize(
    ("stated", "version"),
    [
        ({"openapi": "3.0.3"}, (3, 0)), ({"openapi": "3.1"}, (3, 1)), ({"openapi": " 3.2.0 "}, (3, 2)),
        ({"openapi": "3.10.0"}, (3, 10)), ({"openapi": "3"}, (3, 0)), ({"swagger": "2.0"}, (2, 0)),
        ({"swagger": 2.0}, (2, 0)), ({"openapi": "31.0"}, (31, 0)), ({"openapi": "three"}, None),
        ({"openapi": ["3.1"]}, None), ({}, None), ([], None), ({"openapi": "1" * 5000}, None),
    ],
)  # fmt: skip
def test_what_a_document_states(stated: object, version: tuple[int, int] | None) -> None:
    """Whatever stands there is a version or none, and no error of its own."""
    assert version_of(stated) == version  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("version", "fields"),
    [("3.0.3", {"a"}), ("3.1.0", {"a", "b"}), ("3.2.0", {"a", "b"}), ("3.3.0", {"a", "b"}), ("3.10.1", {"a", "b"})],
)
def test_words_beside_a_reference_count_from_3_1_on(version: str, fields: set[str]) -> None:
    """In a version of tomorrow as well, which is told as such."""
    found = lowered(SIBLINGS.replace("VERSION", version))
    assert set(found.model("A" if fields > {"a"} else "B")) == fields
    is_newer = tuple(map(int, version.split(".")[:2])) > NEWEST
    assert ("version-newer" in found.codes) is is_newer


@pytest.mark.parametrize("version", ["4.0.0", "20.1", "1.2"])
def test_another_major_version_is_refused(version: str) -> None:
    """It may mean anything by the same words."""
    document, diagnostics = loaded(SIBLINGS.replace("VERSION", version))
    from samekey.lower import lower  # noqa: PLC0415

    assert lower(document) is None
    assert [entry.code for entry in diagnostics] == ["version-unsupported"]
