"""The committed SDKs: they are what would be written now, they run, and both type checkers agree with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.names import LOCKFILE, load_lockfile
from samekey.pipeline import Generated, generate

from tests.tools import checked, mypy_strict, pyright_strict

SDKS = ("payments", "warehouse")


def spec_of(root: Path, sdk: str) -> Path:
    """The one document of a folder under specs/."""
    return next((root / "specs" / sdk).glob("openapi.*"))


def generated(root: Path, sdk: str) -> Generated:
    """The SDK as it would be written now."""
    document = load(str(spec_of(root, sdk)), Diagnostics())
    assert document is not None
    lockfile = load_lockfile(root / "generated" / sdk / LOCKFILE, document.diagnostics)
    assert lockfile is not None
    result = generate(document, Config(), lockfile=lockfile)
    assert result is not None
    return result


@pytest.mark.parametrize("sdk", SDKS)
def test_the_committed_sdk_is_what_would_be_written(root: Path, sdk: str) -> None:
    """Whoever changes the output commits it: the goldens never lag behind."""
    folder = root / "generated" / sdk
    expected = generated(root, sdk).files
    committed = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache", ".mypy_cache"} & set(path.parts)
    }
    assert sorted(committed) == sorted(expected)
    different = [path for path in expected if committed[path] != expected[path]]
    assert not different, f"run `make generated`: {different} differ"


@pytest.mark.parametrize("sdk", SDKS)
def test_the_same_document_gives_the_same_bytes(root: Path, sdk: str) -> None:
    """Output is deterministic, whatever the hash seed of the process is."""
    script = (
        "import sys, hashlib\n"
        "from samekey.config.file import Config\n"
        "from samekey.document.diagnostics import Diagnostics\n"
        "from samekey.document.node import load\n"
        "from samekey.pipeline import generate\n"
        "result = generate(load(sys.argv[1], Diagnostics()), Config())\n"
        "print(hashlib.sha256(repr(sorted(result.files.items())).encode()).hexdigest())\n"
    )
    digests = {
        checked([sys.executable, "-c", script, str(spec_of(root, sdk))], env={"PYTHONHASHSEED": seed})
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("sdk", SDKS)
def test_the_sdks_own_tests_pass(root: Path, sdk: str) -> None:
    """The small suite that a provider gets with the SDK passes, with warnings as errors."""
    checked(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=root / "generated" / sdk,
    )


@pytest.mark.parametrize("sdk", SDKS)
def test_mypy_is_content(root: Path, sdk: str) -> None:
    """Everything generated passes mypy in strict mode, the SDK's tests included."""
    checked([*mypy_strict(), "."], cwd=root / "generated" / sdk)


@pytest.mark.parametrize("sdk", SDKS)
def test_pyright_is_content(root: Path, sdk: str, tmp_path: Path) -> None:
    """Everything generated passes pyright in strict mode, the SDK's tests and the runtime included."""
    pyright_strict(root / "generated" / sdk, tmp_path, with_runtime=sdk == "payments")


def test_importing_an_sdk_imports_no_http_library(root: Path) -> None:
    """`import acme_payments` is cheap: httpx and the models come when they are first used."""
    script = (
        "import sys, acme_payments; print(sorted({'httpx', 'msgspec', 'acme_payments._client'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root / "generated" / "payments", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
