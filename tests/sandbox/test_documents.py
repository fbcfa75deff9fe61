"""Every document of the project can be served, and answers are what its schemas say, by an independent judge."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import Node, load
from samekey.lower import lower
from samekey.lower.media import is_json
from samekey.sandbox.api.bodies import Bodies
from samekey.sandbox.api.checks import UNREAD
from samekey.sandbox.api.operations import Match, Site, sites_of
from samekey.sandbox.api.request import ReceivedRequest
from samekey.sandbox.api.resources import Resources
from samekey.sandbox.api.samples import Samples
from samekey.sandbox.api.schemas import SchemaJudge
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade

from tests.corpus.raw import Json, View, open_document, version_of
from tests.corpus.validity import Validity
from tests.sandbox.conftest import ROOT

DOCUMENTS = sorted(
    path for folder in ("payments", "warehouse", "hard/*") for path in ROOT.glob(f"specs/{folder}/openapi.*")
)
IMPOSSIBLE = {"conditions"}
"""Operations whose schema no value satisfies."""
_ERRORS = 400


def answers(path: Path, store: Path) -> Iterator[tuple[Site, bytes]]:
    """Each operation of a document with its answer; resources that an operation needs are there or imagined."""
    document = load(str(path), Diagnostics())
    assert document is not None
    api = lower(document)
    assert api is not None
    schemas = SchemaJudge(document.node)
    samples = Samples(schemas)
    sites = sites_of(document, api)
    resources = Resources(sites, Bodies(samples, schemas), schemas)
    database = open_database(str(store))
    upgrade(database)
    with database.writing() as connection:
        for site in sites:
            values = dict.fromkeys(re.findall(r"\{([^{}/]+)\}", site.path), "1")
            schema = next((body.schema for body in site.bodies if is_json(body.media_type)), None)
            body = samples.fit(schema) if schema is not None else UNREAD
            answer = resources.perform(
                connection, Match(site, values), ReceivedRequest("a", site.method, site.path), body
            )
            replies = {reply.status: reply for reply in site.replies}
            assert answer.status in {*replies, 404}
            if answer.status < _ERRORS:
                yield replace(site, reply=replies[answer.status]), answer.body
    database.engine.dispose()


def seen(root: View, schema: Node) -> View:
    """A schema as the independent judge's reader has it."""
    uri = schema.source.uri if "://" in schema.source.uri else Path(schema.source.uri).absolute().as_uri()
    return root.made({"$ref": f"{uri}#{schema.pointer}"}).resolved()


def hidden(value: Json) -> frozenset[str]:
    """The properties that a document never sends back."""
    found: set[str] = set()
    pending, known = [value], set[int]()
    while pending:
        current = pending.pop()
        if id(current) in known:
            continue
        known.add(id(current))
        if isinstance(current, dict):
            found |= {name for name, inner in current.items() if isinstance(inner, dict) and inner.get("writeOnly")}
            pending += current.values()
        elif isinstance(current, list):
            pending += current
    return frozenset(found)


def problems(path: Path, store: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with the JSON of each answer, by the operation; nothing where it is as the document says."""
    root = open_document(path)
    judge = Validity(version_of(root), root)
    unsaid = hidden(root.value)
    for site, body in answers(path, store):
        content = site.reply.content
        if content is not None and content.schema is not None and is_json(content.media_type):
            schema = seen(root, content.schema)
            yield site.name, judge.problem(schema, json.loads(body), hidden=unsaid, relaxed=True)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.parent.name)
def test_answers_are_what_the_document_says(path: Path, tmp_path: Path) -> None:
    """No operation fails, and no JSON that is answered is refused by the schema that the document gives for it."""
    wrong = {name: problem for name, problem in problems(path, tmp_path / "s.db") if problem}
    assert {name: problem for name, problem in wrong.items() if name not in IMPOSSIBLE} == {}


def test_answers_are_right_for_documents_of_others(corpus: Path, tmp_path: Path) -> None:
    """Of the answers for real documents nearly all are valid; in the rest a document contradicts itself."""
    found = [
        problem
        for path in sorted((corpus / "real").glob("*.*"))[::12]
        for _, problem in problems(path, tmp_path / f"{path.stem}.db")
    ]
    wrong = [problem for problem in found if problem]
    assert len(found) > 100
    assert len(wrong) < len(found) / 20, wrong
