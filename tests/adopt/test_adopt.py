"""`samekey adopt`: the names of another generator's SDK, read without importing it, and kept."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
import respx
from samekey.adopt.known import Argument, Generator, KnownCall
from samekey.adopt.match import Adopted, Kept, keep_names
from samekey.adopt.package import find_package, read_package
from samekey.adopt.read import generator_of, read_sdk
from samekey.adopt.text import adopted_config, adopted_lines
from samekey.cli import app
from samekey.config.file import read_config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from typer.testing import CliRunner, Result

from tests.adopt import sdks
from tests.lower.documents import lowered

TREES = {
    Generator.STAINLESS: sdks.STAINLESS,
    Generator.FERN: sdks.FERN,
    Generator.SPEAKEASY: sdks.SPEAKEASY,
}
ALL = {
    **TREES,
    Generator.OPENAPI_GENERATOR: sdks.OPENAPI_GENERATOR,
    Generator.OPENAPI_PYTHON_CLIENT: sdks.OPENAPI_PYTHON_CLIENT,
}


def adopted(files: Mapping[str, str], folder: Path) -> Adopted:
    """What is kept of an SDK, for the document of these tests."""
    return keep_names(read_sdk(str(sdks.laid_out(files, folder)), Diagnostics()), lowered(sdks.DOCUMENT).api)


@pytest.mark.parametrize("generator", ALL, ids=str)
def test_who_made_an_sdk_is_known_by_its_modules(generator: Generator, tmp_path: Path) -> None:
    """Whatever the README says."""
    package = read_package(find_package(str(sdks.laid_out(ALL[generator], tmp_path))))
    assert generator_of(package) is generator


@pytest.mark.parametrize("generator", TREES, ids=str)
def test_calls_stay_with_their_arguments(generator: Generator, tmp_path: Path) -> None:
    """Nested resources, methods, and arguments that are called otherwise than on the wire."""
    found = adopted(TREES[generator], tmp_path)
    kept = {kept.call.path: (kept.stays, kept.missing) for kept in found.calls}
    assert {path for path, (stays, _) in kept.items() if stays} == {
        "pets.create", "pets.retrieve", "pets.list", "pets.toys.list",
    }  # fmt: skip
    assert all(missing == () for _, missing in kept.values())
    parts = {(part.owner, part.wire): name for part, name in found.config.rename_parts.items()}
    assert parts[("findAllPets", "pageSize")] == "size"
    assert parts[("fetchOne", "petId")] == "pet"
    assert parts[("addPet", "legCount")] == "legs"
    assert parts[("Key", "")] == "zoo_key"
    assert (found.config.client, found.config.package) == ("Zoo", "zoo")


@pytest.mark.parametrize("generator", [Generator.STAINLESS, Generator.FERN], ids=str)
def test_classes_and_environment_variables_stay(generator: Generator, tmp_path: Path) -> None:
    """A model is known by its properties, whatever its schema is called; a variable by its argument."""
    found = adopted(TREES[generator], tmp_path)
    assert found.config.rename_types == {"pet_v2": "Pet"}
    assert found.config.prefix == "BIG_ZOO"
    assert found.variables == (("BIG_ZOO_ZOO_KEY", True),)


def test_what_cannot_stay_has_a_line_to_write_instead(tmp_path: Path) -> None:
    """Calls on the client itself, and operations that the document does not have."""
    lines = "\n".join(adopted_lines(adopted(sdks.STAINLESS, tmp_path)))
    assert lines.startswith(
        "Stainless: 4 of 6 calls stay as they are from the client to the method, 4 of them with every"
    )
    assert "  client.health(…)  ->  client.animals.status(…)" in lines
    assert "  client.pets.toys.throw: POST /v1/pets/{pet}/toys/throw" in lines


@pytest.mark.parametrize(
    ("method", "missing", "body", "spreads", "given"),
    [
        ("POST", (), "", False, "…"),
        ("POST", ("tags",), "", False, '…, options=CallOptions(body={"petTags": …})'),
        ("GET", ("tags",), "", False, '…, options=CallOptions(query={"petTags": …})'),
        ("POST", ("tags", "x", "y", "z"), "", False, '…, options=CallOptions(body={"petTags": …, "x": …, "y": …, …})'),
        ("POST", ("tags", "x"), "body", False, "…, body={…}"),
        ("POST", ("pet",), "", True, "…, **pet"),
    ],
)
def test_arguments_that_the_document_does_not_have_can_be_given_all_the_same(
    method: str, missing: tuple[str, ...], body: str, given: str, *, spreads: bool
) -> None:
    """By `CallOptions`, under their names on the wire; an object that is the whole body is spread."""
    arguments = (Argument("tags", "petTags"), *(Argument(name) for name in ("x", "y", "z", "pet")))
    kept = Kept(
        KnownCall("pets.make", method, "/pets", arguments),
        "pets.make",
        stays=True,
        missing=missing,
        body=body,
        spreads=spreads,
    )
    assert kept.instead() == f"client.pets.make({given})"


@pytest.mark.parametrize(
    ("files", "paths"),
    [
        (sdks.OPENAPI_GENERATOR, {"animals.find_all_pets": (), "animals.fetch_one": ()}),
        (sdks.OPENAPI_PYTHON_CLIENT, {"animals.find_all_pets": (), "animals.fetch_one": ()}),
    ],
    ids=["openapi-generator", "openapi-python-client"],
)
def test_sdks_without_resources_keep_methods_and_arguments(
    files: Mapping[str, str], paths: Mapping[str, tuple[str, ...]], tmp_path: Path
) -> None:
    """A class or a module for each tag becomes a resource."""
    found = adopted(files, tmp_path)
    assert {kept.call.path: kept.missing for kept in found.calls if kept.stays} == paths


def command(folder: Path, *arguments: str) -> Result:
    """Run `samekey adopt` on the Stainless SDK of these tests."""
    sdk = sdks.laid_out(sdks.STAINLESS, folder / "other")
    (folder / "api.yaml").write_text(sdks.DOCUMENT, "utf-8")
    return CliRunner().invoke(app, ["adopt", str(sdk), str(folder / "api.yaml"), *arguments])


def test_the_config_is_one_that_generate_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that were written for the other SDK run against ours."""
    config, target = tmp_path / "samekey.yaml", tmp_path / "sdk"
    assert command(tmp_path, "-o", str(config)).exit_code == 0
    made = ["generate", str(tmp_path / "api.yaml"), "-o", str(target), "--config", str(config)]
    result = CliRunner().invoke(app, made)
    assert (result.exit_code, "rename" in result.output) == (0, False), result.output
    monkeypatch.setattr(sys, "path", [str(target), *sys.path])
    monkeypatch.setenv("BIG_ZOO_ZOO_KEY", "k")
    for name in [name for name in sys.modules if name.partition(".")[0] == "zoo"]:
        monkeypatch.delitem(sys.modules, name)
    zoo = importlib.import_module("zoo")
    with respx.mock(base_url="https://zoo.test/api/v1") as router, zoo.Zoo() as client:
        created = router.post("/pets").mock(return_value=httpx.Response(200, json={"name": "a", "legCount": 4}))
        listed = router.get("/pets", params={"pageSize": "3"}).mock(return_value=httpx.Response(200, json=[]))
        toys = router.get("/pets/p/toys").mock(return_value=httpx.Response(200))
        pet = client.pets.create(name="a", legs=4)
        assert isinstance(pet, zoo.models.Pet)
        assert client.pets.list(size=3) == []
        client.pets.toys.list("p")
    assert (created.call_count, listed.call_count, toys.call_count) == (1, 1, 1)
    assert created.calls.last.request.headers["x-key"] == "k"


def test_what_the_other_client_is_given_once_stays_an_argument_of_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the name that the calls have for it."""
    text = adopted_config(adopted(sdks.SPEAKEASY_WITH_GLOBALS, tmp_path / "other"))
    spec, config, target = tmp_path / "api.yaml", tmp_path / "samekey.yaml", tmp_path / "sdk"
    spec.write_text(sdks.DOCUMENT, "utf-8")
    config.write_text(text, "utf-8")
    result = CliRunner().invoke(app, ["generate", str(spec), "-o", str(target), "--config", str(config)])
    assert result.exit_code == 0, result.output
    monkeypatch.setattr(sys, "path", [str(target), *sys.path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "zoo"]:
        monkeypatch.delitem(sys.modules, name)
    zoo = importlib.import_module("zoo")
    with respx.mock(base_url="https://zoo.test/api/v1") as router, zoo.Zoo(zoo_key="k", size=3) as client:
        listed = router.get("/pets").mock(return_value=httpx.Response(200, json=[]))
        client.pets.list()
        assert listed.calls.last.request.url.params["pageSize"] == "3"
        client.pets.list(size=5)
        assert listed.calls.last.request.url.params["pageSize"] == "5"


def test_without_a_file_the_config_alone_goes_to_standard_output(tmp_path: Path) -> None:
    """For a pipe; the report goes to the other stream."""
    result = command(tmp_path)
    assert result.exit_code == 0
    document = load("samekey.yaml", Diagnostics(), lambda _: result.stdout.encode())
    assert document is not None
    assert read_config(document.node).rename_operations["toysOf"] == "pets.toys.list"
    assert "4 of 6 calls stay" in result.stderr


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Nobody's config is lost."""
    (tmp_path / "mine.yaml").write_text("package: mine\n", "utf-8")
    result = command(tmp_path, "-o", str(tmp_path / "mine.yaml"))
    assert (result.exit_code, (tmp_path / "mine.yaml").read_text("utf-8")) == (2, "package: mine\n")
    assert "is there already" in result.output


PROGRAM = """
from zoo import Zoo
zoo = Zoo()
zoo.pets.create(name="a")
for toy in zoo.pets.toys.list("p"):
    print(toy)
zoo.health()
zoo.pets.with_raw_response.retrieve("p")
self.zoo.pets.toys.throw("p")
print("pets.create")
"""


def test_the_calls_of_a_program_are_counted_and_listed(tmp_path: Path) -> None:
    """Each call that has to be written anew, with its line and what to write."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    result = command(tmp_path, "-o", str(tmp_path / "out.yaml"), "--program", str(program))
    assert "2 of 5 calls in the program stay as they are" in result.output
    assert f"{program}:7: zoo.health(…)  ->  client.animals.status(…)" in result.output
    assert f"{program}:8: zoo.pets.with_raw_response.retrieve(…)  ->  client.pets.retrieve.detailed(…)" in result.output
    assert f"{program}:9: self.zoo.pets.toys.throw(…)  ->  the document has no such operation" in result.output


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"zoo/__init__.py": ""}, "no generator that is known made"),
        ({**sdks.STAINLESS, "zoo/bad.py": "def ("}, "bad.py cannot be read as Python"),
        ({**sdks.STAINLESS, "zoo/_client.py": ""}, "has no client as those of Stainless are"),
        ({**sdks.STAINLESS, "zoo/deep.py": "(" * 5000}, "deep.py cannot be read as Python"),
        ({"readme.txt": ""}, "there is no package"),
    ],
)
def test_what_cannot_be_read_is_an_error_for_people(files: Mapping[str, str], message: str, tmp_path: Path) -> None:
    """What is wrong, and where; no traceback."""
    sdks.laid_out(files, tmp_path / "other")
    (tmp_path / "api.yaml").write_text(sdks.DOCUMENT, "utf-8")
    result = CliRunner().invoke(app, ["adopt", str(tmp_path / "other" / "zoo"), str(tmp_path / "api.yaml")])
    assert result.exit_code == 2
    assert message in result.output
    assert "[adopt-impossible]" in result.output


def test_nothing_of_the_other_sdk_runs(tmp_path: Path) -> None:
    """Its source is text: neither its modules nor what its folder holds besides is imported."""
    marker = tmp_path / "ran"
    bomb = f"open({str(marker)!r}, 'w')\n"
    files = {name: bomb + text for name, text in sdks.STAINLESS.items()}
    assert adopted({**files, "zoo/sitecustomize.py": bomb}, tmp_path).calls
    assert not marker.exists()


def test_hostile_names_stand_in_the_config_as_text(tmp_path: Path) -> None:
    """Names that Python or the config cannot have are not written; what is written is read back as it was meant."""
    hostile = sdks.STAINLESS["zoo/_client.py"].replace("class Zoo(", "class zoo(").replace("def pets(", "def request(")
    files = {**sdks.STAINLESS, "zoo/_client.py": hostile, "zoo/__init__.py": "from ._client import zoo\n"}
    found = adopted(files, tmp_path)
    assert (found.config.client, [kept.call.path for kept in found.calls if kept.stays]) == ("", [])
    document = load("samekey.yaml", Diagnostics(), lambda _: adopted_config(found).encode())
    assert document is not None
    assert read_config(document.node).rename_operations == found.config.rename_operations == {}
    assert not document.diagnostics.failed


STAINLESS_CONFIG = """
organization: {name: big zoo}
targets: {python: {package_name: zoo}}
client_settings:
  opts: {zoo_key: {type: string, read_env: BIG_ZOO_ZOO_KEY, auth: {security_scheme: Key}}}
resources:
  $client: {methods: {health: get /v1/status}}
  pets:
    models: {pet: '#/components/schemas/pet_v2'}
    methods: {list: get /v1/pets, create: {endpoint: post /v1/pets}, retrieve: "get /v1/pets/{petId}"}
    subresources: {toys: {methods: {list: "get /v1/pets/{petId}/toys", odd: 5}}}
"""
FERN_CONFIG = """
api: {specs: [{openapi: api.yaml, overrides: overrides.yml}]}
groups:
  sdk: {generators: [{name: fernapi/fern-python-sdk, config: {client_class_name: BigZoo, package_name: zoo}}]}
"""
OVERRIDES = """
paths:
  /v1/pets:
    get: {x-fern-sdk-group-name: pets, x-fern-sdk-method-name: list}
    post: {x-fern-sdk-group-name: pets, x-fern-sdk-method-name: create}
  /v1/pets/{petId}:
    get: {x-fern-sdk-group-name: pets, x-fern-sdk-method-name: retrieve}
  /v1/pets/{petId}/toys:
    get: {x-fern-sdk-group-name: [pets, toys], x-fern-sdk-method-name: list}
"""
SPEAKEASY_CONFIG = "generation: {sdkClassName: bigZoo}\npython: {packageName: big-zoo, envVarPrefix: BIG_ZOO}\n"
CALLS = ["pets.list", "pets.create", "pets.retrieve", "pets.toys.list"]


@pytest.mark.parametrize(
    ("name", "text", "client", "package", "kept"),
    [
        ("stainless.yml", STAINLESS_CONFIG, "BigZoo", "zoo", CALLS),
        ("generators.yml", FERN_CONFIG, "BigZoo", "zoo", CALLS),
        ("overrides.yml", OVERRIDES, "", "", CALLS),
        ("gen.yaml", SPEAKEASY_CONFIG, "BigZoo", "big_zoo", []),
    ],
)
def test_configs_say_the_same(name: str, text: str, client: str, package: str, kept: list[str], tmp_path: Path) -> None:
    """Of those who have the config of their generator, and not only what it made."""
    (tmp_path / "overrides.yml").write_text(OVERRIDES, "utf-8")
    (tmp_path / name).write_text(text, "utf-8")
    found = keep_names(read_sdk(str(tmp_path / name), Diagnostics()), lowered(sdks.DOCUMENT).api)
    assert (found.config.client, found.config.package) == (client, package)
    assert sorted(entry.call.path for entry in found.calls if entry.stays) == sorted(kept)
    if name == "stainless.yml":
        assert found.config.rename_types == {"pet_v2": "Pet"}
    if name in {"stainless.yml", "gen.yaml"}:
        assert found.config.prefix == "BIG_ZOO"


@pytest.mark.parametrize(
    "text", ["- a\n", "a: b\n", "resources: [x]\n", "resources: {a: {methods: {b: [c]}}}\n", "a: [\n"]
)
def test_configs_that_are_none(text: str, tmp_path: Path) -> None:
    """An error, or a config that names nothing; never a traceback."""
    path = tmp_path / "x.yml"
    path.write_text(text, "utf-8")
    (tmp_path / "api.yaml").write_text(sdks.DOCUMENT, "utf-8")
    result = CliRunner().invoke(app, ["adopt", str(path), str(tmp_path / "api.yaml")])
    assert result.exit_code == 2 or "0 of 0 calls" in result.output
    assert result.exit_code == 0 or "is no config of a generator" in result.output
    assert isinstance(result.exception, SystemExit | None)
