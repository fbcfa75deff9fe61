"""Ten real documents of others: generated, imported, type-checked, and called through a lost answer."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from samekey.cli import app
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.emit import plan
from samekey.lower import lower
from samekey.names import assign
from typer.testing import CliRunner

from tests.corpus.dropping_server import DroppingServer
from tests.tools import checked, mypy_strict, pyright_strict

DOCUMENTS = (
    "paypal_checkout_orders_v2.json", "discord.json", "resend.yaml", "lithic.yaml", "recurly.yaml", "openfga.json",
    "twilio_api_v2010.json", "square_connect.json", "airflow_v2.yaml", "harbor.yaml",
)  # fmt: skip
each_document = pytest.mark.parametrize("document", DOCUMENTS)
each_checked_document = pytest.mark.parametrize(
    "document", ["paypal_checkout_orders_v2.json", "resend.yaml", "twilio_api_v2010.json", "harbor.yaml"]
)
"""Those to which type checkers and the SDK's own tests are put; `make corpus` checks the types of all of them."""


@pytest.fixture(scope="module")
def sdks(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> SdkFolder:
    """SDKs of the documents, each written once."""
    return SdkFolder(corpus / "real", tmp_path_factory.mktemp("sdks"))


class SdkFolder:
    """Writes an SDK when it is first asked for."""

    def __init__(self, documents: Path, target: Path) -> None:
        self.documents = documents
        self.target = target

    def of(self, document: str) -> Path:
        """The folder of a document's SDK."""
        folder = self.target / document
        if not folder.exists():
            done = CliRunner().invoke(
                app, ["generate", str(self.documents / document), "-o", str(folder), "--package", "sdk"]
            )
            assert done.exit_code == 0, done.output
        return folder


@each_document
def test_it_generates_whole(sdks: SdkFolder, document: str) -> None:
    """Exit 0, and every operation of the document is in api.md."""
    text = (sdks.of(document) / "api.md").read_text("utf-8")
    loaded = load(str(sdks.documents / document), Diagnostics())
    assert loaded is not None
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    paths = loaded.root.value
    assert isinstance(paths, dict)
    items = paths["paths"]
    assert isinstance(items, dict)
    count = sum(len(methods & item.keys()) for item in items.values() if isinstance(item, dict))
    rows = set(re.findall(r"^\| `client\.[^`]*` \| (`[^`]*`) \|", text, re.MULTILINE))
    assert len(rows) == count


@each_document
def test_everything_imports(sdks: SdkFolder, document: str) -> None:
    """Every module, every exported name, and a decoder for every model: nothing waits to fail at run time."""
    script = """
import importlib, pkgutil, msgspec, sdk, sdk.models
for found in pkgutil.walk_packages(sdk.__path__, "sdk."):
    importlib.import_module(found.name)
from sdk._runtime.codec.json import _decoder
for name in sdk.__all__:
    getattr(sdk, name)
for name in sdk.models.__all__:
    kind = getattr(sdk.models, name)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        _decoder(kind)
"""
    checked([sys.executable, "-W", "error", "-c", script], cwd=sdks.of(document))


@each_checked_document
def test_mypy_is_content(sdks: SdkFolder, document: str) -> None:
    """Mypy --strict finds nothing."""
    checked([*mypy_strict(), "."], cwd=sdks.of(document))


@each_checked_document
def test_pyright_is_content(sdks: SdkFolder, document: str, tmp_path: Path) -> None:
    """Pyright in strict mode finds nothing."""
    pyright_strict(sdks.of(document), tmp_path)


@each_checked_document
def test_the_sdks_own_tests_pass(sdks: SdkFolder, document: str) -> None:
    """The small suite that comes with the SDK passes."""
    checked(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=sdks.of(document)
    )


CALL = """
import json, sys
import sdk
client = getattr(sdk, sys.argv[1])(base_url=sys.argv[2], retry=sdk.RetryPolicy(initial_delay=0.01, max_delay=0.01))
response = eval("client." + sys.argv[3])
report = {"attempts": len(response.attempts), "key": response.idempotency_key, "certainty": response.certainty}
print(json.dumps(report))
"""


@each_document
@pytest.mark.parametrize("kind", ["read", "write"])
def test_a_call_survives_a_lost_answer(sdks: SdkFolder, document: str, kind: str) -> None:
    """The first answer is dropped; the second attempt is the same request, with the same key where it is keyed."""
    folder = sdks.of(document)
    loaded = load(str(sdks.documents / document), Diagnostics())
    assert loaded is not None
    api = lower(loaded)
    assert api is not None
    planned = plan(api, assign(api, Config(package="sdk")), Config(package="sdk"))
    example = planned.safe_example if kind == "read" else planned.keyed_example
    assert example is not None
    server = DroppingServer(str(example.answer).encode())
    call = f"{example.call}.detailed({example.arguments})"
    printed = checked([sys.executable, "-W", "error", "-c", CALL, planned.client.name, server.url, call], cwd=folder)
    message = json.loads(printed)
    server.shutdown()
    server.server_close()
    first, second = server.requests
    assert first == second
    assert message["attempts"] == 2
    assert message["certainty"] == "applied"
    assert (message["key"] is not None) is (kind == "write")
    if message["key"]:
        assert message["key"] in f"{first.headers}{first.body!r}{first.target}"
