"""The order of definitions, their modules, and SDKs of difficult documents: they import, decode and type-check."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samekey.config.file import Config
from samekey.emit import plan
from samekey.emit.models import MODULE_SIZE
from samekey.graph import chunk, components
from samekey.lower import lower
from samekey.names import assign
from samekey.pipeline import Generated, generate

from tests.lower.documents import loaded
from tests.tools import WITHOUT_RUNTIME, checked, modules_checked, mypy_strict, write_files

# Order


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Graphs with loops, parallel edges, islands and long circles."""
    nodes = [f"n{number}" for number in range(draw(st.integers(0, 9)))]
    targets = st.lists(st.sampled_from(nodes), max_size=4) if nodes else st.just(list[str]())
    return {node: draw(targets) for node in nodes}


def reached(graph: Mapping[str, Sequence[str]], start: str) -> set[str]:
    """Every node on a way from a node, itself included; found without any cleverness."""
    found: set[str] = set()
    pending = [start]
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending += graph[node]
    return found


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_components_are_what_reaches_each_other(graph: dict[str, list[str]]) -> None:
    """Two nodes share a component where each reaches the other; every node is in one component."""
    ways = {node: reached(graph, node) for node in graph}
    expected = {frozenset(other for other in graph if other in ways[node] and node in ways[other]) for node in graph}
    found = components(graph, lambda node: graph[node])
    assert {frozenset(group) for group in found} == expected
    assert sorted(node for group in found for node in group) == sorted(graph)


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_every_dependency_comes_before_its_dependent_or_with_it(graph: dict[str, list[str]]) -> None:
    """Whoever reads from top to bottom meets nothing that is not known yet, save in a circle."""
    found = components(graph, lambda node: graph[node])
    place = {node: number for number, group in enumerate(found) for node in group}
    assert all(place[target] <= place[node] for node, targets in graph.items() for target in targets)


def test_the_order_of_independent_nodes_is_the_documents() -> None:
    """Ties are decided by the order in which the keys are given."""
    assert components("cab", lambda _: "") == [("c",), ("a",), ("b",)]


@pytest.mark.parametrize("circle", [False, True], ids=["chain", "circle"])
def test_depth_is_no_limit(circle: bool) -> None:  # noqa: FBT001
    """A chain of 5,000 definitions is no deeper than Python's stack."""
    size = 5_000
    graph = {str(number): [str(number + 1)] for number in range(size - 1)} | {str(size - 1): ["0"] if circle else []}
    found = components(graph, lambda node: graph[node])
    assert len(found) == (1 if circle else size)
    assert circle or found[0] == (str(size - 1),)


@given(st.lists(st.lists(st.integers(), max_size=6), max_size=20), st.integers(1, 8))
def test_chunks_keep_groups_whole_and_in_order(sizes: list[list[int]], size: int) -> None:
    """No group is split, nothing is lost or moved, and no chunk is larger than it has to be."""
    groups = [[f"{number}.{member}" for member in range(len(group))] for number, group in enumerate(sizes)]
    found = chunk(groups, size)
    assert [member for part in found for member in part] == [member for group in groups for member in group]
    for group in groups:
        assert not group or sum(set(group) <= set(part) for part in found) == 1
    largest = max([len(group) for group in groups], default=0)
    assert all(len(part) <= max(size, largest) for part in found)


# Documents

STRING: Mapping[str, object] = {"type": "string"}


def ref(component: str) -> dict[str, object]:
    """A reference to a component, by a key that needs no escapes."""
    return {"$ref": f"#/components/schemas/{component}"}


def obj(*names: str, required: Sequence[str] = (), **more: Mapping[str, object]) -> dict[str, object]:
    """An object of strings, and of properties of other kinds."""
    return {"type": "object", "properties": dict.fromkeys(names, STRING) | more, "required": list(required)}


def listed(item: Mapping[str, object]) -> dict[str, object]:
    """An array."""
    return {"type": "array", "items": item}


def of_json(schema: Mapping[str, object]) -> dict[str, object]:
    """What holds a schema, in a body or a response."""
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def document(title: str, schemas: Mapping[str, object], paths: Mapping[str, object] | None = None) -> dict[str, object]:
    """A document that returns, takes and lists every component."""
    found: dict[str, object] = {}
    for number, component in enumerate(schemas):
        found[f"/{number}"] = {
            "get": {"operationId": f"get{number}", "tags": ["things"], "responses": {"200": of_json(ref(component))}},
            "post": {
                "operationId": f"send{number}",
                "tags": ["things"],
                "requestBody": of_json(listed(ref(component))),
                "responses": {"201": of_json(ref(component))},
            },
            "put": {
                "operationId": f"put{number}",
                "tags": ["things"],
                "requestBody": of_json(ref(component)),
                "responses": {"204": {"description": ""}},
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": found | dict(paths or {}),
        "components": {"schemas": dict(schemas)},
    }


RECURSIVE = document(
    "Recursive",
    {
        "Node": obj(
            "id",
            next=ref("Node"),
            children=listed(ref("Node")),
            by_name={"type": "object", "additionalProperties": ref("Node")},
            parent={"anyOf": [ref("Node"), {"type": "null"}]},
            required=["children", "parent"],
        ),
        "Tree": listed(ref("Tree")),
        "Deep": {"type": "object", "additionalProperties": ref("Deep")},
        "Maybe": {"type": ["array", "null"], "items": ref("Maybe")},
        "Json": {
            "oneOf": [
                STRING,
                {"type": "number"},
                {"type": "boolean"},
                {"type": "null"},
                listed(ref("Json")),
                {"type": "object", "additionalProperties": ref("Json")},
            ]
        },
        "Expr": {"oneOf": [ref("Add"), ref("Num"), ref("Neg")], "discriminator": {"propertyName": "op"}},
        "Add": obj(op={"const": "add"}, left=ref("Expr"), right=ref("Expr"), required=["op", "left", "right"]),
        "Neg": obj(op={"const": "neg"}, of=ref("Expr"), required=["op", "of"]),
        "Num": obj(op={"const": "num"}, value={"type": "number"}, required=["op", "value"]),
        "A": obj(b=ref("B")),
        "B": obj(c=ref("C"), all=listed(ref("A"))),
        "C": obj(a={"anyOf": [ref("A"), {"type": "null"}]}),
        "Animal": {
            **obj("kind", required=["kind"]),
            "oneOf": [ref("Cat"), ref("Dog")],
            "discriminator": {"propertyName": "kind"},
        },
        "Cat": {"allOf": [ref("Animal"), obj(friend=ref("Animal"))]},
        "Dog": {"allOf": [ref("Animal"), obj("bark")]},
        "Own": {"allOf": [ref("Own"), obj("a", more=ref("Own"))]},
    },
)

# Models that refer to others before and behind them, small circles among them, and one circle larger than a module.
RING = 25
SIXTY = document(
    "Sixty",
    {
        f"Model{number}": obj(
            # A field of its own for each: mypy compares TypedDicts of one shape through all that they refer to.
            f"name_{number}",
            earlier=ref(f"Model{number // 2}"),
            later=ref(f"Model{number + 2 if number % 10 == 0 else number // 3}"),
            all=listed(ref(f"Model{max(number - 1, 0)}")),
            state={"enum": ["a", "b", f"c{number}"]},
            required=[f"name_{number}", "earlier"],
        )
        for number in range(60 - RING)
    }
    | {f"Ring{number}": obj("name", next=ref(f"Ring{(number + 1) % RING}")) for number in range(RING)},
)

KINDS: Mapping[str, Mapping[str, object]] = {
    "string": STRING,
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "uuid": {"type": "string", "format": "uuid"},
    "decimal": {"type": "string", "format": "decimal"},
    "bytes": {"type": "string", "format": "byte"},
    "binary": {"type": "string", "format": "binary"},
    "strings": listed(STRING),
    "integers": listed({"type": "integer"}),
    "map": {"type": "object", "additionalProperties": STRING},
    "model": ref("Model"),
    "other": ref("Other"),
    "enum": ref("Enum"),
    "numbers": ref("Numbers"),
    "const": {"const": "c"},
    "one": {"const": 1},
    "union": ref("Union"),
    "tree": ref("Tree"),
    "open": ref("Open"),
}
PAIRS = list(itertools.combinations(KINDS, 2))
UNIONS = document(
    "Unions",
    {
        "Model": obj("a", required=["a"]),
        "Other": obj("b"),
        "Open": {**obj("c"), "additionalProperties": {"type": "integer"}},
        "Enum": {"enum": ["a", "b"]},
        "Numbers": {"enum": [1, 2]},
        "Union": {"oneOf": [ref("Model"), ref("Other")]},
        "Tree": listed(ref("Tree")),
    }
    | {
        f"Pairs{start}": {
            "type": "object",
            "properties": {
                f"{first}_{second}": {"oneOf": [KINDS[first], KINDS[second], *([{"type": "null"}] * (start % 2))]}
                for first, second in PAIRS[start : start + 33]
            },
        }
        for start in range(0, len(PAIRS), 33)
    },
)

WIRE = (
    "class", "self", "None", "True", "copy", "schema", "json", "model_config", "foo-bar", "foo_bar", "fooBar", "userID",
    "user_id", "+1", "-1", "@", "1st", "_x", "__init__", "__x", "日本", "list", "dict", "str", "int", "float", "bool",
    "bytes", "field", "dt", "models", "type", "id", "mro", "Any", "Literal", "Sequence", "Mapping", "UUID", "Decimal",
    "File", "Model", "TypedDict", "NotRequired", "options", "idempotency_key", "cls", "timeout", "headers", "body",
    "name", "value", "property", "object", "print", "one_of", "OMIT", "Call", "annotations", "msgspec", "it's", "{x}",
    "{{ x }}", "{% x %}", "a.b", "a b", "Foo", "Address",
)  # fmt: skip
SCHEMAS = (
    "Any", "List", "Model", "UUID", "Literal", "Mapping", "Sequence", "Decimal", "Client", "Error", "ConnectionError",
    "Foo", "foo", "FOO", "Foo-Output", "FooOutput", "FooInput", "foo-bar", "foo_bar", "None", "TypedDict", "Enum",
    "OpenStrEnum", "Response", "Call", "CallOptions", "Omit", "File", "Resource", "dict", "str", "int", "type",
    "object", "property", "Exception", "one_of", "field", "dt", "models", "annotations", "import_module", "1st",
    "_part_01", "Collisions", "AsyncCollisions", "TypeAlias", "NotRequired", "Optional", "Union", "Callable", "Self",
    "datetime", "typing", "msgspec", "Address",
)  # fmt: skip
TAGS = (
    "models", "types", "match", "class", "List", "list", "日本", "foo-bar", "foo_bar", "Foo Bar", "1", "close",
    "journal", "self", "with_options", "async", "Collisions", "client", "Client", "__init__", "_client", "dt",
    "builtins", "typing", "resource", "async resource", "call", "operation", "safety", "datetime",
    "CallOptions", "any", "import", "models_",
)  # fmt: skip
ARGUMENTS = ("id", "options", "self", "list", "class", "Any", "str", "models", "dt", "idempotency_key", "body")


def colliding_operations(tag: str, number: int) -> dict[str, object]:
    """Operations whose ids are builtins and keywords, and whose arguments have one name in four places."""
    parameters = [
        {
            "name": entry,
            "in": place,
            "required": place == "path",
            "schema": listed(STRING) if place == "query" else STRING,
        }
        for entry in ARGUMENTS
        for place in (("path", "query", "header", "cookie") if number < 4 else ("path",))
    ]
    bodies = ("Wire", "Required", "Holder", "Members")
    methods = {"get": "list", "post": "import", "put": "dict", "delete": "int", "patch": "type"}
    return {
        method: {
            "operationId": word,
            "tags": [tag],
            "parameters": parameters,
            "responses": {"200": of_json(listed(ref("Any")))},
            **(
                {"requestBody": of_json(ref(bodies[number % len(bodies)]))}
                if method in {"post", "put", "patch"}
                else {}
            ),
        }
        for method, word in methods.items()
    }


COLLISIONS = document(
    "Collisions",
    {entry: obj("x", "self", required=["x"]) for entry in SCHEMAS}
    | {
        "Wire": obj(*WIRE),
        "Required": obj(*WIRE, required=WIRE),
        # Properties that are named as the types of their neighbours, or as their own.
        "Holder": {
            "type": "object",
            "properties": {
                entry: ref(entry) for entry in ("Any", "Foo", "foo", "FOO", "Literal", "UUID", "Decimal", "Sequence")
            }
            | {
                "Address": ref("Address"),
                "time": {"type": "string", "format": "date-time"},
                "datetime": {"type": "string", "format": "date-time"},
                "key": {"type": "string", "format": "uuid"},
                "amount": {"type": "string", "format": "decimal"},
                "anything": {},
                "strings": listed(STRING),
                "map": {"type": "object", "additionalProperties": STRING},
                "const": {"const": "x"},
                "field": STRING,
            },
        },
        "Values": {
            "enum": ["a", "A", "name", "value", "mro", "", "+1", "-1", "class", "None", "日本", "x y", "x-y", "x_y",
                     "1", "__init__", "_a", "it's", 'a"b', "a\\b", "title", "encode"]
        },
        "Numbers": {"enum": [1, -1, 0]},
        "Members": obj(Values=ref("Values"), Numbers=ref("Numbers"), values=listed(ref("Values"))),
    },
    {
        f"/t{number}/" + "/".join(f"{{{entry}}}" for entry in ARGUMENTS): colliding_operations(tag, number)
        for number, tag in enumerate(TAGS)
    },
)  # fmt: skip

DOCUMENTS: Mapping[str, Mapping[str, object]] = {
    "recursive": RECURSIVE,
    "sixty": SIXTY,
    "unions": UNIONS,
    "collisions": COLLISIONS,
}
each_document = pytest.mark.parametrize("package", DOCUMENTS)


@dataclass(frozen=True)
class Sdks:
    """Packages side by side in one folder."""

    folder: Path
    results: Mapping[str, Generated]


def generated(value: Mapping[str, object]) -> Generated:
    """The SDK of a document, of which nothing was lost."""
    source, diagnostics = loaded(json.dumps(value))
    result = generate(source, Config())
    assert result is not None, [entry.message for entry in diagnostics]
    assert not diagnostics.failed
    return result


def written(folder: Path, result: Generated) -> None:
    """The package alone, without the project around it."""
    package = {path: text for path, text in result.files.items() if path.startswith(f"{result.package}/")}
    write_files(package, folder)


@pytest.fixture(scope="module")
def sdks(tmp_path_factory: pytest.TempPathFactory) -> Sdks:
    """The SDKs of all documents, written once."""
    folder = tmp_path_factory.mktemp("sdks")
    results = {package: generated(value) for package, value in DOCUMENTS.items()}
    for result in results.values():
        written(folder, result)
    return Sdks(folder, results)


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import msgspec

def fresh(package):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]

package = sys.argv[1]
root = importlib.import_module(package)
found = [entry.name for entry in pkgutil.walk_packages(root.__path__, package + ".")]
for name in found:
    fresh(package)
    importlib.import_module(name)  # each module first, so that no circle hides behind a lucky order
fresh(package)
root = importlib.import_module(package)
models = importlib.import_module(package + ".models")
for holder in (root, models):
    assert len(set(holder.__all__)) == len(holder.__all__)
    for name in holder.__all__:
        assert getattr(holder, name) is not None, name
for name in models.__all__:
    kind = getattr(models, name)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        msgspec.json.Decoder(kind)  # every annotation resolves, and is one that msgspec can decode
clients = [getattr(root, name) for name in root.__all__ if name.lower() in (package, "async" + package)]
assert len(clients) == 2, clients
for client in clients:
    resources = [name for name in vars(client) if not name.startswith("_")]
    assert resources
    made = client(base_url="https://api.test")
    for name in resources:
        getattr(made, name)
print(len(models.__all__), len(found))
"""


@each_document
def test_everything_emitted_compiles(sdks: Sdks, package: str) -> None:
    """Every file is valid Python, without a warning."""
    for path, text in sdks.results[package].files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


@each_document
def test_everything_emitted_imports_and_decodes(sdks: Sdks, package: str) -> None:
    """Each module can be imported first, every public name resolves, and msgspec takes every class."""
    printed = checked([sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING, package], cwd=sdks.folder)
    exported, modules = (int(number) for number in printed.split())
    assert exported >= sdks.results[package].types
    assert modules > 20


@each_document
def test_no_operation_and_no_argument_is_lost(sdks: Sdks, package: str) -> None:
    """Every operation of the document is a declaration in some resource."""
    paths = DOCUMENTS[package]["paths"]
    assert isinstance(paths, dict)
    expected = sum(len(item) for item in paths.values())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    result = sdks.results[package]
    resources = [text for path, text in result.files.items() if path.startswith(f"{package}/resources/")]
    assert result.operations == expected
    assert sum(text.count("    @_operation(") for text in resources) == expected


def test_mypy_is_content(sdks: Sdks) -> None:
    """All of them pass mypy in strict mode."""
    checked([*mypy_strict(), "."], cwd=sdks.folder)


def test_pyright_is_content(sdks: Sdks) -> None:
    """All of them pass pyright in strict mode."""
    config = sdks.folder / "pyrightconfig.json"
    config.write_text(json.dumps({"typeCheckingMode": "strict", "exclude": WITHOUT_RUNTIME}), "utf-8")
    printed = checked(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(config), "--outputjson"],
        cwd=sdks.folder,
    )
    assert json.loads(printed)["summary"]["filesAnalyzed"] >= modules_checked(sdks.folder)


def test_models_are_spread_over_modules_of_a_sensible_size(sdks: Sdks) -> None:
    """A module holds about `MODULE_SIZE` classes; only a circle makes it larger, since a circle is never split."""
    source, _ = loaded(json.dumps(SIXTY))
    api = lower(source)
    assert api is not None
    names = assign(api, Config())
    modules = plan(api, names, Config()).models
    sizes = [len(module.exports) for module in modules if not module.future]
    assert sum(sizes) == sdks.results["sixty"].types
    assert len(sizes) > 3
    assert sorted(sizes)[-2] <= MODULE_SIZE
    ring = {f"Ring{number}" for number in range(RING)}
    assert [ring & set(module.exports) for module in modules if ring & set(module.exports)] == [ring]


def test_output_does_not_depend_on_the_process(tmp_path: Path) -> None:
    """The same document gives the same bytes, whatever the hash seed is."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(COLLISIONS), "utf-8")
    script = (
        "import sys, hashlib\n"
        "from samekey.config.file import Config\nfrom samekey.document.diagnostics import Diagnostics\n"
        "from samekey.document.node import load\nfrom samekey.pipeline import generate\n"
        "result = generate(load(sys.argv[1], Diagnostics()), Config())\n"
        "print(hashlib.sha256(repr(sorted(result.files.items())).encode()).hexdigest())\n"
    )
    printed = {checked([sys.executable, "-c", script, str(path)], env={"PYTHONHASHSEED": seed}) for seed in ("0", "7")}
    assert len(printed) == 1


# One construct at a time: each of these would take a whole module of models with it.


def import_sdk(folder: Path, schemas: Mapping[str, object], package: str = "small") -> None:
    """An SDK of these components imports, with all of its models."""
    written(folder, generated(document(package.capitalize(), schemas)))
    checked([sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING, package], cwd=folder)


def test_a_property_named_field_beside_renamed_ones(tmp_path: Path) -> None:
    """`field` is what error bodies call it, and what msgspec calls its own function."""
    optional, required = obj("field", "class", "rejectedValue"), obj("class", "field", required=["field"])
    import_sdk(tmp_path, {"Optional": optional, "Required": required})


@pytest.mark.parametrize(
    "wire",
    [['a"b'], ["a\\b"], ["a\nb", "a\tb", "\x00", "\x7f", "\u2028"], ["", " ", "\u202e", "é", "'", "{{ x }}", "# x"]],
    ids=["quote", "backslash", "controls", "others"],
)
def test_properties_of_any_spelling(tmp_path: Path, wire: list[str]) -> None:
    """Quotes, backslashes and controls in names of the wire break no import."""
    import_sdk(tmp_path, {"Odd": obj(*wire, "plain"), "Needed": obj(*wire, required=wire)})


def test_values_of_any_spelling(tmp_path: Path) -> None:
    """Values of enums and constants are literals of Python, whatever stands in them."""
    values = ['a"b', "a\\b", "a\nb", "\x00", "\u202e", '"""', "{{ x }}", "é", "", " ", "# x", "it's"]
    constants: dict[str, Mapping[str, object]] = {f"c{number}": {"const": value} for number, value in enumerate(values)}
    holder = {"type": "object", "properties": {"one": ref("Odd"), **constants}}
    import_sdk(tmp_path, {"Odd": {"enum": values}, "Holder": holder})


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"oneOf": [ref("A"), STRING]}},
        {"A": {"oneOf": [ref("B"), STRING]}, "B": {"oneOf": [ref("A"), {"type": "integer"}]}},
        {"A": {"oneOf": [ref("A"), listed(ref("A"))]}},
        {"A": {"allOf": [ref("B")]}, "B": {"allOf": [ref("A")]}},
        {"A": ref("B"), "B": ref("A")},
    ],
)
def test_no_alias_is_a_union_with_itself(schemas: Mapping[str, object]) -> None:
    """Type checkers refuse an alias that names itself with no list, map or class between."""
    result = generated(document("Small", schemas))
    aliases = _aliases(text for path, text in result.files.items() if "/models/_" in path)
    for alias in aliases:
        assert alias not in _direct(alias, aliases), aliases


def _aliases(texts: Iterable[str]) -> dict[str, list[str]]:
    """Aliases with the members of their unions."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for line in text.splitlines():
            head, sign, target = line.strip().partition(": TypeAlias = ")
            if sign and target.startswith('"'):
                found[head] = [member.strip() for member in target.strip('"').split(" | ")]
    return found


def _direct(alias: str, aliases: Mapping[str, list[str]]) -> set[str]:
    """Every alias that an alias consists of, without a list, map or class between."""
    graph = {head: [member for member in members if member in aliases] for head, members in aliases.items()}
    return {node for member in graph[alias] for node in reached(graph, member)}
