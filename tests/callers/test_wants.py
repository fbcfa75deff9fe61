"""The page of wants: each of its lines does what is wanted, against the sandbox, and is typed."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import httpx
import pytest
from acme_payments import AcmePayments, APIError, AsyncAcmePayments, Certainty, NotFoundError, models
from depot_warehouse import DepotWarehouse
from samekey.sandbox.serving import running

from tests.callers.test_page import paths
from tests.tools import checked, mypy_strict

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "wants.md").read_text("utf-8")
WANTS: dict[str, str] = dict(re.findall(r"^\| ([^|`]*(?:`[^`|]*`[^|`]*)*) \| `(.+)` \|$", PAGE, re.MULTILINE))
IMPORTS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
SUBJECTS = {
    "client": "AcmePayments", "aclient": "AsyncAcmePayments", "depot": "DepotWarehouse", "charge": "models.Charge",
    "customer": "models.Customer", "data": "dict[str, object]", "cursor": "str", "item": "depot_models.Item",
    "photo": "depot_models.Photo", "error": "APIStatusError", "lost": "APIError",
}  # fmt: skip
TOKEN = "any"  # noqa: S105  # whatever it is, the sandbox takes it
Found = Any
"""What came of a line, which is typed by another test."""
CHECKS: dict[str, Callable[[Found, dict[str, Found]], object]] = {
    "a dict, for a template, a queue or `json.dumps`": lambda found, own: json.loads(found)["id"] == own["charge"].id,
    "a dict with Python's values, such as datetimes": lambda found, _: found["created_at"].tzinfo is not None,
    "the text of JSON": lambda found, own: json.loads(found) == own["charge"].to_dict(),
    "a model of a dict": lambda found, own: found == own["charge"],
    "a copy with a change": lambda found, own: (found.email, found.id) == ("ada@new.example", own["customer"].id),
    "fields that the document does not list": lambda found, _: found == {"tier": "gold"},
    "to keep it, and to have it again": lambda found, own: found == own["charge"],
    "to compare": lambda found, _: found is True,
    "a field of a pydantic model": lambda found, own: found["first"] is own["charge"],
    "a variant of a union, its tag filled in": lambda found, _: found.to_dict()["type"] == "card",
    "to tell variants apart": lambda found, _: found is True,
    "a value of an enum, also one that is newer than the SDK": lambda found, _: found == "xyz",
    "to pass on what came": lambda found, own: (found.amount, found.id != own["charge"].id) == (1999, True),
    "to pass on what may be missing": lambda found, own: found.email == own["customer"].email,
    "to change and put back, without what only comes back": lambda found, _: found.email == "ada@new.example",
    "the status, the headers and the attempts behind a result": lambda found, _: found == "application/json",
    "null, where leaving out would say nothing": lambda found, _: found.description is None,
    "a moment": lambda found, _: len(found.items) > 0,
    "a model or a dict as an argument": lambda found, _: found.address.city == "Porto",
    "a query parameter that the document does not list": lambda found, _: found.response.status == 200,
    "a field that the document does not list": lambda found, _: found.amount == 1999,
    "a header": lambda found, own: found.id == own["charge"].id,
    "a path that the document does not list": lambda found, own: found.id == own["charge"].id,
    "to await it": lambda found, own: found.id == own["charge"].id,
    "many at once": lambda found, _: len(found) == 5,
    "all of it, page by page": lambda found, _: len(found) >= 3,
    "the first few": lambda found, _: len(found) == 2,
    "the first one, or none": lambda found, _: isinstance(found, models.Charge),
    "a list": lambda found, _: len(found) >= 3,
    "one page": lambda found, _: len(found) == 2,
    "a place to go on from, in another process": lambda found, _: isinstance(found, str),
    "to go on there": lambda found, own: {each.id for each in found}.isdisjoint(own["first_page"]),
    "to await a list": lambda found, _: len(found) >= 3,
    "to send a file": lambda found, _: found.photo_id,
    "to send bytes with a name and a type": lambda found, _: found.photo_id,
    "a file on disk, whole or not at all": lambda _, own: (own["folder"] / "copy.jpg").read_bytes(),
    "the bytes": lambda found, _: isinstance(found, bytes),
    "a key of my own": lambda found, _: found.amount == 1999,
    "the same key for the same order, wherever it is made": lambda found, _: found.amount == 1999,
    "calls that survive a crash": lambda found, _: found.journal.pending() == [],
    "to know whether it was done": lambda found, _: found is Certainty.REJECTED,
    "to find out, with the same bytes under the same key": lambda found, _: found.amount == 7,
    "the key to look for in the API's log": lambda found, _: len(found) == 36,
    "what happened, attempt by attempt": lambda found, _: len(found) == 1,
    "a line for a log, with method, URL and the server's words": lambda found, _: "GET http" in found,
    "the status": lambda found, _: found == 404,
    "the decoded body": lambda found, _: isinstance(found, models.Error),
    "a header of the answer": lambda found, _: "json" in found,
    "to send it to another process": lambda found, own: str(found) == str(own["error"]),
    "to close its connections": lambda found, _: found is None,
    "a log": lambda found, _: found is None,
    "no retries for one call": lambda found, own: found.id == own["charge"].id,
    "a deadline for calls as a whole, waits included": lambda found, _: isinstance(found, AcmePayments),
    "a mock that knows the calls": lambda found, _: found.charges.create,
}  # fmt: skip


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """Sandboxes of both APIs."""
    with (
        running(str(ROOT / "specs" / "payments" / "openapi.yaml")) as payments,
        running(str(ROOT / "specs" / "warehouse" / "openapi.json")) as warehouse,
    ):
        yield {"payments": payments.url, "warehouse": warehouse.url}


def refused(_request: httpx.Request) -> httpx.Response:
    """Lose every answer."""
    raise httpx.ReadTimeout("lost")


@pytest.fixture(scope="module")
def subjects(urls: dict[str, str]) -> dict[str, Found]:
    """What the lines of the page are about, as the sandboxes have it."""
    card: Found = {"type": "card", "number": "4242424242424242", "cvc": "314", "exp_month": 8, "exp_year": 2029}
    own: dict[str, Found] = {}
    with AcmePayments(token=TOKEN, base_url=urls["payments"]) as client:
        for _ in range(3):
            own["charge"] = client.charges.create(amount=1999, currency="eur", payment_method=card)
        own["data"] = own["charge"].to_dict()
        made = client.customers.create(email="ada@example.com")
        own["customer"] = models.Customer.from_dict({**made.to_dict(), "tier": "gold"})
        page = client.charges.list(limit=2)
        own["cursor"], own["first_page"] = page.next_cursor, {each.id for each in page.items}
        with pytest.raises(NotFoundError) as missing:
            client.charges.get("ch_none")
        own["error"] = missing.value
    with DepotWarehouse(base_url=urls["warehouse"], api_key="k") as depot:
        own["item"] = depot.stock_items.create(sku="LAMP-0042", name="Lamp", class_="ambient")
        own["photo"] = depot.stock_items.upload_photo("LAMP-0042", file=b"\xff\xd8")
    silent = httpx.Client(transport=httpx.MockTransport(refused))
    cut_off = AcmePayments(token=TOKEN, base_url=urls["payments"], http_client=silent, max_retries=0)
    with pytest.raises(APIError) as lost:
        cut_off.charges.create(amount=7, currency="eur")
    own["lost"] = lost.value
    return own


@pytest.fixture
def names(
    urls: dict[str, str], subjects: dict[str, Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Found]]:
    """What the lines of the page speak of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lamp.jpg").write_bytes(b"\xff\xd8")
    own: dict[str, Found] = {**subjects, "folder": tmp_path}
    exec(IMPORTS, own)  # noqa: S102  # of the page
    own["aclient"] = AsyncAcmePayments(token=TOKEN, base_url=urls["payments"])
    with (
        AcmePayments(token=TOKEN, base_url=urls["payments"]) as own["client"],
        DepotWarehouse(base_url=urls["warehouse"], api_key="k") as own["depot"],
    ):
        yield own


def value_of(line: str, own: dict[str, Found]) -> Found:
    """What comes of a line."""
    code: CodeType = compile(line, "wants.md", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if not code.co_flags & inspect.CO_COROUTINE:
        return eval(code, own)  # noqa: S307  # of the page

    async def awaited() -> Found:
        async with own["aclient"]:
            return await eval(code, own)  # noqa: S307

    return asyncio.run(awaited())


def test_the_page_has_wants() -> None:
    """Each row of its tables is one, and none is checked that is not there."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| want |")]
    assert len(WANTS) == len(rows) > 60
    assert CHECKS.keys() <= WANTS.keys()


def is_client(found: Found, _own: dict[str, Found]) -> bool:
    """Whether a line made a client."""
    return isinstance(found, AcmePayments)


@pytest.mark.parametrize("want", WANTS)
def test_a_line_is_enough(want: str, names: dict[str, Found]) -> None:
    """What is wanted comes of it; a line that makes a client makes one."""
    found = value_of(WANTS[want], names)
    assert CHECKS.get(want, is_client)(found, names)


def test_every_line_is_typed(tmp_path: Path) -> None:
    """By mypy and pyright in strict mode, with the types that such values have in programs."""
    project = tmp_path / "wants"
    project.mkdir()
    arguments = ", ".join(f"{name}: {kind}" for name, kind in SUBJECTS.items())
    head = f"async def want({arguments}) -> None:\n    "
    lines = [f"{head.replace('want', f'want_{number}', 1)}{line}\n" for number, line in enumerate(WANTS.values())]
    source = "\n\n".join([IMPORTS + "from depot_warehouse import models as depot_models", *lines])
    (project / "wants.py").write_text(source, "utf-8")
    command = [*mypy_strict(), "wants.py"]
    checked(command, cwd=project, env={"MYPYPATH": paths()})
    settings = {
        "typeCheckingMode": "strict",
        "extraPaths": paths().split(os.pathsep),
        # Some lines are there to be looked at.
        "reportUnusedExpression": "none",
    }
    (project / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", "."]
    assert json.loads(checked(command, cwd=project))["summary"]["filesAnalyzed"] == 1
