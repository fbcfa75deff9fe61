"""Other dialects: keys travel where the API wants them, and what is seen becomes a profile that `generate` reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from samekey.config.dialect import DEFAULT, PRESETS, Carrier, Dialect, KeyFormat, Signal
from samekey.config.file import load_config
from samekey.document.diagnostics import Diagnostics
from samekey.sandbox.server.faults import Fault, Rule
from samekey.verify.calls import Caller
from samekey.verify.findings import Check, Finding, Report, Verdict
from samekey.verify.oracle import Asker, read_oracle
from samekey.verify.profile import as_config
from samekey.verify.requests import NOBODY, request_of
from samekey_templates.runtime.safety import Evidence

from tests.verify.conftest import PAYMENTS, WISHES, described, finding, serving, verified

NOTES = replace(WISHES, operation="createNote", token="")

UNASKED = {
    Check.OTHER_CREDENTIAL, Check.OTHER_METHODS, Check.AFTER_FAILURE, Check.RESTART, Check.OTHER_INSTANCE,
}  # fmt: skip


def read_back(text: str, folder: Path) -> Dialect:
    """The profile of a config file, which must be free of errors."""
    path = folder / "written.yaml"
    path.write_text(text, "utf-8")
    diagnostics = Diagnostics()
    config = load_config(str(path), diagnostics)
    assert config is not None
    assert list(diagnostics) == []
    return config.idempotency.operations[-1].says.refine(DEFAULT)


def written(report: Report) -> str:
    """What was seen, as a config."""
    return as_config([report], "", date(2026, 11, 30))


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ({"preset": "square"}, {"idempotency_key": {"type": "string", "maxLength": 45}}),
        ({"in": "query", "name": "request_id"}, {}),
        ({"preset": "ietf-draft"}, {}),
        ({"preset": "azure-repeatability"}, {}),
        ({"name": "Once", "in_flight": {"status": 423, "code": "busy"}, "mismatch": {"status": 409, "code": "x"}}, {}),
    ],
)  # fmt: skip
def test_keys_travel_where_the_api_wants_them(
    tmp_path: Path, notes: Callable[..., Path], words: dict[str, object], body: dict[str, object]
) -> None:
    """In the body, in the query, quoted, with a date: no promise is broken, and every key does something."""
    spec = notes(root={"x-idempotency": words}, create_body=body)
    with serving(spec, tmp_path) as server:
        server.fail(Rule(Fault.SLOW, "POST /notes", seconds=0.02))
        report = verified(server, spec, NOTES)
        assert server.totals().replays > 0
    assert report.of(Verdict.BROKEN) == ()
    judged = {found.check for found in report.findings if found.verdict is not Verdict.UNJUDGED}
    assert judged >= set(Check) - UNASKED
    profile = read_back(written(report), tmp_path)
    spoken = report.profile
    assert (profile.carrier, profile.name, profile.quoted) == (spoken.carrier, spoken.name, spoken.quoted)
    assert profile.first_sent == spoken.first_sent


def test_what_was_seen_is_what_is_spoken(tmp_path: Path, notes: Callable[..., Path]) -> None:
    """A document that says nothing of the dialect: statuses, codes and the marker are learned from the answers."""
    spoken = {
        "in_flight": {"status": 425, "code": "busy"},
        "mismatch": {"status": 400, "code": "not_the_same"},
        "replayed": "X-Replayed",
        "format": {"kind": "uuid4", "max_length": 64},
    }
    served = notes("served", root={"x-idempotency": spoken})
    silent = notes("silent")
    with serving(served, tmp_path) as server:
        server.fail(Rule(Fault.SLOW, "POST /notes", seconds=0.1))
        report = verified(server, silent, NOTES)
    assert report.of(Verdict.BROKEN) == ()
    profile = read_back(written(report), tmp_path)
    assert profile.honoured is Evidence.VERIFIED
    assert profile.in_flight == (Signal(425, "busy"),)
    assert profile.mismatch == (Signal(400, "not_the_same"),)
    assert profile.replayed == ("x-replayed",)
    assert profile.format == KeyFormat(max_length=64)


def test_a_preset_comes_back_whole(tmp_path: Path, notes: Callable[..., Path]) -> None:
    """What was not seen stays as the document has it, and is written too."""
    spec = notes(root={"x-idempotency": {"preset": "mollie"}})
    with serving(spec, tmp_path) as server:
        report = verified(server, spec, NOTES)
    profile = read_back(written(report), tmp_path)
    assert profile.ttl == PRESETS["mollie"].ttl
    assert profile.carrier is Carrier.HEADER


@pytest.mark.parametrize(
    ("check", "trusted"), [(Check.CLIENT_LEFT, False), (Check.LATE_RETRY, False), (Check.OTHER_CREDENTIAL, True)]
)
def test_keys_that_cannot_be_relied_on_are_given_up(tmp_path: Path, check: Check, *, trusted: bool) -> None:
    """`generate` makes every POST and PATCH unsafe then, and the file says why."""
    broken = Finding(check, Verdict.BROKEN, "done again")
    report = Report("Notes", "createNote", "http://127.0.0.1", "ids", (broken,), Dialect(), "POST /notes")
    text = written(report)
    assert read_back(text, tmp_path).methods == (("POST", "PATCH") if trusted else ())
    assert (f"# samekey verify: {check}: done again" in text) is not trusted


def test_methods_that_honour_no_keys_are_found(tmp_path: Path) -> None:
    """The document promises keys on PATCH, and the server takes them on POST alone."""
    served = tmp_path / "served.yaml"
    text = PAYMENTS.read_text("utf-8")
    served.write_text(text.replace("x-idempotency:\n", "x-idempotency:\n  methods: [POST]\n"), "utf-8")
    with serving(served, tmp_path) as server:
        report = verified(server, PAYMENTS)
    found = finding(report, Check.OTHER_METHODS)
    assert found.verdict is Verdict.OTHERWISE
    assert "updateCharge (PATCH) does not look at them" in found.why
    text = written(report)
    assert yaml.safe_load(text)["idempotency"]["operations"]["PATCH /charges/{charge_id}"] is False
    assert read_back(text, tmp_path).methods == ("POST", "PATCH")


CURSOR = {"name": "cursor", "in": "query", "schema": {"type": "string"}}
OFFSET = {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}}
PAGE = {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}}
AFTER = {"name": "starting_after", "in": "query", "schema": {"type": "string"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer"}}


@pytest.mark.parametrize(
    ("parameters", "page"),
    [
        ([CURSOR], {"next_cursor": {"type": ["string", "null"]}}),
        ([OFFSET, LIMIT], {"total": {"type": "integer"}}),
        ([PAGE, LIMIT], {"total_pages": {"type": "integer"}}),
        ([AFTER], {"has_more": {"type": "boolean"}}),
        ([], {"next": {"type": ["string", "null"], "format": "uri"}}),
    ],
)
def test_a_list_is_counted_on_all_of_its_pages(
    tmp_path: Path, notes: Callable[..., Path], parameters: list[object], page: dict[str, object]
) -> None:
    """Forty-five notes, twenty to a page, in whichever way the pages follow each other."""
    spec = notes(list={"parameters": parameters}, page=page)
    api = described(spec)
    assert api.site("listNotes").operation.paging is not None
    with serving(spec, tmp_path) as server, Caller(server.url) as caller:
        for _ in range(45):
            caller.send(request_of(api, api.site("createNote"), NOBODY, {}).bearing())
        oracle = read_oracle("list:listNotes", api.site("createNote"), Asker(api, caller, NOBODY, {}))
        assert oracle.mark() == 45
