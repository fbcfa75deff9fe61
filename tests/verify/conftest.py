"""Sandboxes to be verified, honest ones and others, and documents of a few lines."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import yaml
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.serving import Running, running
from samekey.verify.calls import Caller
from samekey.verify.described import ApiModel, read_model
from samekey.verify.findings import Check, Finding, Report
from samekey.verify.probes import Probe, two_keys
from samekey.verify.run import Wishes, bench_of, check_api

ROOT = Path(__file__).parent.parent.parent
PAYMENTS = ROOT / "specs" / "payments" / "openapi.yaml"
TOKEN = "sk_test_this_is_secret"  # noqa: S105  # of nobody
WISHES = Wishes("", "createCharge", token=TOKEN, wait=0.1)


def described(spec: Path, config: Config | None = None) -> ApiModel:
    """A document as the checker reads it."""
    diagnostics = Diagnostics()
    document = load(str(spec), diagnostics)
    assert document is not None
    found = read_model(document, config or Config())
    assert found is not None
    assert not diagnostics.failed
    return found


@contextlib.contextmanager
def serving(spec: Path, folder: Path, settings: Settings | None = None) -> Generator[Running]:
    """A sandbox with a store in a folder."""
    settings = replace(settings or Settings(""), store=str(folder / "sandbox.db"))
    with running(spec, settings) as server:
        yield server


def verified(server: Running, spec: Path, wishes: Wishes = WISHES) -> Report:
    """A run against a sandbox."""
    return check_api(described(spec), replace(wishes, base_url=server.url))


def finding(report: Report, check: Check) -> Finding:
    """The finding of a check."""
    return next(found for found in report.findings if found.check is check)


def probed(url: str, spec: Path, probe: Probe, wishes: Wishes, marker: str = "") -> Finding:
    """The finding of one check alone.

    Args:
        url: where the API is.
        spec: its document.
        probe: the check.
        wishes: what is wanted.
        marker: the header that is known to mark stored answers.
    """
    api = described(spec)
    with Caller(url) as caller:
        _, bench = two_keys(bench_of(api, api.site(wishes.operation), wishes, caller))
        return probe(replace(bench, marker=marker))


def document_of(path: Path, **changes: object) -> Path:
    """A document with notes that can be made and listed, with more words at its root or in its operations.

    Args:
        path: where it is written.
        changes: `root`, `create` and `list` are mappings that go into the root and the two operations; `create_body`
            holds more properties of what is sent.
    """

    def more(name: str) -> dict[str, object]:
        return cast("dict[str, object]", changes.get(name, {}))

    note = {"type": "object", "required": ["id", "text"], "properties": {
        "id": {"type": "string", "readOnly": True}, "text": {"type": "string"},
    }}  # fmt: skip
    sent = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}, **more("create_body")}}
    listed = {"type": "object", "properties": {"data": {"type": "array", "items": note}, **more("page")}}
    operations = {
        "get": {
            "operationId": "listNotes",
            "responses": {"200": {"description": "x", "content": {"application/json": {"schema": listed}}}},
            **more("list"),
        },
        "post": {
            "operationId": "createNote",
            "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
            "responses": {"201": {"description": "x", "content": {"application/json": {"schema": note}}}},
            **more("create"),
        },
    }
    root = {"openapi": "3.1.0", "info": {"title": "Notes", "version": "1"}, **more("root")}
    path.write_text(yaml.safe_dump({**root, "paths": {"/notes": operations}}), "utf-8")
    return path


@pytest.fixture
def notes(tmp_path: Path) -> Callable[..., Path]:
    """Makes documents of notes."""

    def make(name: str = "notes", **changes: object) -> Path:
        return document_of(tmp_path / f"{name}.yaml", **changes)

    return make
