"""A server for each test, and every way to call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .call_styles import CALL_STYLES, CallStyle
from .fault_server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches a client: no proxy, no token, no base URL."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("ACME_PAYMENTS_TOKEN", "ACME_PAYMENTS_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A payments server that fails on command."""
    with FaultServer() as running:
        yield running
    assert not running.broken


@pytest.fixture(params=list(CALL_STYLES))
def call_style(request: pytest.FixtureRequest) -> CallStyle:
    """Every way to call the SDK."""
    return CALL_STYLES[request.param]
