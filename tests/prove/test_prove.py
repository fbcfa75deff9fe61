"""`samekey prove` on real servers: every promise holds, and each broken one is found out for its own reason."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from samekey.document.diagnostics import Diagnostics
from samekey.prove.causes import Cause
from samekey.prove.promises import Promise
from samekey.prove.proof import prove
from samekey.prove.report import report
from samekey.prove.terms import Sabotage, Terms

from tests import postgres

ROOT = Path(__file__).parent.parent.parent
PAYMENTS = str(ROOT / "specs" / "payments" / "openapi.yaml")
WAREHOUSE = str(ROOT / "specs" / "warehouse" / "openapi.json")


def run(*arguments: str, folder: Path, code: str = "from samekey.cli import main; main()") -> tuple[int, str, str]:
    """The command in a process of its own: exit code, output, errors."""
    done = subprocess.run(
        [sys.executable, "-c", code, "prove", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def postgres_server() -> Generator[str]:
    """A PostgreSQL server."""
    with postgres.running() as url:
        yield url


def test_every_promise_holds_through_every_fault(tmp_path: Path) -> None:
    """On SQLite, with kills: no duplicate, no lie, exit 0, and a verdict that says what it rests on."""
    code, said, complaints = run(PAYMENTS, "--calls", "300", "--seed", "7", folder=tmp_path)
    assert (code, complaints) == (0, "")
    assert "Acme Payments: 9 keyed operations" in said
    assert "calls       300, " in said
    assert "duplicates  0 calls" in said
    assert "lies        0 calls" in said
    assert "outlived    17 keys" in said
    assert "killed      2 times" in said
    assert list(tmp_path.iterdir()) == []


def test_several_servers_share_one_postgresql(postgres_server: str) -> None:
    """Two of them, each of which is asked about the keys of the other."""
    proof = prove(PAYMENTS, Terms(calls=200, store=postgres_server, processes=2), Diagnostics())
    assert proof.verdict.violations == ()
    assert proof.kills == 2
    assert proof.verdict.replays > 10
    assert len(proof.verdict.faults) > 15
    assert proof.verdict.certainties["applied"] > 120


def test_a_database_that_crashes_meanwhile_takes_nothing_along() -> None:
    """PostgreSQL dies amid transactions, twice, and comes back; what it answered before is remembered after."""
    turns = [80, 160]
    with postgres.cluster() as database:

        def crash(told: str) -> None:
            count = told.partition(" of ")[0]
            if turns and count.isdigit() and int(count) >= turns[0]:
                turns.pop(0)
                database.restart()

        proof = prove(PAYMENTS, Terms(calls=240, store=database.url, processes=2), Diagnostics(), crash)
    assert turns == []
    assert proof.verdict.violations == ()
    assert proof.verdict.certainties["applied"] > 140


SILENT = """
openapi: 3.1.0
info: {title: Silent, version: '1'}
paths:
  /notes:
    post:
      operationId: createNote
      tags: [notes]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
      responses: {201: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}}
  /payments:
    post:
      operationId: pay
      tags: [payments]
      parameters: [{name: Idempotency-Key, in: header, schema: {type: string}}]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
      responses: {201: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}}
components: {schemas: {Note: {type: object, properties: {id: {type: string}, a: {type: string}}}}}
"""


def test_a_proof_says_what_it_assumes(tmp_path: Path) -> None:
    """The sandbox honours a key that nobody promises; the report names the operations of which that is so."""
    (tmp_path / "api.yaml").write_text(SILENT, "utf-8")
    proof = prove(str(tmp_path / "api.yaml"), Terms(calls=60), Diagnostics())
    assert proof.assumed == ("notes.create",)
    (line,) = [line for line in report(proof) if "assumed" in line]
    assert line == (
        "  assumed     1 of the 2 keyed operations rest on what the document does not promise (notes.create): "
        "the sandbox honours their keys, the API may not"
    )
    assert not any("assumed" in line for line in report(replace(proof, assumed=())))


REASONS = {
    Sabotage.NO_KEYS: Cause.NO_MEMORY,
    Sabotage.CHECK_THEN_SET: Cause.AT_ONCE,
    Sabotage.FORGET_ON_DISCONNECT: Cause.LEFT,
    Sabotage.SHORT_TTL: Cause.FORGOTTEN,
    Sabotage.NEW_KEY_PER_ATTEMPT: Cause.NEW_KEY,
}


@pytest.mark.parametrize("sabotage", Sabotage)
def test_each_mistake_is_found_out_for_its_own_reason(sabotage: Sabotage) -> None:
    """A checker that cannot fail proves nothing: there are duplicates, and the history shown says why."""
    document = WAREHOUSE if sabotage is Sabotage.NEW_KEY_PER_ATTEMPT else PAYMENTS
    # Two at once are rarer than answers that are lost.
    calls = 500 if sabotage is Sabotage.CHECK_THEN_SET else 250
    proof = prove(document, Terms(calls=calls, sabotage=sabotage), Diagnostics())
    assert proof.verdict.broken(Promise.ONCE) > 1
    assert proof.verdict.case is not None
    assert proof.verdict.causes[REASONS[sabotage]] > 1
    if sabotage is not Sabotage.CHECK_THEN_SET:
        # That one forgets with each killed process as well, which may be seen more often.
        assert proof.verdict.case.cause is REASONS[sabotage]
    said = "\n".join(report(proof))
    assert "EFFECT 2" in said
    assert proof.verdict.case.why in said.splitlines()[-1]


def test_a_broken_promise_is_exit_1(tmp_path: Path) -> None:
    """The command says how often, and ends with the shortest history and why it is so."""
    code, said, complaints = run(PAYMENTS, "--calls", "150", "--break", "no-keys", folder=tmp_path)
    assert (code, complaints) == (1, "")
    assert "duplicates  0 calls" not in said
    assert "The shortest history that shows it:" in said
    assert said.splitlines()[-1].startswith(
        "  why: done again, and no request of the whole run was answered from memory"
    )


def document(folder: Path, *methods: str) -> str:
    """A document with some operations on one path."""
    operations = {method: {"responses": {"200": {"description": "Fine."}}} for method in methods}
    path = folder / "openapi.json"
    info = {"title": "T", "version": "1"}
    servers = [{"url": "https://things.example"}]
    whole = {"openapi": "3.1.0", "info": info, "servers": servers, "paths": {"/things": operations}}
    path.write_text(json.dumps(whole), "utf-8")
    return str(path)


def test_a_document_without_keys_is_refused(tmp_path: Path) -> None:
    """There is nothing to prove, which is said in a line."""
    code, said, complaints = run(document(tmp_path, "get"), folder=tmp_path)
    assert (code, said) == (2, "")
    assert complaints == (
        "error: there is nothing to prove, since no keyed operation can be called: the document has none\n"
    )


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With what is wrong, exit 1, and no traceback."""
    code, said, complaints = run("nowhere.yaml", folder=tmp_path)
    assert (code, said) == (2, "")
    assert "cannot read nowhere.yaml" in complaints
    assert "Traceback" not in complaints
    code, said, complaints = run(document(tmp_path, "post"), "--store", "mysql://x/y", folder=tmp_path)
    assert (code, said) == (2, "")
    assert "mysql is not a store" in complaints


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    """As for the other commands of the sandbox."""
    block = "import sys; sys.modules['starlette'] = None; from samekey.cli import main; main()"
    code, _, complaints = run(PAYMENTS, folder=tmp_path, code=block)
    assert code == 2
    assert "pip install 'samekey[sandbox]'" in complaints
    assert "Traceback" not in complaints
