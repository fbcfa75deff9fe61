"""What an application developer sees in an editor, asked from pyright's language server."""

from __future__ import annotations

import ast
import inspect
import pydoc
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.editor.language_server import LanguageServer
from tests.tools import checked, without_cache

ASKED = """\
from acme_payments import AcmePayments, AsyncAcmePayments

client = AcmePayments()
aclient = AsyncAcmePayments()
client.charges.cre|ate(|)
client.charges.create.det|ailed(|)
client.|charges
client.charges.|create


async def main() -> None:
    await aclient.charges.cre|ate(|)
    charge = await aclient.charges.get("ch_1")
    print(charge.amo|unt)
    await aclient.charges.create.detailed(|)
    async for listed in aclient.charges.li|st(|):
        print(listed.amo|unt)


for found in client.charges.li|st(|):
    print(found.amo|unt)
client.charges.list().|items
"""


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[LanguageServer]:
    """The language server on the payments SDK."""
    found = LanguageServer(root / "generated" / "payments", ASKED)
    yield found
    found.close()


@pytest.mark.parametrize("mark", [0, 2, 6])
def test_hovering_shows_arguments_and_docs(server: LanguageServer, mark: int) -> None:
    """The pointer on a method's name: its arguments with their types, and its docstring."""
    shown = server.hover(mark)
    assert "amount: int" in shown
    assert "currency: Currency | CurrencyInput" in shown or "CurrencyInput" in shown
    assert "Create a charge." in shown
    assert "Sent again under the same idempotency key" in shown


@pytest.mark.parametrize("mark", [1, 3, 7, 9])
def test_typing_arguments_shows_the_signature(server: LanguageServer, mark: int) -> None:
    """Between the parentheses: every argument, what comes back, and the docs."""
    label, doc = server.signature(mark)
    assert "amount: int" in label
    assert "idempotency_key: str | UUID | None = None" in label
    assert "Charge" in label.rpartition("->")[2]
    assert "Create a charge." in doc


def test_names_are_completed(server: LanguageServer) -> None:
    """Behind a dot stand the resources, and behind a resource its methods."""
    assert {"charges", "customers", "refunds", "with_options", "close"} <= set(server.completions(4))
    assert {"create", "get", "list", "update", "capture", "cancel"} <= set(server.completions(5))


@pytest.mark.parametrize("mark", [10, 13])
def test_lists_are_hovered_over_like_other_methods(server: LanguageServer, mark: int) -> None:
    """A list in pages shows its arguments and its docstring, not the machinery behind it."""
    shown = server.hover(mark)
    assert "limit: int" in shown
    assert "List charges" in shown
    assert "Only reads, so it is simply sent again" in shown


@pytest.mark.parametrize(("mark", "given"), [(11, "AsyncPages[ChargePage, Charge]"), (14, "Page[ChargePage, Charge]")])
def test_a_lists_signature_tells_page_and_item(server: LanguageServer, mark: int, given: str) -> None:
    """Between the parentheses: the arguments, the page and the item that a loop gives."""
    label, doc = server.signature(mark)
    assert "cursor: str" in label
    assert label.rpartition("-> ")[2] == given
    assert "List charges" in doc


@pytest.mark.parametrize("mark", [12, 15])
def test_items_of_a_loop_are_typed(server: LanguageServer, mark: int) -> None:
    """What a loop over a list gives is the model itself, under `for` and `async for`."""
    assert "int" in server.hover(mark)


def test_a_page_is_completed(server: LanguageServer) -> None:
    """Behind a page stand its items and the way to the next one."""
    assert {"items", "result", "next_page", "pages", "response"} <= set(server.completions(16))


def test_results_are_typed(server: LanguageServer) -> None:
    """What an awaited call gives is the model itself."""
    assert "int" in server.hover(8)
    assert "smallest unit" in server.hover(8)


@pytest.fixture(scope="module")
def acme(root: Path) -> Iterator[ModuleType]:
    """The payments SDK, imported."""
    sys.path.insert(0, str(root / "generated" / "payments"))
    import acme_payments  # noqa: PLC0415

    yield acme_payments
    sys.path.remove(str(root / "generated" / "payments"))


@pytest.mark.parametrize("client_name", ["AcmePayments", "AsyncAcmePayments"])
def test_help_and_inspect_tell_the_same(acme: ModuleType, client_name: str) -> None:
    """At a prompt, `help` and `inspect.signature` know what the editor knows."""
    create = getattr(acme, client_name)(base_url="http://127.0.0.1").charges.create
    signature = inspect.signature(create)
    assert list(signature.parameters)[:2] == ["amount", "currency"]
    assert "self" not in signature.parameters
    assert str(signature).endswith("-> models.Charge")
    text = pydoc.render_doc(create, renderer=pydoc.plaintext)  # type: ignore[attr-defined]
    assert "amount: int" in text
    assert "Sent again under the same idempotency key" in text


TYPED = """\
from typing import assert_type

from acme_payments import OMIT, AcmePayments, AsyncAcmePayments, Response, models

client = AcmePayments()
assert_type(client.charges.create(amount=1, currency="usd"), models.Charge)
assert_type(client.charges.create.detailed(amount=1, currency=models.Currency.EUR), Response[models.Charge])
assert_type(client.customers.delete("cus_1"), None)
client.charges.create(amount=1, currency="usd", description=None, customer=OMIT, idempotency_key="k")
client.charges.create(amount=1, currency="usd", billing_address={"line1": "a", "city": "b", "country": "DE"})
client.charges.create(amount=1, currency="usd", billing_address=models.Address(line1="a", city="b", country="DE"))


async def main(aclient: AsyncAcmePayments) -> None:
    assert_type(await aclient.charges.create(amount=1, currency="usd"), models.Charge)
    assert_type(await aclient.charges.create.detailed(amount=1, currency="usd"), Response[models.Charge])
"""

REFUSED = {
    "a key on a GET": 'client.charges.get("ch_1", idempotency_key="k")',
    "a key on a PUT": 'client.customers.replace("cus_1", email="a@b.example", idempotency_key="k")',
    "a key on a DELETE": 'client.customers.delete("cus_1", idempotency_key="k")',
    "a wrong type": 'client.charges.create(amount="1", currency="usd")',
    "a value that is not listed": 'client.charges.create(amount=1, currency="xxx")',
    "a missing argument": "client.charges.create(amount=1)",
    "a misspelt key of a dict": (
        'client.charges.create(amount=1, currency="usd", billing_address={"street": "a", "city": "b", "country": "DE"})'
    ),
}


def test_both_type_checkers_infer_every_face(root: Path, tmp_path: Path) -> None:
    """Sync and async, typed result and whole response: all four are inferred, by mypy and by pyright."""
    (tmp_path / "typed.py").write_text(TYPED, "utf-8")
    sdk = root / "generated" / "payments"
    checked(
        [sys.executable, "-m", "mypy", "--strict", *without_cache(), "typed.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(sdk)},
    )
    settings = f'{{"typeCheckingMode": "strict", "include": ["typed.py"], "extraPaths": [{str(sdk)!r}]}}'
    (tmp_path / "pyrightconfig.json").write_text(settings.replace("'", '"'), "utf-8")
    checked([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)])


def test_type_checkers_refuse_what_is_not_safe(root: Path, tmp_path: Path) -> None:
    """GET, PUT and DELETE take no key, and wrong arguments are found before anything runs; by mypy and by pyright."""
    head = "from acme_payments import AcmePayments\n\nclient = AcmePayments()\n"
    text = head + "\n".join(REFUSED.values()) + "\n"
    ast.parse(text)
    (tmp_path / "refused.py").write_text(text, "utf-8")
    sdk = root / "generated" / "payments"
    settings = f'{{"include": ["refused.py"], "extraPaths": [{str(sdk)!r}]}}'.replace("'", '"')
    (tmp_path / "pyrightconfig.json").write_text(settings, "utf-8")
    first = head.count("\n") + 1
    for command, env in (
        (["mypy", *without_cache(), "refused.py"], {"MYPYPATH": str(sdk)}),
        (["pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)], {}),
    ):
        lines = failing_lines([sys.executable, "-m", *command], tmp_path, env)
        expected = {first + number: why for number, why in enumerate(REFUSED)}
        assert set(expected) <= lines, [why for line, why in expected.items() if line not in lines]


def failing_lines(command: list[str], cwd: Path, env: dict[str, str]) -> set[int]:
    """The lines that a type checker complains about."""
    import os  # noqa: PLC0415
    import re  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    done = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    return {int(number) for number in re.findall(r"refused\.py:(\d+)", done.stdout)}
