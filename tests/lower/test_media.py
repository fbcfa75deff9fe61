"""Media types: which one is taken where there are several, and which others are worth a method of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from samekey.lower.media import is_json, is_text, words_of

from .documents import Lowered, lowered

STRING = {"type": "string"}
A = {"schema": {"type": "object", "properties": {"a": STRING}}}
B = {"schema": {"type": "object", "properties": {"b": STRING}}}
TEXT = {"schema": STRING}
FILE = {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}}
BINARY = {"schema": {"type": "string", "format": "binary"}}


def operations(
    answer: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None, method: str = "post"
) -> Lowered:
    """A document of one operation with these media types."""
    operation: dict[str, Any] = {
        "operationId": "act",
        "responses": {"200": {"description": "", "content": answer or {}}},
    }
    if body is not None:
        operation["requestBody"] = {"content": body}
    paths = {"/things": {method: operation}}
    return lowered(json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}))


def answers(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The media type of each method's answer, by what sets it apart."""
    found = operations(answer=content).api.operations
    return [(operation.variant, operation.responses[0].media_type) for operation in found]


def bodies(content: Mapping[str, Any], method: str = "post") -> list[tuple[str, str]]:
    """The media type of each method's body, by what sets it apart."""
    found = operations(body=content, method=method).api.operations
    return [(operation.variant, operation.body.media_type) for operation in found if operation.body is not None]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"application/json": A, "text/csv": TEXT}, [("", "application/json"), ("as csv", "text/csv")]),
        ({"text/csv": TEXT, "application/json": A}, [("", "application/json"), ("as csv", "text/csv")]),
        ({"application/json": {}, "text/csv": {}}, [("", "application/json"), ("as csv", "text/csv")]),
        (
            {"application/json": A, "application/octet-stream": BINARY},
            [("", "application/json"), ("as bytes", "application/octet-stream")],
        ),
        ({"application/pdf": {}, "text/html": {}}, [("", "text/html"), ("as pdf", "application/pdf")]),
        (
            {"application/json": A, "application/vnd.acme.brief+json": B},
            [("", "application/json"), ("as acme brief", "application/vnd.acme.brief+json")],
        ),
        # Other spellings of the same
        ({"application/json": A, "text/json": A, "text/plain": A, "*/*": A}, [("", "application/json")]),
        ({"application/json": A, "application/xml": B, "application/yaml": TEXT}, [("", "application/json")]),
        ({"application/json": A, "application/x-protobuf": {}, "application/cbor": {}}, [("", "application/json")]),
        ({"application/json": A, "application/json; charset=utf-8": B}, [("", "application/json")]),
        ({"image/png": BINARY, "image/jpeg": BINARY}, [("", "image/png")]),
        # Versions of the same
        (
            {"application/vnd.acme.v1+json": A, "application/vnd.acme.v2+json": B},
            [("", "application/vnd.acme.v1+json")],
        ),
        (
            {"application/vnd.acme-v1.2+json": A, "application/vnd.acme-v2.0+json": B},
            [("", "application/vnd.acme-v1.2+json")],
        ),
        (
            {"application/vnd.acme.2023-01-01+json": A, "application/vnd.acme.2024-06-30+json": B},
            [("", "application/vnd.acme.2023-01-01+json")],
        ),
        ({"application/json; version=1": A, "application/json; version=2": B}, [("", "application/json; version=1")]),
        # A stream beside a value is no sister: it is the same method's
        ({"application/json": A, "text/event-stream": B}, [("", "application/json")]),
    ],
)
def test_answers(content: Mapping[str, Any], expected: Sequence[tuple[str, str]]) -> None:
    """JSON is the usual one; another media type is worth a method where it says something else."""
    assert answers(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"application/json": A, "multipart/form-data": FILE},
            [("", "application/json"), ("with multipart", "multipart/form-data")],
        ),
        (
            {"multipart/form-data": FILE, "application/json": FILE},
            [("", "application/json"), ("with multipart", "multipart/form-data")],
        ),
        (
            {"application/json": A, "multipart/form-data": A, "application/x-www-form-urlencoded": A},
            [("", "application/json")],
        ),
        (
            {"application/json": A, "application/x-www-form-urlencoded": B},
            [("", "application/json"), ("with form", "application/x-www-form-urlencoded")],
        ),
        (
            {"application/json": A, "application/octet-stream": BINARY},
            [("", "application/json"), ("with bytes", "application/octet-stream")],
        ),
        (
            {"application/json": A, "application/cloudevents+json": B},
            [("", "application/json"), ("with cloudevents", "application/cloudevents+json")],
        ),
        ({"application/json": A, "application/xml": B}, [("", "application/json")]),
        (
            {"application/json": A, "application/json-patch+json": A, "application/*+json": A},
            [("", "application/json")],
        ),
        (
            {"application/merge-patch+json": A, "application/json-patch+json": B},
            [("", "application/merge-patch+json"), ("with json patch", "application/json-patch+json")],
        ),
    ],
)
def test_bodies(content: Mapping[str, Any], expected: Sequence[tuple[str, str]]) -> None:
    """Likewise for what goes in; a file can only be sent in a form of parts, so that is worth a method."""
    for method in ("post", "patch"):
        assert bodies(content, method) == expected


def test_sisters_share_what_is_not_theirs() -> None:
    """A sister has the same parameters, refusals and safety, and pointers to the same place."""
    found = operations(
        answer={"application/json": A, "text/csv": TEXT}, body={"application/json": A, "multipart/form-data": FILE}
    )
    usual, upload, export = found.api.operations
    assert (usual.variant, upload.variant, export.variant) == ("", "with multipart", "as csv")
    assert len({(entry.method, entry.path, entry.pointer, entry.safety) for entry in (usual, upload, export)}) == 1
    assert upload.responses == usual.responses
    assert export.body == usual.body


def test_sisters_have_names_of_their_own() -> None:
    """Each is found under a word for what sets it apart."""
    found = operations(
        answer={"application/json": A, "text/csv": TEXT}, body={"application/json": A, "multipart/form-data": FILE}
    )
    assert [place.method for place in found.names().methods.values()] == ["act", "act_with_multipart", "act_as_csv"]


@pytest.mark.parametrize(
    ("media_type", "words"),
    [
        ("text/csv", "csv"),
        ("text/plain; charset=utf-8", "text"),
        ("application/x-tar", "tar"),
        ("application/vnd.ms-excel", "ms excel"),
        ("application/problem+json", "problem"),
        ("application/merge-patch+json", "merge patch"),
        ("image/svg+xml", "svg xml"),
        ("multipart/form-data", "multipart"),
        ("application/octet-stream", "bytes"),
        ("weird/___", "other"),
        ("", "other"),
    ],
)
def test_media_types_in_words(media_type: str, words: str) -> None:
    """Short, and without what goes without saying."""
    assert words_of(media_type) == words


@pytest.mark.parametrize(
    ("media_type", "json_", "text"),
    [
        ("application/json", True, False),
        ("Application/JSON; charset=utf-8", True, False),
        ("application/vnd.api+json", True, False),
        ("*/*", True, False),
        ("application/json-seq", False, False),
        ("application/x-ndjson", False, False),
        ("text/csv", False, True),
        ("application/xml", False, True),
        ("image/svg+xml", False, True),
        ("application/yaml", False, True),
        ("application/pdf", False, False),
    ],
)
def test_how_media_types_are_read(media_type: str, json_: bool, text: bool) -> None:  # noqa: FBT001
    """JSON, text, or bytes."""
    assert (is_json(media_type), is_text(media_type)) == (json_, text)
