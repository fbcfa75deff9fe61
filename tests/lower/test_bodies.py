"""Request bodies: the media type that is sent, and how it is written."""

from __future__ import annotations

import itertools

import pytest
from samekey.ir import BodyKind, Spelling, Style

from tests.lower.documents import Lowered, lowered, operation, swagger

OK = "responses: {200: {description: ''}}"
STRING = "{schema: {type: string}}"
FORM = "application/x-www-form-urlencoded"
OBJECT = "{schema: {type: object, properties: {a: {type: string}}}}"


def body(content: str, words: str = "", method: str = "post") -> Lowered:
    """A document of one operation whose body has this content."""
    return operation(
        f"operationId: send\nrequestBody: {{content: {content}{', ' * bool(words)}{words}}}\n{OK}",
        path="/things",
        method=method,
    )


@pytest.mark.parametrize(
    ("media_type", "kind", "sent"),
    [
        ("application/json", BodyKind.JSON, "application/json"),
        ("application/json; charset=utf-8", BodyKind.JSON, "application/json; charset=utf-8"),
        ("Application/JSON", BodyKind.JSON, "Application/JSON"),
        ("text/json", BodyKind.JSON, "text/json"),
        ("application/vnd.api+json", BodyKind.JSON, "application/vnd.api+json"),
        ("application/merge-patch+json;v=1", BodyKind.JSON, "application/merge-patch+json;v=1"),
        ("'*/*'", BodyKind.JSON, "application/json"),
        ("application/*", BodyKind.JSON, "application/json"),
        ("json", BodyKind.JSON, "application/json"),
        ("application/x-www-form-urlencoded", BodyKind.FORM, "application/x-www-form-urlencoded"),
        ("multipart/form-data", BodyKind.MULTIPART, "multipart/form-data"),
        ("application/octet-stream", BodyKind.RAW, "application/octet-stream"),
        ("image/png", BodyKind.RAW, "image/png"),
        ("text/plain", BodyKind.RAW, "text/plain"),
        ("text/plain; charset=utf-8", BodyKind.RAW, "text/plain; charset=utf-8"),
        ("application/xml", BodyKind.RAW, "application/xml"),
        ("application/soap+xml", BodyKind.RAW, "application/soap+xml"),
    ],
)
def test_the_media_type_decides_how_a_body_is_written(media_type: str, kind: BodyKind, sent: str) -> None:
    """JSON and its relatives, forms, multipart, and everything else as it is; the header keeps its parameters."""
    found = body(f"{{{media_type}: {OBJECT}}}")
    assert (found.body().kind, found.body().media_type) == (kind, sent)
    assert not found.codes


@pytest.mark.parametrize(
    "media_type",
    [
        "application/octet-stream",
        "image/png",
        "'image/*'",
        "text/plain",
        "text/csv",
        "application/xml",
        "application/soap+xml",
        "application/yaml",
    ],
)
def test_a_raw_body_is_text_or_bytes_whatever_its_schema(media_type: str) -> None:
    """Nobody writes XML from a schema here: the caller brings text, bytes or a file."""
    found = body(f"{{{media_type}: {OBJECT}}}")
    assert found.body().kind is BodyKind.RAW
    assert found.spell(found.body().type) == "binary"
    assert not found.types


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("{type: string, format: binary}", BodyKind.RAW),
        ("{type: array, items: {type: string}}", BodyKind.RAW),
        ("{}", BodyKind.FORM),
        ("{type: any}", BodyKind.FORM),
        ("{type: [string, object], properties: {a: {type: string}}}", BodyKind.FORM),
        ("{type: string, properties: {a: {type: string}}}", BodyKind.FORM),
        ("{oneOf: [{type: object}, {properties: {a: {type: string}}}]}", BodyKind.FORM),
        ("{additionalProperties: {type: string}}", BodyKind.FORM),
    ],
)
def test_a_form_without_fields_is_sent_as_it_is(schema: str, kind: BodyKind) -> None:
    """Its caller has spelled it, since there are no names to spell it by."""
    found = body(f"{{application/x-www-form-urlencoded: {{schema: {schema}}}}}")
    assert (found.body().kind, found.body().media_type) == (kind, FORM)


PREFERRED = [
    "application/json",
    "application/vnd.api+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/xml",
]


@pytest.mark.parametrize(("better", "worse"), list(itertools.combinations(PREFERRED, 2)))
@pytest.mark.parametrize("turned", [False, True], ids=["better first", "better last"])
def test_one_of_several_media_types_is_sent(better: str, worse: str, turned: bool) -> None:  # noqa: FBT001
    """JSON before forms, forms before multipart, all before raw bodies, whatever the document's order."""
    listed = [worse, better] if turned else [better, worse]
    found = body("{" + ", ".join(f"{name}: {OBJECT}" for name in listed) + "}")
    assert found.body().media_type == better


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{type: array, items: {type: string}}", "list[string]"),
        ("{type: string}", "string"),
        ("{type: integer, nullable: true}", "integer?"),
        ("{type: object, properties: {a: {type: string}}}", "send.request"),
        ("{type: object}", "map[any]"),
        ("{}", "any"),
        ("{$ref: '#/components/schemas/Missing'}", "any"),
    ],
)
def test_json_bodies_of_any_type(schema: str, expected: str) -> None:
    """A body need not be an object; an inline one is named after its operation."""
    found = body(f"{{application/json: {{schema: {schema}}}}}")
    assert found.spell(found.body().type) == expected


def test_a_body_without_schema_is_any_json() -> None:
    """The media type says JSON, and nothing says more."""
    found = body("{application/json: {}}")
    assert found.spell(found.body().type) == "any"


@pytest.mark.parametrize(("words", "required"), [("required: true", True), ("required: false", False), ("", False)])
def test_bodies_are_optional_unless_required(words: str, required: bool) -> None:  # noqa: FBT001
    """The default is optional (OpenAPI 3.1 section 4.8.13.1)."""
    assert body(f"{{application/json: {OBJECT}}}", words).body().required is required


@pytest.mark.parametrize("method", ["get", "delete", "put", "patch", "options"])
def test_every_method_may_have_a_body(method: str) -> None:
    """A DELETE or GET with a body is sent as the document says."""
    found = body(f"{{application/json: {OBJECT}}}", "description: what to do", method)
    assert found.body().kind is BodyKind.JSON
    assert found.body().doc == "what to do"


def test_a_body_behind_a_reference() -> None:
    """`requestBody` may refer to the components."""
    found = operation(
        f"requestBody: {{$ref: '#/components/requestBodies/Thing'}}\n{OK}",
        path="/things",
        method="post",
        top=f"components: {{requestBodies: {{Thing: {{required: true, content: {{application/json: {STRING}}}}}}}}}",
    )
    assert found.spell(found.body().type) == "string"
    assert found.body().required


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("{$ref: '#/components/requestBodies/Missing'}", ["reference-missing"]),
        ("{content: {}}", []),
        ("{content: null}", []),
        ("{description: none}", []),
        ("null", []),
    ],
)
def test_a_body_that_is_not_there_costs_no_operation(written: str, codes: list[str]) -> None:
    """The operation stays, without a body."""
    found = operation(f"requestBody: {written}\n{OK}", path="/things", method="post")
    assert found.operation().body is None
    assert found.codes == codes
    assert not found.failed


@pytest.mark.parametrize("written", ["{content: 3}", "{content: [a]}", "3", "[a]", "text"])
def test_a_body_that_makes_no_sense_is_reported(written: str) -> None:
    """The operation stays, without a body, and not in silence."""
    found = operation(f"requestBody: {written}\n{OK}", path="/things", method="post")
    assert found.operation().body is None
    assert found.codes


# Forms and multipart


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("{tags: {style: spaceDelimited}}", {"tags": Spelling(Style.SPACE)}),
        ("{tags: {style: pipeDelimited, explode: true}}", {"tags": Spelling(Style.PIPE, explode=True)}),
        ("{tags: {style: deepObject}}", {"tags": Spelling(Style.DEEP, explode=True)}),
        ("{tags: {style: form, explode: false}}", {"tags": Spelling(Style.FORM)}),
        ("{tags: {contentType: application/json}}", {"tags": Spelling(Style.JSON)}),
        ("{tags: {style: nonsense}}", {}),
        ("{tags: {}}", {}),
        ("{}", {}),
        ("null", {}),
    ],
)
def test_encodings_of_form_fields(encoding: str, expected: dict[str, Spelling]) -> None:
    """`encoding` spells the fields of a form as a parameter's style does, or as JSON."""
    schema = "{type: object, properties: {tags: {type: array, items: {type: string}}}}"
    found = body(f"{{application/x-www-form-urlencoded: {{schema: {schema}, encoding: {encoding}}}}}")
    assert dict(found.body().spellings) == expected


def test_explode_alone_is_an_encoding() -> None:
    """`explode: false` without a style means the style `form`, separated by commas."""
    schema = "{type: object, properties: {tags: {type: array, items: {type: string}}}}"
    found = body(f"{{application/x-www-form-urlencoded: {{schema: {schema}, encoding: {{tags: {{explode: false}}}}}}}}")
    assert dict(found.body().spellings) == {"tags": Spelling(Style.FORM)}


def test_parts_of_a_multipart_body() -> None:
    """Files, lists of files and plain fields; `encoding` gives a part its media type where it names just one."""
    found = lowered("""
        openapi: 3.1.0
        info: {title: T, version: '1'}
        paths:
          /upload:
            post:
              operationId: upload
              requestBody:
                content:
                  multipart/form-data:
                    schema:
                      type: object
                      required: [file]
                      properties:
                        file: {type: string, format: binary}
                        more: {type: array, items: {type: string, format: binary}}
                        meta: {type: object, properties: {a: {type: string}}}
                        note: {type: string}
                    encoding:
                      file: {contentType: 'image/png, image/jpeg'}
                      meta: {contentType: application/json}
                      more: {contentType: image/*}
                      note: {headers: {X: {schema: {type: string}}}}
              responses: {200: {description: ''}}
    """)
    assert found.body().kind is BodyKind.MULTIPART
    assert found.model("upload.request") == {
        "file!": "binary",
        "more": "list[binary]",
        "meta": "upload.request.meta",
        "note": "string",
    }
    assert dict(found.body().part_types) == {"file": "image/png", "meta": "application/json"}


# Swagger 2.0


@pytest.mark.parametrize(
    ("consumes", "kind", "sent", "expected"),
    [
        ("", BodyKind.JSON, "application/json", "send.request"),
        ("consumes: []", BodyKind.JSON, "application/json", "send.request"),
        ("consumes: [application/xml, application/json]", BodyKind.JSON, "application/json", "send.request"),
        ("consumes: [application/vnd.a+json]", BodyKind.JSON, "application/vnd.a+json", "send.request"),
        ("consumes: [application/xml]", BodyKind.RAW, "application/xml", "binary"),
        ("consumes: [application/octet-stream]", BodyKind.RAW, "application/octet-stream", "binary"),
        (f"consumes: [{FORM}]", BodyKind.FORM, FORM, "send.request"),
    ],
)
def test_a_swagger_body_takes_its_media_type_from_consumes(
    consumes: str, kind: BodyKind, sent: str, expected: str
) -> None:
    """`in: body` is JSON unless `consumes` offers no JSON: a form where it offers nothing else."""
    entry = (
        "{name: b, in: body, required: true, description: it, schema: {type: object, properties: {a: {type: string}}}}"
    )
    found = swagger(f"operationId: send\n{consumes}\nparameters: [{entry}]\n{OK}", path="/t", method="post")
    assert (found.body().kind, found.body().media_type, found.spell(found.body().type)) == (kind, sent, expected)
    assert found.body().required
    assert found.body().doc == "it"
    assert not found.params()


def test_consumes_of_the_operation_stand_before_those_of_the_document() -> None:
    """The root's media types are the default."""
    entry = "{name: b, in: body, schema: {type: string}}"
    top = "consumes: [text/plain]"
    assert swagger(f"parameters: [{entry}]\n{OK}", "/t", "post", top).body().kind is BodyKind.RAW
    own = swagger(f"consumes: [application/json]\nparameters: [{entry}]\n{OK}", "/t", "post", top)
    assert own.body().kind is BodyKind.JSON


@pytest.mark.parametrize(
    ("consumes", "entries", "kind"),
    [
        ("", "{name: a, in: formData, type: string}", BodyKind.FORM),
        ("", "{name: a, in: formData, type: string}, {name: f, in: formData, type: file}", BodyKind.MULTIPART),
        ("consumes: [multipart/form-data]", "{name: a, in: formData, type: string}", BodyKind.MULTIPART),
        (
            "consumes: [application/x-www-form-urlencoded, multipart/form-data]",
            "{name: a, in: formData, type: string}",
            BodyKind.FORM,
        ),
        ("consumes: [application/json]", "{name: a, in: formData, type: string}", BodyKind.FORM),
    ],
)
def test_form_data_is_a_form_or_multipart(consumes: str, entries: str, kind: BodyKind) -> None:
    """A file makes it multipart, and so does `consumes` where it offers nothing else."""
    found = swagger(f"operationId: send\n{consumes}\nparameters: [{entries}]\n{OK}", path="/t", method="post")
    assert found.body().kind is kind
    assert found.model("send.form")["a"] == "string"
    assert not found.params()


def test_the_fields_of_a_swagger_form() -> None:
    """Types, requirement, descriptions, enums and collectionFormat of `in: formData`."""
    found = swagger(
        f"""
operationId: send
parameters:
  - {{name: a, in: formData, required: true, type: string, maxLength: 3, description: first}}
  - {{name: many, in: formData, type: array, items: {{type: string}}, collectionFormat: multi}}
  - {{name: commas, in: formData, type: array, items: {{type: string}}}}
  - {{name: state, in: formData, type: string, enum: [on, off]}}
  - {{name: q, in: query, type: string}}
{OK}
""",
        path="/t",
        method="post",
    )
    assert found.model("send.form") == {
        "a!": "string",
        "many": "list[string]",
        "commas": "list[string]",
        "state": "send.state",
    }
    assert dict(found.body().spellings) == {"commas": Spelling(Style.FORM)}
    assert found.body().required
    assert list(found.params()) == ["query q"]


@pytest.mark.parametrize("collection", ["ssv", "pipes"])
def test_collection_formats_of_a_swagger_form_are_kept(collection: str) -> None:
    """A list in a form is separated as the document says, as it is in a query."""
    entry = f"{{name: a, in: formData, type: array, items: {{type: string}}, collectionFormat: {collection}}}"
    found = swagger(f"parameters: [{entry}]\n{OK}", path="/t", method="post")
    expected = {"ssv": Spelling(Style.SPACE), "pipes": Spelling(Style.PIPE)}[collection]
    assert dict(found.body().spellings) == {"a": expected}


def test_forms_shared_by_a_path_are_one_form_each() -> None:
    """`formData` of a path item belongs to each operation under it, beside its own fields."""
    found = lowered("""
        swagger: '2.0'
        info: {title: T, version: '1'}
        paths:
          /t:
            parameters: [{name: shared, in: formData, type: string}]
            post:
              operationId: create
              parameters: [{name: own, in: formData, type: integer}]
              responses: {200: {description: ''}}
            put:
              operationId: change
              responses: {200: {description: ''}}
    """)
    create, change = found.body("create"), found.body("change")
    assert found.spell(create.type) == "create.form"
    assert found.model("create.form") == {"shared": "string", "own": "integer"}
    assert found.spell(change.type) == "change.form"
    assert found.model("change.form") == {"shared": "string"}
