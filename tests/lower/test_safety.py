"""Safety: which operations are keyed, and where their key travels."""

from __future__ import annotations

import pytest
from samekey.config.dialect import DEFAULT, Carrier, KeyKind
from samekey.config.file import Config
from samekey.ir import Evidence, Operation, Safety
from samekey.pipeline import inspect

from tests.lower.documents import Lowered, loaded, lowered, operation, swagger

OK = "responses: {200: {description: ''}}"
HEADER = "{name: Idempotency-Key, in: header, schema: {type: string}}"


def key(entry: Operation) -> tuple[str, str]:
    """The carrier of a keyed operation, as `header Idempotency-Key`."""
    assert entry.safety is Safety.KEYED, entry.why
    return entry.profile.carrier.value, entry.profile.name


def posting(fields: str, media_type: str = "application/json", words: str = "") -> Lowered:
    """A document of one POST whose body is an object with these fields."""
    schema = f"{{type: object, properties: {{{fields}}}{words}}}"
    return operation(
        f"operationId: create\nrequestBody: {{content: {{{media_type}: {{schema: {schema}}}}}}}\n{OK}",
        path="/things",
        method="post",
    )


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("get", Safety.SAFE),
        ("head", Safety.SAFE),
        ("options", Safety.SAFE),
        ("trace", Safety.SAFE),
        ("query", Safety.SAFE),
        ("put", Safety.IDEMPOTENT),
        ("delete", Safety.IDEMPOTENT),
        ("post", Safety.KEYED),
        ("patch", Safety.KEYED),
    ],
)
@pytest.mark.parametrize("declares", [False, True], ids=["silent", "declared"])
def test_the_method_decides(method: str, expected: Safety, declares: bool) -> None:  # noqa: FBT001
    """GET and its like are safe, POST and PATCH keyed; PUT and DELETE are idempotent, unless they declare a key."""
    parameters = f"[{HEADER}]" if declares else "[]"
    if declares and expected is Safety.IDEMPOTENT:
        expected = Safety.KEYED
    entry = operation(f"parameters: {parameters}\n{OK}", path="/things", method=method).operation()
    assert entry.safety is expected
    assert entry.why
    if expected is Safety.KEYED:
        assert key(entry) == ("header", "Idempotency-Key")
    promised = Evidence.DECLARED if declares else Evidence.ASSUMED
    assert entry.evidence is (promised if expected is Safety.KEYED else None)
    assert entry.params == (), "an optional key is not an argument: it is filled, or not needed"


def declared_on_path(methods: str, required: str = "false", words: str = "") -> dict[str, Safety]:
    """The safety of each operation of a path that declares a key for all of them."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
{words}
paths:
  /things:
    parameters: [{{name: Idempotency-Key, in: header, required: {required}, schema: {{type: string}}}}]
    {methods}
""")
    return {entry.method: entry.safety for entry in found.api.operations}


def test_a_key_that_a_path_shares_changes_no_put() -> None:
    """A parameter of the path holds for GET as well, where it means nothing; it counts where it is required."""
    shared = f"get: {{{OK}}}\n    put: {{{OK}}}\n    post: {{{OK}}}"
    usual = {"GET": Safety.SAFE, "PUT": Safety.IDEMPOTENT, "POST": Safety.KEYED}
    assert declared_on_path(shared) == usual
    assert declared_on_path(shared, required="true") == {**usual, "PUT": Safety.KEYED}
    assert declared_on_path(f"put: {{{OK}}}") == {"PUT": Safety.KEYED}


def test_methods_that_somebody_chose_have_the_last_word() -> None:
    """Whoever lists the methods that honour keys knows more than a parameter does."""
    chosen = declared_on_path(f"put: {{{OK}}}", words="x-idempotency: {methods: [POST, PATCH]}")
    assert chosen == {"PUT": Safety.IDEMPOTENT}


@pytest.mark.parametrize(
    "name",
    [
        "Idempotency-Key",
        "idempotency-key",
        "X-Idempotency-Key",
        "Idempotency-Token",
        "X-Idempotent-Key",
        "Acme-Idempotency-Key",
        "Idempotence-Key",
        "PayPal-Request-Id",
        "IdempotencyKey",
    ],
)
def test_header_parameters_that_carry_a_key(name: str) -> None:
    """Known by name, whatever the vendor puts before it; the name is sent as the document spells it."""
    entry = operation(
        f"parameters: [{{name: {name}, in: header, schema: {{type: string}}}}]\n{OK}", path="/t", method="post"
    )
    assert key(entry.operation()) == ("header", name)
    assert not entry.params()


@pytest.mark.parametrize("name", ["X-Request-Id", "Key", "X-Api-Key", "Token", "If-Match", "X-Correlation-Id"])
def test_header_parameters_that_are_something_else(name: str) -> None:
    """A name that does not speak of idempotency is an argument like others."""
    entry = operation(
        f"parameters: [{{name: {name}, in: header, schema: {{type: string}}}}]\n{OK}", path="/t", method="post"
    )
    assert key(entry.operation()) == ("header", "Idempotency-Key")
    assert list(entry.params()) == [f"header {name}"]


@pytest.mark.parametrize("name", ["idempotency_key", "idempotencyKey", "clientToken", "client_token", "ClientToken"])
def test_query_parameters_that_carry_a_key(name: str) -> None:
    """Some APIs take it in the query."""
    entry = operation(
        f"parameters: [{{name: {name}, in: query, schema: {{type: string}}}}]\n{OK}", path="/t", method="post"
    )
    assert key(entry.operation()) == ("query", name)
    assert not entry.params()


@pytest.mark.parametrize(
    ("place", "name"), [("header", "X-Request-Id"), ("query", "request_id"), ("query", "requestToken")]
)
@pytest.mark.parametrize(
    ("doc", "is_key"), [("Makes the call idempotent.", True), ("For tracing.", False), ("", False)]
)
def test_request_ids_are_keys_where_the_document_says_so(place: str, name: str, doc: str, is_key: bool) -> None:  # noqa: FBT001
    """The name alone means many things; the description decides."""
    entry = f"{{name: {name}, in: {place}, description: '{doc}', schema: {{type: string}}}}"
    found = operation(f"parameters: [{entry}]\n{OK}", path="/t", method="post")
    assert key(found.operation()) == ((place, name) if is_key else ("header", "Idempotency-Key"))
    assert bool(found.params()) is not is_key


@pytest.mark.parametrize("place", ["path", "cookie"])
def test_a_key_travels_in_no_other_place(place: str) -> None:
    """A path or cookie parameter of that name is an argument."""
    path = "/t/{idempotency_key}" if place == "path" else "/t"
    found = operation(
        f"parameters: [{{name: idempotency_key, in: {place}, required: true, schema: {{type: string}}}}]\n{OK}",
        path=path,
        method="post",
    )
    assert key(found.operation()) == ("header", "Idempotency-Key")
    assert list(found.params()) == [f"{place} idempotency_key"]


@pytest.mark.parametrize(
    "kind", ["{type: array, items: {type: string}}", "{type: integer}", "{type: boolean}", "{type: object}"]
)
@pytest.mark.parametrize("place", ["header", "query"])
def test_a_parameter_of_another_type_carries_no_key(place: str, kind: str) -> None:
    """A list of keys is a filter, a number is a number."""
    name = "Idempotency-Key" if place == "header" else "idempotency_key"
    found = operation(f"parameters: [{{name: {name}, in: {place}, schema: {kind}}}]\n{OK}", path="/t", method="post")
    assert found.operation().safety is Safety.KEYED
    assert found.operation().profile.carrier is Carrier.HEADER
    assert list(found.params()) == [f"{place} {name}"]


@pytest.mark.parametrize(
    "kind", ["{type: string, format: uuid}", "{type: string, nullable: true}", "{type: string, maxLength: 64}"]
)
def test_kinds_of_strings_that_carry_a_key(kind: str) -> None:
    """UUIDs, nullable and limited strings."""
    found = operation(
        f"parameters: [{{name: Idempotency-Key, in: header, schema: {kind}}}]\n{OK}", path="/t", method="post"
    )
    assert key(found.operation()) == ("header", "Idempotency-Key")
    assert not found.params()


@pytest.mark.parametrize(
    "name", ["idempotency_key", "idempotencyKey", "IdempotencyKey", "clientToken", "client_token", "ClientToken"]
)
@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded"])
def test_body_fields_that_carry_a_key(name: str, media_type: str) -> None:
    """Known by name in JSON and in forms."""
    found = posting(f"amount: {{type: integer}}, {name}: {{type: string}}", media_type)
    assert key(found.operation()) == ("body", name)


@pytest.mark.parametrize(
    "fields",
    [
        "idempotency_key: {type: array, items: {type: string}}",
        "idempotency_key: {type: integer}",
        "idempotency_key: {type: object}",
        "idempotency_key: {type: string, enum: [a]}",
        "idempotency_key: {type: string, readOnly: true}",
        "inner: {type: object, properties: {idempotency_key: {type: string}}}",
        "idempotency_keys: {type: string}",
        "token: {type: string}",
    ],
)
def test_body_fields_that_carry_none(fields: str) -> None:
    """A list, a number, a constant, what only comes back, what lies in an object that may be missing."""
    assert key(posting(f"amount: {{type: integer}}, {fields}").operation()) == ("header", "Idempotency-Key")


def test_a_field_inside_an_object_of_a_form_carries_none() -> None:
    """Servers spell nested fields of forms in many ways; only the top has one spelling."""
    nested = "data: {type: object, properties: {idempotency_key: {type: string}}}"
    assert key(posting(nested).operation()) == ("body", "idempotency_key")
    form = posting(nested, "application/x-www-form-urlencoded")
    assert key(form.operation()) == ("header", "Idempotency-Key")


@pytest.mark.parametrize(
    "schemas",
    [
        "S: {type: string, enum: [idempotency_key]}",
        "S: {$ref: '#/components/schemas/T'}, T: {$ref: '#/components/schemas/S'}",
        "S: {oneOf: [{$ref: '#/components/schemas/S'}]}",
        "S: {nullable: true, allOf: [{$ref: '#/components/schemas/S'}]}",
        """
    S: {anyOf: [{$ref: '#/components/schemas/T'}, {type: object, properties: {a: {type: string}}}]},
    T: {anyOf: [{$ref: '#/components/schemas/S'}, {type: object, properties: {b: {type: string}}}]}""",
        """
    S: {anyOf: [{$ref: '#/components/schemas/T'}, {type: string}]},
    T: {nullable: true, allOf: [{$ref: '#/components/schemas/U'}]},
    U: {oneOf: [{$ref: '#/components/schemas/S'}]}""",
        """
    S: {allOf: [{$ref: '#/components/schemas/T'}, {properties: {a: {type: string}}}]},
    T: {oneOf: [{$ref: '#/components/schemas/S'}, {type: integer}]}""",
    ],
)
def test_a_body_that_is_no_object_or_only_itself_carries_no_key(schemas: str) -> None:
    """An enum has no fields; schemas that lead back to themselves come to an end."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
paths:
  /t:
    post:
      requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/S'}}}}}}}}
      {OK}
components: {{schemas: {{{schemas}}}}}
""")
    assert key(found.operation()) == ("header", "Idempotency-Key")


def test_a_field_of_a_multipart_body_carries_a_key() -> None:
    """It is a part like others; the boundary is made of the key, so all attempts have the same bytes."""
    found = posting("idempotency_key: {type: string}, f: {type: string, format: binary}", "multipart/form-data")
    assert key(found.operation()) == ("body", "idempotency_key")


def test_a_field_of_the_response_carries_no_key() -> None:
    """What comes back is not what is sent."""
    found = operation(
        "responses: {200: {description: '', content: {application/json: "
        "{schema: {type: object, properties: {idempotency_key: {type: string}}}}}}}",
        path="/t",
        method="post",
    )
    assert key(found.operation()) == ("header", "Idempotency-Key")


def test_a_key_field_behind_all_of_and_references_is_found() -> None:
    """The body is looked at as it is lowered."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
paths: {{/t: {{post: {{requestBody: {{$ref: '#/components/requestBodies/B'}}, {OK}}}}}}}
components:
  requestBodies: {{B: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/S'}}}}}}}}}}
  schemas:
    S: {{allOf: [{{$ref: '#/components/schemas/Base'}}, {{properties: {{amount: {{type: integer}}}}}}]}}
    Base: {{type: object, properties: {{idempotency_key: {{$ref: '#/components/schemas/Key'}}}}}}
    Key: {{type: string, maxLength: 45}}
""")
    assert key(found.operation()) == ("body", "idempotency_key")
    assert found.operation().profile.format.max_length == 45


def test_a_header_goes_before_a_body_field() -> None:
    """Where a document declares both, the header carries the key and the field stays an argument."""
    found = operation(
        f"parameters: [{HEADER}]\nrequestBody: {{content: {{application/json: {{schema: "
        f"{{type: object, properties: {{idempotency_key: {{type: string}}}}}}}}}}}}\n{OK}",
        path="/t",
        method="post",
    )
    assert key(found.operation()) == ("header", "Idempotency-Key")


def test_swagger_forms_and_headers_carry_keys_too() -> None:
    """`in: formData` is a body field."""
    form = swagger(
        f"parameters: [{{name: idempotency_key, in: formData, type: string}}]\n{OK}", path="/t", method="post"
    )
    assert key(form.operation()) == ("body", "idempotency_key")
    header = swagger(f"parameters: [{{name: X-Idempotency-Key, in: header, type: string}}]\n{OK}", "/t", "post")
    assert key(header.operation()) == ("header", "X-Idempotency-Key")


@pytest.mark.parametrize(
    ("method", "required", "kept"),
    [
        ("post", "true", False),
        ("post", "false", False),
        ("put", "true", False),
        ("put", "false", False),
        ("get", "true", True),
        ("get", "false", False),
    ],
)
def test_the_key_is_an_argument_only_where_nobody_else_fills_it(method: str, required: str, kept: bool) -> None:  # noqa: FBT001
    """A keyed call fills it; elsewhere a required one has to be given, and an optional one is left out."""
    parameter = f"{{name: Idempotency-Key, in: header, required: {required}, schema: {{type: string}}}}"
    found = operation(f"parameters: [{parameter}]\n{OK}", path="/t", method=method)
    assert bool(found.params()) is kept


def test_the_key_is_no_argument_of_the_method_either() -> None:
    """Neither a header's nor a body field's key is among the arguments that `samekey inspect` lists."""
    document, _ = loaded(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
paths:
  /header: {{post: {{operationId: a, parameters: [{HEADER}, {{name: q, in: query, schema: {{type: string}}}}], {OK}}}}}
  /body:
    post:
      operationId: b
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [idempotency_key]
              properties: {{idempotency_key: {{type: string}}, amount: {{type: integer}}}}
      {OK}
""")
    rows = inspect(document, Config())
    assert rows is not None
    assert {row.operation_id: [entry.wire for entry in row.parameters] for row in rows} == {"a": ["q"], "b": ["amount"]}
    assert [row.key for row in rows] == [("header", "Idempotency-Key"), ("body", "idempotency_key")]


@pytest.mark.parametrize(
    ("limits", "kind", "longest"),
    [
        ("", KeyKind.UUID4, 255),
        (", maxLength: 255", KeyKind.UUID4, 255),
        (", maxLength: 64", KeyKind.UUID4, 64),
        (", maxLength: 36", KeyKind.UUID4, 36),
        (", maxLength: 35", KeyKind.ALPHABET, 35),
        (", maxLength: 16", KeyKind.ALPHABET, 16),
        (", maxLength: 1000", KeyKind.UUID4, 255),
    ],
)
def test_a_key_fits_into_its_field(limits: str, kind: KeyKind, longest: int) -> None:
    """`maxLength` bounds what is minted; where a UUID does not fit, letters do."""
    found = posting(f"idempotency_key: {{type: string{limits}}}").operation().profile.format
    assert (found.kind, found.max_length) == (kind, longest)
    assert found.kind is KeyKind.UUID4 or found.length <= longest


# One document, one dialect


def document(root: str = "", path: str = "", own: str = "", method: str = "post", parameters: str = "[]") -> Lowered:
    """A document with `x-idempotency` at three heights, and a second POST that has none of its own."""
    words = {where: f"x-idempotency: {value}" if value else "" for where, value in
             {"root": root, "path": path, "own": own}.items()}  # fmt: skip
    return lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
{words["root"]}
paths:
  /a:
    {words["path"]}
    {method}:
      operationId: a
      {words["own"]}
      parameters: {parameters}
      {OK}
  /b: {{post: {{operationId: b, {OK}}}}}
""")


@pytest.mark.parametrize(
    ("root", "path", "own", "expected", "other"),
    [
        ("{name: X-Root}", "", "", "X-Root", "X-Root"),
        ("", "{name: X-Path}", "", "X-Path", "Idempotency-Key"),
        ("", "", "{name: X-Own}", "X-Own", "Idempotency-Key"),
        ("{name: X-Root}", "{name: X-Path}", "", "X-Path", "X-Root"),
        ("{name: X-Root}", "{name: X-Path}", "{name: X-Own}", "X-Own", "X-Root"),
        ("{name: X-Root}", "{quoted: true}", "{ttl: 1h}", "X-Root", "X-Root"),
    ],
)
def test_the_nearest_extension_wins(root: str, path: str, own: str, expected: str, other: str) -> None:
    """What stands nearer to the operation refines what stands further away, and touches no other operation."""
    found = document(root, path, own)
    assert found.operation("a").profile.name == expected
    assert found.operation("b").profile.name == other
    assert found.api.profile.name == other


def test_words_at_three_heights_add_up() -> None:
    """Each level says only what differs."""
    profile = document("{name: X-Root, ttl: 1h}", "{quoted: true}", "{in: query, name: k}").operation("a").profile
    assert (profile.carrier, profile.name, profile.quoted, profile.ttl) == (Carrier.QUERY, "k", True, 3600.0)


@pytest.mark.parametrize(
    ("method", "methods", "expected"),
    [
        ("post", "[POST]", Safety.KEYED),
        ("patch", "[POST]", Safety.UNSAFE),
        ("patch", "[post, patch]", Safety.KEYED),
        ("put", "[POST, PUT]", Safety.KEYED),
        ("delete", "[DELETE]", Safety.KEYED),
        ("post", "[PUT]", Safety.UNSAFE),
        ("post", "[]", Safety.UNSAFE),
        ("put", "[]", Safety.IDEMPOTENT),
        ("get", "[GET]", Safety.SAFE),
        ("post", "POST", Safety.KEYED),
    ],
)
@pytest.mark.parametrize("height", ["root", "path", "own"])
def test_methods_on_which_keys_are_honoured(height: str, method: str, methods: str, expected: Safety) -> None:
    """POST and PATCH outside the list are unsafe, PUT and DELETE inside it keyed; GET never is."""
    found = document(**{height: f"{{methods: {methods}}}"}, method=method)
    assert found.operation("a").safety is expected


@pytest.mark.parametrize("height", ["root", "path", "own"])
def test_false_means_that_no_keys_are_honoured(height: str) -> None:
    """POST is then unsafe at that height, and nowhere else."""
    found = document(**{height: "false"})
    assert found.operation("a").safety is Safety.UNSAFE
    assert found.operation("b").safety is (Safety.UNSAFE if height == "root" else Safety.KEYED)


def test_an_operation_can_honour_keys_where_the_document_does_not() -> None:
    """The nearer word wins over `false` as over any other."""
    found = document(root="false", own="{methods: [POST]}")
    assert found.operation("a").safety is Safety.KEYED
    assert found.operation("b").safety is Safety.UNSAFE


def test_a_declared_key_does_not_overrule_false() -> None:
    """The document says itself that keys are not honoured there."""
    assert document(own="false", parameters=f"[{HEADER}]").operation("a").safety is Safety.UNSAFE


def test_what_the_extension_says_wins_over_what_is_found() -> None:
    """docs/retry-rules.md, section 2: parameters and fields, then the extension, the later winning."""
    found = operation(
        f"x-idempotency: {{in: body, name: idempotency_key}}\nparameters: [{HEADER}]\n"
        "requestBody: {content: {application/json: {schema: "
        f"{{type: object, properties: {{idempotency_key: {{type: string}}}}}}}}}}}}\n{OK}",
        path="/t",
        method="post",
    )
    assert key(found.operation()) == ("body", "idempotency_key")


@pytest.mark.parametrize(
    "written", ["3", "text", "[a]", "{in: cookie}", "{colour: red}", "{ttl: soon}", "{in_flight: 200}"]
)
def test_a_wrong_extension_is_an_error_and_changes_nothing(written: str) -> None:
    """A dialect that is not understood is never guessed."""
    found = document(own=written)
    assert found.failed
    assert found.operation("a").profile == DEFAULT
    assert found.operation("a").safety is Safety.KEYED


def test_the_one_declared_header_is_the_documents_dialect() -> None:
    """Where some operations declare the header, the others use the same one."""
    found = document(parameters="[{name: X-Idempotency-Key, in: header, schema: {type: string}}]")
    assert found.operation("a").profile.name == "X-Idempotency-Key"
    assert found.operation("b").profile.name == "X-Idempotency-Key"
    assert found.api.profile.name == "X-Idempotency-Key"


def test_two_declared_headers_are_no_dialect() -> None:
    """Each operation uses its own, and the others the usual one."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
paths:
  /a: {{post: {{operationId: a, parameters: [{{name: X-Idempotency-Key, in: header}}], {OK}}}}}
  /b: {{post: {{operationId: b, parameters: [{{name: PayPal-Request-Id, in: header}}], {OK}}}}}
  /c: {{post: {{operationId: c, {OK}}}}}
""")
    assert [entry.profile.name for entry in found.api.operations] == [
        "X-Idempotency-Key",
        "PayPal-Request-Id",
        "Idempotency-Key",
    ]


def test_the_config_weighs_more_than_the_document() -> None:
    """docs/retry-rules.md, section 2: the document, its extensions, the config; the later winning, word by word."""
    words = "x-idempotency: {name: X-Document, ttl: 1h}"
    text = f"openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/a: {{post: {{{words}, {OK}}}}}}}"
    found = lowered(text, config="idempotency: {name: X-Config}")
    assert key(found.operation()) == ("header", "X-Config")
    assert found.operation().profile.ttl == 3600
    assert found.api.profile.name == "X-Config"
    assert key(lowered(text).operation()) == ("header", "X-Document")


def test_the_config_can_give_a_method_its_keys_back() -> None:
    """What a document denies, somebody who knows better can say."""
    text = f"openapi: 3.0.3\nx-idempotency: false\npaths: {{/a: {{post: {{{OK}}}}}}}"
    assert lowered(text).operation().safety is Safety.UNSAFE
    assert lowered(text, config="idempotency: {methods: [POST]}").operation().safety is Safety.KEYED


def test_a_key_in_a_body_that_has_no_room_for_it_is_not_promised() -> None:
    """Where keys travel in a body field, a POST without a body cannot carry one: it is unsafe."""
    found = document(root="{in: body, name: request_token}")
    assert found.operation("a").safety is Safety.UNSAFE


# Other generators' extensions


def test_fern_marks_the_operations_that_honour_keys() -> None:
    """Where any operation is marked, the others are not keyed."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
x-fern-idempotency-headers: [{{header: X-Idem-Key, name: key}}]
paths:
  /a: {{post: {{operationId: a, x-fern-idempotent: true, {OK}}}}}
  /b: {{post: {{operationId: b, {OK}}}}}
  /c: {{put: {{operationId: c, {OK}}}}}
""")
    assert key(found.operation("a")) == ("header", "X-Idem-Key")
    assert found.operation("b").safety is Safety.UNSAFE
    assert found.operation("c").safety is Safety.IDEMPOTENT


def test_without_a_mark_everything_is_as_usual() -> None:
    """A document that does not know the word is not judged by it."""
    assert document().operation("a").safety is Safety.KEYED
