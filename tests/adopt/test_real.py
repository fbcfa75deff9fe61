"""SDKs that vendors publish, adopted: calls that were written for them type-check and run against ours.

They lie unpacked under `SAMEKEY_RIVALS`, where `make rivals` puts them; without them, these tests are skipped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from samekey.adopt.match import Adopted, Kept, keep_names
from samekey.adopt.read import read_sdk
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import Document, load
from samekey.pipeline import generate, lower_for_sdk

from tests.corpus.catalog import corpus_folder
from tests.tools import checked, without_cache, write_files

RIVALS = Path(os.environ.get("SAMEKEY_RIVALS", "build/rivals")).resolve()
ENOUGH = 0.95
"""The share of calls that must stay, of those whose operation the document has."""


@dataclass(frozen=True)
class Rival:
    """A published SDK: its distribution, the document of its API, and how many calls it has at least."""

    name: str
    document: str
    calls: int
    by_keyword: bool = False
    """Whether parameters of the path are given by keyword."""


SDKS = [
    Rival("lithic", "lithic.yaml", 200),
    Rival("gr4vy", "gr4vy.json", 110, by_keyword=True),
    Rival("squareup", "square_connect.json", 300),
]
rivals = pytest.mark.parametrize("rival", SDKS, ids=lambda rival: rival.name)
pytestmark = pytest.mark.slow


def opened(rival: Rival) -> tuple[Document, Adopted]:
    """The document of an API, and what is kept of its published SDK."""
    folder, corpus = RIVALS / rival.name, corpus_folder()
    path = None if corpus is None else corpus / "real" / rival.document
    if not folder.is_dir() or path is None or not path.is_file():
        pytest.skip(f"{folder} or {rival.document} under SAMEKEY_CORPUS is not there")
    document = load(str(path), Diagnostics())
    assert document is not None
    api = lower_for_sdk(document, Config())
    assert api is not None
    return document, keep_names(read_sdk(str(folder), Diagnostics()), api)


def generated(document: Document, config: Config, folder: Path) -> str:
    """Write the SDK; its import name. None of its renames is refused."""
    result = generate(document, config)
    assert result is not None
    assert [entry for entry in document.diagnostics if entry.code.startswith("rename")] == []
    write_files(result.files, folder)
    return result.package


def written(kept: Kept, *, by_keyword: bool, whole: bool) -> str:
    """A call as it was written for the other SDK: with all of its arguments that ours has, or with the needed ones."""
    given = [entry for entry in kept.call.arguments if entry.name not in kept.missing and (whole or entry.is_required)]
    in_path = sorted((entry for entry in given if entry.place is not None), key=lambda entry: entry.place or 0)
    named = [entry.name for entry in given if entry.place is None or by_keyword]
    # Where ours takes the whole body in place of its fields, the report says so, and what to write.
    named += [kept.body] if kept.missing and kept.body else []
    positional = [] if by_keyword else ["x" for _ in in_path]
    return f"client.{kept.call.path}({', '.join([*positional, *(f'{name}=x' for name in named)])})"


@rivals
def test_nearly_all_calls_stay(rival: Rival) -> None:
    """Of the calls whose operation the document has."""
    _, found = opened(rival)
    assert len(found.calls) >= rival.calls
    there = [kept for kept in found.calls if kept.ours]
    stay = [kept for kept in there if kept.stays]
    assert len(stay) >= ENOUGH * len(there)
    assert len([kept for kept in stay if not kept.missing]) >= 0.9 * len(there)
    assert all(stays for variable, stays in found.variables if variable.endswith(("_API_KEY", "_TOKEN")))


@rivals
def test_calls_for_the_other_sdk_type_check_against_ours(rival: Rival, tmp_path: Path) -> None:
    """With all of their arguments, by strict mypy; names of packages and clients are the other SDK's."""
    document, found = opened(rival)
    package = generated(document, found.config, tmp_path / "sdk")
    stay = [kept for kept in found.calls if kept.stays]
    lines = [f"    {written(kept, by_keyword=rival.by_keyword, whole=True)}" for kept in stay]
    head = f"from typing import Any\nfrom {package} import {found.sdk.client}\n"
    caller = f"{head}\ndef calls(client: {found.sdk.client}, x: Any) -> None:\n" + "\n".join(lines)
    (tmp_path / "caller.py").write_text(f"{caller}\n", "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", *without_cache(), "caller.py"]
    checked(command, cwd=tmp_path, env={"MYPYPATH": str(tmp_path / "sdk")})


RUN = """
import sys
import httpx
sys.path.insert(0, "sdk")
import PACKAGE

sent = []

def answer(request):
    sent.append((request.method, request.url.path))
    return httpx.Response(200, json={})

x = "x"
client = PACKAGE.CLIENT(base_url="https://api.test", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
failed = []
CALLS = LINES
for text, method, route in CALLS:
    before = len(sent)
    try:
        eval(text)
    except PACKAGE.APIError:
        pass  # the empty answer may not be what is promised
    if len(sent) != before + 1 or sent[-1][0] != method or not sent[-1][1].endswith(route):
        failed.append((text, sent[before:], route))
assert not failed, failed[:5]
print(len(CALLS))
"""


def calls_to_run(rival: Rival, found: Adopted) -> Iterator[tuple[str, str, str]]:
    """Each call with what it needs, and the method and path that it must send."""
    for kept in found.calls:
        if kept.stays:
            route = "/".join("x" if "{" in part else part for part in kept.call.route.split("/"))
            yield written(kept, by_keyword=rival.by_keyword, whole=False), kept.call.method, route.partition("?")[0]


@rivals
def test_calls_for_the_other_sdk_run_against_ours(rival: Rival, tmp_path: Path) -> None:
    """Each sends the request that the other SDK sends: its method, and its path."""
    document, found = opened(rival)
    package = generated(document, found.config, tmp_path / "sdk")
    listed = list(calls_to_run(rival, found))
    program = RUN.replace("PACKAGE", package).replace("CLIENT", found.sdk.client).replace("LINES", repr(listed))
    (tmp_path / "run.py").write_text(program, "utf-8")
    assert int(checked([sys.executable, "run.py"], cwd=tmp_path)) == len(listed)
    assert len(listed) >= ENOUGH * len([kept for kept in found.calls if kept.ours])
