"""The bank's SDK, generated once per run, and what all cells share."""

from __future__ import annotations

import importlib
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.canary.looking import Traced
from tests.canary.matrix import CALL_STYLES, Findings, Room, cells, run_cell
from tests.tools import write_files

EVERYTHING = os.environ.get("SAMEKEY_CANARY") == "everything"
"""Whether every client meets every failure in every call style, which takes some minutes."""


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The SDK, and a folder for what it writes."""
    diagnostics = Diagnostics()
    document = load(str(Path(__file__).parent / "bank.yaml"), diagnostics)
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    folder = tmp_path_factory.mktemp("bank")
    write_files(result.files, folder)
    sys.path.insert(0, str(folder))
    try:
        sdk = importlib.import_module("canary_bank")
        telemetry = importlib.import_module("canary_bank._runtime.telemetry")
    finally:
        sys.path.remove(str(folder))
    made = Room(sdk, folder, Traced(telemetry), _context(tmp_path_factory), tmp_path_factory.mktemp("written"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def found(room: Room) -> Findings:
    """What all cells found."""
    findings = Findings()
    for style in CALL_STYLES:
        for kit, failure in cells(style, everything=EVERYTHING):
            run_cell(room, findings, kit, failure, style)
    return findings


def _context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return a server's context with a certificate of its own, which nobody trusts."""
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


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches a client: no proxy and no certificates."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CANARY_BANK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
