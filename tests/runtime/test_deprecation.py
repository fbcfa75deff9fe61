"""What a document deprecates: warnings for whoever uses it, at the line that does, and nothing for all others."""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import json
import logging
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import force_setattr
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import without_cache, write_files

DOCUMENT = """
openapi: 3.1.0
info: {title: Old shop, version: 1.4.0}
servers: [{url: "https://shop.example"}]
paths:
  /a:
    get:
      operationId: getA
      tags: [things]
      deprecated: true
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}}
    post:
      operationId: createA
      tags: [things]
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}}
  /b:
    get:
      operationId: getB
      tags: [things]
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/B"}}}}}
components:
  schemas:
    A:
      type: object
      required: [req, in-valid]
      properties:
        req: {type: string, deprecated: true}
        in-valid: {type: integer, deprecated: true}
        opt: {type: [string, "null"], deprecated: true}
        re-named: {type: string, deprecated: true}
        kind: {const: a, deprecated: true}
        self: {$ref: "#/components/schemas/A", deprecated: true}
        fine: {type: string}
    B:
      type: object
      additionalProperties: {type: string}
      required: [req]
      properties: {req: {type: string, deprecated: true}, opt: {type: integer, deprecated: true}, fine: {type: string}}
"""
PROGRAM = """\
from old_shop import AsyncOldShop, OldShop, models

client = OldShop()
a = client.things.create_a(req="r", in_valid=1, opt=None)
b = client.things.get_b()
old = client.things.get_a()  # deprecated
client.things.get_a.detailed()  # deprecated
print(a.fine, b.fine, b.extra)
print(a.req)  # deprecated
print(a.in_valid + 1, a.self_)  # deprecated
print(b.opt)  # deprecated
models.A(req="r", in_valid=2, opt=None, kind="a", re_named="x", self_=a)
models.B(req="r", opt=1)
a.opt = "x"


async def main() -> None:
    await AsyncOldShop().things.get_a()  # deprecated
"""
A = {"req": "r", "in-valid": 1, "opt": None, "kind": "a", "self": {"req": "q", "in-valid": 2}, "re-named": "x"}
B = {"req": "r", "fine": "f", "more": "m"}


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an SDK whose document deprecates an operation and fields."""
    document = load("shop.yaml", Diagnostics(), lambda _: DOCUMENT.encode())
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    folder = tmp_path_factory.mktemp("old")
    write_files(result.files, folder)
    return folder


@pytest.fixture
def package(sdk: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401  # a module
    """The SDK, imported."""
    monkeypatch.setattr(sys, "path", [str(sdk), *sys.path])
    return importlib.import_module("old_shop")


def server(request: httpx.Request) -> httpx.Response:
    """Both things."""
    headers = {"Sunset": "Sat, 31 Dec 2027 23:59:59 GMT", "Deprecation": "@1688169599\x1b[31m"}
    if request.url.path == "/a":
        return httpx.Response(200, json=A, headers=headers if request.method == "GET" else {})
    return httpx.Response(200, json=B)


def client_of(package: Any) -> Any:  # noqa: ANN401
    """A client of the shop."""
    return package.OldShop(http_client=httpx.Client(transport=httpx.MockTransport(server)))


def warned(action: Callable[[], object]) -> list[tuple[str, int]]:
    """The warnings of an action: their texts, and their lines in this file."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        action()
    assert all(entry.category is DeprecationWarning and entry.filename == __file__ for entry in found)
    return [(str(entry.message), entry.lineno) for entry in found]


def test_a_deprecated_operation_warns_its_caller(package: Any) -> None:  # noqa: ANN401
    """In each way to call it, sync and async, at the caller's line; those beside it say nothing."""
    client = client_of(package)

    def call() -> None:
        client.things.get_a()

    expected = "things.get_a is deprecated by the API"
    assert warned(call) == [(expected, call.__code__.co_firstlineno + 1)]
    assert len(warned(client.things.get_a.detailed)) == 1
    assert warned(lambda: (client.things.get_b(), client.things.create_a(req="r", in_valid=1))) == []

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http_client:
            await package.AsyncOldShop(http_client=http_client).things.get_a()

    assert warned(lambda: asyncio.run(main())) == [(expected, main.__code__.co_firstlineno + 2)]


def test_looking_at_an_operation_warns_nobody(package: Any) -> None:  # noqa: ANN401
    """Tools look at everything, and call nothing; what they see is what was declared."""
    things = client_of(package).things
    assert warned(lambda: [getattr(things, name) for name in dir(things)]) == []
    assert str(inspect.signature(things.get_a)) == "(*, options: CallOptions | None = None) -> models.A"
    assert "Deprecated." in (things.get_a.__doc__ or "")
    assert Path(inspect.getsourcefile(things.get_a) or "").name == "things.py"


@pytest.mark.parametrize("name", ["req", "in_valid", "opt", "re_named", "kind", "self_"])
def test_a_deprecated_field_warns_its_reader(package: Any, name: str) -> None:  # noqa: ANN401
    """Whether it is required, renamed, nullable, constant, or of its own type; it holds what came."""
    thing = package.models.A.from_dict(A)
    [(message, _)] = warned(lambda: getattr(thing, name))
    assert message == f"A.{name} is deprecated by the API"
    assert (thing.req, thing.in_valid, thing.opt, thing.re_named, thing.kind) == ("r", 1, None, "x", "a")
    assert thing.self_.in_valid == 2


def test_a_deprecated_field_of_an_open_model_warns_too(package: Any) -> None:  # noqa: ANN401
    """Given or left out."""
    thing = package.models.B.from_dict(B)
    told = [len(warned(partial(getattr, thing, name))) for name in ("req", "opt", "fine", "extra")]
    assert told == [1, 1, 0, 0]
    assert (thing.req, thing.opt, thing.extra) == ("r", None, {"more": "m"})
    thing.opt = 3
    assert thing.to_dict() == {**B, "opt": 3}


def test_nobody_else_is_warned(package: Any) -> None:  # noqa: ANN401
    """What the SDK and Python do with a model is not its reader's doing, nor is a new value."""
    models, client = package.models, client_of(package)
    one, other = models.A.from_dict(A), models.B.from_dict(B)
    things: tuple[tuple[Any, Any], ...] = ((models.A, one), (models.B, other))

    def use() -> None:
        for kind, thing in things:
            assert thing == copy.deepcopy(thing)
            assert pickle.loads(pickle.dumps(thing)) == thing  # noqa: S301  # made a line before
            assert repr(thing)
            assert kind.from_json(thing.to_json()) == thing
            assert thing.replace(fine="z").fine == "z"
        client.things.create_a(req="r", in_valid=2, self_=one)
        one.opt = "new"

    assert warned(use) == []
    assert one.to_dict()["opt"] == "new"


def test_an_api_that_will_end_is_logged_once(package: Any, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ANN401
    """For each operation and client, in words that drive no terminal; an answer without such headers says nothing."""
    client = client_of(package)
    with caplog.at_level(logging.WARNING, logger="old_shop"):
        for _ in range(3):
            client.things.get_a()
            client.things.get_b()
        client.with_options(timeout=3).things.get_a()
    said = "Deprecation: @1688169599 [31m, Sunset: Sat, 31 Dec 2027 23:59:59 GMT"
    assert [entry.getMessage() for entry in caplog.records] == [f"things.get_a: the API says that it will end ({said})"]


def test_a_sign_that_comes_later_is_seen(package: Any, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ANN401
    """A client that lives for days looks again each hour."""
    tell = importlib.import_module("old_shop._runtime.deprecation").tell_sunset
    settings = client_of(package)._core.settings
    now = [0.0]
    package_clock = importlib.import_module("old_shop._runtime.retry.loop").Clock
    force_setattr(settings, "clock", package_clock(monotonic=lambda: now[0]))
    tell(settings, "x", {})
    for now[0] in (10.0, 4000.0, 8000.0):
        tell(settings, "x", {"sunset": "soon"})
    assert [record.getMessage() for record in caplog.records] == ["x: the API says that it will end (Sunset: soon)"]


def test_type_checkers_tell_who_uses_it(sdk: Path) -> None:
    """Both of them, at the lines that use what is deprecated, where their users ask for it; else all is well."""
    (sdk / "program.py").write_text(PROGRAM, "utf-8")
    expected = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# deprecated")}
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *without_cache(), "program.py"]
    assert subprocess.run(command, cwd=sdk, check=False, capture_output=True).returncode == 0
    asked = subprocess.run(
        [*command, "--enable-error-code=deprecated"], cwd=sdk, check=False, capture_output=True, text=True
    )
    found = [line.split(":") for line in asked.stdout.splitlines() if line.endswith("[deprecated]")]
    assert {int(number) for file, number, *_ in found if file == "program.py"} == expected
    assert {file for file, *_ in found} == {"program.py"}
    settings = {"typeCheckingMode": "strict", "reportDeprecated": "warning", "include": ["program.py", "old_shop"]}
    (sdk / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", str(sdk)]
    report = json.loads(subprocess.run(command, cwd=sdk, check=False, capture_output=True, text=True).stdout)
    told = [(entry["severity"], entry["range"]["start"]["line"] + 1) for entry in report["generalDiagnostics"]]
    assert set(told) == {("warning", line) for line in expected}
