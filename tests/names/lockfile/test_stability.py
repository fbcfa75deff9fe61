"""Stable names: whatever comes to a document or goes from it, what stays in it keeps its name."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.document.values import JsonValue
from samekey.names import LOCKFILE, Lockfile, spell
from samekey.pipeline import generate

from tests.names.lockfile.documents import (
    LIST_PETS,
    WHOLE,
    Owner,
    Picker,
    calls,
    chance_of,
    changed,
    document_of,
    give,
    import_all,
    part_of_it,
    pets,
    read,
    sdk,
)

seeded = pytest.mark.parametrize("seed", range(5))


@seeded
def test_what_stays_keeps_its_name(seed: int) -> None:
    """Operations, tags, schemas, properties, values, parameters and schemes come and go, and rename nothing."""
    before = give(part_of_it(10 * seed))
    for step in range(1, 6):
        after = give(part_of_it(10 * seed + step), before.lockfile)
        assert changed(before, after) == {}
        assert [entry for entry in after.diagnostics if entry.code.startswith("name")] == []
        before = after


def test_the_document_of_this_test_does_collide() -> None:
    """Without a lockfile much would be renamed, so the test above tests something. Resources of one name are joined."""
    whole = give(document_of(WHOLE))
    kinds = {owner[0] for seed in range(1, 5) for owner in changed(give(part_of_it(seed)), whole)}
    assert kinds | {"resource", "resource class"} == {owner[0] for owner in whole.names}


COMMON = {"type": "class", "input": "class", "operation": "operation", "credential": "credential"}
"""What shares its names with others of any owner."""


@seeded
def test_names_are_told_apart_beside_a_ledger(seed: int) -> None:
    """Old names and new ones never meet: everything is had once where it stands; tags may share a resource."""
    found = give(part_of_it(seed + 1), give(part_of_it(seed)).lockfile).names
    scopes: dict[Owner, list[str]] = {}
    places = {owner: chosen for owner, chosen in found.items() if not str(owner[0]).startswith("resource")}
    for owner, chosen in places.items():
        shared = COMMON.get(str(owner[0]))
        scopes.setdefault((shared,) if shared else owner[:-1], []).extend(chosen.split())
    for scope, listed in scopes.items():
        assert len({entry.casefold() for entry in listed}) == len(listed), scope


@seeded
def test_what_comes_back_has_its_name_again(seed: int) -> None:
    """Nobody took it in the meantime: a part of the document goes, another stays, and then all is as it was."""
    value = part_of_it(seed)
    before = give(value)
    chance = chance_of(seed + 1)
    less = json.loads(json.dumps(value))
    less["paths"] = Picker(chance, 0.5).some(less["paths"])
    less["components"]["schemas"] = Picker(chance, 0.5).some(less["components"]["schemas"])
    less["components"]["securitySchemes"] = Picker(chance, 0.5).some(less["components"]["securitySchemes"])
    gone = give(less, before.lockfile)
    assert changed(before, gone) == {}
    after = give(value, gone.lockfile)
    assert after.names == before.names


@seeded
def test_the_order_of_a_document_does_not_decide(seed: int) -> None:
    """Without a lockfile too: paths, schemas, properties, values and schemes may stand in any order."""
    value = part_of_it(seed)
    other = shuffled(value, chance_of(seed))
    assert isinstance(other, dict)
    assert give(other).names == give(value).names


def shuffled(value: JsonValue, chance: random.Random) -> JsonValue:
    """A value with its mappings, parameters and enums in another order."""
    if isinstance(value, list):
        return [shuffled(entry, chance) for entry in value]
    if not isinstance(value, dict):
        return value
    items = [(key, shuffled(entry, chance)) for key, entry in value.items()]
    chance.shuffle(items)
    return {
        key: chance.sample(entry, len(entry)) if isinstance(entry, list) and key in {"parameters", "enum"} else entry
        for key, entry in items
    }


@seeded
def test_a_ledger_gives_itself(seed: int) -> None:
    """With the lockfile that came of a document it gives the same names and itself, so that `--check` can hold."""
    once = give(part_of_it(seed + 1), give(part_of_it(seed)).lockfile)
    again = give(part_of_it(seed + 1), once.lockfile)
    assert again.names == once.names
    assert again.lockfile == once.lockfile
    assert spell(again.lockfile) == spell(once.lockfile)


@seeded
def test_a_ledger_reads_as_it_was_written(seed: int) -> None:
    """Nothing is lost on the way through the file, and every name that is given passes the checks of reading."""
    lockfile = give(part_of_it(seed + 1), give(part_of_it(seed)).lockfile).lockfile
    found, diagnostics = read(spell(lockfile))
    assert found == lockfile
    assert len(diagnostics) == 0


def test_an_operation_is_told_by_method_and_path() -> None:
    """Another operationId alone does not rename it; without its line it is named anew."""
    before = give(pets(get=LIST_PETS))
    other = pets(get={**LIST_PETS, "operationId": "searchPets"})
    assert changed(before, give(other, before.lockfile)) == {}
    without = Lockfile({entry: found for entry, found in before.lockfile.names.items() if entry.word != "methods"})
    assert give(other, without).names["operation", "GET /pets"] == "pets.search"


def test_another_tag_is_another_place() -> None:
    """The document says where an operation belongs; on its way back it finds its old name."""
    before = give(pets(get=LIST_PETS, post={"operationId": "petsList", "tags": ["pets"]}))
    moved = give(pets(get={**LIST_PETS, "tags": ["owners"]}), before.lockfile)
    assert moved.names["operation", "GET /pets"] == "owners.list_pets"
    back = give(pets(get=LIST_PETS), moved.lockfile)
    assert back.names["operation", "GET /pets"] == before.names["operation", "GET /pets"] == "pets.list_pets"


def test_who_is_new_takes_the_name_of_who_is_gone() -> None:
    """A path that moves takes its method along, and nothing of the old one is remembered."""
    value = pets(get={**LIST_PETS, "parameters": [{"name": "a", "in": "query"}]})
    before = give(value)
    value["paths"] = {"/v2/pets": value["paths"]["/pets"]}
    after = give(value, before.lockfile)
    assert after.names["operation", "GET /v2/pets"] == before.names["operation", "GET /pets"] == "pets.list"
    assert "GET /pets" not in spell(after.lockfile)


def test_a_schema_is_told_by_where_it_stands_and_not_by_where_the_document_does() -> None:
    """The lockfile is the same in every checkout, and for a document of several files."""
    spelled: set[str] = set()
    for home in ("openapi.json", "/a/b/openapi.json", "../x/y.json", "https://example.com/v1/openapi.json", "-"):
        folder = home.rpartition("/")[0]
        files = {
            f"{folder}/{path}".lstrip("/") if not folder else f"{folder}/{path}": json.dumps(text)
            for path, text in {
                "openapi.json": FILES, "y.json": FILES, "models/pet.json": {"properties": {"aB": {"enum": ["x", "y"]}}},
            }.items()
        }  # fmt: skip
        diagnostics = Diagnostics()
        document = load(home, diagnostics, lambda uri, files=files: files[uri].encode(), json.dumps(FILES).encode())  # type: ignore[misc]
        assert document is not None
        result = generate(document, Config())
        assert result is not None
        spelled.add(result.files[LOCKFILE])
    (text,) = spelled
    assert '"models/pet.json#/properties/aB": {' in text
    assert '"#/components/schemas/Zoo": {' in text


FILES = {
    **pets(get={**LIST_PETS, "responses": {"200": {"description": "", "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Zoo"},
    }}}}}),
    "components": {"schemas": {"Zoo": {"properties": {"pet": {"$ref": "models/pet.json"}}}}},
}  # fmt: skip


# The config


def test_a_pinned_name_comes_first_and_is_not_remembered() -> None:
    """What the config says holds as long as it says so; then the old name is back."""
    value = pets(get=LIST_PETS, post={"operationId": "createPet", "tags": ["pets"]})
    before = give(value)
    config = Config(rename_operations={"listPets": "animals.all"}, rename_resources={"pets": "beasts"})
    pinned = give(value, before.lockfile, config)
    assert pinned.names["operation", "GET /pets"] == "animals.all"
    assert pinned.names["operation", "POST /pets"] == "beasts.create"
    assert not {"all", "animals", "beasts"} & set(pinned.lockfile.names.values())
    assert give(value, pinned.lockfile).names == before.names


def test_a_pinned_name_is_taken_from_who_had_it() -> None:
    """Even from an operation that is remembered by it, which is then reported and named anew."""
    value = pets(get=LIST_PETS, post={"operationId": "createPet", "tags": ["pets"]})
    before = give(value)
    after = give(value, before.lockfile, Config(rename_operations={"createPet": "pets.list"}))
    assert after.names["operation", "POST /pets"] == "pets.list"
    assert after.names["operation", "GET /pets"] == "pets.list_pets"


@pytest.mark.parametrize("seed", [1, 7])
def test_an_sdk_in_a_folder_keeps_its_names(seed: int, tmp_path: Path) -> None:
    """Through the command line: what stays is called as before, `--check` agrees, and all of it can be imported."""
    before: dict[str, str] = {}
    for step in range(3):
        status, _, errors = sdk(tmp_path, part_of_it(10 * seed + step))
        assert (status, "[name" in errors) == (0, False)
        now = calls(tmp_path)
        assert {place: now[place] for place in now.keys() & before.keys()} == {
            place: before[place] for place in now.keys() & before.keys()
        }
        status, shown, _ = sdk(tmp_path, part_of_it(10 * seed + step), "--check")
        assert (status, shown.startswith("checked")) == (0, True)
        import_all(tmp_path, "acme", "Acme", *now.values())
        before = now
