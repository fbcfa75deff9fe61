"""The wheel and the sdist, installed somewhere else, generate an SDK that can itself be installed and used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from ruff import find_ruff_bin  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

from tests.release import problems
from tests.tools import checked


@pytest.fixture(scope="module")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, so that building leaves nothing in the checkout."""
    target = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],  # noqa: S607
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target / name)
    return target


def build(source: Path, kind: str) -> Path:
    """Build with the backend itself; building isolated would install the backend again."""
    script = f"import hatchling.build as b; print(b.build_{kind}('dist'))"
    name = checked([sys.executable, "-c", script], cwd=source).split()[-1]
    return source / "dist" / name


def environment(folder: Path) -> Path:
    """A virtual environment that sees this one's dependencies, but not the checkout."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(checked([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())
    here = Path(checked([sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())
    for entry in here.iterdir():
        if "samekey" not in entry.name.lower() and not entry.name.endswith(".pth"):
            (site / entry.name).symlink_to(entry)
    (folder / "bin" / "ruff").symlink_to(find_ruff_bin())
    return python


def install(python: Path, package: Path) -> None:
    """Install without dependencies: they are there."""
    checked(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--disable-pip-version-check", str(package)]
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_it_works_installed_elsewhere(kind: str, source: Path, root: Path, tmp_path: Path) -> None:
    """Templates and runtime travel with the package; the SDK that comes out installs and imports."""
    python = environment(tmp_path / "env")
    install(python, build(source, kind))
    spec = root / "specs" / "payments" / "openapi.yaml"
    clean = {"PYTHONPATH": "", "PATH": os.environ["PATH"]}
    checked([str(python), "-m", "samekey", "generate", str(spec), "-o", str(tmp_path / "sdk")], cwd=tmp_path, env=clean)
    where = checked([str(python), "-c", "import samekey; print(samekey.__file__)"], cwd=tmp_path, env=clean)
    assert str(tmp_path) in where
    install(python, tmp_path / "sdk")
    script = "import acme_payments as a; print(a.__file__, a.AcmePayments(base_url='http://x').charges.create)"
    assert str(tmp_path / "env") in checked([str(python), "-c", script], cwd=tmp_path, env=clean)


def test_the_wheel_holds_what_it_needs_and_nothing_else(source: Path) -> None:
    """Two packages with their templates; no tests, no documents."""
    names = zipfile.ZipFile(build(source, "wheel")).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"samekey", "samekey_templates"}
    assert "samekey_templates/client/resource.py.jinja" in names
    assert "samekey_templates/runtime/retry/rules.py" in names


def test_a_release_is_looked_at(source: Path) -> None:
    """What is built has its licence and its pages; a tag of another version is refused."""
    build(source, "wheel")
    build(source, "sdist")
    assert list(problems(dist=source / "dist")) == []
    assert any("is not the version" in problem for problem in problems("v0.0.0", source / "dist"))
    (source / "dist").rename(source / "elsewhere")
    assert any("0 wheels" in problem for problem in problems(dist=source / "dist"))
    (source / "elsewhere").rename(source / "dist")


@pytest.mark.parametrize("licence", ["", "MIT", "LicenseRef-Acme", "MPL-2.0 OR ISC"])
def test_an_sdk_is_fit_for_an_index(licence: str, root: Path, tmp_path: Path) -> None:
    """It builds, and the tools by which people look at what they publish have nothing to say."""
    (tmp_path / "samekey.yaml").write_text(f"project: {{license: {licence}}}\n" if licence else "{}", "utf-8")
    spec = root / "specs" / "warehouse" / "openapi.json"
    sdk = tmp_path / "sdk"
    generate = [sys.executable, "-m", "samekey", "generate", str(spec), "-o", str(sdk)]
    checked([*generate, "--config", str(tmp_path / "samekey.yaml")])
    checked([sys.executable, "-m", "build", "--no-isolation", str(sdk)])
    archives = sorted(map(str, (sdk / "dist").iterdir()))
    assert len(archives) == 2
    assert checked([sys.executable, "-m", "twine", "check", "--strict", *archives]).count("PASSED") == 2
    checked([sys.executable, "-m", "check_wheel_contents", *(name for name in archives if name.endswith(".whl"))])
