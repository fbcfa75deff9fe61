"""Names: every wire name gets a Python name that is valid, its own, the same each time, and what one would write."""

from __future__ import annotations

import ast
import inspect
import json
import keyword
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from acme_payments import AcmePayments
from acme_payments._runtime.client import AsyncClient, SyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samekey.config.file import Config
from samekey.names import Names, attribute, pascal, resolve, snake
from samekey.names.exports import PUBLIC
from samekey.names.reserved import CLIENT_ARGUMENTS, CLIENT_CLASSES, CLIENT_WORDS, TYPE_WORDS

from tests.lower.documents import HOME, Lowered, lowered
from tests.tools import checked

TITLE = "Acme"
any_names = st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True)
near_names = st.lists(
    st.text(alphabet="aAbB_-. 1+@é日", max_size=4), min_size=1, max_size=12, unique=True
)  # few letters, so that names collide
wire_names = st.one_of(any_names, near_names)
thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def document(
    operations: Sequence[Mapping[str, object]] = (),
    components: Mapping[str, object] | None = None,
    title: str = TITLE,
    schemes: Mapping[str, object] | None = None,
) -> Lowered:
    """A document of operations (`method` and `path` beside the usual words) and component schemas."""
    paths: dict[str, dict[str, object]] = {}
    for number, words in enumerate(operations):
        entry = {key: value for key, value in words.items() if key not in {"method", "path"}}
        entry.setdefault("responses", {"200": {"description": ""}})
        path, method = str(words.get("path", f"/x{number}")), str(words.get("method", "get"))
        item = paths.setdefault(path, {})
        assert method not in item, f"{method} {path} is in the test twice"
        item[method] = entry
    value = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {"schemas": components or {}, "securitySchemes": schemes or {}},
    }
    return lowered(json.dumps(value))


def calls(names: Names) -> list[str]:
    """Where each operation is found, as `resource.method`."""
    return [f"{entry.resource}.{entry.method}" for entry in names.methods.values()]


def methods(*operations: Mapping[str, object], config: Config | None = None) -> list[str]:
    """Where these operations are found."""
    return calls(document(operations).names(config))


def of_tag(*ids: str, tag: str = "x") -> list[str]:
    """The methods of operations that share a tag, by operationId."""
    found = methods(*({"operationId": entry, "tags": [tag]} for entry in ids))
    return [entry.partition(".")[2] for entry in found]


def returning(components: Mapping[str, object]) -> list[Mapping[str, object]]:
    """A GET for each component."""
    return [{"responses": {"200": returned(f"#/components/schemas/{escaped(entry)}")}} for entry in components]


def escaped(token: str) -> str:
    """A key as part of a JSON pointer in a URI (RFC 6901 section 6)."""
    return quote(token.replace("~", "~0").replace("/", "~1"), safe="")


def returned(reference: str) -> Mapping[str, object]:
    """A response that returns what is referred to."""
    return {"description": "", "content": {"application/json": {"schema": {"$ref": reference}}}}


def of_types(components: Mapping[str, object], config: Config | None = None) -> dict[str, str]:
    """Class names by component."""
    found = document(returning(components), components)
    names = found.names(config)
    return {definition.name[0]: names.types[definition.id] for definition in found.api.types}


def of_fields(*wire: str) -> list[str]:
    """Attributes of a model with these properties."""
    components = {"Thing": {"type": "object", "properties": {entry: {"type": "string"} for entry in wire}}}
    found = document(returning(components), components)
    (definition,) = found.api.types
    names = found.names()
    return [names.fields[definition.id, entry] for entry in wire]


def of_members(*values: str | int) -> list[str]:
    """Members of an enum with these values."""
    components = {"Thing": {"enum": list(values)}}
    found = document(returning(components), components)
    (definition,) = found.api.types
    names = found.names()
    return [names.members[definition.id, entry] for entry in values]


def is_valid(name: str) -> bool:
    """Whether Python takes a name for a variable, and in no other spelling."""
    return name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name


def is_class(name: str) -> bool:
    """Whether a class may have a name: a capital tells it from every attribute."""
    return is_valid(name) and name != name.lower() and not name[0].islower()


def are_distinct(names: Iterable[str]) -> bool:
    """Whether names differ by more than case: they become files, and are read by people."""
    listed = [entry.lower() for entry in names]
    return len(set(listed)) == len(listed)


# Methods and resources


@pytest.mark.parametrize(
    ("operation_id", "tag", "expected"),
    [
        ("listPets", "pets", "pets.list"),
        ("createPet", "pets", "pets.create"),
        ("getPetById", "pets", "pets.get_by_id"),
        ("pets_update", "pets", "pets.update"),
        ("PetsController_findAll", "pets", "pets.list"),
        ("listStockItems", "Stock Items", "stock_items.list"),
        ("listItems", "Stock Items", "stock_items.list"),
        ("list-addresses", "addresses", "addresses.list"),
        ("getStatus", "status", "status.get"),
        ("archive", "pets", "pets.archive"),
        ("pets", "pets", "pets.pets"),
        ("petById", "pets", "pets.pet_by_id"),
        ("listPetsOfOwner", "pets", "pets.list_of_owner"),
        ("listPetshops", "pets", "pets.list_petshops"),
    ],
)
def test_methods_lose_the_resources_noun(operation_id: str, tag: str, expected: str) -> None:
    """`client.pets.list`, not `client.pets.list_pets`, as long as something is left that says what is done."""
    assert methods({"operationId": operation_id, "tags": [tag]}) == [expected]


@pytest.mark.parametrize(
    ("operation_id", "expected"),
    [
        ("do/the thing.now", "do_the_thing_now"),
        ("do-the-thing", "do_the_thing"),
        ("doTheThing", "do_the_thing"),
        ("DoTheThing", "do_the_thing"),
        ("do_the_thing", "do_the_thing"),
        ("__do__", "do"),
        ("getHTTPStatus", "get_http_status"),
        ("v1.things.list", "v1_things_list"),
        ("Zürich", "zurich"),
        ("创建订单", "创建订单"),
        ("создатьЗаказ", "создать_заказ"),
        ("a" * 80, "a" * 60),
        ("订" * 80, "订" * 30),
    ],
)
def test_operation_ids_of_any_spelling(operation_id: str, expected: str) -> None:
    """Slashes, dots, spaces, dashes and every kind of capitals become one snake case."""
    assert of_tag(operation_id) == [expected]


@pytest.mark.parametrize("operation_id", ["", "   ", "///", "@", "日本", "+1", "1", "---", "_", "🙂"])
def test_operation_ids_with_little_in_them(operation_id: str) -> None:
    """There is always a name."""
    (found,) = of_tag(operation_id)
    assert is_valid(found)


@pytest.mark.parametrize("word", ["class", "import", "lambda", "async", "None", "True", "is"])
def test_methods_that_are_keywords(word: str) -> None:
    """A trailing underscore, as PEP 8 has it."""
    (found,) = of_tag(word)
    assert is_valid(found)
    assert found.rstrip("_") == word.lower()


@pytest.mark.parametrize("word", ["dict", "str", "int", "float", "bool", "bytes", "models", "dt"])
def test_methods_never_hide_what_annotations_need(word: str) -> None:
    """A method `int` would turn `int` into itself in the annotations of its class."""
    assert of_tag(word) == [f"{word}_"]


@pytest.mark.parametrize("word", ["list", "print", "type", "match", "next", "close", "copy", "delete", "self", "call"])
def test_methods_may_be_named_as_builtins_that_annotations_do_not_need(word: str) -> None:
    """`client.pets.list` is what people expect."""
    assert of_tag(word) == [word]


def test_two_short_names_that_collide_are_both_whole() -> None:
    """Neither of `getPet` and `petGet` is `get`: which one would it be?"""
    found = of_tag("getPet", "petGet", "listPets", tag="pets")
    assert found == ["get_pet", "pet_get", "list"]


def test_operations_with_one_id_are_told_apart_by_method_and_path() -> None:
    """Duplicated ids are an error of the document, and cost no operation."""
    found = methods(
        {"operationId": "dup", "tags": ["x"], "path": "/a"},
        {"operationId": "dup", "tags": ["x"], "path": "/b"},
        {"operationId": "dup", "tags": ["x"], "path": "/b", "method": "post"},
        {"operationId": "dup", "tags": ["y"], "path": "/c"},
    )
    assert found == ["x.dup", "x.get_b", "x.post_b", "y.dup"]


@pytest.mark.parametrize(
    ("operation_id", "method", "path", "expected"),
    [
        ("read_items_items__get", "get", "/items/", "items.list"),
        ("create_item_items__post", "post", "/items/", "items.create"),
        ("read_item_items__item_id__get", "get", "/items/{item_id}", "items.read"),
        ("delete_item_items__item_id__delete", "delete", "/items/{item_id}", "items.delete"),
        ("get_api_v1_items_get", "get", "/api/v1/items", "items.get"),
    ],
)
def test_ids_that_frameworks_made_lose_path_and_method(
    operation_id: str, method: str, path: str, expected: str
) -> None:
    """FastAPI appends path and method to the function's name; only that name is of use."""
    assert methods({"operationId": operation_id, "tags": ["items"], "path": path, "method": method}) == [expected]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("get", "/things", "things.list"),
        ("get", "/things/{id}", "things.get"),
        ("post", "/things", "things.create"),
        ("put", "/things/{id}", "things.replace"),
        ("patch", "/things/{id}", "things.update"),
        ("delete", "/things/{id}", "things.delete"),
        ("head", "/things", "things.head"),
        ("post", "/things/{id}/void", "things.void"),
        ("post", "/things/search", "things.search"),
        ("get", "/things/{id}/parts", "things.list_parts"),
        ("get", "/things/{id}/parts/{part}", "things.get_part"),
        ("post", "/things/{id}/parts", "things.create_part"),
        ("get", "/v1/things", "things.list"),
        ("get", "/api/v2.1/things", "things.list"),
        ("get", "/health", "health.get"),
        ("get", "/me", "me.get"),
        ("get", "/", "root.get"),
        ("get", "/{id}", "root.get"),
        ("post", "/", "root.create"),
    ],
)
def test_without_an_id_method_and_path_say_what_is_done(method: str, path: str, expected: str) -> None:
    """REST's own words: list, get, create, replace, update, delete (RFC 9110 section 9.3)."""
    assert methods({"method": method, "path": path}) == [expected]


def test_a_whole_rest_resource_without_ids() -> None:
    """The usual operations of a resource need no numbers."""
    expected = {
        ("get", "/things"): "list",
        ("post", "/things"): "create",
        ("get", "/things/{id}"): "get",
        ("put", "/things/{id}"): "replace",
        ("patch", "/things/{id}"): "update",
        ("delete", "/things/{id}"): "delete",
        ("post", "/things/{id}/void"): "void",
    }
    found = document([{"method": method, "path": path} for method, path in expected])
    places = [(entry.method.lower(), entry.path) for entry in found.api.operations]
    assert dict(zip(places, calls(found.names()), strict=True)) == {
        place: f"things.{method}" for place, method in expected.items()
    }


@pytest.mark.parametrize(
    ("tags", "path", "expected"),
    [
        (["models"], "/a", "models"),
        (["types"], "/a", "types"),
        (["match"], "/a", "match"),
        (["class"], "/a", "class_"),
        (["Card Charges"], "/a", "card_charges"),
        (["foo-bar"], "/a", "foo_bar"),
        (["Admin/Users"], "/a", "admin_users"),
        (["first", "second"], "/a", "first"),
        ([""], "/a", "a"),
        (["  "], "/a", "a"),
        ([], "/v1/a/b", "a"),
        ([], "/", "root"),
        ([], "/{id}", "root"),
    ],
)
def test_the_first_tag_is_the_resource(tags: list[str], path: str, expected: str) -> None:
    """The attribute of the client: the first tag, else the first word of the path that says something."""
    names = document([{"operationId": "do", "tags": tags, "path": path}]).names()
    assert [entry.attribute for entry in names.resources] == [expected]


@pytest.mark.parametrize(
    "tag", ["close", "with_options", "journal", "self", "日本", "1", "__init__", "_client", "@", "def"]
)
def test_resources_never_hide_what_the_client_has(tag: str) -> None:
    """A tag `close` does not take the client's own method away."""
    (found,) = document([{"operationId": "do", "tags": [tag]}]).names().resources
    assert is_valid(found.attribute)
    assert not found.attribute.startswith("_")
    assert found.attribute not in {"close", "with_options", "journal", "self"}
    assert is_valid(found.class_name)


def test_tags_that_look_alike_are_one_resource() -> None:
    """`Coins & Notes` and `Coins & notes` are one resource, as are the tag `Responses` and the path `/responses`."""
    tags = ("foo-bar", "foo_bar", "Foo Bar", "FOO_BAR", "fooBar")
    names = document([{"operationId": "do", "tags": [tag]} for tag in tags]).names()
    assert [(entry.path, entry.groups) for entry in names.resources] == [("foo_bar", tuple(sorted(tags)))]
    assert are_distinct(calls(names))


@pytest.mark.parametrize(
    "tag",
    [
        "resource",
        "async",
        "call",
        "profile",
        "safety",
        "acme",
        "async acme",
        "style",
        "any",
        "client",
        "sync client",
        "async client",
    ],
)
def test_resource_classes_never_hide_what_their_modules_import(tag: str) -> None:
    """A tag `resource` does not make a class `Resource` beside the one that it inherits from."""
    (found,) = document([{"operationId": "do", "tags": [tag]}]).names().resources
    imported = {"Resource", "AsyncResource", "Call", "Profile", "Safety", "Style", "Acme", "AsyncAcme", "Any",
                "AsyncClient", "SyncClient"}  # fmt: skip
    assert found.class_name not in imported
    assert f"Async{found.class_name}" not in imported
    assert f"{found.class_name}Operations" not in imported


def test_the_two_classes_of_each_resource_stand_side_by_side() -> None:
    """`Foo` and `AsyncFoo` of one resource are none of another: all of them are imported into one module."""
    tags = ("foo", "async foo", "async", "resource", "async resource", "client", "async client", "call", "async call")
    names = document([{"operationId": "do", "tags": [tag]} for tag in tags]).names()
    classes = [entry.class_name for entry in names.resources]
    assert are_distinct(
        [*classes, *(f"Async{entry}" for entry in classes), "AsyncClient", "SyncClient", "AsyncResource"]
    )


@thorough
@given(
    st.lists(st.tuples(st.sampled_from(["x", "X", "close", "foo-bar", "foo_bar", ""]), st.text(max_size=8)), max_size=8)
)
def test_every_operation_has_a_place_of_its_own(entries: list[tuple[str, str]]) -> None:
    """Whatever tags and ids are, no two operations share a method, no two resources a module or class."""
    names = document([{"operationId": entry, "tags": [tag]} for tag, entry in entries]).names()
    assert are_distinct(calls(names))
    assert are_distinct(entry.attribute for entry in names.resources)
    assert are_distinct(entry.class_name for entry in names.resources)
    assert all(is_valid(entry.method) and is_valid(entry.resource) for entry in names.methods.values())
    assert {entry.resource for entry in names.methods.values()} == {entry.attribute for entry in names.resources}


# Fields, members and types


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("name", "name"),
        ("createdAt", "created_at"),
        ("CreatedAt", "created_at"),
        ("userID", "user_id"),
        ("HTTPStatus", "http_status"),
        ("x-trace-id", "x_trace_id"),
        ("a.b", "a_b"),
        ("a b", "a_b"),
        ("a/b", "a_b"),
        ("$ref", "ref"),
        ("@type", "type"),
        ("@", "at"),
        ("+1", "plus_1"),
        ("-1", "minus_1"),
        ("class", "class_"),
        ("None", "none"),
        ("self", "self_"),
        ("list", "list_"),
        ("str", "str_"),
        ("dt", "dt_"),
        ("copy", "copy"),
        ("json", "json"),
        ("schema", "schema"),
        ("model_config", "model_config"),
        ("id", "id"),
        ("type", "type"),
        ("match", "match"),
        ("__init__", "init"),
        ("_private", "private"),
        ("Größe", "grosse"),
        ("Ærø", "aero"),
        ("金额", "金额"),
        ("订单ID", "订单_id"),
        ("номерЗаказа", "номер_заказа"),
        ("ЁлкаЦена", "ёлка_цена"),
        ("कुल राशि", "कुल_राशि"),
        ("٣ items", "field_3_items"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}\N{DIGIT ONE}", "a1"),
        ("a\ufe0fb\u200dc", "ab_c"),
        ("", "field"),
        ("_", "field"),
        ("---", "field"),
    ],
)
def test_attributes(wire: str, expected: str) -> None:
    """Snake case, words for signs, and an underscore behind what Python or an annotation needs; any script."""
    assert of_fields(wire) == [expected]
    assert is_valid(expected)


@pytest.mark.parametrize("wire", ["1st", "2fa", "日本", "🙂", "007", "1", "²"])
def test_attributes_that_python_cannot_spell(wire: str) -> None:
    """Leading digits and letters of other scripts still give a name."""
    assert all(is_valid(entry) for entry in of_fields(wire))


@pytest.mark.parametrize(
    "wire",
    [
        ("foo-bar", "foo_bar"),
        ("userID", "user_id", "userId", "UserID"),
        ("+1", "-1", "1"),
        ("@", "at"),
        ("a", "A"),
        ("class", "class_", "Class"),
        ("", "_", "field", "-"),
        ("list", "list_"),
    ],
)
def test_attributes_that_collide_are_told_apart(wire: tuple[str, ...]) -> None:
    """Each has its own, and the one that is spelled like Python keeps its name."""
    found = dict(zip(wire, of_fields(*wire), strict=True))
    assert are_distinct(found.values())
    exact = [entry for entry in wire if is_valid(entry) and entry == entry.lower() and not entry.startswith("_")]
    kept = [entry for entry in exact if entry != "list"]
    assert all(found[entry] == entry for entry in kept)


def test_the_order_of_properties_does_not_decide() -> None:
    """A property added in front of others renames none of them."""
    assert of_fields("foo-bar", "foo_bar") == list(reversed(of_fields("foo_bar", "foo-bar")))


@thorough
@given(wire_names)
def test_any_set_of_properties_gives_distinct_attributes(wire: list[str]) -> None:
    """Valid, and told apart by more than case."""
    found = of_fields(*wire)
    assert all(is_valid(entry) and not entry.startswith("_") for entry in found)
    assert are_distinct(found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("active", "ACTIVE"),
        ("inProgress", "IN_PROGRESS"),
        ("in-progress", "IN_PROGRESS"),
        ("IN_PROGRESS", "IN_PROGRESS"),
        ("class", "CLASS"),
        ("name", "NAME"),
        ("value", "VALUE"),
        ("mro", "MRO"),
        ("None", "NONE"),
        ("", "EMPTY"),
        ("+1", "PLUS_1"),
        ("-1", "MINUS_1"),
        ("<=", "LESS_EQUAL"),
        ("*", "STAR"),
        ("оплачен", "ОПЛАЧЕН"),
        ("已付款", "已付款"),
        (1, "VALUE_1"),
        (0, "VALUE_0"),
        (-1, "VALUE_MINUS_1"),
    ],
)
def test_enum_members(value: str | int, expected: str) -> None:
    """Constants in capitals; no number where nothing collides, and no underscore where nothing is hidden."""
    other: str | int = "other" if isinstance(value, str) else 9
    found = of_members(value, other)[0]
    assert found in {expected, f"{expected}_"} if keyword.iskeyword(str(value)) else found == expected


@pytest.mark.parametrize(
    "values",
    [
        ("a", "A"),
        ("", "empty", "-"),
        ("+1", "-1", "1"),
        ("foo-bar", "foo_bar", "FooBar"),
        (1, -1, 0),
        ("name", "value", "mro", "Name"),
    ],
)
def test_members_that_collide_are_told_apart(values: tuple[str | int, ...]) -> None:
    """Every value has a member."""
    found = of_members(*values)
    assert are_distinct(found)
    assert all(is_valid(entry) for entry in found)


@thorough
@given(wire_names.filter(lambda listed: len(listed) > 1))
def test_any_set_of_values_gives_distinct_members(values: list[str]) -> None:
    """Valid, in capitals, and one for each value."""
    found = of_members(*values)
    assert all(is_valid(entry) and entry == entry.upper() and not entry.startswith("_") for entry in found)
    assert are_distinct(found)


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("Charge", "Charge"),
        ("charge", "Charge"),
        ("charge_v2", "ChargeV2"),
        ("charge.created", "ChargeCreated"),
        ("Foo-Output", "FooOutput"),
        ("HTTPError", "HTTPError"),
        ("ConnectionError", "ConnectionError"),
        ("Client", "Client"),
        ("List", "List"),
        ("Error", "Error"),
        ("Any", "AnyModel"),
        ("Model", "ModelModel"),
        ("UUID", "UUIDModel"),
        ("Decimal", "DecimalModel"),
        ("Literal", "LiteralModel"),
        ("Mapping", "MappingModel"),
        ("None", "None_"),
        ("any", "AnyModel"),
        ("Заказ", "Заказ"),
        ("заказ_клиента", "ЗаказКлиента"),
        ("订单", "订单Model"),
        ("订单Item", "订单Item"),
        ("Über", "Uber"),
    ],
)
def test_classes(wire: str, expected: str) -> None:
    """A component's name in capitals, with `Model` behind it where a module imports that name for itself."""
    assert of_types({wire: OBJECT}) == {wire: expected}


@pytest.mark.parametrize(
    "wire", ["1Thing", "日本", "@", "-", "with space", "a/b", "_x", "__dunder__", "class", "mod.ule"]
)
def test_classes_with_little_in_their_names(wire: str) -> None:
    """There is always a class, and its name has a capital letter."""
    (found,) = of_types({wire: OBJECT}).values()
    assert is_class(found)


@pytest.mark.parametrize(
    "wire",
    [
        ("Foo", "foo", "FOO"),
        ("foo-bar", "foo_bar", "FooBar"),
        ("Foo", "Foo-Output", "FooOutput"),
        ("Any", "AnyModel", "any"),
    ],
)
def test_components_that_differ_by_case_or_signs_are_told_apart(wire: tuple[str, ...]) -> None:
    """Each has its own class, of which no two differ by case alone."""
    found = of_types(dict.fromkeys(wire, OBJECT))
    assert set(found) == set(wire)
    assert are_distinct(found.values())


def test_a_component_keeps_its_name_before_an_inline_schema() -> None:
    """`Charge.status` inline would be `ChargeStatus`, which is a component's name already."""
    inline = {"type": "object", "properties": {"status": {"enum": ["a", "b"]}}}
    components = {"Charge": inline, "ChargeStatus": OBJECT}
    found = document(returning(components), components)
    names = found.names()
    by_words = {".".join(entry.name): names.types[entry.id] for entry in found.api.types}
    assert by_words["ChargeStatus"] == "ChargeStatus"
    assert by_words["Charge.status"] != "ChargeStatus"
    assert are_distinct(by_words.values())


def test_what_goes_in_has_names_of_its_own() -> None:
    """`FooInput` the component and the input of `Foo` are two things."""
    components = {"Foo": OBJECT, "FooInput": OBJECT, "FooInputInput": OBJECT, "AnyModel": OBJECT, "Any": OBJECT}
    found = document(returning(components), components)
    names = found.names()
    assert are_distinct([*names.types.values(), *names.inputs.values()])
    assert names.types["/docs/openapi.yaml#/components/schemas/FooInput"] == "FooInput"


@thorough
@given(wire_names)
def test_any_set_of_components_gives_distinct_classes(wire: list[str]) -> None:
    """Classes and input types are valid, told apart, and hide nothing that modules import."""
    components = dict.fromkeys(wire, OBJECT)
    found = document(returning(components), components)
    names = found.names()
    listed = [*names.types.values(), *names.inputs.values()]
    assert len(names.types) == len(wire)
    assert are_distinct(listed)
    assert all(is_class(entry) for entry in listed)
    assert not {"Any", "Model", "UUID", "Decimal", "Literal", "Mapping", "Sequence", "TypedDict"} & set(listed)


# Arguments


def arguments(words: Mapping[str, object], path: str = "/x") -> dict[tuple[str, str], str]:
    """Argument names of one operation by place and wire name."""
    found = document([{"path": path, "method": "post", "operationId": "do", **words}]).names().arguments
    return {(place, wire): chosen for (_, place, wire), chosen in found.items()}


def parameter(name: str, place: str) -> Mapping[str, object]:
    """A parameter of a string."""
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def sending(*fields: str) -> Mapping[str, object]:
    """A JSON body with these fields."""
    schema = {"type": "object", "properties": {entry: {"type": "string"} for entry in fields}}
    return {"content": {"application/json": {"schema": schema}}}


def test_one_name_in_every_place() -> None:
    """The path keeps the plain name, the others say where they go."""
    found = arguments(
        {
            "parameters": [parameter("id", place) for place in ("cookie", "header", "query", "path")],
            "requestBody": sending("id"),
        },
        "/x/{id}",
    )
    assert found == {
        ("path", "id"): "id",
        ("query", "id"): "query_id",
        ("header", "id"): "header_id",
        ("cookie", "id"): "cookie_id",
        ("body", "id"): "body_id",
    }


@pytest.mark.parametrize("name", ["options", "idempotency_key", "self", "cls", "models", "dt", "list", "class", "None"])
@pytest.mark.parametrize("place", ["path", "query", "header", "cookie"])
def test_arguments_never_take_what_every_method_has(name: str, place: str) -> None:
    """`self`, `options` and `idempotency_key` are the SDK's own, and modules and builtins stay visible."""
    path = f"/x/{{{name}}}" if place == "path" else "/x"
    found = arguments({"parameters": [{**parameter(name, place), "schema": {"type": "integer"}}]}, path)
    chosen = found[place, name]
    assert is_valid(chosen)
    assert chosen not in {"options", "idempotency_key", "self", "cls", "models", "dt", "list"}


@pytest.mark.parametrize(
    "name", ["timeout", "headers", "retry", "json", "body", "type", "id", "call", "operation", "path", "query"]
)
def test_other_words_are_arguments_as_they_stand(name: str) -> None:
    """Nothing else is reserved: options travel in `options`."""
    assert arguments({"parameters": [parameter(name, "query")]}) == {("query", name): name}


def test_fields_of_a_body_collide_with_parameters_and_each_other() -> None:
    """Two spellings of one word, in the body and in the query, are three arguments."""
    found = arguments(
        {"parameters": [parameter("foo-bar", "query")], "requestBody": sending("foo_bar", "fooBar", "options")}
    )
    assert found["query", "foo-bar"] == "foo_bar"
    assert are_distinct(found.values())
    assert found["body", "options"] == "body_options"


def test_a_whole_body_is_one_argument() -> None:
    """A list, a scalar or a union has no fields to spread; a parameter `body` keeps its name or gives way."""
    listed = {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}}
    assert arguments({"requestBody": listed}) == {("body", "body"): "body"}
    assert are_distinct(arguments({"requestBody": listed, "parameters": [parameter("body", "query")]}).values())


def test_what_is_read_only_is_no_argument() -> None:
    """It comes back, and is never sent."""
    schema = {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}, "name": {"type": "string"}}}
    assert arguments({"requestBody": {"content": {"application/json": {"schema": schema}}}}) == {
        ("body", "name"): "name"
    }


@thorough
@given(wire_names, wire_names)
def test_any_set_of_parameters_gives_distinct_arguments(query: list[str], fields: list[str]) -> None:
    """Whatever stands in query and body, every value has an argument of its own."""
    named = [entry for entry in query if entry]
    found = arguments({"parameters": [parameter(entry, "query") for entry in named], "requestBody": sending(*fields)})
    assert len(found) == len(named) + len(fields)
    assert all(is_valid(entry) for entry in found.values())
    assert are_distinct([*found.values(), "self", "options", "idempotency_key"])


# The package, the client and its credentials


@pytest.mark.parametrize(
    ("title", "package", "client"),
    [
        ("Acme", "acme", "Acme"),
        ("Acme Payments API", "acme_payments", "AcmePayments"),
        ("The Acme API (v2) [beta]", "acme", "Acme"),
        ("Acme v1.2", "acme", "Acme"),
        ("json", "json_client", "Json"),
        ("httpx", "httpx_client", "Httpx"),
        ("Resource", "resource_client", "ResourceClient"),
        ("Client", "client", "ClientClient"),
        ("Retry Policy", "retry_policy", "RetryPolicyClient"),
        ("API", "api", "API"),
    ],
)
def test_the_title_names_package_and_client(title: str, package: str, client: str) -> None:
    """Without its noise, and without hiding the standard library, a dependency or a public name of the SDK."""
    names = document(title=title).names()
    assert (names.package, names.client) == (package, client)
    assert names.distribution == package.replace("_", "-")
    assert names.prefix == package.upper()


@pytest.mark.parametrize(
    "title", ["", "日本", "!!!", "3scale", "class", "import", "None", "true", "__init__", "a" * 300, "tests", "sys"]
)
def test_titles_with_little_in_them(title: str) -> None:
    """Package and client are always names, and the package is importable beside the standard library."""
    names = document(title=title).names()
    assert is_valid(names.package)
    assert names.package == names.package.lower()
    assert names.package not in sys.stdlib_module_names | {"tests", "httpx", "msgspec"}
    assert is_valid(names.client)
    assert is_valid(names.prefix)


@thorough
@given(st.text(max_size=30))
def test_any_title_names_package_and_client(title: str) -> None:
    """Valid names, whatever people write over their documents."""
    names = document(title=title).names()
    assert is_valid(names.package)
    assert is_valid(names.client)
    assert names.package not in sys.stdlib_module_names


def test_credentials() -> None:
    """Plain words where a kind comes once, the scheme's own name where it comes twice."""
    once = document(
        schemes={
            "a": {"type": "apiKey", "in": "header", "name": "X"},
            "b": {"type": "http", "scheme": "basic"},
            "c": {"type": "http", "scheme": "bearer"},
        }
    ).names()
    assert once.credentials == {"a": ("api_key",), "b": ("username", "password"), "c": ("token",)}
    twice = document(
        schemes={
            "appKey": {"type": "apiKey", "in": "header", "name": "X"},
            "userKey": {"type": "apiKey", "in": "header", "name": "Y"},
            "staff": {"type": "http", "scheme": "basic"},
            "guest": {"type": "http", "scheme": "basic"},
        }
    ).names()
    assert twice.credentials == {
        "appKey": ("app_key",),
        "userKey": ("user_key",),
        "staff": ("staff_username", "staff_password"),
        "guest": ("guest_username", "guest_password"),
    }


@pytest.mark.parametrize(
    "scheme", [{"type": "apiKey", "in": "query", "name": "k"}, {"type": "http", "scheme": "basic"}]
)
def test_credentials_never_take_the_clients_own_arguments(scheme: Mapping[str, object]) -> None:
    """Schemes named `retry`, `self`, `timeout`, or alike but for case and signs."""
    listed = ("retry", "self", "timeout", "base_url", "a-b", "a_b", "A_B", "日本", "@", "token", "username", "class")
    names = document(schemes=dict.fromkeys(listed, scheme)).names()
    arguments_of = [entry for chosen in names.credentials.values() for entry in chosen]
    own = ["self", "base_url", "retry", "timeout", "headers", "strict", "on_attempt", "on_retry", "http_client"]
    assert set(names.credentials) == set(listed)
    assert are_distinct([*arguments_of, *own])
    assert all(is_valid(entry) for entry in arguments_of)


# Renames


def test_renames_win_over_what_samekey_would_say() -> None:
    """Types by component, operations by id or by method and path, resources by tag."""
    config = Config(
        package="pack",
        distribution="dist",
        client="Boss",
        rename_types={"charge_v2": "Charge", "Charge": "OldCharge"},
        rename_operations={"makeIt": "makers.forge", "GET /y": "makers.look", "other": "reshaped"},
        rename_resources={"Card Charges": "charges"},
    )
    components = {
        "Charge": OBJECT,
        "charge_v2": OBJECT,
        "Holder": {"type": "object", "properties": {"c": {"$ref": "#/components/schemas/charge_v2"}}},
    }
    found = document(
        [
            *returning(components),
            {"operationId": "makeIt", "tags": ["Card Charges"], "path": "/z", "method": "post"},
            {"tags": ["Card Charges"], "path": "/y"},
            {"operationId": "other", "tags": ["Card Charges"], "path": "/y", "method": "post"},
            {"operationId": "listAll", "tags": ["Card Charges"], "path": "/w"},
        ],
        components,
    )
    names = found.names(config)
    assert (names.package, names.distribution, names.client) == ("pack", "dist", "Boss")
    by_wire = {entry.name[0]: names.types[entry.id] for entry in found.api.types}
    assert by_wire == {"Charge": "OldCharge", "charge_v2": "Charge", "Holder": "Holder"}
    assert calls(names)[3:] == ["makers.forge", "makers.look", "charges.reshaped", "charges.list_all"]


def test_a_renamed_type_takes_its_name_from_the_one_that_had_it() -> None:
    """The pinned name is had by the pinned type; the other one finds another."""
    found = of_types({"Charge": OBJECT, "charge_v2": OBJECT}, Config(rename_types={"charge_v2": "Charge"}))
    assert found["charge_v2"] == "Charge"
    assert found["Charge"] not in {"Charge", "charge"}


def test_a_renamed_operation_takes_its_name_from_the_one_that_had_it() -> None:
    """`pets.list` is pinned, so `listPets` is called otherwise."""
    found = methods(
        {"operationId": "listPets", "tags": ["pets"]},
        {"operationId": "everything", "tags": ["pets"]},
        config=Config(rename_operations={"everything": "pets.list"}),
    )
    assert found[1] == "pets.list"
    assert found[0] != "pets.list"
    assert are_distinct(found)


def test_a_renamed_operation_may_join_another_resource() -> None:
    """It moves to a resource that is there, and no empty one stays behind."""
    names = document(
        [{"operationId": "a", "tags": ["old"]}, {"operationId": "b", "tags": ["new"]}],
    ).names(Config(rename_operations={"a": "new.moved"}))
    assert calls(names) == ["new.moved", "new.b"]
    assert [entry.attribute for entry in names.resources] == ["new"]


def test_two_renames_to_one_name_do_not_make_two_of_one_name() -> None:
    """Types, methods and resources stay told apart, even where the config asks for the impossible."""
    types = of_types({"A": OBJECT, "B": OBJECT}, Config(rename_types={"A": "Same", "B": "Same"}))
    assert are_distinct(types.values())
    operations = [{"operationId": "a", "tags": ["x"]}, {"operationId": "b", "tags": ["y"]}]
    assert are_distinct(methods(*operations, config=Config(rename_operations={"a": "x.same", "b": "x.same"})))
    assert are_distinct(methods(*operations, config=Config(rename_resources={"x": "same", "y": "same"})))


@pytest.mark.parametrize("resource", ["resource", "call", "close", "with_options", "models", "acme"])
def test_a_resource_that_a_rename_makes_hides_nothing(resource: str) -> None:
    """A new resource obeys the rules of all others: no class `Resource`, no attribute `close`."""
    names = document([{"operationId": "a", "tags": ["x"]}]).names(Config(rename_operations={"a": f"{resource}.go"}))
    (found,) = names.resources
    assert found.attribute not in {"close", "with_options", "journal"}
    assert found.class_name not in {"Resource", "AsyncResource", "Call", "Acme", "AsyncAcme"}
    assert [entry.resource for entry in names.methods.values()] == [found.attribute]


@pytest.mark.parametrize("chosen", ["Any", "Model", "UUID", "Literal", "TypedDict"])
def test_a_renamed_type_hides_nothing_that_modules_import(chosen: str) -> None:
    """A class `Model` beside the import of that name would break every class behind it."""
    assert of_types({"A": OBJECT, "B": OBJECT}, Config(rename_types={"A": chosen}))["A"] != chosen


# The tools


@thorough
@given(st.text(max_size=20))
def test_every_text_has_a_name_of_each_kind(text: str) -> None:
    """Snake case, capitals and attributes are valid for any text at all, and stable when applied twice."""
    for found in (snake(text, "x"), attribute(text, "x"), pascal(text, "X")):
        assert is_valid(found)
    assert snake(snake(text, "x"), "x") == snake(text, "x")
    assert pascal(pascal(text, "X"), "X") == pascal(text, "X")


@thorough
@given(
    st.dictionaries(
        st.text(max_size=3), st.lists(st.sampled_from(["a", "A", "b_", "b", "ab", "Ab"]), min_size=1, max_size=3)
    ),
    st.lists(st.sampled_from(["a", "b", "B", "a_2", "ab2"])),
)
def test_resolving_gives_everyone_one_name(proposals: dict[str, list[str]], taken: list[str]) -> None:
    """The first free proposal, earlier keys first; never one that is taken."""
    found = resolve(proposals, taken)
    assert list(found) == list(proposals)
    assert are_distinct(found.values())
    assert not {entry.lower() for entry in taken} & {entry.lower() for entry in found.values()}
    for key, candidates in proposals.items():
        if found[key] in candidates:
            earlier = {found[before].lower() for before in list(found)[: list(found).index(key)]}
            blocked = earlier | {entry.lower() for entry in taken}
            better = candidates[: candidates.index(found[key])]
            assert all(entry.lower() in blocked for entry in better)


COLLIDING: dict[str, object] = {
    "openapi": "3.1.0",
    "info": {"title": TITLE, "version": "1"},
    "paths": {
        f"/{number}": {
            "post": {
                "operationId": "do",
                "tags": [tag],
                "parameters": [parameter(entry, "query") for entry in ("a-b", "a_b", "A_B", "options")],
                "requestBody": sending("a-b", "a_b", "aB", "class"),
                "responses": {"200": returned("#/components/schemas/Foo"), "400": returned("#/components/schemas/foo")},
            }
        }
        for number, tag in enumerate(("x", "X", "foo-bar", "foo_bar", "close"))
    },
    "components": {
        "schemas": {
            "Foo": {
                "type": "object",
                "properties": {entry: {"enum": ["a", "A", "+1", "-1"]} for entry in ("x-y", "x_y", "xY")},
            },
            "foo": {"oneOf": [{"type": "object", "properties": {entry: {}}} for entry in ("a", "A")]},
        }
    },
}


def test_names_do_not_depend_on_the_process() -> None:
    """The same document gives the same names, whatever the hash seed is."""
    script = (
        "import sys\n"
        "from samekey.config.file import Config\nfrom samekey.document.diagnostics import Diagnostics\n"
        "from samekey.document.node import load\nfrom samekey.lower import lower\nfrom samekey.names import assign\n"
        f"document = load({HOME!r}, Diagnostics(), lambda _: sys.argv[1].encode())\n"
        "print(assign(lower(document), Config()))\n"
    )
    given = {
        checked([sys.executable, "-c", script, json.dumps(COLLIDING)], env={"PYTHONHASHSEED": seed})
        for seed in ("0", "1", "7", "4242")
    }
    assert len(given) == 1


# What is reserved


def imported(text: str) -> set[str]:
    """The names that a module imports."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


@pytest.mark.parametrize("sdk", ["payments", "warehouse"])
def test_what_emitted_modules_import_is_reserved(root: Path, sdk: str) -> None:
    """Nothing of a document is called like what stands beside it, whatever the runtime comes to offer."""
    (home,) = (path.parent for path in (root / "generated" / sdk).glob("*/_client.py"))
    own = {path.stem for path in (home / "resources").glob("*.py")}
    for path in [home / "_client.py", *(home / "resources").glob("*.py")]:
        classes = {entry for entry in imported(path.read_text("utf-8")) if entry[0].isupper()}
        resources = {entry for entry in classes if snake(entry.removeprefix("Async"), "x") in own}
        assert classes - resources <= TYPE_WORDS | CLIENT_CLASSES, path
    for path in (home / "models").glob("_part_*.py"):
        text = path.read_text("utf-8")
        siblings = {alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
                    and (node.module or "").startswith("_part_") for alias in node.names}  # fmt: skip
        assert {entry for entry in imported(text) - siblings if entry[0].isupper()} <= TYPE_WORDS, path
    public = set(re.findall(r'^    "(\w+)",$', (home / "__init__.py").read_text("utf-8"), re.MULTILINE))
    clients = {entry for entry in public if snake(entry, "x").removeprefix("async_") == home.name}
    assert {entry for entry in public - clients if entry[0].isupper()} <= PUBLIC


def test_what_a_client_has_is_reserved() -> None:
    """No resource takes the place of a method of the client, no credential that of an argument."""
    attributes = {entry for kind in (SyncClient, AsyncClient) for entry in dir(kind) if not entry.startswith("_")}
    assert attributes <= CLIENT_WORDS
    arguments_of = set(inspect.signature(AcmePayments.__init__).parameters)
    assert arguments_of - {"token"} <= CLIENT_ARGUMENTS


@pytest.mark.parametrize("tag", ["con", "PRN", "nul", "Com1", "lpt9"])
def test_no_resource_has_a_file_that_windows_cannot_have(tag: str) -> None:
    """Its module would be a device there, whatever its ending is; the attribute of the client is free."""
    (found,) = document([{"operationId": "do", "tags": [tag]}]).names().resources
    assert found.module != tag.lower() == found.attribute
