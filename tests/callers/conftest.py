"""What tests of application code have at hand: a kennel's SDK, made once per run, and clients that are answered."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from acme_payments import AcmePayments, AsyncAcmePayments, RetryPolicy
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import write_files

Found: TypeAlias = Any
"""What is looked at by tools that know no types."""
URL = "https://payments.test/v1"
CHARGE = {
    "id": "ch_1", "object": "charge", "amount": 1, "amount_refunded": 0, "currency": "eur", "status": "succeeded",
    "payment_method": {"type": "card", "brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2029},
    "metadata": {}, "created_at": "2026-11-03T09:14:22Z", "updated_at": "2026-11-03T09:14:22Z",
}  # fmt: skip


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK of the kennel, as it is written."""
    diagnostics = Diagnostics()
    document = load(str(Path(__file__).parent / "kennel.yaml"), diagnostics)
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    folder = tmp_path_factory.mktemp("kennel")
    write_files(result.files, folder)
    return folder


@pytest.fixture(scope="session")
def kennel(project: Path) -> Iterator[Found]:
    """The package, imported."""
    sys.path.insert(0, str(project))
    importlib.import_module("kennel.models")
    yield importlib.import_module("kennel")
    sys.path.remove(str(project))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches a client: no proxy, no token, no base URL."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "ACME_PAYMENTS_TOKEN", "ACME_PAYMENTS_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def charged(_request: httpx.Request) -> httpx.Response:
    """Answer every request with a charge."""
    return httpx.Response(201, json=CHARGE)


def made(answer: Callable[[httpx.Request], httpx.Response] = charged) -> AcmePayments:
    """A client whose requests a function answers."""
    connection = httpx.Client(transport=httpx.MockTransport(answer))
    return AcmePayments(token="any", base_url=URL, retry=RetryPolicy(initial_delay=0), http_client=connection)  # noqa: S106


def made_async(answer: Callable[[httpx.Request], httpx.Response] = charged) -> AsyncAcmePayments:
    """An async client whose requests a function answers."""
    connection = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return AsyncAcmePayments(token="any", base_url=URL, retry=RetryPolicy(initial_delay=0), http_client=connection)  # noqa: S106


@pytest.fixture
def client() -> AcmePayments:
    """A client that is told of a charge, whatever it asks."""
    return made()


@pytest.fixture
def aclient() -> AsyncAcmePayments:
    """The same, async."""
    return made_async()
