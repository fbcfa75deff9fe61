"""Resources that hold resources: called at any depth, imported when they are touched, complete wherever one looks."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import create_autospec

import httpx
import pytest
import respx
from samekey.cli import app
from typer.testing import CliRunner

from tests.tools import checked, mypy_strict, pyright_strict

DOCUMENT = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /buyers:
    get: {operationId: listBuyers, tags: [Buyers], responses: {"200": {description: ok}}}
  /buyers/{id}/cards:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: list_buyer_cards
      tags: [Buyers]
      x-speakeasy-group: buyers.paymentMethods
      x-speakeasy-name-override: list
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: array, items: {type: string}}}}}
    post:
      operationId: add_buyer_card
      x-fern-sdk-group-name: [buyers, payment_methods, tokens]
      x-fern-sdk-method-name: create
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}
  /deep:
    post: {operationId: goDeep, tags: [Deep], responses: {"200": {description: ok}}}
  /hidden:
    post: {operationId: hide, tags: [Deep], x-fern-ignore: true, responses: {"200": {description: ok}}}
"""
CONFIG = "rename: {operations: {goDeep: a.b.operations.models.go}}\n"
BASE = "https://shop.test"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SDK with nested resources."""
    target = tmp_path_factory.mktemp("nested")
    (target / "api.yaml").write_text(DOCUMENT, "utf-8")
    (target / "samekey.yaml").write_text(CONFIG, "utf-8")
    arguments = [
        "generate",
        str(target / "api.yaml"),
        "-o",
        str(target / "sdk"),
        "--config",
        str(target / "samekey.yaml"),
    ]
    result = CliRunner().invoke(app, [*arguments, "--package", "shop_nested"])
    assert result.exit_code == 0, result.output
    assert "1 operations are left out for `x-fern-ignore`, such as POST /hidden" in result.output
    return target / "sdk"


@pytest.fixture
def package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The SDK, imported."""
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    return importlib.import_module("shop_nested")


def test_calls_go_through_every_level(package: ModuleType) -> None:
    """By another generator's words and by the config, sync and async."""
    with respx.mock(base_url=BASE) as router:
        listed = router.get("/buyers/b/cards").mock(return_value=httpx.Response(200, json=["visa"]))
        router.post("/buyers/b/cards").mock(return_value=httpx.Response(200, json={"id": "t"}))
        deep = router.post("/deep").mock(return_value=httpx.Response(200))
        with package.Shop(base_url=BASE) as client:
            assert client.buyers.payment_methods.list("b") == ["visa"]
            assert client.buyers.payment_methods.tokens.create("b").id == "t"
            client.a.b.operations.models.go()
            record = client.a.b.operations.models.go.detailed().record
        assert record.call.operation == "a.b.operations.models.go"

        async def run() -> object:
            async with package.AsyncShop(base_url=BASE) as client:
                return await client.buyers.payment_methods.list("b")

        assert asyncio.run(run()) == ["visa"]
        assert (listed.call_count, deep.call_count) == (2, 2)


def test_copies_call_through_their_own_settings_at_every_depth(package: ModuleType) -> None:
    """A resource that was touched before the copy was made does not call through the old client."""
    tenants: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tenants.append(request.headers.get("x-tenant"))
        return httpx.Response(200, json=[])

    with respx.mock(base_url=BASE) as router:
        router.get("/buyers/b/cards").mock(side_effect=answer)
        with package.Shop(base_url=BASE) as client:
            assert client.buyers.payment_methods.tokens is client.buyers.payment_methods.tokens
            copy = client.with_options(headers={"x-tenant": "t"})
            copy.buyers.payment_methods.list("b")
            client.buyers.payment_methods.list("b")
    assert tenants == ["t", None]


def test_a_resource_is_imported_when_it_is_touched(folder: Path) -> None:
    """Nesting costs neither an import of the package nor of the resource above."""
    program = """
import sys
import shop_nested
client = shop_nested.Shop(base_url="https://shop.test")
assert not [name for name in sys.modules if name.startswith("shop_nested.resources.")]
client.buyers
loaded = {name for name in sys.modules if name.startswith("shop_nested.resources.")}
assert loaded == {"shop_nested.resources.buyers"}, loaded
client.buyers.payment_methods
assert "shop_nested.resources.buyers_payment_methods" in sys.modules
assert "shop_nested.resources.buyers_payment_methods_tokens" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=folder)


def test_mocks_know_every_level(package: ModuleType) -> None:
    """`create_autospec` sees what a nested method takes."""
    mock = create_autospec(package.Shop)
    mock.buyers.payment_methods.tokens.create("b")
    with pytest.raises(TypeError):
        mock.buyers.payment_methods.tokens.create("b", "c", "d")


def test_every_level_stands_in_api_md(folder: Path) -> None:
    """Each resource with calls has its part; those that only hold others have none."""
    text = (folder / "api.md").read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## buyers", "## buyers.payment_methods", "## buyers.payment_methods.tokens", "## a.b.operations.models",
    ]  # fmt: skip
    assert "client.buyers.payment_methods.tokens.create(id)" in text


def test_inspect_shows_the_whole_way(folder: Path) -> None:
    """As it is called."""
    above = folder.parent
    result = CliRunner().invoke(app, ["inspect", str(above / "api.yaml"), "--config", str(above / "samekey.yaml")])
    assert "buyers.payment_methods.tokens.create" in result.output
    assert "hidden" not in result.output.partition("call ")[2]


CALLER = """
from shop_nested import AsyncShop, Shop

def right(client: Shop) -> list[str]:
    client.a.b.operations.models.go()
    token: str | None = client.buyers.payment_methods.tokens.create("b").id
    return client.buyers.payment_methods.list(token or "")

def wrong(client: Shop) -> None:
    client.buyers.payment_methods.tokens.create(1)  # type: ignore[arg-type]
    client.buyers.tokens  # type: ignore[attr-defined]

async def right_async(client: AsyncShop) -> list[str]:
    return await client.buyers.payment_methods.list("b")
"""


def test_both_checkers_know_every_level(folder: Path, tmp_path: Path) -> None:
    """A caller's mistakes at any depth are found, and right calls are not."""
    (tmp_path / "caller.py").write_text(CALLER, "utf-8")
    command = [*mypy_strict(), "caller.py"]
    checked(command, cwd=tmp_path, env={"MYPYPATH": str(folder)})
    pyright_strict(folder, tmp_path)


def test_names_stay_when_words_come(tmp_path: Path) -> None:
    """An SDK whose names were given keeps them when another generator's words come to its document."""
    plain = "\n".join(
        line for line in DOCUMENT.splitlines() if not line.strip().startswith(("x-speakeasy", "x-fern-sdk"))
    )
    (tmp_path / "api.yaml").write_text(plain, "utf-8")
    arguments = ["generate", str(tmp_path / "api.yaml"), "-o", str(tmp_path / "sdk")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    before = (tmp_path / "sdk" / "api.md").read_text("utf-8")
    (tmp_path / "api.yaml").write_text(DOCUMENT, "utf-8")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (tmp_path / "sdk" / "api.md").read_text("utf-8") == before
