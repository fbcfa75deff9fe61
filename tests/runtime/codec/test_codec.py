"""JSON in and out: open enums, unions, and answers that do not keep to their schema."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
import pickle
import uuid
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal, Optional, TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.codec import lenient
from samekey_templates.runtime.codec.extra_fields import Search
from samekey_templates.runtime.codec.json import DecodeFailureError, decode, encode, plain, present
from samekey_templates.runtime.codec.lenient import decode_leniently
from samekey_templates.runtime.codec.models import EXTRA_PROPERTIES, Model, OpenIntEnum, OpenModel, OpenStrEnum
from samekey_templates.runtime.codec.unions import one_of
from samekey_templates.runtime.types import OMIT


class Status(OpenStrEnum):
    """An enum of strings that the server may add to."""

    PENDING = "pending"
    DONE = "done"


class Level(OpenIntEnum):
    """An enum of integers that the server may add to."""

    LOW = 1
    HIGH = 2


class Address(Model, kw_only=True):
    """A nested model."""

    city: str
    line2: str | None = None


class Charge(Model, kw_only=True, rename={"object_": "object"}):
    """A model with a field of every kind."""

    id: str
    amount: int
    object_: Literal["charge"] = "charge"
    status: Status = Status.PENDING
    paid: bool | None = None
    address: Address | None = None
    lines: list[Address] = []  # noqa: RUF012  # msgspec copies an empty default
    by_name: dict[str, Address] = {}  # noqa: RUF012
    created: dt.datetime | None = None
    day: dt.date | None = None
    ref: uuid.UUID | None = None
    fee: int | float | None = None


class Card(Model, kw_only=True):
    """A variant with a literal."""

    type: Literal["card"]
    last4: str
    brand: Status | None = None


class Bank(Model, kw_only=True):
    """Another variant with a literal."""

    type: Literal["bank"]
    iban: str


class Cat(Model, kw_only=True):
    """A variant known by what it requires."""

    meows: bool
    name: str | None = None


class Dog(Model, kw_only=True):
    """Another variant known by what it requires."""

    barks: bool
    name: str | None = None


class Role(OpenStrEnum):
    """Who asks."""

    USER = "user"


class Small(Model, kw_only=True):
    """A variant with less."""

    id: int


class Large(Model, kw_only=True):
    """A variant with more."""

    id: int
    name: str | None = None


if TYPE_CHECKING:
    Tagged: TypeAlias = Card | Bank
    Untagged: TypeAlias = Cat | Dog
else:
    Tagged = one_of("Tagged", lambda: (Card, Bank), tag="type", tagged=lambda: {"card": Card, "bank": Bank})
    Untagged = one_of("Untagged", lambda: (Cat, Dog))


class Asked(Model, kw_only=True):
    """A variant that shares its tag."""

    type: Literal["message"]
    role: Role


class Answered(Model, kw_only=True):
    """Another variant with the same tag."""

    type: Literal["message"]
    role: Literal["assistant"]
    model: str | None = None


class Cell(Model, kw_only=True):
    """What a board holds."""

    id: str | None = None


class ViewCell(Model, kw_only=True):
    """What a board with views holds."""

    id: str | None = None
    view: str | None = None


class Board(Model, kw_only=True):
    """A variant that differs from the next one deep inside."""

    name: str | None = None
    cells: list[Cell] | None = None


class ViewBoard(Model, kw_only=True):
    """It knows more of its cells."""

    name: str | None = None
    cells: list[ViewCell] | None = None


Shared = one_of("Shared", lambda: (Asked, Answered), tag="type", tagged=lambda: {"message": Asked | Answered})
Boards = one_of("Boards", lambda: (Board, ViewBoard))
Literals = one_of("Literals", lambda: (Card, Bank))
Mixed = one_of("Mixed", lambda: (Cat, list[Dog], int, str))
Tree: type = one_of("Tree", lambda: (GenericAlias(list, (Tree,)), str))


class Holder(Model, kw_only=True):
    """A model that holds unions."""

    method: Tagged
    pet: Untagged | None = None
    many: list[Untagged] = []  # noqa: RUF012


def decoded(value: object, kind: Any, *, strict: bool = False) -> Any:  # noqa: ANN401
    """A value sent through JSON into a type, which it must fit."""
    result = decode(json.dumps(value).encode(), kind, strict=strict)
    assert not result.problem
    return result.value


def mended(value: object, kind: Any) -> Any:  # noqa: ANN401
    """A value that does not fit, as the tolerant decoder keeps it."""
    content = json.dumps(value).encode()
    with pytest.raises(DecodeFailureError):
        decode(content, kind, strict=True)
    result = decode(content, kind)
    assert result.problem
    return result.value


# --- open enums ---


def test_a_listed_value_is_its_member() -> None:
    """What the document lists comes back as the very member."""
    assert decoded("done", Status) is Status.DONE
    assert decoded(2, Level) is Level.HIGH


@pytest.mark.parametrize("strict", [False, True])
def test_a_value_that_is_not_listed_is_kept(strict: bool) -> None:  # noqa: FBT001
    """Servers learn new values before clients do, and strictness is about shapes, not about news."""
    status, level = decoded("refunded", Status, strict=strict), decoded(99, Level, strict=strict)
    assert isinstance(status, Status)
    assert isinstance(level, Level)
    assert (status, level) == ("refunded", 99)
    assert (status.value, level.value) == ("refunded", 99)
    assert encode([status, level]) == b'["refunded",99]'
    assert "refunded" in f"{status} {status!r}"


def test_an_unknown_value_behaves_like_one() -> None:
    """It is equal to itself, works as a key, and pickles; the enum's own list stays as it was."""
    status, again = Status("refunded"), Status("refunded")
    assert status == again
    assert len({status, again, "refunded"}) == 1
    assert pickle.loads(pickle.dumps(status)) == status  # noqa: S301  # our own bytes
    assert copy.deepcopy(status) == status
    assert [member.value for member in Status] == ["pending", "done"]
    assert "refunded" not in Status.__members__
    assert pickle.loads(pickle.dumps(Level(7))) == 7  # noqa: S301


@pytest.mark.parametrize(
    ("kind", "value"), [(Status, 7), (Status, None), (Status, ["done"]), (Level, "2x"), (Level, None)]
)
def test_another_type_is_no_new_value(kind: Any, value: object) -> None:  # noqa: ANN401
    """An open enum is open to values of its own type only; others are kept as they came."""
    assert mended(value, kind) == value
    with pytest.raises(ValueError, match="not a valid"):
        kind(value)


def test_true_is_no_integer_of_an_enum() -> None:
    """JSON's true and false are no numbers."""
    assert mended(True, Level) is True  # noqa: FBT003


# --- models ---


def test_fields_that_no_document_lists_are_no_mistake() -> None:
    """Servers add fields before clients know them: they are kept, and sent back."""
    charge = decoded({"id": "a", "amount": 1, "news": {"x": 1}}, Charge, strict=True)
    assert (charge.id, charge.amount, charge.extra_fields) == ("a", 1, {"news": {"x": 1}})
    assert charge == Charge(id="a", amount=1)


def test_fields_have_their_wire_names() -> None:
    """Renamed fields are read and written under the document's names, defaults are not written."""
    charge = decoded({"id": "a", "amount": 1, "object": "charge"}, Charge)
    assert json.loads(encode(charge)) == {"id": "a", "amount": 1}
    assert plain(charge) == {"id": "a", "amount": 1}
    assert json.loads(encode({"charge": charge, "left": OMIT})) == {"charge": {"id": "a", "amount": 1}}


def test_omit_is_no_field() -> None:
    """`present` drops what was not given and keeps None."""
    assert present({"a": OMIT, "b": None, "c": 0}) == {"b": None, "c": 0}


@given(
    st.builds(
        Charge,
        id=st.text(max_size=8),
        amount=st.integers(-(2**70), 2**70),
        status=st.sampled_from([*Status, Status("news")]),
        paid=st.none() | st.booleans(),
        address=st.none() | st.builds(Address, city=st.text(max_size=5)),
        lines=st.lists(st.builds(Address, city=st.text(max_size=5), line2=st.none() | st.text(max_size=3)), max_size=3),
        created=st.none() | st.datetimes(timezones=st.just(dt.UTC)),
        day=st.none() | st.dates(),
        ref=st.none() | st.uuids(),
        fee=st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_what_is_encoded_decodes_to_the_same(charge: Charge) -> None:
    """A model survives the wire, also in strict mode."""
    result = decode(encode(charge), Charge, strict=True)
    assert result.value == charge
    assert not result.problem


# --- answers that do not keep to their schema ---


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": "a"}, {"id": "a", "amount": None}),
        ({}, {"id": None, "amount": None}),
        ({"id": None, "amount": 1}, {"id": None, "amount": 1}),
        ({"id": 7, "amount": 1}, {"id": 7, "amount": 1}),
        ({"id": "a", "amount": "many"}, {"id": "a", "amount": "many"}),
        ({"id": "a", "amount": {"value": 1}}, {"id": "a", "amount": {"value": 1}}),
        ({"id": "a", "amount": 1.0}, {"id": "a", "amount": 1}),
        ({"id": "a", "amount": "12"}, {"id": "a", "amount": 12}),
        ({"id": "a", "amount": 1.5}, {"id": "a", "amount": 1.5}),
        ({"id": "a", "amount": 1, "object": "chrage"}, {"id": "a", "amount": 1, "object_": "chrage"}),
        ({"id": "a", "amount": 1, "paid": "maybe"}, {"id": "a", "amount": 1, "paid": "maybe"}),
        ({"id": "a", "amount": 1, "address": "here"}, {"id": "a", "amount": 1, "address": "here"}),
        ({"id": "a", "amount": 1, "lines": "none"}, {"id": "a", "amount": 1, "lines": "none"}),
        ({"id": "a", "amount": 1, "lines": {"0": {}}}, {"id": "a", "amount": 1, "lines": {"0": {}}}),
        ({"id": "a", "amount": 1, "created": "soon"}, {"id": "a", "amount": 1, "created": "soon"}),
        ({"id": "a", "amount": 1, "ref": "no-uuid"}, {"id": "a", "amount": 1, "ref": "no-uuid"}),
    ],
)
def test_a_field_that_does_not_fit_is_kept_as_it_came(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """A missing field is None, a mistyped one is plain JSON, and all the others are typed as ever."""
    charge = mended(fields, Charge)
    assert type(charge) is Charge
    assert {name: getattr(charge, name) for name in expected} == expected


def test_what_fits_beside_what_does_not_is_typed() -> None:
    """One bad field costs only itself, at every depth."""
    charge = mended(
        {
            "id": 7,
            "amount": 1,
            "status": "done",
            "address": {"city": None, "line2": "b"},
            "lines": [{"city": "x"}, {"city": 1}, "odd", None],
            "by_name": {"home": {"city": "x"}, "work": {}},
            "created": "2026-11-03T09:14:22Z",
            "day": "2026-11-03",
        },
        Charge,
    )
    assert charge.status is Status.DONE
    assert charge.address == Address(city=None, line2="b")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert [type(line) for line in charge.lines] == [Address, Address, str, type(None)]
    assert charge.by_name["home"] == Address(city="x")
    assert charge.by_name["work"].city is None
    assert charge.created == dt.datetime(2026, 11, 3, 9, 14, 22, tzinfo=dt.UTC)
    assert charge.day == dt.date(2026, 11, 3)


@pytest.mark.parametrize("value", [1_700_000_000, "1700000000"])
def test_epoch_seconds_become_a_time(value: object) -> None:
    """Some servers write times as numbers."""
    charge = mended({"id": "a", "amount": 1, "created": value}, Charge)
    assert charge.created == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize("value", [None, 7, "text", [], [{"id": "a", "amount": 1}], True])
def test_an_answer_of_another_kind_is_plain_json(value: object) -> None:
    """Where an object was promised and something else came, it is handed over as it is."""
    assert mended(value, Charge) == value


def test_a_list_of_models_is_mended_entry_by_entry() -> None:
    """One bad entry does not cost the others their types."""
    charges = mended([{"id": "a", "amount": 1}, {"id": "b"}, 3], list[Charge])
    assert charges[0] == Charge(id="a", amount=1)
    assert (charges[1].id, charges[1].amount) == ("b", None)
    assert charges[2] == 3


@pytest.mark.parametrize("kind", [Optional[Charge], Charge | None, dict[str, Charge], list[Charge] | None])  # noqa: UP045
def test_every_way_to_write_a_type_can_be_mended(kind: Any) -> None:  # noqa: ANN401
    """Optional fields, unions and maps hold models that are built all the same."""
    bad: Any = {"id": 1}
    inside_map, inside_list = kind == dict[str, Charge], kind == list[Charge] | None
    result = mended({"k": bad} if inside_map else [bad] if inside_list else bad, kind)
    found = result["k"] if inside_map else result[0] if inside_list else result
    assert (type(found), found.id, found.amount) == (Charge, 1, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "amount", "status", "lines", "address", "city", "type", "method", "pet", "many", "meows"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(
    JSON,
    st.sampled_from([Charge, Holder, Tagged, Untagged, Mixed, Tree, list[Charge], dict[str, Holder], Status, Level]),
)
def test_a_complete_answer_never_becomes_an_exception(value: object, kind: Any) -> None:  # noqa: ANN401
    """A 2xx whose JSON can be read is handed over, whatever its shape; a model is never anything but that model."""
    result = decode(json.dumps(value).encode(), kind)
    if isinstance(value, dict) and kind is Charge:
        assert type(result.value) is Charge
    assert decode_leniently(value, kind, "") is not NotImplemented


class Open(OpenModel):
    """A model with extra properties."""

    id: str
    note: str | None = None
    address: Address | None = None
    extra: dict[str, int] = EXTRA_PROPERTIES


def some(values: dict[str, list[object]]) -> st.SearchStrategy[list[dict[str, object]]]:
    """Lists of objects, each with some of the fields, each of which fits or does not."""
    fields: dict[str, st.SearchStrategy[object]] = {name: st.sampled_from(given) for name, given in values.items()}
    return st.lists(st.fixed_dictionaries({}, optional=fields), min_size=1, max_size=5)


ADDRESSES: list[object] = [None, {"city": "x"}, {"city": 1}, {}, {"city": "x", "line2": 2}, "here"]
CHARGES = some({
    "id": ["a", 7, None], "amount": [1, 2, "12", "many", None, 1.5], "object": ["charge", "chrage", None],
    "status": ["done", "new", 3], "paid": [True, "maybe", None, "null"], "address": ADDRESSES,
    "lines": [[{"city": "x"}], [{"city": 1}, {}, "odd"], "none"], "by_name": [{"a": {"city": "x"}, "b": {}}, 4],
    "created": ["2026-11-03T09:14:22Z", "soon", 1_700_000_000], "ref": ["no-uuid", None], "fee": [1.5, "x"],
    "unknown": [1],
})  # fmt: skip
OPENS = some({"id": ["a", 7, None], "note": ["b", 1, None], "address": ADDRESSES, "more": [1, "x"], "most": [2]})
PETS = some({"meows": [True, 1], "barks": [True, None], "name": ["Tom", 5], "type": ["card"], "last4": [1]})


@given(
    st.one_of(
        CHARGES.map(lambda values: (values, Charge)),
        OPENS.map(lambda values: (values, Open)),
        PETS.map(lambda values: (values, Untagged)),
    )
)
def test_what_an_object_teaches_changes_nothing_for_the_next(case: tuple[list[dict[str, object]], Any]) -> None:
    """The objects of a list are what each is by itself, and what it is where each of its fields is taken by itself."""
    values, kind = case
    kinds = GenericAlias(list, (kind,))
    apart = [Search(kind, 100).take_out(value) for value in json.loads(json.dumps(values))]
    together = decode_leniently(apart, kinds, "")
    assert together == [decode_leniently([value], kinds, "")[0] for value in apart]
    assert together == decode(json.dumps(values).encode(), kinds).value
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lenient, "_TRIES", 0)
        assert together == decode_leniently(apart, kinds, "")


def test_a_field_whose_name_holds_a_dot_is_taken_by_itself() -> None:
    """Where msgspec's word for the place of an error may mean another field, each field is looked at."""

    class Dotted(Model, kw_only=True, rename={"a_b": "a.b"}):
        a: int
        a_b: int

    broken = mended([{"a": 1, "a.b": "x"}, {"a": 2, "a.b": "3"}], list[Dotted])
    assert [(entry.a, entry.a_b) for entry in broken] == [(1, "x"), (2, 3)]


# --- strictness and no JSON at all ---


@pytest.mark.parametrize(
    "content",
    [
        '{"id": "a", "amount": 1}'.encode("utf-8-sig"), '{"id": "a", "amount": 1}'.encode("utf-16"),
        '{"id": "a", "amount": 1}'.encode("utf-32-le"), b'{"id": "a", "amount": 1, "rate": NaN}',
        b'{"id": "a", "amount": 1, "half": "\\ud83d"}',
    ],
)  # fmt: skip
def test_what_pythons_own_reader_reads_is_read(content: bytes) -> None:
    """Strict JSON first; servers with a byte order mark, NaN or half of a surrogate pair have data all the same."""
    result = decode(content, Charge)
    assert (result.value, result.problem) == (Charge(id="a", amount=1), "")


@pytest.mark.parametrize("fields", [{"id": "a"}, {"id": 1, "amount": 1}, {"id": "a", "amount": "1"}, [], None])
def test_strict_mode_raises_and_says_where(fields: object) -> None:
    """A caller who asks for strictness is told what does not match."""
    with pytest.raises(DecodeFailureError) as caught:
        decode(json.dumps(fields).encode(), Charge, strict=True)
    assert str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b" ", b"{", b"<html>", b"{'id': 1}", b"nan", b"[1,]", b"\xff", b'"\xff"', b'{"id": "a"} x', b"[" * 100_000],
)
@pytest.mark.parametrize("kind", [Any, Charge, list[Charge], Tagged, Status])
@pytest.mark.parametrize("strict", [False, True])
def test_what_is_no_json_cannot_be_decoded(content: bytes, kind: Any, strict: bool) -> None:  # noqa: ANN401, FBT001
    """Only this is an error of decoding where strictness was not asked for."""
    with pytest.raises(DecodeFailureError):
        decode(content, kind, strict=strict)


@given(st.binary(max_size=30), st.sampled_from([Any, Charge, Tagged, Untagged]))
def test_any_bytes_decode_or_fail_in_one_way(content: bytes, kind: Any) -> None:  # noqa: ANN401
    """No other exception leaves the decoder."""
    with contextlib.suppress(DecodeFailureError):
        decode(content, kind)


# --- unions ---


def test_a_tag_chooses_its_variant() -> None:
    """The property that the document names decides."""
    assert decoded({"type": "card", "last4": "4242"}, Tagged) == Card(type="card", last4="4242")
    assert decoded({"type": "bank", "iban": "PT50"}, Tagged) == Bank(type="bank", iban="PT50")


def test_a_tag_decides_even_where_the_rest_does_not_fit() -> None:
    """A card without its digits is still a card."""
    card = decode(b'{"type":"card","iban":"PT50"}', Tagged).value
    assert (type(card), card.last4) == (Card, None)


@pytest.mark.parametrize(
    "value",
    [
        {"type": "crypto", "wallet": "w"}, {"last4": "4242"}, {"type": None, "last4": "1"}, {"type": ["card"]},
        {"type": {"card": 1}}, {}, [], "card", 7, None,
    ],
)  # fmt: skip
def test_a_variant_that_is_not_known_is_plain_json(value: object) -> None:
    """New kinds come as dicts until the client knows them; a tag of any type breaks nothing."""
    assert decode(json.dumps(value).encode(), Tagged).value == value


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"meows": True}, Cat(meows=True)),
        ({"barks": True}, Dog(barks=True)),
        ({"barks": True, "name": "Rex"}, Dog(barks=True, name="Rex")),
    ],
)
def test_required_properties_choose_a_variant(fields: object, expected: object) -> None:
    """Without a tag, the variant whose properties are all there is the one."""
    assert decoded(fields, Untagged) == expected


@pytest.mark.parametrize("variants", [(Small, Large), (Large, Small)])
def test_known_properties_choose_between_variants_that_both_fit(variants: tuple[Any, ...]) -> None:
    """The variant that knows more of what came, in whatever order the document lists them."""
    kind = one_of("Sizes", lambda: variants)
    assert decoded({"id": 1, "name": "n"}, kind) == Large(id=1, name="n")


def test_literals_choose_a_variant() -> None:
    """A property of one value tells variants apart as a tag would."""
    assert decoded({"type": "bank", "iban": "PT50"}, Literals) == Bank(type="bank", iban="PT50")
    assert decode(b'{"type":"crypto","iban":"PT50"}', Literals).value == {"type": "crypto", "iban": "PT50"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"meows": False}, Cat(meows=False)),
        ([{"barks": True}], [Dog(barks=True)]),
        (7, 7),
        ("text", "text"),
        (1.5, 1.5),
        (None, None),
    ],
)
def test_a_union_of_other_kinds(value: object, expected: object) -> None:
    """Objects, arrays and scalars in one union."""
    assert decode(json.dumps(value).encode(), Mixed).value == expected


def test_a_union_may_hold_itself() -> None:
    """Variants are made when first needed."""
    assert decoded([["a"], "b", []], Tree) == [["a"], "b", []]


def test_unions_inside_models() -> None:
    """As a field, as an optional one, and in lists, each chosen on its own."""
    holder = decoded(
        {"method": {"type": "bank", "iban": "x"}, "pet": {"barks": True}, "many": [{"meows": True}, {"barks": False}]},
        Holder,
    )
    assert holder == Holder(
        method=Bank(type="bank", iban="x"), pet=Dog(barks=True), many=[Cat(meows=True), Dog(barks=False)]
    )
    assert json.loads(encode(holder))["many"] == [{"meows": True}, {"barks": False}]
    assert decoded({"method": {"type": "card", "last4": "1"}, "pet": None}, Holder).pet is None


def test_a_union_inside_a_model_that_does_not_fit() -> None:
    """Mending a model mends the unions in it."""
    holder = mended({"many": [{"barks": True}, {"moos": True}]}, Holder)
    assert holder.method is None
    assert holder.many == [Dog(barks=True), {"moos": True}]


def test_models_are_structs() -> None:
    """Keyword-only, and comparable by value."""
    with pytest.raises(TypeError):
        Address("x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert issubclass(Address, msgspec.Struct)
    assert Address(city="x") == Address(city="x", line2=None)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("shape", ["in an object", "in a list", "deep in a model"])
def test_what_is_no_number_is_not_sent_as_null(number: float, shape: str) -> None:
    """JSON has no word for it (RFC 8259 section 6), and an amount of null is another request."""
    inside = {
        "in an object": {"amount": number},
        "in a list": [1, number],
        "deep in a model": {"of": {"fee": [number]}},
    }
    with pytest.raises(ValueError, match="cannot be sent as JSON"):
        encode({"note": None, "charge": inside[shape]})
    assert encode({"note": None, "text": "null", "amount": 1.5}) == b'{"note":null,"text":"null","amount":1.5}'


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"type": "message", "role": "user"}, Asked),
        ({"type": "message", "role": "assistant"}, Answered),
        ({"type": "message", "role": "assistant", "model": "m", "more": 1}, Answered),
        ({"type": "message", "role": "stranger"}, Asked),
    ],
)
def test_variants_that_share_a_tag_are_told_apart_by_what_else_they_list(value: object, kind: type) -> None:
    """Values of enums and literals say which one is meant; what neither lists stays beside the fields."""
    found = decode(json.dumps(value).encode(), Shared).value
    assert type(found) is kind
    assert json.loads(encode(found)) == value


@pytest.mark.parametrize("more", [{}, {"new": 1}])
def test_the_variant_that_knows_most_deep_inside_is_taken(more: dict[str, int]) -> None:
    """Also where the value has something that none of them knows."""
    value = {"name": "a", "cells": [{"id": "1", "view": "v", **more}], **more}
    found = decode(json.dumps(value).encode(), Boards).value
    assert type(found) is ViewBoard
    assert found.cells is not None
    assert found.cells[0].view == "v"
    assert json.loads(encode(found)) == value


def test_a_tag_that_nobody_knows_keeps_its_data() -> None:
    """What comes is plain JSON, whole."""
    value = {"type": "voice", "length": 3}
    assert decode(json.dumps(value).encode(), Shared).value == value
