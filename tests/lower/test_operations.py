"""The document as a whole: versions, paths and operations, and how little a wrong piece costs."""

from __future__ import annotations

from textwrap import dedent

import pytest
from samekey.lower import lower

from tests.lower.documents import loaded, lowered, operation

OK = "responses: {200: {description: ''}}"
HEAD = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n"


@pytest.mark.parametrize(
    "line",
    [
        "openapi: 3.0.0",
        "openapi: 3.1.1",
        "openapi: 3.2.0",
        "openapi: '3.0'",
        "openapi: 3.1",
        "swagger: '2.0'",
        "swagger: 2.0",
        "swagger: 2",
    ],
)
def test_versions_that_are_read(line: str) -> None:
    """2.0 and 3.x, with quotes and without."""
    found = lowered(f"{line}\ninfo: {{title: T, version: '1'}}\npaths: {{/t: {{get: {{{OK}}}}}}}")
    assert found.operations == ["GET /t"]
    assert not found.codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("openapi: 4.0.0\npaths: {}", "version-unsupported"),
        ("swagger: '1.2'\npaths: {}", "version-unsupported"),
        ("asyncapi: 3.0.0", "not-openapi"),
        ("a: b", "not-openapi"),
        ("[a, b]", "not-openapi"),
        ("just text", "not-openapi"),
        ("3", "not-openapi"),
    ],
)
def test_what_is_no_openapi_document_is_an_error(text: str, code: str) -> None:
    """There is nothing to lower, and the finding says why."""
    document, diagnostics = loaded(text)
    assert lower(document) is None
    assert [entry.code for entry in diagnostics] == [code]
    assert diagnostics.failed


def test_a_document_that_does_not_say_its_version_is_read_as_openapi_3() -> None:
    """Paths are enough of a hint."""
    found = lowered(f"paths: {{/t: {{get: {{{OK}}}}}}}")
    assert found.operations == ["GET /t"]
    assert found.codes == ["version-missing"]


@pytest.mark.parametrize("paths", ["", "paths: {}", "paths: null", "webhooks: {a: {post: {responses: {}}}}"])
def test_a_document_without_paths_has_no_operations(paths: str) -> None:
    """Only webhooks, or components alone: no operation, and no error."""
    found = lowered(f"openapi: 3.1.0\ninfo: {{title: T, version: '1'}}\n{paths}")
    assert found.operations == []
    assert not found.codes


@pytest.mark.parametrize("info", ["", "info: {}", "info: null", "info: {title: null}", "info: {title: ''}", "info: 3"])
def test_a_document_without_info_still_has_a_title(info: str) -> None:
    """Something to name the client by."""
    found = lowered(f"openapi: 3.0.3\n{info}\npaths: {{}}")
    assert found.api.title == "API"
    assert not found.failed


def test_facts_of_the_document() -> None:
    """Title, version, description and tags."""
    found = lowered("""
        openapi: 3.0.3
        info: {title: Shop, version: 2, description: Sells things.}
        tags: [{name: orders, description: what was bought}, {description: no name}, 3]
        paths: {}
    """)
    assert (found.api.title, found.api.version, found.api.description) == ("Shop", "2", "Sells things.")
    assert [(tag.name, tag.doc) for tag in found.api.tags] == [("orders", "what was bought")]


def test_every_method_of_every_path_is_an_operation() -> None:
    """All methods that OpenAPI names, QUERY of 3.2 included, and nothing else under a path."""
    methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"]
    entries = "\n".join(f"    {method}: {{{OK}}}" for method in methods)
    found = lowered(
        f"openapi: 3.2.0\ninfo: {{title: T, version: '1'}}\npaths:\n  /t:\n    summary: s\n    x-other: {{a: b}}\n"
        f"    servers: []\n{entries}\n  x-note: {{get: {{}}}}\n"
    )
    assert sorted(found.operations) == sorted(f"{method.upper()} /t" for method in methods)


def test_facts_of_an_operation() -> None:
    """What stands in the operation itself."""
    found = operation(f"""
operationId: doIt
tags: [b, a, 3]
summary: '  Do it.  '
description: |
  Long
  words.
deprecated: true
{OK}
""")
    entry = found.operation()
    assert (entry.id, entry.method, entry.path, entry.tags) == ("doIt", "GET", "/things/{id}", ("b", "a"))
    assert (entry.summary, entry.description, entry.deprecated) == ("Do it.", "Long\nwords.", True)
    assert entry.pointer == "/paths/~1things~1{id}/get"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("operationId: 12", "12"), ("operationId: true", "true"), ("operationId: null", ""), ("operationId: [a]", "")],
)
def test_an_operation_id_of_another_type(written: str, expected: str) -> None:
    """Numbers are taken by their spelling; what is not text is as good as missing."""
    assert operation(f"{written}\n{OK}").operation().id == expected


@pytest.mark.parametrize(
    ("written", "expected"), [("tags: one", ("one",)), ("tags: []", ()), ("tags: null", ()), ("tags: {a: b}", ())]
)
def test_tags_of_another_type(written: str, expected: tuple[str, ...]) -> None:
    """A single tag without its list is a tag."""
    assert operation(f"{written}\n{OK}").operation().tags == expected


def test_a_path_without_its_slash_is_repaired() -> None:
    """The URL is the base URL with the path behind it."""
    assert operation(OK, path="things").operations == ["GET /things"]


def test_path_items_behind_references() -> None:
    """Inside the document, in 3.1's components, and in a file of their own."""
    found = lowered(
        f"""
openapi: 3.1.0
info: {{title: T, version: '1'}}
paths:
  /a: {{$ref: '#/components/pathItems/A'}}
  /b: {{$ref: 'paths/b.yaml'}}
components:
  pathItems: {{A: {{get: {{operationId: a, {OK}}}}}}}
""",
        files={
            "/docs/paths/b.yaml": dedent("""
                parameters: [{$ref: '../shared.yaml#/Page'}]
                post:
                  operationId: b
                  requestBody:
                    content: {application/json: {schema: {$ref: '../openapi.yaml#/components/pathItems/A/get/x'}}}
                  responses: {}
            """),
            "/docs/shared.yaml": "Page: {name: page, in: query, schema: {type: integer}}",
        },
    )
    assert found.operations == ["GET /a", "POST /b"]
    assert list(found.params("b")) == ["query page"]
    assert found.codes == ["reference-missing"]


# What wrong pieces cost


@pytest.mark.parametrize("item", ["{$ref: '#/nowhere'}", "{$ref: 'missing.yaml'}"])
def test_a_path_that_cannot_be_resolved_is_an_error(item: str) -> None:
    """Its operations are missing, so the run fails; the other paths stay."""
    found = lowered(f"{HEAD}paths:\n  /lost: {item}\n  /kept: {{get: {{{OK}}}}}\n")
    assert found.operations == ["GET /kept"]
    assert "path-lost" in found.codes
    assert found.failed


@pytest.mark.parametrize("written", ["3", "text", "[a]", "true"])
def test_an_operation_that_is_no_mapping_is_an_error(written: str) -> None:
    """It is missing from the output, so the run fails; the others stay."""
    found = lowered(f"{HEAD}paths: {{/t: {{get: {written}, put: {{{OK}}}}}}}")
    assert found.operations == ["PUT /t"]
    assert found.codes == ["not-an-operation"]
    assert found.found("not-an-operation") == ["/paths/~1t/get"]
    assert found.failed


def test_an_operation_of_nothing_is_not_lost_in_silence() -> None:
    """`post:` with nothing behind it is an operation without words, or an error."""
    found = lowered(f"{HEAD}paths:\n  /t:\n    post:\n    get: {{{OK}}}\n")
    assert "GET /t" in found.operations
    assert "POST /t" in found.operations or found.failed


@pytest.mark.parametrize("written", ["3", "text", "[a]", "true"])
def test_paths_that_are_no_mapping_are_reported(written: str) -> None:
    """Never a traceback."""
    found = lowered(f"{HEAD}paths: {written}")
    assert found.operations == []
    assert found.codes


@pytest.mark.parametrize("written", ["3", "text", "[a]"])
def test_a_path_item_that_is_no_mapping_is_reported(written: str) -> None:
    """Whatever operations were meant, they are missing."""
    found = lowered(f"{HEAD}paths: {{/t: {written}, /kept: {{get: {{{OK}}}}}}}")
    assert found.operations == ["GET /kept"]
    assert found.codes


@pytest.mark.parametrize("where", ["components", "tags", "security", "servers", "info", "x-idempotency"])
@pytest.mark.parametrize("written", ["3", "text", "[3]", "true", "null"])
def test_a_wrong_section_never_costs_an_operation(where: str, written: str) -> None:
    """Sections beside the paths may be anything at all."""
    found = lowered(f"openapi: 3.0.3\npaths: {{/t: {{post: {{{OK}}}}}}}\n{where}: {written}\n")
    assert found.operations == ["POST /t"]


@pytest.mark.parametrize(
    "word",
    ["parameters", "requestBody", "responses", "tags", "security", "servers", "summary", "description", "operationId",
     "deprecated", "callbacks", "externalDocs", "x-idempotency", "x-fern-retries", "x-speakeasy-retries"],
)  # fmt: skip
@pytest.mark.parametrize("written", ["3", "text", "[3]", "[text]", "[[]]", "{a: 3}", "{a: {b: c}}", "true", "null"])
def test_a_wrong_word_in_an_operation_never_costs_the_operation(word: str, written: str) -> None:
    """Whatever stands under a word, the operation is in the output, and other operations are not touched."""
    found = lowered(f"{HEAD}paths:\n  /t:\n    post: {{{word}: {written}}}\n    get: {{{OK}}}\n")
    assert sorted(found.operations) == ["GET /t", "POST /t"]


def test_one_document_with_everything_wrong_keeps_all_operations() -> None:
    """Findings are collected, each at its place, and every operation is there."""
    found = lowered("""
        openapi: 3.0.3
        info: {title: T, version: '1'}
        paths:
          /a/{id}:
            get:
              parameters: [{in: query}, {name: x, in: path, schema: {type: string}}]
              responses:
                oops: {description: ''}
                200:
                  description: ''
                  content:
                    application/json:
                      schema: {type: object, properties: {a: {type: strin}, b: {$ref: '#/nope'}}}
            post:
              requestBody: {$ref: '#/components/requestBodies/Nope'}
              responses: {200: {$ref: '#/components/responses/Nope'}}
    """)
    assert found.operations == ["GET /a/{id}", "POST /a/{id}"]
    assert set(found.codes) == {
        "parameter-incomplete", "parameter-unused", "parameter-undeclared", "unknown-status", "unknown-type",
        "reference-missing",
    }  # fmt: skip
    assert found.found("unknown-type") == [
        "/paths/~1a~1{id}/get/responses/200/content/application~1json/schema/properties/a"
    ]
    assert not found.failed
