"""Responses: which statuses are known, and what comes back under each."""

from __future__ import annotations

import pytest
from samekey.ir import Default, Range, StatusCode

from tests.lower.documents import Lowered, operation, swagger

THING = "{description: '', content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}"
TEXT = "{description: '', content: {application/json: {schema: {type: string}}}}"
NONE = "{description: ''}"


def responses(text: str, method: str = "get", version: str = "3.0.3") -> Lowered:
    """A document of one operation with these responses."""
    return operation(f"operationId: getThing\nresponses: {text}", version, path="/things", method=method)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"{{200: {TEXT}}}", {"200": "string"}),
        (f"{{'200': {TEXT}}}", {"200": "string"}),
        (f"{{200: {TEXT}, 204: {NONE}}}", {"200": "string", "204": "nothing"}),
        (f"{{200: {THING}, 201: {TEXT}}}", {"200": "getThing.response", "201": "string"}),
        (f"{{2XX: {TEXT}}}", {"2XX": "string"}),
        (f"{{2xx: {TEXT}, 5xX: {TEXT}}}", {"2XX": "string", "5XX": "string"}),
        (f"{{default: {TEXT}}}", {"default": "string"}),
        (f"{{Default: {TEXT}}}", {"default": "string"}),
        (f"{{200: {TEXT}, default: {THING}}}", {"200": "string", "default": "getThing.error"}),
        (f"{{200: {TEXT}, 404: {THING}}}", {"200": "string", "404": "getThing.error.404"}),
        (f"{{200: {TEXT}, 4XX: {THING}}}", {"200": "string", "4XX": "getThing.error"}),
        (f"{{200: {TEXT}, x-note: {TEXT}}}", {"200": "string"}),
        ("{}", {}),
        ("null", {}),
    ],
)
def test_statuses(written: str, expected: dict[str, str]) -> None:
    """Codes with and without quotes, ranges in either case, default; inline types are named after the operation."""
    found = responses(written)
    assert found.responses() == expected
    assert not found.codes


def test_statuses_are_numbers_ranges_or_the_rest() -> None:
    """The IR tells the three apart."""
    found = responses(f"{{201: {NONE}, 4xx: {NONE}, default: {NONE}}}").operation().responses
    assert [entry.status for entry in found] == [StatusCode(201), Range(4), Default()]


@pytest.mark.parametrize("status", ["ok", "600", "20", "2000", "6XX", "'2X0'", "-200", "200.5"])
def test_what_is_no_status_is_ignored_with_a_warning(status: str) -> None:
    """The other answers stay."""
    found = responses(f"{{{status}: {TEXT}, 200: {TEXT}}}")
    assert found.responses() == {"200": "string"}
    assert found.codes == ["unknown-status"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{application/json: {schema: {type: integer}}}", "integer"),
        ("{application/json;charset=UTF-8: {schema: {type: integer}}}", "integer"),
        ("{application/problem+json: {schema: {type: integer}}}", "integer"),
        ("{'*/*': {schema: {type: integer}}}", "integer"),
        ("{text/plain: {schema: {type: integer}}}", "string"),
        ("{text/csv: {}}", "string"),
        ("{application/xml: {schema: {type: object}}}", "string"),
        ("{application/octet-stream: {schema: {type: string, format: binary}}}", "binary"),
        ("{application/pdf: {}}", "binary"),
        ("{image/png: {schema: {type: string}}}", "binary"),
        ("{application/json: {}}", "any"),
        ("{application/json: {schema: {}}}", "any"),
        ("{application/json: {schema: {$ref: '#/components/schemas/Nope'}}}", "any"),
        ("{application/xml: {}, application/json: {schema: {type: integer}}}", "integer"),
        ("{application/pdf: {}, text/plain: {}}", "string"),
        ("{application/vnd.a+json: {schema: {type: string}}, application/json: {schema: {type: integer}}}", "integer"),
        ("{}", "nothing"),
        ("null", "nothing"),
    ],
)
def test_media_types(content: str, expected: str) -> None:
    """JSON by its schema, text as text, everything else as bytes; JSON where several are offered."""
    assert responses(f"{{200: {{description: '', content: {content}}}}}").responses() == {"200": expected}


def test_head_has_no_body() -> None:
    """Whatever the document copies from GET, HEAD brings none (RFC 9110 section 9.3.2)."""
    assert responses(f"{{200: {THING}}}", method="head").responses() == {"200": "nothing"}


def test_a_response_behind_a_reference() -> None:
    """Responses of the components, and behind two references."""
    found = operation(
        "responses: {200: {$ref: '#/components/responses/A'}, 404: {$ref: '#/components/responses/Gone'}}",
        path="/things",
        top=f"components: {{responses: {{A: {{$ref: '#/components/responses/B'}}, B: {TEXT}}}}}",
    )
    assert found.responses() == {"200": "string"}
    assert found.codes == ["reference-missing"]
    assert not found.failed


def test_operations_share_the_type_of_a_shared_response() -> None:
    """An inline schema of a response in the components is one type, named by the response."""
    found = operation(
        "responses: {400: {$ref: '#/components/responses/Bad'}, 404: {$ref: '#/components/responses/Bad'}}",
        path="/things",
        top=f"components: {{responses: {{Bad: {THING}}}}}",
    )
    types = found.responses()
    assert types["400"] == types["404"]
    assert len(found.types) == 1


@pytest.mark.parametrize("written", ["3", "text", "[a]", "null"])
def test_a_response_that_is_no_mapping_costs_only_itself(written: str) -> None:
    """The other answers stay."""
    assert responses(f"{{200: {TEXT}, 404: {written}}}").responses() == {"200": "string"}


@pytest.mark.parametrize("written", ["3", "text", "[a]"])
def test_responses_that_are_no_mapping_are_reported(written: str) -> None:
    """The operation stays and returns nothing."""
    found = responses(written)
    assert found.responses() == {}
    assert found.codes == ["wrong-type"]


def test_responses_may_be_missing() -> None:
    """OpenAPI 3.1 does not ask for them any more."""
    found = operation("operationId: a", "3.1.0", path="/things")
    assert found.responses() == {}
    assert not found.codes


# Swagger 2.0


@pytest.mark.parametrize(
    ("produces", "response", "expected"),
    [
        ("", "{description: '', schema: {type: integer}}", "integer"),
        ("produces: [application/json]", "{description: '', schema: {type: integer}}", "integer"),
        ("produces: [application/xml, application/json]", "{description: '', schema: {type: integer}}", "integer"),
        ("produces: [application/xml]", "{description: '', schema: {type: object}}", "string"),
        ("produces: [text/plain]", "{description: '', schema: {type: string}}", "string"),
        ("produces: [application/pdf]", "{description: '', schema: {type: file}}", "binary"),
        ("produces: [application/json]", "{description: '', schema: {type: file}}", "binary"),
        ("", "{description: '', schema: {type: file}}", "binary"),
        ("produces: [application/json]", "{description: ''}", "nothing"),
    ],
)
def test_swagger_takes_media_types_from_produces(produces: str, response: str, expected: str) -> None:
    """The schema is read as the preferred one of the media types that are produced; a file is bytes."""
    found = swagger(f"operationId: a\n{produces}\nresponses: {{200: {response}}}", path="/t")
    assert found.responses() == {"200": expected}
    assert not found.codes


def test_produces_of_the_operation_stand_before_those_of_the_document() -> None:
    """The root's media types are the default."""
    answer = "responses: {200: {description: '', schema: {type: integer}}}"
    assert swagger(answer, path="/t", top="produces: [application/pdf]").responses() == {"200": "binary"}
    own = swagger(f"produces: [application/json]\n{answer}", path="/t", top="produces: [application/pdf]")
    assert own.responses() == {"200": "integer"}


def test_swagger_responses_are_shared_by_reference() -> None:
    """`#/responses/…` is followed."""
    found = swagger(
        "responses: {200: {$ref: '#/responses/Ok'}}",
        path="/t",
        top="responses: {Ok: {description: fine, schema: {type: boolean}}}",
    )
    assert found.responses() == {"200": "boolean"}
    assert found.operation().responses[0].doc == "fine"
