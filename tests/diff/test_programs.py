"""A program written against an old SDK breaks in the new one where the report says, and there alone."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from samekey.config.file import Config, read_config
from samekey.diff import ChangeKind, report_changes
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.names import EMPTY, LOCKFILE, Lockfile, read_lockfile
from samekey.pipeline import Generated, generate

from tests.diff.cases import CASES, Case
from tests.diff.shop_server import ShopServer
from tests.tools import without_cache, write_files

HERE = Path(__file__).parent
USUAL = ("package: shop", "client: Shop", "distribution: shop")
RUNTIME = "shop_runtime"
WITHOUT_PROGRAM = frozenset({
    ChangeKind.DISTRIBUTION_RENAMED, ChangeKind.PYTHON_RAISED, ChangeKind.UNION_REFINED, ChangeKind.WEBHOOK_REFINED,
})  # fmt: skip
"""Kinds that no program of the shop shows; `test_report.py` has them."""
MARK = re.compile(r"# breaks( types| run)?$")


def edited(text: str, edits: tuple[tuple[str, str], ...]) -> str:
    """A text with others in it; each of those must have been there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def made(text: str, config: Config, lockfile: Lockfile = EMPTY) -> Generated:
    """The SDK of a document."""
    document = load("shop.yaml", Diagnostics(), lambda _: text.encode())
    assert document is not None
    result = generate(document, config, lockfile=lockfile)
    assert result is not None
    assert not document.diagnostics.failed, list(document.diagnostics)
    return result


def configured(text: str) -> Config:
    """A config in YAML."""
    document = load("samekey.yaml", Diagnostics(), lambda _: text.encode())
    assert document is not None
    config = read_config(document.node)
    assert not document.diagnostics.failed, list(document.diagnostics)
    return config


def names_of(result: Generated, edits: tuple[tuple[str, str], ...]) -> Lockfile:
    """The names that an SDK has given, with some of them changed."""
    text = edited(result.files[LOCKFILE], edits)
    document = load(LOCKFILE, Diagnostics(), lambda _: text.encode())
    assert document is not None
    return read_lockfile(document.node)


@dataclass(frozen=True)
class Made:
    """The two SDKs of a case: the documents behind them, and what `samekey` makes of these."""

    old_text: str
    new_text: str
    old: Generated
    new: Generated


def pair(one: Case) -> Made:
    """The SDKs of a case: the new one is made where the old one was, so that names are kept."""
    shop = (HERE / "shop.yaml").read_text("utf-8")
    before = edited(shop, one.before)
    after = edited(before, one.edits)
    old = made(before, Config(package="shop", client="Shop"))
    config = configured("\n".join([*(line for line in USUAL if line.split()[0] not in one.config), one.config]))
    return Made(before, after, old, made(after, config, names_of(old, one.names)))


@pytest.fixture(scope="module")
def pairs() -> dict[str, Made]:
    """The SDKs of all cases."""
    return {name: pair(one) for name, one in CASES.items()}


def slug(name: str) -> str:
    """A name as a part of a module's."""
    return name.replace(" ", "_")


def package_files(result: Generated, name: str) -> Iterator[tuple[str, str]]:
    """The modules of an SDK under another package's name; all share one runtime, which is the same in each."""
    for path, text in result.files.items():
        inside = path.removeprefix(f"{result.package}/")
        if inside != path and path.endswith(".py") and not inside.startswith("_runtime/"):
            shared = re.sub(r"(from |\")\.+_runtime", rf"\1{RUNTIME}", text)
            yield f"{name}/{inside}", shared


def runtime_files(result: Generated) -> Iterator[tuple[str, str]]:
    """The runtime of an SDK as a package of its own."""
    for path, text in result.files.items():
        inside = path.removeprefix(f"{result.package}/_runtime/")
        if inside != path:
            yield f"{RUNTIME}/{inside}", text


@pytest.fixture(scope="module")
def folder(pairs: Mapping[str, Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All SDKs, and each program twice: for the old SDK, and the same for the new one."""
    target = tmp_path_factory.mktemp("programs")
    files: dict[str, str] = {}
    for name, one in pairs.items():
        files |= dict(runtime_files(one.new)) if not files else {}
        case = CASES[name]
        old = f"old_{slug(name)}" if case.before else "old"
        files |= dict(package_files(one.old, old))
        new = "new" if one.new.package == one.old.package else "other"
        files |= dict(package_files(one.new, f"{new}_{slug(name)}"))
        files[f"before_{slug(name)}.py"] = case.text(old)
        files[f"after_{slug(name)}.py"] = case.text(f"new_{slug(name)}")
    files |= {f"{path.split('/')[0]}/py.typed": "" for path in list(files) if "/" in path}
    write_files(files, target)
    return target


def programs(folder: Path) -> list[str]:
    """The files of all programs."""
    return sorted(path.name for path in folder.glob("*.py"))


@pytest.fixture(scope="module")
def seen_by_mypy(folder: Path) -> dict[str, set[int]]:
    """The lines at which mypy finds errors, by program."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent",
               "--config-file=", "--hide-error-context", *without_cache(), *programs(folder)]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found: dict[str, set[int]] = {}
    for file, line in re.findall(r"^(\w+\.py):(\d+): error:", done.stdout, re.MULTILINE):
        found.setdefault(file, set()).add(int(line))
    return found


@pytest.fixture(scope="module")
def seen_by_pyright(folder: Path) -> dict[str, set[int]]:
    """The lines at which pyright finds errors, by program."""
    settings = {"typeCheckingMode": "standard", "include": programs(folder), "extraPaths": ["."]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(programs(folder))
    found: dict[str, set[int]] = {}
    for entry in report["generalDiagnostics"]:
        if entry["severity"] == "error":
            found.setdefault(Path(entry["file"]).name, set()).add(entry["range"]["start"]["line"] + 1)
    return found


def marked(text: str, how: str) -> set[int]:
    """The lines of a program that break: at their types, or when they run."""
    lines = enumerate(text.splitlines(), 1)
    return {number for number, line in lines if (found := MARK.search(line)) and (found[1] or f" {how}") == f" {how}"}


def failing_line(module: str, folder: Path, document: str, sdk: str) -> int | None:
    """Run a program; the line at which it fails, or None."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(folder), *sys.path])
        path = folder / f"{module}.py"
        try:
            program = importlib.import_module(module).program
            program(client_of(sdk, document))
        except Exception as error:  # noqa: BLE001  # whatever breaks it
            frames = traceback.extract_tb(error.__traceback__)
            return next((frame.lineno for frame in frames if Path(frame.filename) == path), 0)
    return None


def client_of(sdk: str, document: str) -> object:
    """A client of the shop, with a server that keeps to its document."""
    try:
        package = importlib.import_module(sdk)
    except ImportError:
        return None
    make = getattr(package, "Shop", None)
    if make is None:
        return None
    transport = httpx.MockTransport(ShopServer(yaml.safe_load(document)))
    retry = package.RetryPolicy(initial_delay=0.001, max_delay=0.001)
    client = httpx.Client(transport=transport, headers={} if "required" in sdk else {"Authorization": "Bearer t"})
    return make(http_client=client, retry=retry, base_url="https://api.shop.example")


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_told(name: str, pairs: Mapping[str, Made]) -> None:
    """Each change of a document is told as what it is to users, and nothing else is."""
    one = pairs[name]
    report = report_changes(one.old.surface, one.new.surface)
    assert {change.kind for change in report.changes} == CASES[name].kinds, [
        change.sentence for change in report.changes
    ]
    program = CASES[name].text("shop")
    assert bool(report.breaking) == bool(marked(program, "types") | marked(program, "run"))


@pytest.mark.parametrize("name", CASES)
def test_type_checkers_see_it(
    name: str, seen_by_mypy: Mapping[str, set[int]], seen_by_pyright: Mapping[str, set[int]]
) -> None:
    """A program fits the old SDK, and fits the new one but at the lines that break."""
    for seen in (seen_by_mypy, seen_by_pyright):
        assert seen.get(f"before_{slug(name)}.py", set()) == set()
        assert seen.get(f"after_{slug(name)}.py", set()) == marked(CASES[name].text("shop"), "types")


@pytest.mark.parametrize("name", CASES)
def test_programs_fail_where_it_is_said(name: str, pairs: Mapping[str, Made], folder: Path) -> None:
    """A program runs with the old SDK, and with the new one as far as the first line that breaks."""
    one, old = pairs[name], f"old_{slug(name)}" if CASES[name].before else "old"
    assert failing_line(f"before_{slug(name)}", folder, one.old_text, old) is None
    expected = min(marked(CASES[name].text("shop"), "run"), default=None)
    assert failing_line(f"after_{slug(name)}", folder, one.new_text, f"new_{slug(name)}") == expected


def test_each_kind_of_change_has_a_program() -> None:
    """No kind of change is told without a program that shows it."""
    assert {kind for one in CASES.values() for kind in one.kinds} == set(ChangeKind) - WITHOUT_PROGRAM
