"""The session: from a document to a release, a change, and the next release."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samekey.diff import SURFACE, Surface, read_surface
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.sandbox.serving import running

from tests.tools import checked
from tests.week.changes import Change, Document, changed, picked
from tests.week.index import Environment, publish
from tests.week.program import Ended, Program, function_of, refused_lines, run, written

CONFIG = "samekey.yaml"
SDK = "sdk"
FIRST = "1.0.0"
OWN_LINE = "- We have moved to a quieter office, and answer the telephone again."
OWN_WORDS = "- The call that nobody made is gone"
_WHO = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
_SHOWN = 12


@dataclass
class Session:
    """A week with one API.

    Args:
        folder: an empty folder, the owner's repository.
        index: the URL of a package index.
        shares: whether environments take what an SDK depends on from that of these tests.
        say: is told what is done.
        seconds: what each step took, by its name.
    """

    folder: Path
    index: str
    shares: bool = True
    say: Callable[[str], None] = lambda _: None
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Measure a step."""
        began = time.monotonic()
        self.say(f"\n## {name}")
        yield
        self.seconds[name] = time.monotonic() - began

    def samekey(self, *words: str, status: int = 0) -> str:
        """Run samekey as its users do, and return what it prints."""
        self.say(f"$ samekey {' '.join(words)}")
        done = subprocess.run(
            [sys.executable, "-m", "samekey", *words], cwd=self.folder, capture_output=True, text=True, check=False,
            env={**os.environ, "SAMEKEY_CACHE": ""}, timeout=600,
        )  # fmt: skip
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        assert "Traceback" not in done.stderr
        for line in done.stdout.splitlines()[:_SHOWN]:
            self.say(f"  {line}")
        return done.stdout

    def git(self, *words: str) -> None:
        """Run git, as somebody."""
        self.say(f"$ git {' '.join(words)}")
        checked(["git", *words], cwd=self.folder, env=_WHO)

    @property
    def surface(self) -> Surface:
        """What users see of the SDK as it lies there."""
        return read_surface((self.folder / SDK / SURFACE).read_bytes())


@dataclass(frozen=True)
class Told:
    """What a week has shown.

    Args:
        report: what `samekey diff --report report.json` wrote.
        expected: what the owner had changed.
        program: the program of a user.
        refused: the lines that type checkers refuse, before and after.
        ended: how it ran, before and after.
        changelog: the owner's changelog.
        versions: what was installed, one after the other.
    """

    report: dict[str, Any]
    expected: tuple[Change, ...]
    program: Program
    refused: tuple[set[int], set[int]]
    ended: tuple[Ended, Ended]
    changelog: str
    versions: tuple[str, str]

    @property
    def broken_subjects(self) -> set[str]:
        """What the report says that breaks programs."""
        return {change["subject"] for change in self.report["changes"] if change["breaks"]}

    @property
    def expected_lines(self) -> set[int]:
        """The lines of the program that must break, by the report."""
        return {line for line, subject in self.program.uses.items() if subject in self.broken_subjects}


def week(spec: Path, at: Session) -> Told:
    """Go through a week with a document."""
    document = _plain(spec)
    name = f"openapi{spec.suffix}"
    (at.folder / name).write_bytes(spec.read_bytes())
    first = _first_release(name, at)
    with at.step("a user installs it"):
        user = Environment(at.folder.parent / f"{at.folder.name}-user", shares=at.shares)
        user.install(f"{first.distribution}=={FIRST}", at.index)
    with at.step("and writes a program of its snippets"):
        at.samekey("snippets", name, "-o", SDK, "--config", CONFIG, "--to", "snippets")
        path = user.python.parent.parent / "program.py"
        path.write_text(written(at.folder / "snippets", first).text, "utf-8")
        failures = _ran(path, user, first, at.folder / name).failures
        what = picked(document, first, {call for call in first.calls if function_of(call) not in failures})
        program = written(at.folder / "snippets", first, what.field)
        path.write_text(program.text, "utf-8")
    with at.step("it is type-checked and run"):
        refused, ended = refused_lines(path, user.python), _ran(path, user, first, at.folder / name)
        at.say(
            f"  {len(program.functions)} functions, {len(ended.failures)} of which the sandbox answers with an error"
        )
    old_version = _installed(user, first)
    with at.step("the document changes"):
        new, expected = changed(document, first, what)
        (at.folder / name).write_text(json.dumps(new, indent=2), "utf-8")
        for change in expected:
            at.say(f"  {change.about}")
    report = _told(name, at)
    changelog = _next_release(name, report["needed"], at)
    with at.step("the user updates"):
        user.install(first.distribution, at.index)
        new_version = _installed(user, first)
    with at.step("the program is type-checked and run again"):
        after = refused_lines(path, user.python), _ran(path, user, first, at.folder / name)
    told = Told(
        report, expected, program, (refused, after[0]), (ended, after[1]), changelog, (old_version, new_version)
    )
    for line in sorted(told.expected_lines):
        at.say(f"  line {line} breaks: {program.text.splitlines()[line - 1].strip()}")
    return told


def _plain(spec: Path) -> Document:
    document = load(str(spec), Diagnostics())
    assert document is not None
    value: Document = json.loads(json.dumps(document.node.value))
    return value


def _first_release(name: str, at: Session) -> Surface:
    at.git("init", "-q", "-b", "main")
    with at.step("init"):
        at.samekey("init", name, "--yes", "-o", SDK)
    with at.step("the first version is set, and the SDK generated"):
        _set_version(at.folder / CONFIG, FIRST)
        at.samekey("generate", name, "-o", SDK, "--config", CONFIG)
    with at.step("nothing is left to do"):
        at.samekey("generate", name, "-o", SDK, "--config", CONFIG, "--check")
    _release(FIRST, at)
    return at.surface


def _release(version: str, at: Session) -> None:
    """Build what lies in the SDK's folder, look at it as an index does, publish it, and tag it."""
    dist = at.folder.parent / f"{at.folder.name}-{version}"
    with at.step(f"{version} is built"):
        checked([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(at.folder / SDK)])
        archives = sorted(dist.iterdir())
        at.say(f"  {', '.join(archive.name for archive in archives)}")
        assert len(archives) == 2
    with at.step(f"{version} is looked at as an index does"):
        command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, archives)]
        assert checked(command).count("PASSED") == len(archives)
        checked(
            [sys.executable, "-m", "check_wheel_contents", *(str(file) for file in archives if file.suffix == ".whl")]
        )
    with at.step(f"{version} is published"):
        publish(archives, at.index)
    at.git("add", name_of(at), CONFIG, SDK)
    at.git("commit", "-q", "-m", f"release {version}")
    at.git("tag", f"v{version}")


def name_of(at: Session) -> str:
    """The document's name in the repository."""
    [path] = at.folder.glob("openapi.*")
    return path.name


def _told(name: str, at: Session) -> dict[str, Any]:
    """Compare as in a pull request, and return the report for programs."""
    pair = (f"v{FIRST}:{name}", name, "--config", CONFIG)
    with at.step("diff"):
        text = at.samekey("diff", *pair, "--report", "report.md", "--report", "report.json")
    with at.step("gates close"):
        at.samekey("diff", *pair, "--fail-on", "breaking", status=1)
        at.samekey("diff", f"v{FIRST}:{SDK}", name, "--config", CONFIG, "--fail-on", "version", status=1)
        check = at.samekey("generate", name, "-o", SDK, "--config", CONFIG, "--check", status=1)
    report: dict[str, Any] = json.loads((at.folder / "report.json").read_text("utf-8"))
    markdown = (at.folder / "report.md").read_text("utf-8")
    for change in report["changes"]:
        for where in (text, check, markdown):
            assert change["message"] in where or "more: `samekey diff` shows all" in where, (change, where)
    return report


def _next_release(name: str, version: str, at: Session) -> str:
    with at.step("the next version is set, and the SDK generated"):
        _set_version(at.folder / CONFIG, version)
        at.samekey("generate", name, "-o", SDK, "--config", CONFIG)
    with at.step("the changelog is written, and again after the owner has changed it"):
        pair = ("diff", f"v{FIRST}:{SDK}", SDK, "--changelog", f"{SDK}/CHANGELOG.md")
        at.samekey(*pair)
        file = at.folder / SDK / "CHANGELOG.md"
        file.write_text(_edited(file.read_text("utf-8")), "utf-8")
        edited = file.read_text("utf-8")
        at.samekey(*pair, "--fail-on", "version")
        assert file.read_text("utf-8") == edited
    _release(version, at)
    return edited


def _edited(changelog: str) -> str:
    """A changelog with a line of the owner's, and a line of samekey's in the owner's words."""
    line = re.compile(r"^- `[^`]+` is gone", re.MULTILINE)
    assert line.search(changelog), changelog
    return line.sub(OWN_WORDS, f"{changelog.rstrip()}\n{OWN_LINE}\n", count=1)


def _set_version(config: Path, version: str) -> None:
    text = config.read_text("utf-8")
    found, count = re.subn(r"^(# )?version: .*$", f'version: "{version}"', text, count=1, flags=re.MULTILINE)
    config.write_text(found if count else f'{text}version: "{version}"\n', "utf-8")


def _ran(program: Path, user: Environment, surface: Surface, document: Path) -> Ended:
    with running(str(document)) as sandbox:
        return run(program, user.python, surface, sandbox.url)


def _installed(user: Environment, surface: Surface) -> str:
    ask = f"import importlib.metadata as m; print(m.version({surface.distribution!r}))"
    return checked([str(user.python), "-c", ask]).strip()
