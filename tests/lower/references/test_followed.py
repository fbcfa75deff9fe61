"""References are followed wherever a document has one, in one file and across files; what leads nowhere is said."""

from __future__ import annotations

import pytest

from tests.lower.documents import Lowered, lowered, schemas

OPERATION = """
operationId: listBoxes
parameters: [{name: size, in: query, required: true, schema: {type: integer}}]
responses: {"200": {description: ok, content: {application/json: {schema: {type: string}}}}}
"""


def boxes(paths: str, files: dict[str, str] | None = None, rest: str = "") -> Lowered:
    """A document with these paths, beside other files."""
    head = "openapi: 3.1.0\ninfo: {title: Boxes, version: '1'}\n"
    return lowered(f"{head}paths: {paths}\n{rest}", {f"/docs/{name}": text for name, text in (files or {}).items()})


def test_an_operation_in_a_file_of_its_own_is_whole() -> None:
    """Its id, parameters and answers are those of the file."""
    found = boxes("{/boxes: {get: {$ref: list.yaml}}}", {"list.yaml": OPERATION})
    assert found.codes == []
    assert found.operation("listBoxes").method == "GET"
    assert list(found.params()) == ["query size"]
    assert found.responses() == {"200": "string"}


def test_words_beside_a_reference_to_an_operation_count() -> None:
    """They are of this use of it."""
    files = {"list.yaml": OPERATION}
    found = boxes("{/boxes: {get: {$ref: list.yaml, operationId: findBoxes, deprecated: true}}}", files)
    assert found.operation("findBoxes").deprecated
    assert list(found.params()) == ["query size"]


def test_an_operation_that_leads_nowhere_is_an_error() -> None:
    """An SDK without it does not take the place of a whole one."""
    found = boxes("{/boxes: {get: {$ref: gone.yaml}, post: {responses: {}}}}")
    assert found.failed
    assert found.found("operation-lost") == ["/paths/~1boxes/get"]
    assert found.operations == ["POST /boxes"]


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        ("{/boxes: {get: {operationId: listBoxes, parameters: {$ref: params.yaml}, responses: {}}}}", "params.yaml"),
        ("{/boxes: {parameters: {$ref: params.yaml}, get: {operationId: listBoxes, responses: {}}}}", "params.yaml"),
        ("{$ref: paths.yaml}", "paths.yaml"),
    ],
)
def test_a_list_or_mapping_in_a_file_of_its_own_is_whole(paths: str, files: str) -> None:
    """Parameters, answers and paths as a whole may be what a reference leads to."""
    params = "[{name: size, in: query, schema: {type: integer}}]"
    texts = {
        "params.yaml": params,
        "paths.yaml": f"/boxes: {{get: {{operationId: listBoxes, parameters: {params}, responses: {{}}}}}}",
    }
    found = boxes(paths, {files: texts[files]})
    assert found.codes == []
    assert list(found.params("listBoxes")) == ["query size"]


def test_answers_content_properties_and_components_in_files_of_their_own_are_whole() -> None:
    """Each file may lead to the next."""
    found = boxes(
        "{/boxes: {get: {operationId: getBox, responses: {$ref: answers.yaml}}}}",
        {
            "answers.yaml": '{"200": {description: ok, headers: {$ref: headers.yaml}, content: {$ref: content.yaml}}}',
            "headers.yaml": "{X-Left: {schema: {type: integer}}}",
            "content.yaml": "{application/json: {schema: {$ref: 'openapi.yaml#/components/schemas/Box'}}}",
            "parts.yaml": "{schemas: {Box: {type: object, properties: {$ref: box.yaml}}}}",
            "box.yaml": "{id: {type: string}, size: {type: integer}}",
        },
        "components: {$ref: parts.yaml}",
    )
    assert found.codes == []
    assert found.responses() == {"200": "Box"}
    assert found.model("Box") == {"id": "string", "size": "integer"}
    assert found.operation().responses[0].headers == ("X-Left",)


def test_paths_that_lead_nowhere_are_an_error() -> None:
    """All operations would be missing."""
    found = boxes("{$ref: gone.yaml}")
    assert found.found("path-lost") == ["/paths"]


def test_security_schemes_behind_a_reference_are_found() -> None:
    """Components as a whole may stand elsewhere."""
    files = {"parts.yaml": "{securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}}"}
    found = boxes("{/boxes: {get: {responses: {}}}}", files, "components: {$ref: parts.yaml}")
    assert [scheme.name for scheme in found.api.schemes] == ["X-Key"]


def test_a_template_is_read_with_the_schema_that_its_user_binds() -> None:
    """JSON Schema 2020-12: `$dynamicRef` leads to the nearest user's own `$dynamicAnchor`."""
    found = schemas(
        """
        User: {type: object, properties: {name: {type: string}}}
        Page:
          type: object
          properties: {items: {type: array, items: {$dynamicRef: '#T'}}, total: {type: integer}}
          $defs: {T: {$dynamicAnchor: T}}
        UserPage:
          $ref: '#/components/schemas/Page'
          $defs: {T: {$dynamicAnchor: T, $ref: '#/components/schemas/User'}}
        """,
        "3.1.0",
        ["UserPage", "Page"],
    )
    assert found.model("UserPage") == {"items": "list[User]", "total": "integer"}
    assert found.model("Page") == {"items": "list[any]", "total": "integer"}


def test_a_node_that_is_extended_holds_nodes_of_its_own_kind() -> None:
    """The schema that extends by `allOf` is what its inherited children are."""
    found = schemas(
        """
        Node: {$dynamicAnchor: node, type: object, properties: {kids: {type: array, items: {$dynamicRef: '#node'}}}}
        Named: {$dynamicAnchor: node, allOf: [{$ref: '#/components/schemas/Node'}], properties: {name: {type: string}}}
        """,
        "3.1.0",
    )
    assert found.model("Node") == {"kids": "list[Node]"}
    assert found.model("Named") == {"kids": "list[Named]", "name": "string"}


def test_a_schema_is_found_by_the_id_that_it_gives_itself() -> None:
    """Nothing is fetched for it."""
    found = schemas(
        """
        Box: {$id: 'https://schemas.example/box', type: object, properties: {id: {type: string}}}
        Shelf: {type: object, properties: {box: {$ref: 'https://schemas.example/box'}}}
        """,
        "3.1.0",
    )
    assert found.codes == []
    assert found.model("Shelf") == {"box": "Box"}
