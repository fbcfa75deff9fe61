"""The corner shop's SDK, generated once per run, and its server."""

from __future__ import annotations

import importlib
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import write_files
from tests.truth.server import Shop


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK of the corner shop, as it is written."""
    diagnostics = Diagnostics()
    document = load(str(Path(__file__).parent / "orders.yaml"), diagnostics)
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    folder = tmp_path_factory.mktemp("shop")
    write_files(result.files, folder)
    return folder


@pytest.fixture(scope="session")
def sdk(project: Path) -> Any:  # noqa: ANN401  # it is generated while the tests run
    """The package, imported."""
    sys.path.insert(0, str(project))
    try:
        return importlib.import_module("corner_shop")
    finally:
        sys.path.remove(str(project))


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate of its own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A fresh server."""
    with Shop() as running:
        yield running


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches a client: no proxy, no token, no base URL."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CORNER_SHOP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
