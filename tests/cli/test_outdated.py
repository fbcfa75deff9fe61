"""`samekey outdated`: which samekey made an SDK, and what is known of its runtime."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from samekey.output.defects import RUNTIME_DEFECTS, RuntimeDefect
from samekey.output.provenance import provenances

from tests.cli.test_cli import PAYMENTS, run

OWN = version("samekey")


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """An SDK, made now."""
    assert run("generate", PAYMENTS, "-o", str(tmp_path / "sdk")).status == 0
    return tmp_path / "sdk"


def age(sdk: Path, made_by: str) -> None:
    """Make an SDK look as if an earlier samekey had made it, whose runtime was another."""
    init = sdk / "acme_payments" / "__init__.py"
    text = init.read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("__generator__"))
    init.write_text(text.replace(line, made_by), "utf-8")
    rules = sdk / "acme_payments" / "_runtime" / "retry" / "rules.py"
    rules.write_text(rules.read_text("utf-8") + "# old\n", "utf-8")


def test_a_new_sdk_has_no_known_defect(sdk: Path) -> None:
    """It has the runtime of this samekey, whatever the list says of this version."""
    found = run("outdated", str(sdk), str(sdk / "acme_payments"))
    assert found.status == 0
    assert found.stdout.count(f"made by samekey {OWN}; its runtime is the one of this samekey\n") == 2


@pytest.mark.parametrize("line", ['__generator__ = "samekey 0.0.9"', "__generator__ = 'samekey 0.0.9'", ""])
def test_an_old_runtime_is_told(sdk: Path, line: str) -> None:
    """Exit 1 and what is wrong with it, also where an SDK does not say who made it."""
    age(sdk, line)
    found = run("outdated", str(sdk))
    assert found.status == 1
    assert all(defect.id in found.stdout for defect in RUNTIME_DEFECTS)
    assert ("samekey 0.0.9" if line else "does not say its version") in found.stdout
    [entry] = json.loads(run("outdated", str(sdk), "--json").stdout)
    assert (entry["package"], entry["is_current"], len(entry["defects"])) == (
        "acme_payments",
        False,
        len(RUNTIME_DEFECTS),
    )


def test_defects_are_told_by_their_version(sdk: Path) -> None:
    """What was mended before an SDK was made is not told of it, though its runtime is not the newest."""
    age(sdk, '__generator__ = "samekey 1.10.0"')
    defects = tuple(RuntimeDefect(name, name, "") for name in ("1.2.0", "1.10.0", "1.10.1", "2.0.0"))
    [found] = provenances(sdk, defects)
    assert [defect.id for defect in found.defects] == ["1.10.1", "2.0.0"]


def test_what_an_sdk_says_is_only_shown(sdk: Path) -> None:
    """A package is read, never run, and drives no terminal."""
    age(sdk, '__generator__ = "samekey \x1b[31m"\nraise SystemExit("run")')
    assert "\x1b[31m" not in run("outdated", str(sdk)).stdout


@pytest.mark.parametrize(
    ("place", "message"), [("nope", "no such file"), ("file", "not a directory"), ("empty", "holds no SDK")]
)
def test_what_is_no_sdk_is_said(tmp_path: Path, place: str, message: str) -> None:
    """Exit 2."""
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "empty" / "other").mkdir(parents=True)
    (tmp_path / "empty" / "other" / "__init__.py").write_text("", "utf-8")
    found = run("outdated", str(tmp_path / place))
    assert (found.status, message in " ".join(found.stderr.replace("│", " ").split())) == (2, True)


def test_ids_of_defects_are_their_own() -> None:
    """Each defect has a name, a version and words."""
    assert len({defect.id for defect in RUNTIME_DEFECTS}) == len(RUNTIME_DEFECTS)
    assert all(defect.about and not defect.about.endswith(".") for defect in RUNTIME_DEFECTS)
