"""The README of an SDK: what stands there first is what one does first, so it runs as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate
from samekey.sandbox.serving import running

ROOT = Path(__file__).parents[2]
SPECS = {"payments": "openapi.yaml", "warehouse": "openapi.json"}
PACKAGES = {"payments": "ACME_PAYMENTS", "warehouse": "DEPOT_WAREHOUSE"}


def blocks(readme: str) -> list[str]:
    """Its programs."""
    return re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module", params=SPECS)
def environment(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, str]]]:
    """An SDK, and the variables by which it finds a sandbox of its API."""
    sdk, prefix = request.param, PACKAGES[request.param]
    with running(str(ROOT / "specs" / sdk / SPECS[sdk])) as sandbox:
        yield (
            sdk,
            {
                **os.environ,
                "PYTHONPATH": str(ROOT / "generated" / sdk),
                f"{prefix}_BASE_URL": sandbox.url,
                f"{prefix}_TOKEN": "any",
                f"{prefix}_API_KEY": "any",
            },
        )


@pytest.mark.parametrize("number", [0, 1], ids=["sync", "async"])
def test_the_first_calls_run_as_they_are_printed(
    environment: tuple[str, dict[str, str]], number: int, tmp_path: Path
) -> None:
    """Copied from the page into a file, with the token in the environment, as the page says."""
    sdk, variables = environment
    program = blocks((ROOT / "generated" / sdk / "README.md").read_text("utf-8"))[number]
    (tmp_path / "first.py").write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "first.py"],
        cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.match(r"(Charge|Shipment)\(", done.stdout)


DOCUMENT = """
openapi: 3.1.0
info: {title: Zoo, version: "1"}
servers: [{url: "https://zoo.test"}]
paths:
  /pets:
    post:
      operationId: createPet
      requestBody:
        required: true
        content:
          application/json:
            example: {name: Ada, kind: cat, note: optional}
            schema:
              type: object
              required: [name, kind, age]
              properties:
                name: {type: string}
                kind: {type: string, enum: [dog, cat]}
                age: {type: integer, example: 3}
                note: {type: string}
      responses: {"201": {description: ok, content: {application/json: {schema: {type: object}}}}}
"""


def readme_of(text: str) -> str:
    """The README of a document's SDK."""
    document = load("api.yaml", Diagnostics(), lambda _: text.encode())
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    return result.files["README.md"]


def test_the_examples_are_the_documents() -> None:
    """As far as they are needed: what can be left out is no matter of a first call."""
    first = blocks(readme_of(DOCUMENT))[0]
    assert 'client.pets.create(name="Ada", kind="cat", age=3)' in first


def test_a_long_text_changes_no_more_than_its_line() -> None:
    """Lines are broken as ruff breaks them; the statements are the same, whatever the length of a text."""
    short, long = (blocks(readme_of(DOCUMENT.replace("Ada", name))) for name in ("Ada", "Ada " * 40))
    assert [compile(block, "README", "exec").co_names for block in short[:2]] == [
        compile(block, "README", "exec").co_names for block in long[:2]
    ]
    assert max(len(line) for line in long[0].splitlines() if "Ada" not in line) <= 100


def test_an_api_without_calls_has_programs_that_python_reads() -> None:
    """Though there is nothing to show."""
    for block in blocks(readme_of("openapi: 3.1.0\ninfo: {title: Zoo, version: '1'}\npaths: {}\n")):
        compile(block, "README", "exec")


def test_what_the_document_discourages_is_no_example() -> None:
    """Neither in the README nor in the SDK's own tests, whose types a deprecated call would break."""
    document = load(
        "old.yaml",
        Diagnostics(),
        lambda _: (
            b"""
openapi: 3.1.0
info: {title: Old Bank, version: "1"}
servers: [{url: "https://bank.test"}]
paths:
  /a:
    get: {operationId: listOld, tags: [things], deprecated: true, responses: {"200": {description: ok}}}
    post: {operationId: createOld, tags: [things], deprecated: true, responses: {"200": {description: ok}}}
  /b:
    get: {operationId: listNew, tags: [parts], responses: {"200": {description: ok}}}
"""
        ),
    )
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    shown = result.files["README.md"] + result.files[f"tests/test_{result.package}.py"]
    assert "client.parts.list" in shown
    assert "client.things" not in shown
