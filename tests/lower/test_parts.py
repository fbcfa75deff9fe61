# ruff: noqa: E501  # documents in lines of their own
"""Several documents in one SDK: what is the same becomes one, what clashes is kept apart and told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from samekey.cli.reading import read_document, read_parts
from samekey.config.file import Config, load_config
from samekey.document.diagnostics import Diagnostics
from samekey.lower import lower_documents
from samekey.names import assign
from samekey.pipeline import generate

from tests.lower.documents import Lowered

MAIN = """
    openapi: 3.1.0
    info: {title: Acme, version: '1.0.0'}
    servers: [{url: https://api.acme.example}]
    security: [{token: []}]
    paths:
      /users:
        get: {operationId: listUsers, tags: [users], responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}, default: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}}}
      /health: {get: {operationId: health, responses: {200: {description: ''}}}}
      /shared: {get: {operationId: shared, responses: {200: {description: ''}}}}
    components:
      securitySchemes: {token: {type: http, scheme: bearer}, key: {type: apiKey, in: header, name: X-Key}}
      schemas:
        User: {type: object, properties: {id: {type: string}, boss: {$ref: '#/components/schemas/User'}}}
        Error: {type: object, properties: {code: {type: string}, inner: {$ref: '#/components/schemas/Error'}}}
"""
BILLING = """
    openapi: 3.0.3
    info: {title: Billing, version: '7'}
    servers: [{url: https://billing.acme.example/v2}]
    security: [{token: []}]
    paths:
      /users:
        get: {operationId: listPayers, tags: [Users], responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/User'}}}}, default: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}}}
        post: {operationId: createPayer, tags: [Users], x-internal: true, security: [{key: []}, {}], responses: {200: {description: ''}}}
      /invoices: {get: {operationId: listInvoices, tags: [invoices], responses: {200: {description: ''}}}}
      /health: {get: {operationId: health, responses: {200: {description: ''}}}}
      /shared:
        servers: [{url: https://api.acme.example}]
        get: {operationId: shared, responses: {200: {description: ''}}}
    components:
      securitySchemes: {token: {type: apiKey, in: header, name: X-Token}, key: {type: apiKey, in: header, name: X-Key}}
      schemas:
        User: {type: object, properties: {number: {type: integer}}}
        Error: {type: object, description: in other words, properties: {code: {type: string}, inner: {$ref: '#/components/schemas/Error'}}}
"""


def files(folder: Path, config: str, **others: str) -> Path:
    """A folder of documents and a config; the config's path."""
    for name, text in {"main.yaml": MAIN, "billing.yaml": BILLING, "samekey.yaml": config, **others}.items():
        (folder / name).write_text(dedent(text), "utf-8")
    return folder / "samekey.yaml"


def joined(folder: Path, config: str = "documents: {billing: billing.yaml}", **others: str) -> tuple[Lowered, Config]:
    """The documents as one API."""
    diagnostics = Diagnostics()
    settings = load_config(str(files(folder, config, **others)), diagnostics)
    assert settings is not None
    document = read_document(str(folder / "main.yaml"), settings, diagnostics)
    parts = read_parts(settings, diagnostics)
    assert document is not None
    assert parts is not None
    api = lower_documents(document, settings, parts)
    assert api is not None
    return Lowered(api, diagnostics), settings


def places(found: Lowered, settings: Config) -> Mapping[str, str]:
    """Where each operation is found on a client, by its key."""
    names = assign(found.api, settings)
    return {key: f"{place.resource}.{place.method}" for key, place in names.methods.items()}


def test_operations_of_all_documents_are_on_one_client(tmp_path: Path) -> None:
    """Those of a part go to its servers; a tag that is there before is kept apart, and what has none is the part's."""
    found, settings = joined(tmp_path)
    assert places(found, settings) == {
        "GET /users": "users.list",
        "GET /health": "health.health",
        "GET /shared": "shared.shared",
        "billing GET /users": "billing_users.list_payers",
        "POST /users": "billing_users.create_payer",
        "GET /invoices": "invoices.list",
        "billing GET /health": "billing.health",
    }
    servers = {operation.key: operation.server for operation in found.api.operations}
    assert servers["GET /users"] == ""
    assert servers["GET /invoices"] == "https://billing.acme.example/v2"
    assert [server.url for server in found.api.servers] == ["https://api.acme.example"]


def test_the_same_request_is_there_once(tmp_path: Path) -> None:
    """One method, one path and one server are one operation, and that is said."""
    found, _ = joined(tmp_path)
    assert [operation.path for operation in found.api.operations].count("/shared") == 1
    (clash,) = (entry for entry in found.diagnostics if entry.code == "part-clash")
    assert clash.message == "GET /shared of billing is there already, on the same server; it is left out"
    assert clash.place is not None
    assert clash.place.source.uri == str(tmp_path / "samekey.yaml")


def test_what_is_kept_apart_is_told(tmp_path: Path) -> None:
    """Tags, schemes and paths that two documents have."""
    found, _ = joined(tmp_path)
    assert [entry.message for entry in found.diagnostics if entry.code == "part-renamed"] == [
        "the security scheme 'token' of billing is another one than that before it; it is 'billing_token' here",
        "GET /users stands in billing as well as before it, on another server; both are in the SDK",
        "the tag 'Users' stands in billing as well as before it; it is 'billing Users' here",
        "GET /health stands in billing as well as before it, on another server; both are in the SDK",
    ]


def test_classes_of_one_name(tmp_path: Path) -> None:
    """Schemas that are the same but for their descriptions are one class; others get the part's name."""
    found, settings = joined(tmp_path)
    assert sorted(assign(found.api, settings).types.values()) == ["BillingUser", "Error", "User"]
    answers = {operation.key: operation.responses for operation in found.api.operations}
    assert answers["GET /users"][1].type == answers["billing GET /users"][1].type


def test_credentials(tmp_path: Path) -> None:
    """A part's own scheme is a credential of its own, a shared one is one."""
    found, settings = joined(tmp_path)
    assert [scheme.id for scheme in found.api.schemes] == ["token", "key", "billing_token"]
    security = {operation.key: operation.security for operation in found.api.operations}
    assert security["GET /users"] is None
    assert security["billing GET /users"] == (("billing_token",),)
    assert security["POST /users"] == (("key",), ())
    assert len(assign(found.api, settings).credentials) == 3


def test_a_part_says_what_of_it_counts(tmp_path: Path) -> None:
    """Its own filters and overlays; what the config excludes is excluded everywhere, what it includes is the main's."""
    config = """
        include: {paths: [/users]}
        exclude: {internal: true}
        documents:
          billing: {spec: billing.yaml, overlays: [fix.yaml], exclude: {operations: [shared, health]}}
    """
    fix = """
        overlay: 1.0.0
        info: {title: Fix, version: '1'}
        actions: [{target: "$.paths['/invoices'].get", update: {operationId: listBills, tags: [bills]}}]
    """
    found, settings = joined(tmp_path, config, **{"fix.yaml": fix})
    assert list(places(found, settings).values()) == ["users.list", "billing_users.list_payers", "invoices.list_bills"]
    assert "part-clash" not in found.codes


def test_the_config_speaks_of_operations_of_all_documents(tmp_path: Path) -> None:
    """None of its words is unknown because another document has what it means."""
    config = """
        documents: {billing: billing.yaml}
        retry: {operations: {listInvoices: {max_retries: 7}, listUsers: {max_retries: 1}}, tags: {invoices: {deadline: 9}}}
        exclude: {operations: [createPayer]}
    """
    found, _ = joined(tmp_path, config)
    retries = {operation.id: operation.retry for operation in found.api.operations if operation.retry is not None}
    assert {name: (hint.max_retries, hint.deadline) for name, hint in retries.items()} == {
        "listInvoices": (7, 9.0),
        "listUsers": (1, None),
    }
    assert not found.diagnostics.failed


def test_nothing_of_a_part_can_be_told_from_the_order_of_runs(tmp_path: Path) -> None:
    """The SDK is made whole, and twice the same."""
    diagnostics = Diagnostics()
    settings = load_config(str(files(tmp_path, "documents: {billing: billing.yaml}")), diagnostics)
    assert settings is not None
    made: list[Mapping[str, str]] = []
    for _ in range(2):
        document = read_document(str(tmp_path / "main.yaml"), settings, diagnostics)
        parts = read_parts(settings, diagnostics)
        assert document is not None
        assert parts is not None
        result = generate(document, settings, parts=parts)
        assert result is not None
        made.append(result.files)
    assert made[0] == made[1]
    assert "acme/resources/billing_users.py" in made[0]


def test_a_part_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Nothing is made without it."""
    diagnostics = Diagnostics()
    settings = load_config(str(files(tmp_path, "documents: {billing: nowhere.yaml}")), diagnostics)
    assert settings is not None
    assert read_parts(settings, diagnostics) is None
    assert [entry.code for entry in diagnostics] == ["unreadable"]


def test_what_is_no_document_is_an_error(tmp_path: Path) -> None:
    """A name that cannot be one, and what is neither a path nor a mapping with one."""
    for text in ("{Billing: a.yaml}", "{billing: 5}", "{billing: {}}", "{billing: {spec: [a]}}", "[a.yaml]"):
        diagnostics = Diagnostics()
        assert load_config(str(files(tmp_path, f"documents: {text}")), diagnostics) is not None
        assert [entry.code for entry in diagnostics] == ["config-invalid"], text
