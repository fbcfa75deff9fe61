"""Parameters: where they come from, how they are spelled, and what is left out."""

from __future__ import annotations

import pytest
from samekey.ir import Spelling, Style

from tests.lower.documents import Lowered, lowered, operation, swagger

OK = "responses: {200: {description: ''}}"


def parameters(*entries: str, path: str = "/things", version: str = "3.0.3", method: str = "get") -> Lowered:
    """A document of one operation with these parameters."""
    return operation(f"parameters: [{', '.join(entries)}]\n{OK}", version, path=path, method=method)


def test_the_operation_overrides_the_path_item_by_name_and_place() -> None:
    """A parameter of the path item holds for all methods, unless one of them says it otherwise."""
    found = lowered("""
        openapi: 3.0.3
        info: {title: T, version: '1'}
        paths:
          /things/{id}:
            parameters:
              - {name: id, in: path, required: true, schema: {type: string}}
              - {name: page, in: query, schema: {type: string}}
              - {name: page, in: header, schema: {type: string}}
            get:
              operationId: overrides
              parameters:
                - {name: page, in: query, required: true, schema: {type: integer}}
                - {name: id, in: path, required: true, schema: {type: integer}}
              responses: {200: {description: ''}}
            delete:
              operationId: inherits
              responses: {200: {description: ''}}
    """)
    own, inherited = found.params("overrides"), found.params("inherits")
    assert {place: found.spell(param.type) for place, param in own.items()} == {
        "path id": "integer",
        "query page": "integer",
        "header page": "string",
    }
    assert own["query page"].required
    assert {place: found.spell(param.type) for place, param in inherited.items()} == {
        "path id": "string",
        "query page": "string",
        "header page": "string",
    }
    assert not found.codes


def test_references_to_parameters_are_followed() -> None:
    """A parameter may stand in the components, behind a second reference, or in another operation."""
    found = lowered("""
        openapi: 3.0.3
        info: {title: T, version: '1'}
        paths:
          /a:
            get:
              parameters: [{$ref: '#/components/parameters/Page'}, {$ref: '#/components/parameters/Missing'}]
              responses: {200: {description: ''}}
          /b:
            get:
              parameters: [{$ref: '#/paths/~1a/get/parameters/0'}]
              responses: {200: {description: ''}}
        components:
          parameters:
            Page: {$ref: '#/components/parameters/Real'}
            Real: {name: page, in: query, description: which, schema: {type: integer, minimum: 1}}
    """)
    assert list(found.params("GET /a")) == ["query page"]
    assert found.params("GET /b") == found.params("GET /a")
    assert found.params("GET /a")["query page"].doc == "which\n(at least 1)"
    assert found.codes == ["reference-missing"]


@pytest.mark.parametrize(
    ("place", "words", "expected"),
    [
        ("query", "", Spelling(Style.FORM, explode=True)),
        ("query", "explode: false", Spelling(Style.FORM)),
        ("query", "style: form, explode: true", Spelling(Style.FORM, explode=True)),
        ("query", "style: spaceDelimited", Spelling(Style.SPACE)),
        ("query", "style: pipeDelimited", Spelling(Style.PIPE)),
        ("query", "style: pipeDelimited, explode: true", Spelling(Style.PIPE, explode=True)),
        ("query", "style: deepObject", Spelling(Style.DEEP, explode=True)),
        ("query", "style: deepObject, explode: true", Spelling(Style.DEEP, explode=True)),
        ("query", "allowReserved: true", Spelling(Style.FORM, explode=True, allow_reserved=True)),
        ("path", "", Spelling(Style.SIMPLE)),
        ("path", "explode: true", Spelling(Style.SIMPLE, explode=True)),
        ("path", "style: label", Spelling(Style.LABEL)),
        ("path", "style: matrix, explode: true", Spelling(Style.MATRIX, explode=True)),
        ("header", "", Spelling(Style.SIMPLE)),
        ("header", "explode: true", Spelling(Style.SIMPLE, explode=True)),
        ("cookie", "", Spelling(Style.FORM, explode=True)),
        ("cookie", "explode: false", Spelling(Style.FORM)),
    ],
)
def test_styles_and_their_defaults(place: str, words: str, expected: Spelling) -> None:
    """Style and explode default by place (OpenAPI 3.1 section 4.8.12.2)."""
    entry = f"{{name: p, in: {place}, required: true, schema: {{type: array, items: {{}}}}{', ' * bool(words)}{words}}}"
    found = parameters(entry, path="/things/{p}" if place == "path" else "/things")
    assert found.params()[f"{place} p"].spelling == expected
    assert not found.codes


def test_a_style_that_does_not_exist_costs_a_warning() -> None:
    """The default of the place is used, and the parameter stays."""
    found = parameters("{name: p, in: query, style: comma, schema: {type: string}}")
    assert found.params()["query p"].spelling == Spelling(Style.FORM, explode=True)
    assert found.codes == ["unknown-style"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{application/json: {schema: {type: object, additionalProperties: {type: integer}}}}", "map[integer]"),
        ("{application/json: {}}", "any"),
        ("{application/vnd.filter+json: {schema: {type: string}}}", "string"),
    ],
)
def test_a_parameter_described_by_a_media_type_is_json(content: str, expected: str) -> None:
    """`content` in place of `schema`: the value is written as JSON."""
    found = parameters(f"{{name: filter, in: query, content: {content}}}")
    param = found.params()["query filter"]
    assert found.spell(param.type) == expected
    assert param.spelling == Spelling(Style.JSON)


def test_a_parameter_without_schema_is_text() -> None:
    """Neither schema nor content: a string."""
    found = parameters("{name: p, in: query}")
    assert found.spell(found.params()["query p"].type) == "string"


@pytest.mark.parametrize("name", ["Accept", "content-type", "AUTHORIZATION"])
def test_headers_that_are_the_clients_own_business_are_ignored(name: str) -> None:
    """Accept, Content-Type and Authorization are not parameters, however they are written (section 4.8.12.2.1)."""
    assert not parameters(f"{{name: {name}, in: header, required: true, schema: {{type: string}}}}").params()


@pytest.mark.parametrize("place", ["query", "cookie"])
def test_the_same_names_elsewhere_are_parameters(place: str) -> None:
    """Only headers are ignored."""
    found = parameters(f"{{name: Accept, in: {place}, schema: {{type: string}}}}")
    assert list(found.params()) == [f"{place} Accept"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/things/{id}", ["path id"]),
        ("/things/{id}.json", ["path id"]),
        ("/things/{a}-{b}", ["path a", "path b"]),
        ("/{b}/things/{a}", ["path b", "path a"]),
        ("/things/{v1.id}", ["path v1.id"]),
        ("/things/{id}/copies/{id}", ["path id"]),
        ("/things/{}", ["path "]),
        ("/things", []),
    ],
)
def test_path_parameters_that_are_not_declared_are_strings(path: str, expected: list[str]) -> None:
    """The template is the truth: what it names is an argument, with a warning where it is not declared."""
    found = operation(OK, path=path)
    assert list(found.params()) == expected
    assert all(param.required and found.spell(param.type) == "string" for param in found.params().values())
    assert found.codes == ["parameter-undeclared"] * len(expected)


def test_path_parameters_come_first_in_the_templates_order() -> None:
    """They are positional arguments, so their order is the order of the URL, not of the document."""
    found = parameters(
        "{name: q, in: query, schema: {type: string}}",
        "{name: b, in: path, required: true, schema: {type: string}}",
        "{name: a, in: path, schema: {type: integer}}",
        path="/{a}/things/{b}",
    )
    assert list(found.params()) == ["path a", "path b", "query q"]
    assert found.params()["path a"].required, "a path parameter is required, whatever the document says"


def test_a_path_parameter_without_a_place_is_ignored_with_a_warning() -> None:
    """There is nowhere to send it."""
    found = parameters("{name: ghost, in: path, required: true, schema: {type: string}}")
    assert not found.params()
    assert found.codes == ["parameter-unused"]


@pytest.mark.parametrize(
    "entry",
    [
        "{in: query, schema: {type: string}}",
        "{name: p, schema: {type: string}}",
        "3",
        "null",
        "[a]",
        "{name: '', in: query}",
    ],
)
def test_a_parameter_without_name_or_place_costs_only_itself(entry: str) -> None:
    """The others stay, and the loss is reported."""
    found = parameters(entry, "{name: good, in: query, schema: {type: string}}")
    assert list(found.params()) == ["query good"]
    assert found.codes == ["parameter-incomplete"]


@pytest.mark.parametrize("place", ["headers", "Query", "body", "formData", "nowhere"])
def test_a_parameter_in_an_unknown_place_is_reported(place: str) -> None:
    """An argument never goes missing in silence; OpenAPI 3 knows no `body` and no `formData`."""
    found = parameters(f"{{name: p, in: {place}, schema: {{type: string}}}}")
    assert found.codes or list(found.params()) == ["query p"]
    assert found.operations == ["GET /things"]


@pytest.mark.parametrize("written", ["{name: p, in: query}", "text", "3"])
def test_parameters_that_are_no_list_are_ignored_with_a_warning(written: str) -> None:
    """The operation stays."""
    found = operation(f"parameters: {written}\n{OK}", path="/things")
    assert not found.params()
    assert found.codes == ["wrong-type"]


def test_words_about_a_parameter() -> None:
    """Description (its own, else the schema's), constraints, default and deprecation."""
    found = parameters(
        "{name: a, in: query, required: true, deprecated: true, description: mine, "
        "schema: {type: string, description: its, maxLength: 3}}",
        "{name: b, in: query, schema: {type: integer, description: its, default: 7}}",
        "{name: c, in: query, required: 'true', schema: {type: string}}",
    )
    a, b, c = found.params().values()
    assert (a.doc, a.required, a.deprecated) == ("mine\n(at most 3 characters)", True, True)
    assert b.doc == "its\n(default 7)"
    assert c.required


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{type: array, items: {type: string}}", "list[string]"),
        ("{type: object, properties: {a: {type: string}}}", "getThings.p"),
        ("{type: string, enum: [a, b]}", "getThings.p"),
        ("{type: string, format: date}", "date"),
        ("{type: string, nullable: true}", "string?"),
        ("{oneOf: [{type: string}, {type: integer}]}", "string | integer"),
    ],
)
def test_inline_types_of_parameters_are_named_after_operation_and_parameter(schema: str, expected: str) -> None:
    """The operationId and the wire name are the words."""
    found = operation(
        f"operationId: getThings\nparameters: [{{name: p, in: query, schema: {schema}}}]\n{OK}", path="/things"
    )
    assert found.spell(found.params()["query p"].type) == expected


# Swagger 2.0


@pytest.mark.parametrize(
    ("place", "words", "expected"),
    [
        ("query", "", Spelling(Style.FORM)),
        ("query", "collectionFormat: csv", Spelling(Style.FORM)),
        ("query", "collectionFormat: ssv", Spelling(Style.SPACE)),
        ("query", "collectionFormat: tsv", Spelling(Style.TAB)),
        ("query", "collectionFormat: pipes", Spelling(Style.PIPE)),
        ("query", "collectionFormat: multi", Spelling(Style.FORM, explode=True)),
        ("header", "collectionFormat: csv", Spelling(Style.SIMPLE)),
        ("path", "collectionFormat: csv", Spelling(Style.SIMPLE)),
        ("path", "collectionFormat: multi", Spelling(Style.SIMPLE)),
        ("path", "collectionFormat: pipes", Spelling(Style.PIPE)),
        ("path", "", Spelling(Style.SIMPLE)),
    ],
)
def test_collection_formats(place: str, words: str, expected: Spelling) -> None:
    """Swagger 2.0 separates by commas unless `collectionFormat` says otherwise."""
    entry = (
        f"{{name: id, in: {place}, required: true, type: array, items: {{type: integer}}{', ' * bool(words)}{words}}}"
    )
    found = swagger(f"parameters: [{entry}]\n{OK}", path="/things/{id}" if place == "path" else "/things")
    param = found.params()[f"{place} id"]
    assert found.spell(param.type) == "list[integer]"
    assert param.spelling == expected
    assert not found.codes


def test_a_swagger_parameter_is_its_own_schema() -> None:
    """Type, format, enum and constraints stand in the parameter itself."""
    found = swagger(
        f"""
operationId: getThing
parameters:
  - {{name: id, in: path, required: true, type: string, format: uuid}}
  - {{name: state, in: query, type: string, enum: [a, b], x-nullable: true}}
  - {{name: size, in: query, type: integer, maximum: 9, default: 3, description: how many}}
  - {{$ref: '#/parameters/Shared'}}
{OK}
""",
        top="parameters: {Shared: {name: X-Trace, in: header, type: string}}",
    )
    params = found.params()
    assert {place: found.spell(param.type) for place, param in params.items()} == {
        "path id": "uuid",
        "query state": "getThing.state?",
        "query size": "integer",
        "header X-Trace": "string",
    }
    assert params["query size"].doc == "how many\n(at most 9, default 3)"
    assert not found.codes


def test_a_whole_query_gives_way_to_a_parameter_of_its_name() -> None:
    """A document that has both, which OpenAPI 3.2 does not allow, gives two arguments and a warning."""
    whole = "{name: id, in: querystring, content: {application/json: {schema: {type: object}}}}"
    found = parameters(whole, "{name: id, in: query, schema: {type: string}}", version="3.2.0")
    assert {param.name: param.spelling.style for param in found.params().values()} == {
        "id querystring": Style.WHOLE_JSON,
        "id": Style.FORM,
    }
    assert found.codes == ["querystring-shared"]


def test_a_whole_query_alone_keeps_its_name() -> None:
    """The usual document gets no warning."""
    found = parameters(
        "{name: id, in: querystring, content: {application/json: {schema: {type: object}}}}", version="3.2.0"
    )
    assert list(found.params()) == ["query id"]
    assert not found.codes


def test_bounds_are_plain_numbers() -> None:
    """They are written down with the SDK; a fraction with a zero at its end is read as it is spelled."""
    found = lowered("""
        openapi: 3.1.0
        info: {title: t, version: '1'}
        paths:
          /a:
            get:
              parameters: [{name: share, in: query, schema: {type: number, minimum: 0.10, maximum: 1}}]
              responses: {"200": {description: ok}}
    """)
    (operation,) = found.api.operations
    assert [(word, type(value)) for word, value in operation.params[0].limits.bounds] == [
        ("minimum", float), ("maximum", int),
    ]  # fmt: skip
