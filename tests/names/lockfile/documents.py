"""Documents full of collisions, what their parts are called, and SDKs of them in folders."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from samekey.cli import app
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.document.values import JsonValue
from samekey.emit import plan
from samekey.ir import Operation
from samekey.lower import lower
from samekey.names import EMPTY, Lockfile, Names, assign, entries_of, read_lockfile, remember
from typer.testing import CliRunner

from tests.tools import checked

Json: TypeAlias = dict[str, Any]
Owner: TypeAlias = tuple[object, ...]
LIST_PETS: Json = {"operationId": "listPets", "tags": ["pets"]}


def chance_of(seed: int) -> random.Random:
    """Chance that is the same each time."""
    return random.Random(seed)  # noqa: S311  # chance in tests need not be secret


@dataclass
class Picker:
    """Takes some parts of a document, in an order of its own."""

    chance: random.Random
    share: float

    def some(self, parts: Mapping[str, Any]) -> Json:
        """Some entries of a mapping."""
        kept = [(key, value) for key, value in parts.items() if self.chance.random() < self.share]
        self.chance.shuffle(kept)
        return dict(kept)

    def listed(self, parts: Sequence[Any], at_least: int = 0) -> list[Any]:
        """Some elements of a list."""
        kept = [part for part in parts if self.chance.random() < self.share] or list(parts[:at_least])
        self.chance.shuffle(kept)
        return kept


WHOLE = Picker(chance_of(0), 2.0)
WORDS = ("page-size", "page_size", "pageSize", "PageSize", "id", "Id", "options", "class", "金额", "金-额")
VALUES = ("a", "A", "+1", "-1", "in-progress", "in_progress", "inProgress", "оплачен", "Оплачен", "")
TAGS = ("pets", "Pets", "pet s", "close", "Async", "resource", "заказы", "")
IDS = ("list", "listPets", "petsList", "list_pets", "getPet", "petGet", "dup", "создать", "")
SCHEMAS = ("Charge", "charge", "CHARGE", "ChargeInput", "ChargeModel", "charge_status", "ChargeStatus", "Any", "订单")


def enum_of(pick: Picker) -> Json:
    """An enum with values that collide."""
    return {"type": "string", "enum": pick.listed(VALUES, 2)}


def object_of(pick: Picker) -> Json:
    """An object with properties that collide, and inline schemas in it."""
    plain = {entry: {"type": "string"} for entry in WORDS}
    inner = {"status": enum_of(pick), "Status": {"type": "object", "properties": {"deep": enum_of(pick)}}}
    properties = pick.some({**plain, **inner})
    return {"type": "object", "properties": properties or {"only": {"type": "string"}}}


def choice_of(pick: Picker) -> Json:
    """A union whose variants have titles, so that they are told by those."""
    variants = [{"title": title, **object_of(pick)} for title in ("Card", "card", "Bank", "Wallet")]
    return {"oneOf": pick.listed(variants, 2)}


def operation_of(pick: Picker, tag: str, operation_id: str) -> Json:
    """An operation with parameters that collide with each other and with the fields of its body."""
    places = [(word, place) for word in (*WORDS[:3], "status") for place in ("query", "header")]
    parameters = [{"name": word, "in": place, "schema": enum_of(pick)} for word, place in pick.listed(places)]
    parameters += [{"$ref": "#/components/parameters/Filter"}] if pick.chance.random() < pick.share else []
    pick.chance.shuffle(parameters)
    named = [{"$ref": f"#/components/schemas/{schema}"} for schema in SCHEMAS]
    sent = pick.chance.choice([object_of(pick), *named])
    came = pick.chance.choice([object_of(pick), choice_of(pick), *named])
    return {
        **({"operationId": operation_id} if operation_id else {}),
        **({"tags": [tag]} if tag else {}),
        "parameters": parameters,
        "requestBody": {"content": {"application/json": {"schema": sent}}},
        "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": came}}},
            "400": {"$ref": "#/components/responses/Bad"},
        },
    }


def document_of(pick: Picker) -> Json:
    """Some of the document, with its parts in some order."""
    combinations = [(tag, entry) for tag in TAGS for entry in IDS if (len(tag) + len(entry)) % 2]
    paths = {
        f"/pets/{number}/item": {"post": operation_of(pick, tag, entry)}
        for number, (tag, entry) in enumerate(combinations)
    }
    kinds = [{"type": "http", "scheme": "bearer"}, {"type": "http", "scheme": "basic"},
             {"type": "apiKey", "in": "header", "name": "X"}]  # fmt: skip
    schemes = {f"{word}{number}": kind for number, kind in enumerate(kinds) for word in ("a-b", "a_b", "токен")}
    bad = {"description": "", "content": {"application/json": {"schema": object_of(pick)}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "paths": pick.some(paths),
        "components": {
            "schemas": {entry: object_of(pick) for entry in pick.listed(SCHEMAS)},
            "responses": {"Bad": bad},
            "parameters": {"Filter": {"name": "filter", "in": "query", "schema": enum_of(pick)}},
            "securitySchemes": pick.some(schemes),
        },
    }


def part_of_it(seed: int) -> Json:
    """A part of the document; equal seeds give equal parts."""
    chance = chance_of(seed)
    return document_of(Picker(chance, chance.choice([0.2, 0.5, 0.9])))


@dataclass(frozen=True)
class Given:
    """What came of a document: names by their owners, and the next lockfile."""

    names: Mapping[Owner, str]
    lockfile: Lockfile
    diagnostics: Diagnostics


def give(value: Json, lockfile: Lockfile = EMPTY, config: Config | None = None) -> Given:
    """The names of a document, given beside those of a lockfile."""
    config = config or Config()
    diagnostics = Diagnostics()
    document = load("/docs/openapi.json", diagnostics, lambda _: json.dumps(value).encode())
    assert document is not None
    api = lower(document)
    assert api is not None
    names = assign(api, config, lockfile)
    exports = {str(export) for module in plan(api, names, config).models for export in module.exports}
    owners = {definition.id: owner_of(value, definition.id.partition("#")[2]) for definition in api.types}
    assert len(set(owners.values())) == len(owners)
    found = {**dict(_operations(api.operations, names)), **dict(_types(names, owners, exports))}
    return Given(found, remember(lockfile, entries_of(api, config, names, exports)), diagnostics)


def _operations(operations: Sequence[Operation], names: Names) -> Iterator[tuple[Owner, str]]:
    for operation in operations:
        found = names.methods[operation.key]
        yield ("operation", f"{operation.method} {operation.path}"), f"{found.resource}.{found.method}"
    for resource in names.resources:
        for group in resource.groups:
            yield ("resource", group), resource.path
            yield ("resource class", group), f"{resource.class_name} Async{resource.class_name}"
    for (key, location, wire), chosen in names.arguments.items():
        yield ("argument", key, str(location), wire), chosen
    for scheme, arguments in names.credentials.items():
        yield ("credential", scheme), " ".join(arguments)


def _types(names: Names, owners: Mapping[str, Owner], exports: set[str]) -> Iterator[tuple[Owner, str]]:
    # A body that is spread into arguments has no class, so neither that nor its fields are seen.
    seen = {identity: owner for identity, owner in owners.items() if names.types[identity] in exports}
    for identity, owner in seen.items():
        yield ("type", *owner), names.types[identity]
        if names.inputs[identity] in exports:
            yield ("input", *owner), names.inputs[identity]
    for (identity, wire), chosen in names.fields.items():
        if identity in seen:
            yield ("field", *seen[identity], wire), chosen
    for (identity, member), chosen in names.members.items():
        if identity in seen:
            yield ("member", *seen[identity], member), chosen


def owner_of(value: Json, pointer: str) -> Owner:
    """The way to a schema, with the name or title of what stands in lists instead of its index."""
    way: list[object] = []
    current: JsonValue = dict(value)
    plain, plus, suffix = pointer.partition("+")
    for token in plain.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        match current:
            case list():
                current = current[int(key)]
                assert isinstance(current, dict)
                way.append(tuple(str(current.get(word, "")) for word in ("in", "name", "title")))
            case dict():
                current = current[key]
                way.append(key)
            case _:
                raise AssertionError(pointer)
    return (*way, plus, suffix)


def changed(before: Given, after: Given) -> dict[Owner, tuple[str, str]]:
    """What is in both and has another name now."""
    both = before.names.keys() & after.names.keys()
    return {
        owner: (before.names[owner], after.names[owner]) for owner in both if before.names[owner] != after.names[owner]
    }


def pets(**operations: Json) -> Json:
    """A document of operations on `/pets` by method."""
    found = {method: {"responses": {"200": {"description": ""}}, **words} for method, words in operations.items()}
    head = {"openapi": "3.1.0", "info": {"title": "Zoo", "version": "1"}, "servers": [{"url": "https://zoo.example"}]}
    return {**head, "paths": {"/pets": found}}


def read(text: str) -> tuple[Lockfile, Diagnostics]:
    """A lockfile from its text."""
    diagnostics = Diagnostics()
    document = load("names.json", diagnostics, lambda _: text.encode())
    assert document is not None
    return read_lockfile(document.node), diagnostics


def sdk(folder: Path, value: Json, *options: str) -> tuple[int, str, str]:
    """Write an SDK by the command line: exit status, output and errors."""
    spec = folder / "openapi.json"
    spec.write_text(json.dumps(value), "utf-8")
    done = CliRunner().invoke(app, ["generate", str(spec), "-o", str(folder / "sdk"), *options])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def calls(folder: Path) -> dict[str, str]:
    """How each operation is called, as `inspect` says beside the SDK."""
    spec = str(folder / "openapi.json")
    done = CliRunner().invoke(app, ["inspect", spec, "-o", str(folder / "sdk"), "--json"])
    assert done.exit_code == 0
    return {f"{row['method']} {row['path']}": row["call"] for row in json.loads(done.stdout)}


IMPORT_ALL = """
import importlib, pkgutil, sys
import msgspec
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, f"{sys.argv[1]}."):
    importlib.import_module(module.name)
models = importlib.import_module(f"{sys.argv[1]}.models")
for kind in (getattr(models, name) for name in models.__all__):
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        msgspec.json.Decoder(kind, dec_hook=lambda kind, value: value)
client = getattr(package, sys.argv[2])(base_url="http://127.0.0.1:9")
for resource, method in (call.split(".") for call in sys.argv[3:]):
    assert callable(getattr(getattr(client, resource), method))
"""


def import_all(folder: Path, package: str, client: str, *methods: str) -> None:
    """Import every module of an SDK, with warnings as errors; make its decoders, and look methods up in its client."""
    checked([sys.executable, "-W", "error", "-c", IMPORT_ALL, package, client, *methods], cwd=folder / "sdk")
