"""The studio's SDK, generated once per run, and every way to call it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import write_files

from .call_styles import CALL_STYLES, CallStyle

SPEC = Path(__file__).parents[2] / "specs" / "studio" / "openapi.yaml"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK of the studio, as it is written."""
    diagnostics = Diagnostics()
    document = load(str(SPEC), diagnostics)
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    assert not list(diagnostics)
    folder = tmp_path_factory.mktemp("studio")
    write_files(result.files, folder)
    return folder


@pytest.fixture(scope="session")
def studio(project: Path) -> Any:  # noqa: ANN401  # it is generated while the tests run
    """The package, imported."""
    sys.path.insert(0, str(project))
    try:
        return importlib.import_module("loom_studio")
    finally:
        sys.path.remove(str(project))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's environment reaches a client: no proxy, no token, no base URL."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "LOOM_STUDIO_TOKEN", "LOOM_STUDIO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(params=list(CALL_STYLES))
def call_style(request: pytest.FixtureRequest) -> CallStyle:
    """Every way to call the SDK."""
    return CALL_STYLES[request.param]
