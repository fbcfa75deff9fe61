"""What carries samekey and SDKs elsewhere: workflows of an SDK, the GitHub Action, and hooks of pre-commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_cli import PAYMENTS, SMALL, run
from tests.tools import checked

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """An SDK with workflows."""
    (tmp_path / "samekey.yaml").write_text("ci: github\n", "utf-8")
    assert generated(tmp_path, "--config", str(tmp_path / "samekey.yaml")).status == 0
    return tmp_path / "sdk"


def generated(folder: Path, *more: str) -> Any:  # noqa: ANN401  # the outcome of a run
    """Run `generate` for a folder."""
    return run("generate", PAYMENTS, "-o", str(folder / "sdk"), *more)


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_workflows_of_an_sdk_are_valid(sdk: Path, schema: str) -> None:
    """By the schemas that check-jsonschema ships."""
    files = sorted((sdk / ".github" / "workflows").glob("*.yml"))
    assert [file.name for file in files] == ["release.yml", "test.yml"]
    checked([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)])


def test_workflows_ask_for_no_more_than_they_need(sdk: Path) -> None:
    """Rights are given to single jobs, tests run on every Python that is supported, and no token is named."""
    flows = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in (sdk / ".github/workflows").glob("*.yml")}
    assert all(flow["permissions"] == {"contents": "read"} for flow in flows.values())
    assert flows["release"]["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert flows["test"]["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert all("secrets." not in file.read_text("utf-8") for file in (sdk / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize(("tag", "status"), [("v2026.11.1", 0), ("v2026.11.2", 1), ("2026.11.1", 1)])
def test_a_tag_is_the_version_or_nothing_is_published(sdk: Path, tag: str, status: int) -> None:
    """The script of the workflow, run."""
    flow = yaml.safe_load((sdk / ".github/workflows/release.yml").read_text("utf-8"))
    [script] = [step["run"] for step in flow["jobs"]["build"]["steps"] if step.get("shell") == "python"]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=sdk, env={**os.environ, "GITHUB_REF_NAME": tag}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == status
    assert status == 0 or "the version of pyproject.toml" in done.stderr


def test_workflows_go_when_they_are_no_longer_asked_for(sdk: Path) -> None:
    """Ours go, with their folder; those of the owner stay, also one that was taken over."""
    own = sdk / ".github" / "workflows" / "mine.yml"
    own.write_text("name: mine\n", "utf-8")
    taken = sdk / ".github" / "workflows" / "test.yml"
    taken.write_text("name: taken over\n", "utf-8")
    kept = generated(sdk.parent, "--config", str(sdk.parent / "samekey.yaml"))
    assert "test.yml was taken over by hand" in kept.stderr
    assert generated(sdk.parent).status == 0
    assert sorted(path.name for path in (sdk / ".github" / "workflows").iterdir()) == ["mine.yml", "test.yml"]
    assert taken.read_text("utf-8") == "name: taken over\n"


def test_the_action_is_valid() -> None:
    """By the schema that check-jsonschema ships; no input stands in a script, where it would be run."""
    checked([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION)])
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in which the document has changed since the main branch, and a place for what a step writes."""
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for name, value in who.items():
        monkeypatch.setenv(name, value)
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "my api.yaml").write_text(SMALL, "utf-8")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "first")):
        checked(["git", *words], cwd=origin)
    checked(["git", "clone", "-q", str(origin), "clone"], cwd=tmp_path)
    clone = tmp_path / "clone"
    (clone / "my api.yaml").write_text(SMALL.replace("    post:", "    put:"), "utf-8")
    return clone


def step(checkout: Path, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step of the action as GitHub does, with its inputs as variables of the environment."""
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    [found] = [entry for entry in action["runs"]["steps"] if entry.get("name") == name]
    usual = {key: entry.get("default", "") for key, entry in action["inputs"].items()} | inputs
    given = {
        variable: usual[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for variable, value in found["env"].items()
    }
    scratch = checkout.parent
    paths = {"RUNNER_TEMP": str(scratch), "GITHUB_STEP_SUMMARY": str(scratch / "summary.md")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    bash = shutil.which("bash")
    assert bash is not None
    command = [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]]
    return subprocess.run(
        command, cwd=checkout, env={**os.environ, **paths, **given, "PATH": path}, check=False, capture_output=True,
        text=True,
    )  # fmt: skip


def test_the_action_checks_an_sdk(checkout: Path) -> None:
    """It fails where an SDK is not up to date."""
    inputs = {"spec": "my api.yaml", "sdk": "my sdk"}
    assert step(checkout, "The SDK is up to date", **inputs).returncode == 1
    checked([sys.executable, "-m", "samekey", "generate", "my api.yaml", "-o", "my sdk"], cwd=checkout)
    assert step(checkout, "The SDK is up to date", **inputs).returncode == 0
    (checkout / "my config.yaml").write_text("package: other\n", "utf-8")
    assert step(checkout, "The SDK is up to date", **inputs, config="my config.yaml").returncode == 1


@pytest.mark.parametrize(("gate", "status"), [("never", 0), ("breaking", 1)])
def test_the_action_tells_what_changes(checkout: Path, gate: str, status: int) -> None:
    """On the page of the run, and it fails where that is asked for."""
    done = step(checkout, "What changes for users", spec="my api.yaml", base="main", **{"fail-on": gate})
    assert done.returncode == status, done.stderr
    assert "## Breaking\n\n- `pets.create` carries no idempotency key" in (checkout.parent / "summary.md").read_text(
        "utf-8"
    )


def test_the_action_audits(checkout: Path) -> None:
    """On the page of the run."""
    done = step(checkout, "How safe the API is to retry", spec="my api.yaml", audit="never")
    assert done.returncode == 0, done.stderr
    assert "Small" in (checkout.parent / "summary.md").read_text("utf-8")


def test_hooks_run(checkout: Path) -> None:
    """Each hook is a command of samekey, with the arguments of docs/ci.md behind it."""
    hooks = {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text("utf-8"))}
    assert {hook["language"] for hook in hooks.values()} == {"python"}
    arguments = {"samekey-check": ["my api.yaml", "-o", "sdk"], "samekey-audit": ["my api.yaml", "--fail-on", "never"]}
    assert hooks.keys() == arguments.keys()
    checked([sys.executable, "-m", "samekey", "generate", "my api.yaml", "-o", "sdk"], cwd=checkout)
    for name, more in arguments.items():
        program, *words = hooks[name]["entry"].split()
        assert program == "samekey"
        checked([sys.executable, "-m", "samekey", *words, *more], cwd=checkout)
