"""The config file: every word of it, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from samekey.config.audit import SILENT_AUDIT, RuleId
from samekey.config.dialect import DEFAULT, PRESETS, AnswerSign, Assume, Carrier, Dialect, KeyFormat, KeyKind, Signal
from samekey.config.file import CiHost, Config, is_package_name, load_config, read_config
from samekey.config.idempotency import SILENT, StatedDialect
from samekey.config.project import NO_PROJECT, ProjectConfig
from samekey.config.renames import RenamedPart, is_class_name, is_path
from samekey.config.retry import SILENT_RETRIES, RetryHint
from samekey.config.selection import Selection
from samekey.document.diagnostics import Diagnostics, Severity, in_full
from samekey.document.node import load
from samekey_templates.runtime.safety import Evidence


def read(text: str) -> tuple[Config, Diagnostics]:
    """The config of a text."""
    diagnostics = Diagnostics()
    document = load("samekey.yaml", diagnostics, lambda _: text.encode())
    assert document is not None
    return read_config(document.node), diagnostics


def valid(text: str) -> Config:
    """The config of a text that has nothing wrong with it."""
    config, diagnostics = read(text)
    assert [in_full(entry) for entry in diagnostics] == []
    return config


def profile(text: str) -> Dialect:
    """The dialect that a valid `idempotency` makes of the usual one."""
    return valid(f"idempotency: {text}").idempotency.refine(DEFAULT)


KEYS = (
    "package", "distribution", "version", "client", "prefix", "rename", "idempotency", "retry", "pagination",
    "overlays", "audit", "include", "exclude", "order", "documents", "project", "client_parameters", "templates", "ci",
)  # fmt: skip
EVERYTHING = """
package: acme_pay
distribution: acme-pay.sdk
version: "1.2.0rc1"
client: AcmePay
prefix: ACME_PAY
rename:
  types:
    charge_v2: Charge
    "Weird Name!": Odd
  operations:
    createCharge: charges.make
    "POST /refunds": refund
  resources:
    "Stock Items": stock.items
  parameters:
    createCharge: {query limit: at_most}
  fields:
    charge_v2: {createdAt: created}
  members:
    Status: {1: DONE}
  credentials:
    Key: api_key
    Login: {username: user}
idempotency:
  in: body
  name: requestId
  methods: [post, Put]
  format: {kind: alphabet, length: 20, alphabet: abcdef, max_length: 40}
  quoted: true
  ttl: 7d
  in_flight: [425, {status: 409, code: busy}]
  mismatch: {status: 400, code: key_reused}
  replayed: [X-Replayed, X-Again]
  should_retry: X-Retry
  honoured: true
  assume: key-only
  throttled: [{status: 403, header: X-Left, equals: 0}, {status: 400, code: Slow}]
  refused: {status: 200, field: status.ok, equals: false}
  operations: {createCharge: true, "POST /re*": false, verified: {honoured: verified, ttl: 60}}
retry:
  max_retries: 5
  initial_delay: 0.1
  max_delay: 2s
  deadline: 1m
  max_retry_after: 30
  statuses: [503, 409]
  budget: false
  tags: {Reports: {max_retries: 0}}
  operations: {"GET *": {deadline: 90s}}
pagination: {listCharges: false}
overlays: [fix.yaml, https://fixes.example/more.yaml]
include: {paths: [/v1/*]}
exclude: {internal: true, operations: [listKeys]}
order: [charges]
client_parameters: [tenant]
project: {license: mit, python: "3.12"}
templates: {readme: README.jinja, pyproject: pyproject.jinja}
documents:
  billing: billing.yaml
  users: {spec: https://users.example/openapi.json, overlays: [more.yaml], include: {tags: [a]}}
ci: github
audit: {ignore: [{rule: no-key, operation: "POST /re*", reason: told apart}, {rule: no-ttl, reason: " for ever "}]}
"""


def test_every_key_is_taken() -> None:
    """Names, version, renames and the whole profile of idempotency."""
    config = valid(EVERYTHING)
    assert config.idempotency.refine(DEFAULT) == Dialect(
        carrier=Carrier.BODY,
        name="requestId",
        methods=("POST", "PUT"),
        methods_stated=True,
        format=KeyFormat(KeyKind.ALPHABET, 20, "abcdef", 40),
        quoted=True,
        ttl=7 * 86_400.0,
        in_flight=(Signal(425), Signal(409, "busy")),
        mismatch=(Signal(400, "key_reused"),),
        replayed=("X-Replayed", "X-Again"),
        should_retry=("X-Retry",),
        honoured=Evidence.CONFIGURED,
        assume=Assume.KEY_ONLY,
        throttled=(AnswerSign(403, header="X-Left", equals="0"), AnswerSign(400, code="Slow")),
        refused=(AnswerSign(200, field=("status", "ok"), equals=False),),
    )
    said = [(entry.pattern, entry.says) for entry in config.idempotency.operations]
    assert said == [
        ("createCharge", StatedDialect(honoured=Evidence.CONFIGURED, honoured_stated=True)),
        ("POST /re*", StatedDialect(methods=())),
        ("verified", StatedDialect(honoured=Evidence.VERIFIED, honoured_stated=True, ttl=60.0)),
    ]
    policy = RetryHint(5, 0.1, 2.0, 60.0, 30.0, (503, 409), budget=False)
    assert config.retry.api == policy
    assert {tag: entry[0] for tag, entry in config.retry.tags.items()} == {"Reports": RetryHint(max_retries=0)}
    assert [(entry.pattern, entry.says) for entry in config.retry.operations] == [("GET *", RetryHint(deadline=90.0))]
    assert {name: entry.pages for name, entry in config.pagination.items()} == {"listCharges": None}
    ignored = [
        (entry.rule, entry.reason, entry.operations and entry.operations.pattern) for entry in config.audit.ignore
    ]
    assert ignored == [(RuleId.NO_KEY, "told apart", "POST /re*"), (RuleId.NO_TTL, "for ever", None)]
    assert config.project == ProjectConfig(license="MIT", python=(3, 12))
    templates = {name: file.path for name, file in config.templates.items()}
    assert templates == {"README.md": "README.jinja", "pyproject.toml": "pyproject.jinja"}
    assert config.selection.include is not None
    assert [entry.text for entry in config.selection.include.paths] == ["/v1/*"]
    assert [entry.pattern for entry in config.selection.exclude.operations] == ["listKeys"]
    assert config.selection.hides_internal
    assert [entry.text for entry in config.order] == ["charges"]
    assert [entry.text for entry in (config.client_parameters or ())] == ["tenant"]
    parts = {name: (part.spec, part.overlays) for name, part in config.documents.items()}
    assert parts == {
        "billing": ("billing.yaml", ()),
        "users": ("https://users.example/openapi.json", ("more.yaml",)),
    }
    plain = replace(config, idempotency=SILENT, retry=SILENT_RETRIES, pagination={}, audit=SILENT_AUDIT, places={})
    plain = replace(plain, selection=Selection(), order=(), documents={}, project=NO_PROJECT, templates={})
    plain = replace(plain, client_parameters=None)
    assert plain == Config(
        package="acme_pay",
        distribution="acme-pay.sdk",
        version="1.2.0rc1",
        client="AcmePay",
        rename_types={"charge_v2": "Charge", "Weird Name!": "Odd"},
        rename_operations={"createCharge": "charges.make", "POST /refunds": "refund"},
        prefix="ACME_PAY",
        rename_resources={"Stock Items": "stock.items"},
        rename_parts={
            RenamedPart("parameters", "createCharge", "query limit"): "at_most",
            RenamedPart("fields", "charge_v2", "createdAt"): "created",
            RenamedPart("members", "Status", "1"): "DONE",
            RenamedPart("credentials", "Key", ""): "api_key",
            RenamedPart("credentials", "Login", "username"): "user",
        },
        overlays=("fix.yaml", "https://fixes.example/more.yaml"),
        ci=CiHost.GITHUB,
    )
    untouched = {name for name in Config.__struct_fields__ if getattr(config, name) == getattr(Config(), name)}
    assert not untouched, "this test is meant to name every key"


def test_the_example_in_the_documentation_is_valid() -> None:
    """What docs/config.md shows can be copied: nothing is wrong with it, and it says something of every key."""
    page = (Path(__file__).parents[2] / "docs" / "config.md").read_text("utf-8")
    config = valid(page.partition("```yaml\n")[2].partition("```")[0])
    assert (config.package, config.version, config.client) == ("acme", "1.4.0", "Acme")
    assert config.rename_operations == {"createCharge": "charges.create", "POST /charges/{id}/void": "charges.void"}
    assert config.idempotency.refine(DEFAULT).mismatch == (Signal(422, "key_reused"),)


@pytest.mark.parametrize("text", ["{}", "package:", "idempotency: null", "rename: {types: {}, operations: null}"])
def test_silence_leaves_the_decision_to_samekey(text: str) -> None:
    """An empty config, and keys without values, are the defaults."""
    assert valid(text) == Config()


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("package: a\npakage: b\n", 2, "did you mean 'package'?"),
        ("rename:\n  types: {}\n  operation: {}\n", 3, "did you mean 'operations'?"),
        ("idempotency:\n  tll: 5m\n", 2, "did you mean 'ttl'?"),
        ("idempotency:\n  format:\n    kind: uuid4\n    lenght: 5\n", 4, "did you mean 'length'?"),
        ("idempotency:\n  in_flight:\n    status: 409\n    cod: busy\n", 4, "did you mean 'code'?"),
        ("idempotency:\n  mismatch:\n    - 400\n    - {status: 409, kode: x}\n", 4, "did you mean 'code'?"),
        (
            "zzzzzz: 1\n",
            1,
            f"the known ones are {', '.join(KEYS)}",
        ),
    ],
)
def test_an_unknown_key_is_an_error_with_a_suggestion(text: str, line: int, hint: str) -> None:
    """A misspelt key never passes in silence: its line, and what was probably meant."""
    _, diagnostics = read(text)
    (finding,) = diagnostics
    assert (finding.severity, finding.code, finding.hint) == (Severity.ERROR, "unknown-key", hint)
    assert finding.place is not None
    assert finding.place.resolve().line == line


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("idempotency: {assume: retyr}", "did you mean 'retry'?"),
        ("idempotency: {in: boddy}", "did you mean 'body'?"),
        ("idempotency: {preset: strippe}", "did you mean 'stripe'?"),
    ],
)
def test_a_misspelt_value_is_an_error_with_a_suggestion(text: str, hint: str) -> None:
    """What was probably meant, as one would write it."""
    _, diagnostics = read(text)
    assert [(finding.code, finding.hint) for finding in diagnostics] == [("profile-invalid", hint)]


@pytest.mark.parametrize(
    "text",
    [
        "package: Acme", "package: acme-pay", "package: class", "package: a.b", "package: 1a", "package: é",
        "package: [a]", "package: 5", "package: ../x", "package: true", "package: {a: b}", "package: ''",
        "distribution: -a", "distribution: a/b", "distribution: 'a b'", "distribution: 7", "distribution: ''",
        "version: 1.2",
        "version: v1", "version: 1-x3", "version: latest", "version: '1.2.0 '", "version: ../1", "version: ''",
        "client: acme", "client: None", "client: Ac-me", "client: A.B", "client: ''",
        "rename: [a]", "rename: x", "rename: 5", "rename: {types: [a]}", "rename: {types: x}",
        "rename: {operations: 5}", "rename: {parameters: {a: b}}", "rename: {parameters: {a: {b: C}}}",
        "rename: {fields: [a]}",
        "rename: {members: {A: {b: c}}}", "rename: {credentials: {a: É}}", "rename: {credentials: {a: [b]}}",
        "prefix: acme", "prefix: 1A", "prefix: ''", "prefix: A-B",
        "rename: {types: {A: b}}", "rename: {types: {A: True}}", "rename: {types: {A: 'X\n'}}",
        "rename: {operations: {a: B.c}}", "rename: {operations: {a: a..c}}", "rename: {operations: {a: 'a.'}}",
        "rename: {resources: {a: 'b..c'}}", "rename: {resources: {a: import}}",
        "idempotency: header", "idempotency: [a]", "idempotency: 5",
        "idempotency: {in: cookie}", "idempotency: {in: [header]}", "idempotency: {preset: nobody}",
        "idempotency: {name: [a]}", "idempotency: {name: {a: b}}", 'idempotency: {name: "a\\r\\nb"}',
        "idempotency: {name: 'a b'}", "idempotency: {name: 'a:'}",
        "idempotency: {methods: 5}", "idempotency: {methods: {POST: true}}", "idempotency: {methods: [POST, 5]}",
        "idempotency: {methods: [PSOT]}", "idempotency: {methods: true}",
        "idempotency: {format: 5}", "idempotency: {format: [uuid4]}", "idempotency: {format: uuid5}",
        "idempotency: {format: {kind: hex}}", "idempotency: {format: {length: 0}}",
        "idempotency: {format: {length: -3}}",
        "idempotency: {format: {length: 1.5}}", "idempotency: {format: {length: true}}",
        "idempotency: {format: {max_length: many}}", "idempotency: {format: {alphabet: [a]}}",
        "idempotency: {quoted: 3}", "idempotency: {quoted: maybe}", "idempotency: {quoted: [true]}",
        "idempotency: {ttl: 0}", "idempotency: {ttl: -5}", "idempotency: {ttl: 5w}", "idempotency: {ttl: h}",
        "idempotency: {ttl: true}", "idempotency: {ttl: [90]}", "idempotency: {ttl: .inf}", "idempotency: {ttl: nan}",
        "idempotency: {ttl: infd}", "idempotency: {ttl: ''}",
        "idempotency: {in_flight: busy}", "idempotency: {in_flight: '409'}", "idempotency: {in_flight: 200}",
        "idempotency: {in_flight: 999}", "idempotency: {in_flight: true}", "idempotency: {in_flight: 409.0}",
        "idempotency: {in_flight: {code: x}}", "idempotency: {in_flight: [409, x]}",
        "idempotency: {in_flight: [[409]]}",
        "idempotency: {mismatch: {status: 409, code: [x]}}",
        "idempotency: {replayed: 5}", "idempotency: {replayed: [5]}", "idempotency: {replayed: {a: b}}",
        "idempotency: {honoured: yes please}", "idempotency: {honoured: [true]}", "idempotency: {honoured: 1}",
        "idempotency: {honored: true}",
        "idempotency: {assume: maybe}", "idempotency: {assume: true}", "idempotency: {assume: [retry]}",
        "idempotency: {operations: [a]}", "idempotency: {operations: true}", "idempotency: {operations: {a: maybe}}",
        "idempotency: {operations: {a: 5}}", "idempotency: {operations: {a: {assume: 5}}}",
        "idempotency: {operations: {a: {operations: {b: true}}}}", "idempotency: {operations: {a: {colour: red}}}",
        "idempotency: {throttled: 403}", "idempotency: {throttled: {code: x}}",
        "idempotency: {throttled: {status: 200}}",
        "idempotency: {throttled: {status: 403, header: 'a b'}}", "idempotency: {throttled: {status: true}}",
        "idempotency: {throttled: {status: 403, equals: '0'}}", "idempotency: {throttled: {status: 403, colour: red}}",
        "idempotency: {throttled: {status: 403, header: X-A, field: a}}", "idempotency: {throttled: [403]}",
        "idempotency: {throttled: {status: 403, field: a, equals: [0]}}",
        "idempotency: {refused: {status: 200}}", "idempotency: {refused: {status: 400, field: ok}}",
        "idempotency: {refused: {status: 200, field: error, equals: null}}",
        "idempotency: {refused: false}", "idempotency: {refused: {status: 200, header: X-A}}",
        "retry: 5", "retry: [a]", "retry: {max_retries: -1}", "retry: {max_retries: many}",
        "retry: {max_retries: true}",
        "retry: {max_retries: 1.5}", "retry: {deadline: 0}", "retry: {deadline: soon}", "retry: {max_delay: true}",
        "retry: {initial_delay: 5s, max_delay: 1s}", "retry: {statuses: [200]}", "retry: {statuses: [x]}",
        "retry: {statuses: {a: b}}", "retry: {budget: 5}", "retry: {max_retry_after: -1}", "retry: {retries: 3}",
        "retry: {tags: [a]}", "retry: {tags: {a: 5}}", "retry: {operations: {a: [b]}}",
        "retry: {operations: {a: {max_retries: x}}}", "retry: {operations: {a: {tags: {}}}}",
        "idempotency: {should_retry: true}", "idempotency: {should_retry: [[a]]}",
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_error_and_left_out(text: str) -> None:
    """What cannot be meant is an error at its place; the decision falls back to the default."""
    config, diagnostics = read(text)
    assert diagnostics.failed, f"nobody objected to {text}"
    assert all(entry.place is not None for entry in diagnostics)
    assert replace(config, idempotency=SILENT, places={}) == Config()
    if "[POST, 5]" not in text and "format: {" not in text:
        assert config.idempotency == SILENT


@pytest.mark.parametrize("text", ["[a]", "just text", "5", "null"])
def test_a_config_that_is_no_mapping_is_an_error(text: str) -> None:
    """The error says what a config looks like."""
    config, diagnostics = read(text)
    (finding,) = diagnostics
    assert (finding.severity, finding.code) == (Severity.ERROR, "config-invalid")
    assert finding.hint
    assert config == Config()


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Each error at its own line, and what is right is kept."""
    config, diagnostics = read("package: Acme\nclient: Acme\nversion: x\nrename:\n  types:\n    a: b\n    c: D\n")
    lines = [entry.place.resolve().line for entry in diagnostics if entry.place]
    assert sorted(lines) == [1, 3, 6]
    assert replace(config, places={}) == Config(client="Acme", rename_types={"c": "D"})


@pytest.mark.parametrize(
    ("spelled", "seconds"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("90s", 90.0),
        ("30m", 1800.0),
        ("24h", 86_400.0),
        ("7d", 604_800.0),
        ("0.5h", 1800.0),
    ],
)
def test_durations_have_units(spelled: str, seconds: float) -> None:
    """A plain number is seconds; s, m, h and d say otherwise."""
    assert profile(f"{{ttl: {spelled}}}") == replace(DEFAULT, ttl=seconds)


@pytest.mark.parametrize(
    ("spelled", "signals"),
    [
        ("409", (Signal(409),)),
        ("{status: 409}", (Signal(409),)),
        ("{status: 409, code: busy}", (Signal(409, "busy"),)),
        ("{status: 409, code: 704}", (Signal(409, "704"),)),
        ("[409, 503]", (Signal(409), Signal(503))),
        ("[{status: 409, code: busy}, 425]", (Signal(409, "busy"), Signal(425))),
    ],
)
@pytest.mark.parametrize("word", ["in_flight", "mismatch"])
def test_signals_are_statuses_with_or_without_a_code(word: str, spelled: str, signals: tuple[Signal, ...]) -> None:
    """One status, a status with the code that tells it apart, or a list of those."""
    found = profile(f"{{{word}: {spelled}}}")
    assert (found.in_flight if word == "in_flight" else found.mismatch) == signals


@pytest.mark.parametrize(
    ("spelled", "form"),
    [
        ("uuid4", KeyFormat()),
        ("uuid7", KeyFormat(KeyKind.UUID7)),
        ("alphabet", KeyFormat(KeyKind.ALPHABET)),
        ("{length: 20}", KeyFormat(KeyKind.ALPHABET, length=20)),
        ("{kind: uuid7, max_length: 40}", KeyFormat(KeyKind.UUID7, max_length=40)),
        ("{alphabet: 01234567}", KeyFormat(KeyKind.ALPHABET, alphabet="01234567")),
    ],
)
def test_a_key_may_have_another_form(spelled: str, form: KeyFormat) -> None:
    """A kind by name, or a mapping; a length or an alphabet means letters of an alphabet."""
    assert profile(f"{{format: {spelled}}}").format == form


def test_false_is_an_api_without_keys() -> None:
    """No method is keyed; the rest of the profile stays."""
    assert profile("false") == replace(DEFAULT, methods=(), methods_stated=True)


@pytest.mark.parametrize(
    ("spelled", "methods"),
    [("[POST]", ("POST",)), ("post", ("POST",)), ("[]", ()), ("[put, DELETE]", ("PUT", "DELETE"))],
)
def test_methods_are_spelled_as_one_likes(spelled: str, methods: tuple[str, ...]) -> None:
    """One or several, in any case, or none at all."""
    assert profile(f"{{methods: {spelled}}}").methods == methods


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_is_taken_whole_and_refined(name: str) -> None:
    """A dialect by its name; what stands beside it wins."""
    assert profile(f"{{preset: {name}}}") == PRESETS[name]
    assert profile(f"{{preset: {name}, ttl: 5s}}") == replace(PRESETS[name], ttl=5.0)


@pytest.mark.parametrize(
    ("data", "code"),
    [(None, "unreadable"), (b"", "empty"), (b"package: a: b", "syntax"), (b"package: \xff", "encoding")],
)
def test_a_config_that_cannot_be_read_is_none(data: bytes | None, code: str, tmp_path: Path) -> None:
    """A missing, empty or broken file is an error, not a default."""
    path = tmp_path / "samekey.yaml"
    if data is not None:
        path.write_bytes(data)
    diagnostics = Diagnostics()
    assert load_config(str(path), diagnostics) is None
    (finding,) = diagnostics
    assert (finding.severity, finding.code) == (Severity.ERROR, code)


def test_a_config_is_read_from_its_file(tmp_path: Path) -> None:
    """A path is all that it takes."""
    path = tmp_path / "my.yaml"
    path.write_text("package: acme\n", "utf-8")
    diagnostics = Diagnostics()
    assert load_config(str(path), diagnostics) == Config(package="acme")
    assert len(diagnostics) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        " a",
        "a b",
        "a-b",
        "1",
        "ﬁ",
        "\N{MATHEMATICAL BOLD SMALL A}",
        "²",
        "class",
        "None",
        "a.b",
        "A\u200b",
        "a;b",
    ],
)
def test_names_that_python_cannot_have_are_none(text: str) -> None:
    """Nothing passes the checks that could not stand in source as a name, newline at the end included."""
    assert not is_package_name(text)
    assert not is_class_name(text)
    if text != "a.b":
        assert not is_path(text)


def test_names_may_be_of_any_script() -> None:
    """Methods and classes are called as their authors speak; what is installed and imported is ASCII."""
    assert is_path("заказы.создать")
    assert is_path("订单")
    assert is_class_name("Заказ")
    assert is_class_name("订单Model")
    assert not is_class_name("订单")
    assert not is_package_name("订单")
