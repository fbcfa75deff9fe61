"""How many names agree with the SDKs that vendors publish, and how many mislead: `python -m tests.names.measure`.

Agreement is counted on `official.txt`, thirteen APIs of fifteen calls each; misleading candidates on the documents
under `SAMEKEY_CORPUS`. A candidate is a name from which words of the operationId were cut although a noun of something
else is left: `payment_methods.create_customer` creates no customer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.identifiers import singular, split
from samekey.ir import Api
from samekey.lower import lower
from samekey.names import Names, assign

from tests.corpus.catalog import corpus_folder
from tests.lower.documents import lowered

TABLE = Path(__file__).parent / "official.txt"
_SAYS_NOTHING = frozenset({"a", "an", "the", "s", "of", "v1", "v2", "v3", "api"})
_VERBS = {"retrieve": "get", "read": "get", "fetch": "get", "find": "get", "edit": "update", "destroy": "delete"}
_PREPOSITIONS = frozenset({"for", "of", "by", "in", "to", "from", "with", "on", "as", "at", "using", "via", "into"})
_PARTICLES = frozenset({"all", "many", "bulk", "batch", "or", "and", "multiple", "one", "up", "down", "out", "async"})


@dataclass(frozen=True)
class Call:
    """A call of an API as its vendor spells it."""

    api: str
    method: str
    path: str
    id: str
    tag: str
    official: str


@dataclass(frozen=True)
class Agreement:
    """A call beside ours."""

    call: Call
    ours: str

    @property
    def is_same(self) -> bool:
        """Whether both are spelled alike."""
        return self.ours == self.call.official

    @property
    def says_the_same(self) -> bool:
        """Whether both are made of the same words, whatever stands in the resource and whatever in the method."""
        return _words(self.ours) == _words(self.call.official)


def _words(call: str) -> frozenset[str]:
    """The words of a call in the singular, with one verb for each that mean the same."""
    found = {singular(word) for word in split(call)} - _SAYS_NOTHING
    return frozenset("get" if word == "list" else _VERBS.get(word, word) for word in found)


def official_calls() -> list[Call]:
    """All calls of the table."""
    found: list[Call] = []
    api = ""
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            api = line[3:].partition(":")[0]
        elif "|" in line and not line.startswith("#"):
            place, identity, tag, official = (part.strip() for part in line.split("|"))
            method, _, path = place.partition(" ")
            found.append(Call(api, method, path, identity, tag, official))
    return found


def agreements() -> Iterator[Agreement]:
    """Each call of the table beside ours."""
    calls = official_calls()
    for api in dict.fromkeys(call.api for call in calls):
        own = [call for call in calls if call.api == api]
        names = _document(own)
        by_place = {(operation.method, operation.path): operation.key for operation in names[0].operations}
        for call in own:
            place = names[1].methods[by_place[call.method, call.path]]
            yield Agreement(call, f"{place.resource}.{place.method}")


def _document(calls: list[Call]) -> tuple[Api, Names]:
    paths: dict[str, dict[str, object]] = {}
    for call in calls:
        words: dict[str, object] = {"operationId": call.id, "responses": {"200": {"description": ""}}}
        words |= {"tags": [call.tag]} if call.tag else {}
        paths.setdefault(call.path, {})[call.method.lower()] = words
    found = lowered(json.dumps({"openapi": "3.1.0", "info": {"title": calls[0].api, "version": "1"}, "paths": paths}))
    return found.api, found.names()


@dataclass(frozen=True)
class Candidate:
    """A name from which words were cut although it then may say something else."""

    document: str
    operation: str
    call: str


def candidates(path: Path) -> Iterator[Candidate]:
    """The names of a document that may mislead; none where it cannot be read."""
    document = load(str(path), Diagnostics())
    api = lower(document) if document is not None else None
    if api is None:
        return
    names = assign(api, Config())
    for operation in api.operations:
        place = names.methods[operation.key]
        if operation.id and _may_mislead(place.method, operation.id):
            yield Candidate(path.stem, operation.id, f"{place.resource}.{place.method}")


def _may_mislead(method: str, identity: str) -> bool:
    """Whether a name says what is acted on, though the last word of what the id acts on was cut."""
    own, whole = _phrase(method), _phrase(identity)
    is_cut = len(split(method)) < len(split(identity)) and set(split(method)) <= set(split(identity))
    return is_cut and len(own) > 1 and whole[-1:] != own[-1:]


def _phrase(text: str) -> list[str]:
    """The words of a verb and of what it acts on, without `for …`."""
    spoken = [word for word in split(text) if word not in _SAYS_NOTHING and word not in _PARTICLES]
    end = next((at for at, word in enumerate(spoken) if at and word in _PREPOSITIONS), len(spoken))
    return spoken[:end]


def main() -> None:
    """Print both figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--list", action="store_true", help="every call and every candidate")
    shown = arguments.parse_args().list
    rows = list(agreements())
    for api in dict.fromkeys(row.call.api for row in rows):
        own = [row for row in rows if row.call.api == api]
        same, close = sum(row.is_same for row in own), sum(row.says_the_same for row in own)
        print(f"{api:14} {same:3} same, {close:3} in the same words, of {len(own)}")
        for row in own if shown else ():
            mark = "=" if row.is_same else "~" if row.says_the_same else " "
            print(f"  {mark} {row.call.method} {row.call.path:60} {row.ours:50} {row.call.official}")
    same, close = sum(row.is_same for row in rows), sum(row.says_the_same for row in rows)
    print(f"{same} of {len(rows)} calls are spelled as the vendor's SDK does, {close} in the same words")
    corpus = corpus_folder()
    paths = sorted(corpus.glob("real/*.*")) if corpus is not None else []
    found = [entry for path in paths for entry in candidates(path)]
    for entry in found if shown else ():
        print(f"  {entry.document:30} {entry.operation:60} {entry.call}")
    print(f"{len(found)} misleading candidates in {len(paths)} documents")


if __name__ == "__main__":
    main()
