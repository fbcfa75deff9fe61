"""Depth of reference is no depth of recursion: what is flat in a document may lead as far as it likes."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from samekey.ir import Alias, Model, Union
from samekey.lower import lower
from samekey.lower.schemas.references import MAX_DEPTH
from samekey.sandbox.api.samples import Samples
from samekey.sandbox.api.schemas import Direction, SchemaJudge
from samekey_templates.runtime.types import is_fields

from tests.hard_cases.sdk import USUAL, Answer, Sdk
from tests.tools import checked, without_cache

from .documents import (
    CHAINS,
    MESHES,
    arrays,
    arrays_of_unions,
    choices,
    friends,
    generated,
    loaded,
    maps,
    needed,
    objects,
    parents,
    references,
    unions,
    wrappers,
    written,
)
from .documents import Schemas as Documents

FAR = 5_000


def steps(work: Callable[[], object]) -> int:
    """How many functions are called."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("kind", [objects, needed, arrays, maps, references, wrappers], ids=lambda kind: kind.__name__)
def test_a_chain_of_thousands_becomes_an_sdk(kind: Callable[[int], Documents]) -> None:
    """Every file of it is Python, and no type nests deeper than people read."""
    result = generated(kind(FAR))
    for path, text in result.files.items():
        if path.endswith(".py") and "/_runtime/" not in path:
            tree = ast.parse(text)
            assert all(depth(node) <= MAX_DEPTH + 2 for node in ast.walk(tree) if isinstance(node, ast.Subscript))


def depth(node: ast.AST) -> int:
    """How deep subscripts nest."""
    return isinstance(node, ast.Subscript) + max((depth(child) for child in ast.iter_child_nodes(node)), default=0)


@pytest.mark.parametrize("kind", CHAINS, ids=lambda kind: kind.__name__)
def test_twice_as_many_schemas_are_twice_the_work(kind: Callable[[int], Documents]) -> None:
    """Chains are lowered in linear time."""
    small, large = (loaded(kind(size)) for size in (200, 400))
    assert steps(lambda: lower(large)) < 2.2 * steps(lambda: lower(small))


@pytest.mark.parametrize("kind", MESHES, ids=lambda kind: kind.__name__)
def test_twice_as_many_references_are_twice_the_work(kind: Callable[[int], Documents]) -> None:
    """Where each schema refers to each, there are four times as many references between twice as many."""
    small, large = (loaded(kind(size)) for size in (20, 40))
    assert steps(lambda: lower(large)) < 4.6 * steps(lambda: lower(small))


@pytest.mark.parametrize("kind", MESHES, ids=lambda kind: kind.__name__)
def test_twenty_that_all_refer_to_each_other_become_an_sdk(kind: Callable[[int], Documents]) -> None:
    """The SDK has a class for each, or one for all where they are one type."""
    assert generated(kind(20)).types >= 1


def test_unions_that_list_each_other_are_one_union() -> None:
    """Each of them holds the variants of all, in the order in which they are met."""
    api = lower(loaded(unions(3)))
    assert api is not None
    found = [definition for definition in api.types if isinstance(definition, Alias)]
    (whole,) = found
    assert isinstance(whole.target, Union)
    assert len(whole.target.variants) == 3
    assert {definition.name for definition in api.types if isinstance(definition, Model)} == {
        ("T0",),
        ("T1",),
        ("T2",),
        ("listThings", "response"),
    }


def test_a_union_in_the_items_of_a_union_that_it_lists_keeps_all_variants() -> None:
    """`S1` lists `S0` beside `T1`; that `S0` holds a list of `S1` takes nothing from either."""
    schemas: Documents = {
        "S0": {"oneOf": [{"$ref": "#/components/schemas/T0"}, {"type": "array", "items": ref("S1")}]},
        "S1": {"oneOf": [ref("T1"), ref("S0")]},
        "T0": {"type": "object", "properties": {"a": {"type": "string"}}},
        "T1": {"type": "object", "properties": {"b": {"type": "string"}}},
    }
    api = lower(loaded(schemas))
    assert api is not None
    unions_ = {definition.name: definition for definition in api.types if isinstance(definition, Alias)}
    target = unions_["S1",].target
    assert isinstance(target, Union)
    assert len(target.variants) >= 2


def ref(name: str) -> dict[str, object]:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


CALLS: list[tuple[str, Documents, object]] = [
    ("objects", objects(FAR), {"id": "a", "next": {"id": "b", "next": {"id": "c"}}}),
    ("objects_far", objects(300), {"id": "a"}),
    ("arrays", arrays(FAR), [[[], []]]),
    ("maps", maps(FAR), {"a": {"b": {}}}),
    ("arrays_of_unions", arrays_of_unions(60), [[[{"of_3": "x"}]]]),
    ("references", references(FAR), {"of_0": "x"}),
    ("friends", friends(20), {"p1": {"p2": {}}}),
    ("unions", unions(20), {"of_7": "x"}),
    ("choices", choices(20), {"of_0": "x", "one": {"of_3": "y"}, "many": [{"of_4": "z"}]}),
    ("parents", parents(20), {"of_0": "x", "of_19": "y"}),
]


@pytest.mark.parametrize(("name", "schemas", "value"), CALLS, ids=[name for name, _, _ in CALLS])
def test_answers_are_read(
    name: str, schemas: Documents, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call returns what the server says, typed and whole, and what it sends is what it was given."""
    result = written(schemas, tmp_path)
    for loaded_name in [entry for entry in sys.modules if entry == "far" or entry.startswith("far.")]:
        monkeypatch.delitem(sys.modules, loaded_name)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sdk = Sdk(tmp_path / f"{name}.json", result, loaded({}).diagnostics, tmp_path)
    content = json.dumps(value).encode()
    found = sdk.read(lambda api: api.things.get(), Answer(200, content), {**USUAL, "strict": True})
    assert json.loads(sdk.module._runtime.codec.json.encode(found)) == value
    fields: dict[str, object] = value if is_fields(value) and name not in {"maps", "unions"} else {}
    sent = sdk.send(lambda api: api.things.create(**(fields or {"body": value})), Answer(200, content))
    assert json.loads(sent.body) == value
    for loaded_name in [entry for entry in sys.modules if entry == "far" or entry.startswith("far.")]:
        monkeypatch.delitem(sys.modules, loaded_name)


def test_type_checkers_follow(tmp_path: Path) -> None:
    """An SDK of chains and of schemas that all refer to each other passes mypy in strict mode."""
    schemas = objects(200) | {f"U{name}": schema for name, schema in unions(20).items()}
    written({**schemas, "S0": objects(200)["S0"]}, tmp_path)
    checked([sys.executable, "-m", "mypy", "--strict", *without_cache(), "far"], cwd=tmp_path)


def copies(count: int) -> Documents:
    """Variants, each of which holds a union of all of them, written out anew."""
    all_of_them = {"oneOf": [{"$ref": f"#/components/schemas/V{n}"} for n in range(count)]}

    def variant(number: int) -> dict[str, object]:
        properties = {
            "kind": {"enum": [f"k{number}"]},
            "one": all_of_them,
            "many": {"type": "array", "items": all_of_them},
        }
        return {"type": "object", "required": ["kind"], "properties": properties}

    return {"S0": all_of_them, **{f"V{number}": variant(number) for number in range(count)}}


def test_type_checkers_follow_unions_that_are_written_out_again_and_again(tmp_path: Path) -> None:
    """Fourteen variants took mypy more than a minute when each of them had a union of its own."""
    written(copies(14), tmp_path)
    inputs = "".join(path.read_text("utf-8") for path in tmp_path.rglob("_inputs_*.py"))
    named = set(re.findall(r"(?:one|many): NotRequired\[(?:Sequence\[)?(\w+)", inputs))
    assert len(named) == 1, named
    checked([sys.executable, "-m", "mypy", "--strict", *without_cache(), "."], tmp_path)


@pytest.mark.parametrize("kind", [*CHAINS, *MESHES], ids=lambda kind: kind.__name__)
def test_the_sandbox_answers(kind: Callable[[int], Documents]) -> None:
    """A sample is made of what may lead as far as it likes, and judged."""
    document = loaded(kind(20))
    node = document.node.lookup("#/components/schemas/S0")
    assert node is not None
    schemas = SchemaJudge(document.node)
    value = Samples(schemas).fit(node)
    assert schemas.accepts(node, value, Direction.RESPONSE)
    # A union or an allOf that leads back to itself is not a schema that could be judged.
    assert bool(schemas.complaints(node, 7, Direction.RESPONSE)) == (kind not in (unions, parents))


def test_a_circle_of_references_leads_nowhere() -> None:
    """It is said where the chain that is asked for begins, and found in linear time."""
    circle: Documents = {f"S{number}": ref(f"S{(number + 1) % 2000}") for number in range(2000)}
    document = loaded(circle)
    api = lower(document)
    assert api is not None
    assert {entry.code for entry in document.diagnostics} == {"reference-cycle"}
