"""What people do with a model once they have it."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from collections import UserList
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from types import GenericAlias, MappingProxyType
from typing import Any, Literal, cast

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.codec import json as codec
from samekey_templates.runtime.codec.extra_fields import MOST_KEPT
from samekey_templates.runtime.codec.json import decode, encode, encode_sent
from samekey_templates.runtime.codec.models import (
    ABSENT,
    EXTRA_PROPERTIES,
    NUMBERS,
    Model,
    OpenModel,
    decimal_numbers,
    fixed,
    keeps_null,
    read_only,
)
from samekey_templates.runtime.codec.unions import one_of
from samekey_templates.runtime.types import OMIT


class Owner(Model, kw_only=True):
    """A model inside another."""

    login: str
    since: dt.date | None = None


class Card(Model, kw_only=True):
    """A variant with a tag that fills itself."""

    kind: Literal["card"] = fixed("card")
    last4: str


class Bank(Model, kw_only=True):
    """Another variant."""

    kind: Literal["bank"] = fixed("bank")
    iban: str | None = None


Way = one_of("Way", lambda: (Card, Bank), tag="kind", tagged=lambda: {"card": Card, "bank": Bank})


class Order(Model, kw_only=True):
    """A model with everything in it."""

    id: str
    created: dt.datetime | None = None
    owner: Owner | None = None
    lines: list[Owner] | None = None
    by_name: dict[str, Owner] | None = None
    way: Way | None = None  # type: ignore[valid-type]
    class_: str | None = msgspec.field(default=None, name="class")


@keeps_null
class Patch(Model, kw_only=True):
    """A model that can be sent, in which null says something."""

    note: str | None = ABSENT
    size: int | None = ABSENT


class Settings(OpenModel):
    """A model with typed extra properties."""

    mode: str
    version: Literal[2] = fixed(2)
    level: int | None = None
    extra: dict[str, int] = EXTRA_PROPERTIES


class Named(Model, kw_only=True):
    """A model whose document has fields with the names of methods."""

    to_dict: str  # type: ignore[assignment]
    extra_fields: list[int]  # type: ignore[assignment]


WIRE: dict[str, Any] = {
    "id": "o1", "created": "2026-11-30T10:00:00Z", "class": "a",
    "owner": {"login": "ann", "since": "2020-01-02", "badge": 7},
    "lines": [{"login": "bob"}, {"login": "eve", "odd": {"deep": [1]}}],
    "by_name": {"x": {"login": "cy", "y": None}},
    "way": {"kind": "card", "last4": "4242", "brand": "visa"},
    "news": [1, {"a": None}],
}  # fmt: skip


def test_a_model_goes_to_json_and_back() -> None:
    """With everything that the server sent, listed or not, wherever it stood."""
    order = Order.from_dict(WIRE)
    assert order.to_dict() == WIRE
    assert json.loads(order.to_json()) == WIRE
    assert Order.from_json(order.to_json()) == order
    assert json.loads(encode({"order": order})) == {"order": WIRE}
    assert order.extra_fields == {"news": [1, {"a": None}]}
    assert order.owner is not None
    assert order.owner.extra_fields == {"badge": 7}
    way: object = order.way  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # made at run time
    assert isinstance(way, Card)
    assert way.extra_fields == {"brand": "visa"}


def test_a_model_goes_to_values_of_python() -> None:
    """By the names of its attributes, with datetimes as they are."""
    found = Order.from_dict(WIRE).to_dict(wire=False)
    assert found["created"] == dt.datetime(2026, 11, 30, 10, tzinfo=dt.UTC)
    assert found["class_"] == "a"
    assert found["owner"] == {"login": "ann", "since": dt.date(2020, 1, 2), "badge": 7}
    assert found["lines"][1] == {"login": "eve", "odd": {"deep": [1]}}


def test_a_copy_has_what_was_changed_and_all_the_rest() -> None:
    """Of both kinds of models; the first stays as it was, and a name that there is not is refused."""
    order = Order.from_dict(WIRE)
    changed = order.replace(id="o2", owner=None)
    assert (changed.id, changed.owner, changed.extra_fields) == ("o2", None, order.extra_fields)
    assert order.id == "o1"
    settings = Settings(mode="a", extra={"x": 1})
    assert settings.replace(mode="b") == Settings(mode="b", extra={"x": 1})
    for model in (order, settings):
        with pytest.raises(TypeError):
            model.replace(colour=1)


def test_copies_and_pickles_are_equal() -> None:
    """With what the document does not list."""
    for model in (Order.from_dict(WIRE), Settings(mode="a", extra={"x": 1}), Patch(note=None)):
        for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301
            assert (other, other.to_dict()) == (model, model.to_dict())


def test_models_are_equal_where_the_documents_fields_are() -> None:
    """A server that begins to send another field changes nothing; a repr shows it all the same."""
    assert Order(id="a") == Order.from_dict({"id": "a", "b": 1})
    assert Order(id="a") != Order.from_dict({"id": "b"})
    other: object = Owner(login="a")
    assert Order(id="a") != other
    assert repr(Order.from_dict({"id": "a", "b": 1})) == "Order(id='a', extra_fields={'b': 1})"
    assert repr(Bank()) == "Bank(kind='bank')"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Order(id="a"))


def test_null_and_absent_are_told_apart_where_a_model_can_be_sent() -> None:
    """What was left out stays out."""
    assert Patch(note=None).to_dict() == {"note": None}
    assert Patch.from_dict({"size": None}).to_dict() == {"size": None}
    assert Patch(size=1).replace(note="x").to_dict() == {"note": "x", "size": 1}


def test_an_open_model_has_the_same_methods() -> None:
    """Its further fields are its own business; its constants fill themselves."""
    settings = Settings.from_dict({"mode": "a", "speed": 3})
    assert settings.to_dict() == {"mode": "a", "version": 2, "speed": 3}
    assert settings.extra_fields == {"speed": 3}
    assert Settings.from_json(settings.to_json()) == settings
    with pytest.raises(ValueError, match="Settings: Expected `int`"):
        Settings.from_dict({"mode": "a", "speed": "fast"})


@read_only("id", "made at")
class Stored(Model, kw_only=True):
    """A model with fields that only come back."""

    id: str | None = None
    name: str
    made_at: str | None = msgspec.field(default=None, name="made at")
    inner: list[Stored] | None = None


def test_what_only_comes_back_is_never_sent() -> None:
    """Wherever a model stands in a body; `to_json` has it, since that is no request."""
    stored = Stored.from_dict({"id": "a", "name": "x", "made at": "now", "new": 1, "inner": [{"id": "b", "name": "y"}]})
    sent = {"name": "x", "new": 1, "inner": [{"name": "y"}]}
    assert json.loads(encode_sent(stored)) == sent
    assert json.loads(encode_sent({"a": [stored], "id": "c", "left out": OMIT})) == {"a": [sent], "id": "c"}
    assert json.loads(stored.to_json())["id"] == "a"
    assert encode_sent({"a": [1, {"b": None}]}) == b'{"a":[1,{"b":null}]}'


@read_only("id")
class Numbered(Card, kw_only=True):
    """A variant with a field that only comes back."""

    id: str | None = None


@read_only("etag")
class Shelf(OpenModel):
    """An open model with such a field, whose further fields hold others."""

    etag: str | None = None
    extra: dict[str, Stored] = EXTRA_PROPERTIES


@decimal_numbers("price")
class Priced(Model, kw_only=True):
    """A model with a decimal that is a number of JSON."""

    price: Decimal


Either = one_of("Either", lambda: (Numbered, Bank), tag="kind", tagged=lambda: {"card": Numbered, "bank": Bank})


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        (
            Stored,
            {"id": "a", "name": "x", "inner": [{"id": "b", "name": "y"}]},
            {"name": "x", "inner": [{"name": "y"}]},
        ),
        (list[Stored | None], [None, {"id": "a", "name": "x"}], [None, {"name": "x"}]),
        (dict[str, Stored], {"id": {"id": "a", "name": "x"}}, {"id": {"name": "x"}}),
        (Either, {"kind": "card", "id": "a", "last4": "1"}, {"kind": "card", "last4": "1"}),
        (Either, {"kind": "bank", "id": "a"}, {"kind": "bank", "id": "a"}),
        (Either | list[Stored], [{"id": "a", "name": "x"}], [{"name": "x"}]),
        (Shelf, {"etag": "1", "first": {"id": "a", "name": "x"}}, {"first": {"name": "x"}}),
        ({"stored": Stored}, {"id": "a", "stored": {"id": "b", "name": "x"}}, {"id": "a", "stored": {"name": "x"}}),
        (Stored, {"id": OMIT, "name": "x", "inner": "no list"}, {"name": "x", "inner": "no list"}),
        (str, {"id": "a"}, {"id": "a"}),
    ],
)
def test_what_only_comes_back_is_not_sent_in_dicts(kind: object, given: object, sent: object) -> None:
    """As the types of the body have it: in lists, maps, unions, open models and fields of a body."""
    before = copy.deepcopy(given)
    assert json.loads(encode_sent(given, lambda: kind)) == sent
    assert given == before


@pytest.mark.parametrize("held", [tuple, UserList, list])
@pytest.mark.parametrize("made", [dict, MappingProxyType, Stored.from_dict])
def test_what_only_comes_back_is_not_sent_whatever_holds_it(
    held: Callable[[list[object]], object], made: Callable[[dict[str, object]], object]
) -> None:
    """A body's arrays may be given as any sequence, its objects as any mapping."""
    inner = held([made({"id": "b", "name": "y"}), OMIT])
    given = {"lines": held([made({"id": "a", "name": "x", "inner": [{"id": "b", "name": "y"}]})]), "one": inner}
    sent = {"lines": [{"name": "x", "inner": [{"name": "y"}]}], "one": [{"name": "y"}]}
    assert json.loads(encode_sent(given, lambda: {"lines": list[Stored], "one": list[Stored]})) == sent
    model = Stored(name="z", inner=cast("list[Stored]", held([Stored(id="b", name="y")])))
    assert json.loads(encode_sent({"a": model})) == {"a": {"name": "z", "inner": [{"name": "y"}]}}
    lone = Stored(name="z", inner=cast("list[Stored]", held([{"id": "b", "name": "y"}])))
    assert json.loads(encode_sent(lone, lambda: Stored)) == {"name": "z", "inner": [{"name": "y"}]}


def test_what_a_server_sent_beside_the_fields_goes_back_from_any_sequence() -> None:
    """Also where it is encoded as it is."""
    owner = Owner.from_dict({"login": "a", "new": 1})
    assert json.loads(encode({"owners": (owner,)})) == {"owners": [{"login": "a", "new": 1}]}


@read_only("id")
class NewOwner(Model, kw_only=True):
    """A variant without a tag, whose id only comes back."""

    id: str | None = None
    name: str
    email: str | None = None


class OwnerRef(Model, kw_only=True):
    """Another, whose id may be sent."""

    id: str
    name: str | None = None


OwnerOrRef = one_of("OwnerOrRef", lambda: (NewOwner, OwnerRef))


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (OwnerRef(id="7"), {"id": "7"}),
        (OwnerRef(id="7", name="x"), {"id": "7", "name": "x"}),
        (NewOwner(id="7", name="x"), {"name": "x"}),
        ({"id": "7"}, {"id": "7"}),
        ({"id": "7", "name": "x"}, {"id": "7", "name": "x"}),
        ({"id": "7", "name": "x", "email": "e"}, {"name": "x", "email": "e"}),
    ],
)
def test_a_model_says_itself_what_it_is(given: object, sent: object) -> None:
    """A dict is what it can be only; one that is as much another variant keeps what that one sends."""
    assert json.loads(encode_sent({"owner": given}, lambda: {"owner": OwnerOrRef})) == {"owner": sent}
    assert json.loads(encode_sent([given], lambda: list[OwnerOrRef])) == [sent]  # type: ignore[valid-type]


def test_what_is_of_no_variant_that_is_known_goes_back_as_it_came() -> None:
    """A server may have variants that are newer than the document."""
    plane = {"kind": "plane", "id": "1"}
    assert json.loads(encode_sent(plane, lambda: Either)) == plane


def test_lists_that_are_variants_are_looked_into() -> None:
    """What only comes back is not sent from there either."""
    kind = one_of("One or many", lambda: (Bank, GenericAlias(list, (Stored,))))
    assert json.loads(encode_sent([{"id": "a", "name": "x"}], lambda: kind)) == [{"name": "x"}]


class Reluctant(tuple[object, ...]):
    """A tuple that other sequences cannot be added to."""

    __slots__ = ()

    def __radd__(self, other: object) -> list[object]:
        """Forget the other one."""
        return []


LEFT_OUT: list[tuple[type[Any], dict[str, Any], str, dict[str, Any]]] = [
    (Stored, {"new": 1, "inner": [{"made at": "now"}]}, "name", {"new": 1, "inner": [{}]}),
    (Stored, {"inner": [{"name": "x"}]}, "name", {"inner": [{"name": "x"}]}),
    (Settings, {"level": 1, "more": 2}, "mode", {"version": 2, "level": 1, "more": 2}),
    (Shelf, {"a": {"made at": "now"}}, "", {"a": {}}),
]
"""Models, answers without fields that must be there, one of these, and what is sent of the answer."""


def as_it_is(model: Any) -> Any:  # noqa: ANN401
    """Nothing."""
    return model


def replaced(model: Any) -> Any:  # noqa: ANN401
    """A copy without changes."""
    return model.replace()


def pickled(model: Any) -> Any:  # noqa: ANN401
    """What comes out of a pickle."""
    return pickle.loads(pickle.dumps(model))  # noqa: S301  # our own


@pytest.mark.parametrize("copied", [as_it_is, replaced, pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize(("kind", "answer", "given", "other"), LEFT_OUT)
def test_what_a_server_left_out_is_not_sent_as_null(
    kind: type[Any],
    answer: dict[str, Any],
    given: str,
    other: dict[str, Any],
    copied: Callable[[Any], Any],  # as a caller passes it on
) -> None:
    """A field that must be there reads as None where it is not, and goes back when the caller gives it a value."""
    model = copied(decode(json.dumps(answer).encode(), kind).value)
    assert type(model) is kind
    assert json.loads(encode_sent(model, lambda: kind)) == json.loads(encode_sent({"a": model}))["a"] == other
    assert model.to_dict() == json.loads(model.to_json()) == answer | ({"version": 2} if kind is Settings else {})
    if given:
        assert getattr(model, given) is None
        setattr(model, given, "z")
        assert json.loads(encode_sent(model, lambda: kind)) == {**other, given: "z"}
        assert json.loads(encode_sent(model.replace(**{given: "y"}), lambda: kind)) == {**other, given: "y"}


class Cleared(Model, kw_only=True):
    """A model with a field that must be there, and may be null."""

    name: str | None
    age: int


def test_a_null_that_may_be_there_is_sent() -> None:
    """What may be null is so where its caller says it, and where it was left out as before."""
    model = decode(b"{}", Cleared).value
    assert json.loads(encode_sent(model)) == {"name": None}
    assert json.loads(encode_sent(model.replace(name="a").replace(name=None, age=2))) == {"name": None, "age": 2}


def test_open_models_are_equal_where_their_fields_are() -> None:
    """As all models are, whatever was left out."""
    left_out, with_null = decode(b'{"level":1}', Settings).value, decode(b'{"level":1,"mode":null}', Settings).value
    assert left_out == with_null


def test_pickles_of_an_earlier_version_are_read() -> None:
    """They hold the fields of a model, and what it kept beside them."""
    current = Stored.from_dict({"name": "x", "new": 1})
    rebuild, (plain, extra, _) = current.__reduce__()
    assert rebuild(plain, extra) == current
    assert rebuild(plain, extra).extra_fields == {"new": 1}


def test_what_sequences_do_to_others_is_not_asked() -> None:
    """A body is looked through by its parts alone."""
    assert encode_sent({"a": Reluctant((1, 2)), "b": [{"c": 1}]}) == b'{"a":[1,2],"b":[{"c":1}]}'
    with pytest.raises(ValueError, match="no time zone"):
        encode_sent({"a": (dt.datetime(2026, 1, 1),), "b": Reluctant((1,))})  # noqa: DTZ001


def test_a_body_that_contains_itself_is_refused() -> None:
    """It has no end, and its caller does not wait for one; a large one has."""
    of_lists: list[object] = []
    of_lists.append([of_lists])
    of_dicts: list[object] = []
    of_dicts.append({"a": of_dicts})
    for circle in (of_lists, of_dicts):
        with pytest.raises(ValueError, match="contains itself"):
            encode_sent({"a": circle})
    large = [[number] for number in range(150_000)]
    assert json.loads(encode_sent(large)) == large


def test_json_that_is_there_already_is_sent_as_it_is() -> None:
    """`msgspec.Raw` among the fields of a body, also beside a model."""
    assert encode_sent({"a": msgspec.Raw(b'{"z":  1}')}) == b'{"a":{"z":  1}}'
    assert encode_sent({"a": msgspec.Raw(b"1.50")}, lambda: Stored) == b'{"a":1.50}'


@pytest.mark.parametrize("value", [{"a": (float("nan"),)}, {"a": Order(id=cast("str", (float("inf"),)))}])
def test_no_number_is_refused_in_a_tuple(value: object) -> None:
    """JSON has no word for it, and null would be another value."""
    with pytest.raises(ValueError, match="cannot be sent as JSON"):
        encode_sent(value)


def test_a_model_that_a_tag_alone_leads_to_is_looked_for_too() -> None:
    """What a union takes for a tag need not be among its variants."""
    kind = one_of(
        "Tagged alone", lambda: (Bank,), tag="kind", tagged=lambda: {"card": Numbered}, otherwise=lambda: Stored
    )
    assert json.loads(encode_sent({"kind": "card", "id": "a"}, lambda: kind)) == {"kind": "card"}
    assert json.loads(encode_sent({"kind": "x", "made at": "a"}, lambda: kind)) == {"kind": "x"}


KINDS_SENT: list[Any] = [
    Stored,
    Either,
    Shelf,
    Priced,
    list[Stored | None],
    GenericAlias(dict, (str, Either)),
    one_of("Any of them", lambda: (Either, list[Priced])),
    {"stored": Stored, "price": NUMBERS},
    {"kind": Shelf, "inner": list[dict[str, Priced]]},
    list[str],
]
BODIES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.text(max_size=3),
        st.decimals(allow_nan=False, allow_infinity=False, places=2),
        st.just(OMIT),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(
            st.sampled_from(["id", "name", "made at", "inner", "etag", "kind", "stored", "price", "other"]), inner
        ),
        st.dictionaries(st.sampled_from(["id", "name", "price"]), inner).map(MappingProxyType),
    ),
    max_leaves=12,
)


def not_as_given(_value: object, _changing: object) -> bool:
    """Whether a body is sent as given: never."""
    return False


@given(st.dictionaries(st.sampled_from(["id", "kind", "inner", "stored", "price", "a"]), BODIES), st.data())
def test_a_body_sent_as_given_is_what_converting_it_makes(body: dict[str, Any], data: st.DataObject) -> None:
    """Most bodies hold nothing that is sent otherwise, and are not converted; the bytes are the same."""
    kind = data.draw(st.sampled_from(KINDS_SENT))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(codec, "_is_sent_as_given", not_as_given)
        converted = encode_sent(body, lambda: kind)
    assert encode_sent(body, lambda: kind) == converted


@pytest.mark.parametrize(
    ("kind", "body", "as_given"),
    [
        (Either, {"kind": "card", "last4": "1"}, True),
        (Either, {"kind": "card", "id": "a"}, False),
        ({"a": list[Stored]}, {"a": [{"name": "x", "inner": [{"name": "y"}]}], "since": dt.date(2026, 1, 1)}, True),
        ({"a": list[Stored]}, {"a": [{"name": "x", "inner": [{"made at": "y"}]}]}, False),
        (Shelf, {"first": {"name": "x", "size": Decimal(1)}}, True),
        (Priced, {"price": Decimal(1)}, False),
        (Priced, {"price": 1, "by": (1, 2)}, False),
    ],
)
def test_a_body_is_converted_only_where_it_must_be(
    kind: object, body: dict[str, Any], *, as_given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call would pay for it."""
    monkeypatch.delattr(codec, "_simple")
    with nullcontext() if as_given else pytest.raises(NameError):
        encode_sent(body, lambda: kind)


def test_models_and_dicts_may_hold_each_other() -> None:
    """Each is without what only comes back, and what a document does not list is kept."""
    stored = Stored.from_dict({"id": "a", "name": "x", "new": 1})
    given = {"id": "b", "name": "y", "inner": [stored, {"id": "c", "name": "z"}]}
    sent = {"name": "y", "inner": [{"name": "x", "new": 1}, {"name": "z"}]}
    assert json.loads(encode_sent(given, lambda: Stored)) == sent


def test_a_tag_fills_itself_and_is_always_sent() -> None:
    """Whoever makes a card need not say that it is one; what comes without its tag is what it was taken for."""
    assert Card(last4="1").to_dict() == {"kind": "card", "last4": "1"}
    assert json.loads(encode(Bank())) == {"kind": "bank"}
    assert Card.from_dict({"last4": "1"}) == Card(last4="1")
    with pytest.raises(ValueError, match="Invalid enum value 'bank'"):
        Card.from_dict({"kind": "bank", "last4": "1"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [("{", "truncated"), ('{"login": 3}', "Expected `str`, got `int` - at `\\$.login`"), ("{}", "missing required")],
)
def test_what_is_no_such_model_is_said(text: str, problem: str) -> None:
    """With the name of the class and the place of the mistake."""
    with pytest.raises(ValueError, match=f"Owner: .*{problem}"):
        Owner.from_json(text)


@pytest.mark.parametrize("wrong", [None, [1], "x"])
def test_what_is_no_dict_is_named(wrong: Any) -> None:  # noqa: ANN401
    """In words of the caller's own call."""
    with pytest.raises(TypeError, match="takes a dict, and not a"):
        Owner.from_dict(wrong)


def test_names_yield_to_the_documents_fields() -> None:
    """A field is a field; what every model can do is still had from the base."""
    named = Named(to_dict="x", extra_fields=[1])
    assert (named.to_dict, named.extra_fields) == ("x", [1])
    assert Model.to_dict(named) == {"to_dict": "x", "extra_fields": [1]}


class Team(OpenModel):
    """An open model whose further fields are models."""

    name: str
    extra: dict[str, Stored] = EXTRA_PROPERTIES


class Several(Model, kw_only=True):
    """A model with a field of several types."""

    either: Owner | list[Owner] | None = None


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (Team, {"name": "a", "lead": {"name": "b", "odd": 1}}),
        (Several, {"either": {"login": "a", "odd": 1}}),
        (Several, {"either": [{"login": "a"}, {"login": "b", "odd": 1}]}),
    ],
    ids=str,
)
def test_fields_are_kept_wherever_a_model_stands(kind: type[Model], sent: dict[str, Any]) -> None:
    """Under a name that no document lists, and in each of several types; that is no mismatch."""
    result = decode(json.dumps(sent).encode(), kind, strict=True)
    assert (result.value.to_dict(), result.problem) == (sent, "")


def test_what_only_comes_back_is_not_sent_among_further_fields() -> None:
    """An open model's further fields are fields."""
    team = Team(name="a", extra={"lead": Stored(id="1", name="b")})
    assert json.loads(encode_sent(team)) == {"name": "a", "lead": {"name": "b"}}


def test_there_is_an_end_to_what_is_kept() -> None:
    """A server that sends tens of thousands of fields nobody knows has gone wrong; what is known stays."""
    fields = {f"x{number}": number for number in range(MOST_KEPT + 1)}
    result = decode(json.dumps({"login": "a", **fields}).encode(), Owner)
    assert (result.value.login, result.value.extra_fields, result.problem) == ("a", {}, "")
    few = decode(json.dumps({"login": "a", "x": 1}).encode(), Owner, keep=False)
    assert (few.value, few.problem) == (Owner(login="a"), "")


def test_a_broken_answer_keeps_what_is_not_listed() -> None:
    """A field of another type costs nothing else."""
    result = decode(json.dumps({"id": 3, "news": 1, "owner": {"login": "a", "odd": 2}}).encode(), Order)
    assert result.problem
    assert (result.value.id, result.value.extra_fields) == (3, {"news": 1})
    assert result.value.owner.extra_fields == {"odd": 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EXTRA = st.dictionaries(st.text(min_size=1, max_size=4), JSON, max_size=4)
OWNERS = EXTRA.map(lambda extra: {**extra, "login": "x", "since": "2020-01-02"})


@given(EXTRA, OWNERS, st.lists(OWNERS, min_size=1, max_size=3), EXTRA)
def test_no_answer_loses_anything(
    extra: dict[str, Any], owner: dict[str, Any], lines: list[dict[str, Any]], way: dict[str, Any]
) -> None:
    """Whatever a server sends beside what its document lists comes back from `to_dict`."""
    sent = {**extra, "id": "a", "created": "2026-11-30T10:00:00Z", "class": "c", "owner": owner, "lines": lines,
            "by_name": {"n": owner}, "way": {**way, "kind": "card", "last4": "1"}}  # fmt: skip
    assert Order.from_dict(sent).to_dict() == sent


class Invoice(pydantic.BaseModel):
    """A model of pydantic with models of an SDK in it."""

    order: Order
    settings: Settings | None = None


def test_a_model_is_a_field_of_pydantic() -> None:
    """It is read, written, described, and a mistake in it is pydantic's own error."""
    invoice = Invoice.model_validate({"order": WIRE, "settings": {"mode": "a", "x": 1}})
    assert invoice.order == Order.from_dict(WIRE)
    assert json.loads(invoice.model_dump_json()) == {"order": WIRE, "settings": {"mode": "a", "version": 2, "x": 1}}
    assert Invoice(order=invoice.order).order is invoice.order
    with pytest.raises(pydantic.ValidationError, match="Expected `str`"):
        Invoice.model_validate({"order": {"id": 1}})


class Payee(pydantic.BaseModel):
    """A model of pydantic with unions of an SDK in it."""

    way: Way  # type: ignore[valid-type]
    owner: Owner | Card


def test_a_union_is_a_field_of_pydantic() -> None:
    """Of an SDK's own, or of its models; what fits none is an error of pydantic's own."""
    payee: Any = Payee.model_validate({"way": {"kind": "card", "last4": "1"}, "owner": Card(last4="2")})
    assert (payee.way, payee.owner) == (Card(last4="1"), Card(last4="2"))
    assert payee.model_dump(mode="json")["way"] == {"kind": "card", "last4": "1"}
    assert "anyOf" in Payee.model_json_schema()["properties"]["way"]
    assert pydantic.TypeAdapter(list[Way]).validate_json('[{"kind": "bank"}]') == [Bank()]  # type: ignore[valid-type]
    for wrong in ("5", "null", "[1]"):
        with pytest.raises(pydantic.ValidationError, match="Owner is made of a dict, and not of"):
            pydantic.TypeAdapter(Owner).validate_json(wrong)
    with pytest.raises(pydantic.ValidationError):
        Payee.model_validate({"way": {"kind": 5}, "owner": {"login": "a"}})


def test_a_field_that_is_called_as_a_method_is_no_matter_to_pydantic() -> None:
    """A document may have any names."""

    class Odd(Model, kw_only=True, rename={"to_dict_": "to_dict", "from_dict_": "from_dict"}):
        to_dict_: str
        from_dict_: str

    adapter = pydantic.TypeAdapter(Odd)
    assert json.loads(adapter.dump_json(adapter.validate_python(wire := {"to_dict": "a", "from_dict": "b"}))) == wire


def test_pydantic_knows_the_schema() -> None:
    """Without references of its own, so that it may stand anywhere; the fields are those of the wire."""
    schema = Invoice.model_json_schema()["properties"]["order"]
    assert set(schema["properties"]) == {"id", "created", "owner", "lines", "by_name", "way", "class"}
    assert schema["required"] == ["id"]
    ways = schema["properties"]["way"]["anyOf"][0]["anyOf"]
    assert [way["properties"]["kind"]["enum"] for way in ways] == [["card"], ["bank"]]
    assert "$ref" not in json.dumps(schema)


class Tree(OpenModel):
    """A model whose further fields are models of its kind."""

    name: str | None = None
    extra: dict[str, Tree] = EXTRA_PROPERTIES


class Doc(Model, kw_only=True):
    """A model with such a one in it."""

    id: str
    tree: Tree | None = None
    child: Owner | None = None


def test_a_model_that_leads_to_itself_by_its_further_fields_is_read() -> None:
    """Whether the answer fits or not, and what else it has is kept."""
    found = decode(
        b'{"id":"1","u":1,"tree":{"name":"a","b":{"name":"c"}},"child":{"login":"q","v":2}}', Doc, strict=True
    )
    assert (found.value.extra_fields, found.value.child.extra_fields) == ({"u": 1}, {"v": 2})
    assert found.value.tree.extra["b"].name == "c"
    assert decode(b'{"name":5,"b":{"name":6}}', Tree).problem
    with pytest.raises(ValueError, match=r"Expected `str . null`"):
        Tree.from_dict({"name": 5})


def test_an_object_of_unlisted_fields_alone_keeps_them() -> None:
    """Though nothing is left of it when they are taken out, and it lacks what it must have."""
    found = decode(b'{"id":"1","child":{"zz":1}}', Doc)
    assert found.problem
    assert found.value.child.extra_fields == {"zz": 1}


def test_models_in_lists_that_are_variants_stay_models() -> None:
    """A new field of a server's makes no dicts of them."""
    kind = one_of("Owners or cards", lambda: (list[Owner], list[Card]))
    plain = decode(b'[{"login":"a"},{"login":"b"}]', kind).value
    more = decode(b'[{"login":"a","new":1},{"login":"b"}]', kind).value
    assert [type(owner) for owner in more] == [type(owner) for owner in plain] == [Owner, Owner]
    assert more[0].extra_fields == {"new": 1}


UNLISTED = st.dictionaries(st.sampled_from(["x", "y", "z"]), JSON, max_size=3)
PEOPLE = st.lists(st.tuples(st.sampled_from(["a", "b", None, 7]), UNLISTED), max_size=6)


@given(PEOPLE, PEOPLE)
def test_each_object_of_an_answer_keeps_its_own(lines: list[Any], named: list[Any]) -> None:
    """Whichever objects of a list have fields that nobody lists, and whichever of them do not fit."""
    sent = {
        "id": "o",
        "lines": [{"login": login, **extra} for login, extra in lines],
        "by_name": {str(place): {"login": login, **extra} for place, (login, extra) in enumerate(named)},
    }
    result = decode(json.dumps(sent).encode(), Order)
    assert bool(result.problem) == any(not isinstance(login, str) for login, _ in [*lines, *named])
    found = [*result.value.lines, *result.value.by_name.values()]
    assert [(owner.login, owner.extra_fields) for owner in found] == [*lines, *named]
