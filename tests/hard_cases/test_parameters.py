"""Parameters: every style in every place, as the document's version of OpenAPI spells it.

Expected lines follow the table of styles (OpenAPI 3.1 section 4.8.12.3) and RFC 6570, on which it rests.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest

from .cases import Case, rows
from .sdk import Sdk

TOPIC = "parameters"
COLOURS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200}
MOMENT = dt.datetime(2024, 1, 31, 12, 30, tzinfo=dt.UTC)
SOME_ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

PATHS = rows(
    Case(
        "style simple",
        lambda api: api.paths.simple("blue", COLOURS, RGB, RGB),
        "GET /simple/blue/blue,black,brown/R,100,G,200/R=100,G=200",
    ),
    Case(
        "style label",
        lambda api: api.paths.label("blue", COLOURS, RGB, COLOURS, RGB),
        "GET /label/.blue/.blue,black,brown/.R,100,G,200/.blue.black.brown/.R=100.G=200",
    ),
    Case(
        "style matrix",
        lambda api: api.paths.matrix("blue", COLOURS, RGB, COLOURS, RGB),
        "GET /matrix/;text=blue/;list=blue,black,brown/;object=R,100,G,200/;spread=blue;spread=black;spread=brown"
        "/;R=100;G=200",
    ),
    Case(
        "style matrix of an empty text",
        lambda api: api.paths.matrix("", ["a"], RGB, ["a"], RGB),
        "GET /matrix/;text/;list=a/;object=R,100,G,200/;spread=a/;R=100;G=200",
    ),
    Case(
        "typed values",
        lambda api: api.paths.typed(dt.date(2024, 1, 31), MOMENT, "on hold", True, 1.5, UUID(SOME_ID)),  # noqa: FBT003  # positional, as all of a path
        f"GET /typed/2024-01-31/2024-01-31T12%3A30%3A00Z/on%20hold/true/1.5/{SOME_ID}",
    ),
    Case(
        "the same values as texts",
        lambda api: api.paths.typed("2024-01-31", "2024-01-31T12:30:00Z", "open", False, 2, SOME_ID),  # noqa: FBT003  # likewise
        f"GET /typed/2024-01-31/2024-01-31T12%3A30%3A00Z/open/false/2/{SOME_ID}",
    ),
    Case(
        "reserved characters in a path",
        lambda api: api.paths.simple("a/b?c#d e%é", ["a,b", "c"], {"R": 1}, {"R": 1}),
        "GET /simple/a%2Fb%3Fc%23d%20e%25%C3%A9/a%2Cb,c/R,1/R=1",
    ),
    Case(
        "allowReserved in a path",
        lambda api: api.paths.reserved("folder/file name;v=1"),
        "GET /files/folder/file%20name;v=1",
    ),
)

QUERIES = rows(
    Case(
        "style form, exploded: text, array, object",
        lambda api: api.queries.form(text="blue", list_=COLOURS, object=RGB),
        "GET /form?text=blue&list=blue&list=black&list=brown&R=100&G=200",
    ),
    Case(
        "style form, not exploded: array, object",
        lambda api: api.queries.form(joined=COLOURS, flat=RGB),
        "GET /form?joined=blue,black,brown&flat=R,100,G,200",
    ),
    Case(
        "separators inside values are encoded",
        lambda api: api.queries.form(text="a&b=c+d e", joined=["a,b", "c"]),
        "GET /form?text=a%26b%3Dc%2Bd%20e&joined=a%2Cb,c",
    ),
    Case("an empty text is sent", lambda api: api.queries.form(text=""), "GET /form?text="),
    Case("an empty array is not sent", lambda api: api.queries.form(list_=[], joined=[]), "GET /form"),
    Case(
        "style spaceDelimited",
        lambda api: api.queries.delimited(spaced=COLOURS),
        "GET /delimited?spaced=blue%20black%20brown",
    ),
    Case(
        "style pipeDelimited",
        lambda api: api.queries.delimited(piped=COLOURS, usual=["a", "b"]),
        "GET /delimited?piped=blue%7Cblack%7Cbrown&usual=a%7Cb",
    ),
    Case(
        "style pipeDelimited, exploded",
        lambda api: api.queries.delimited(repeated=["a", "b"]),
        "GET /delimited?repeated=a&repeated=b",
    ),
    Case(
        "delimited objects",
        lambda api: api.queries.delimited(object=RGB, flat=RGB),
        "GET /delimited?object=R%20100%20G%20200&flat=R%7C100%7CG%7C200",
    ),
    Case(
        "style deepObject",
        lambda api: api.queries.deep(filter={"name": "a b", "range": {"from": 1, "to": 2}, "tags": ["x", "y"]}),
        "GET /deep?filter%5Bname%5D=a%20b&filter%5Brange%5D%5Bfrom%5D=1&filter%5Brange%5D%5Bto%5D=2"
        "&filter%5Btags%5D%5B0%5D=x&filter%5Btags%5D%5B1%5D=y",
    ),
    Case(
        "allowReserved",
        lambda api: api.queries.reserved(encoded="a/b?c:d", reserved="a/b?c:d&e"),
        "GET /reserved?encoded=a%2Fb%3Fc%3Ad&reserved=a/b?c:d%26e",
    ),
    Case("booleans", lambda api: api.queries.scalars(flag=False), "GET /scalars?flag=false"),
    Case(
        "numbers",
        lambda api: api.queries.scalars(number=1.5, big=2**63 - 1),
        "GET /scalars?number=1.5&big=9223372036854775807",
    ),
    Case(
        "dates and decimals",
        lambda api: api.queries.scalars(day=dt.date(2024, 1, 31), moment=MOMENT, price=Decimal("1.10")),
        "GET /scalars?day=2024-01-31&moment=2024-01-31T12%3A30%3A00Z&price=1.10",
    ),
    Case(
        "enums by value",
        lambda api: api.queries.scalars(state="on hold", states=["open", "on hold"], level=2),
        "GET /scalars?state=on%20hold&states=open&states=on%20hold&level=2",
    ),
    Case("nulls are left out", lambda api: api.queries.scalars(nothing=None), "GET /scalars"),
    Case("one of several types", lambda api: api.queries.scalars(either=True), "GET /scalars?either=true"),
    Case("brackets in a name", lambda api: api.queries.scalars(filter_name="x"), "GET /scalars?filter%5Bname%5D=x"),
    Case("allowEmptyValue", lambda api: api.queries.scalars(empty=""), "GET /scalars?empty="),
    Case(
        "a parameter of any type",
        lambda api: api.queries.scalars(anything=["a", 1]),
        "GET /scalars?anything=a&anything=1",
    ),
    Case("required with a default", lambda api: api.queries.required_with_default(page=2), "GET /required?page=2"),
)

OTHERS = rows(
    Case(
        "content parameters in the path, the query and a header",
        lambda api: api.content.described({"R": 1}, where=[{"R": 1}, {"G": 2}], x_where={"G": 3}),
        "GET /described/%7B%22R%22%3A1%7D?where=%5B%7B%22R%22%3A1%7D%2C%7B%22G%22%3A2%7D%5D",
        {"x-where": '{"G":3}'},
    ),
    Case(
        "headers named Accept, Content-Type and Authorization are ignored",
        lambda api: api.headers.headers(),
        "GET /headers",
        {"accept": "application/json", "content-type": None, "authorization": None},
    ),
    Case(
        "headers of every type",
        lambda api: api.headers.headers(
            x_text="a b", x_list=COLOURS, x_object=RGB, x_exploded=RGB, x_flag=True, x_day=dt.date(2024, 1, 31)
        ),
        "GET /headers",
        {
            "x-text": "a b",
            "x-list": "blue,black,brown",
            "x-object": "R,100,G,200",
            "x-exploded": "R=100,G=200",
            "x-flag": "true",
            "x-day": "2024-01-31",
        },
    ),
    Case(
        "a cookie",
        lambda api: api.cookies.cookies(session="a b;c"),
        "GET /cookies",
        {"cookie": "session=a%20b%3Bc"},
    ),
    Case(
        "cookies of arrays and objects",
        lambda api: api.cookies.cookies(session="s", list_=COLOURS, object=RGB, spread=["a", "b"]),
        "GET /cookies",
        {"cookie": "session=s; list=blue,black,brown; object=R,100,G,200; spread=a; spread=b"},
    ),
)


@pytest.mark.parametrize("case", PATHS)
def test_a_path_parameter_is_spelled_as_its_style_says(sdk: Sdk, case: Case) -> None:
    """Texts, arrays and objects in the path: simple, label and matrix, exploded and not."""
    case.check(sdk)


@pytest.mark.parametrize("case", QUERIES)
def test_a_query_parameter_is_spelled_as_its_style_says(sdk: Sdk, case: Case) -> None:
    """Texts, arrays and objects in the query, and scalars of every type."""
    case.check(sdk)


@pytest.mark.parametrize("case", OTHERS)
def test_other_parameters_are_spelled_as_the_document_says(sdk: Sdk, case: Case) -> None:
    """Headers, cookies, and parameters that are described by a media type."""
    case.check(sdk)


def test_a_model_and_an_enum_can_be_sent_as_they_came_back(sdk: Sdk) -> None:
    """What a response held is an argument like its plain value."""
    colour, state = sdk.models.Colour(r=100, g=200), sdk.models.State.ON_HOLD
    sent = sdk.send(lambda api: api.queries.form(object=colour, flat=colour))
    assert sent.line == "GET /form?R=100&G=200&flat=R,100,G,200"
    assert sdk.send(lambda api: api.queries.scalars(state=state)).line == "GET /scalars?state=on%20hold"


def test_a_required_parameter_with_a_default_is_asked_for(sdk: Sdk) -> None:
    """The document says that it is required; its default is in the documentation, and is not sent unasked."""
    with pytest.raises(TypeError, match="page"):
        sdk.send(lambda api: api.queries.required_with_default())


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_path_parameter_addresses_nothing_else(sdk: Sdk, value: str) -> None:
    """An empty value or a dot segment would address another resource, and is refused before anything is sent."""
    with pytest.raises(ValueError, match="path"):
        sdk.send(lambda api: api.paths.reserved(value))


def test_an_empty_label_is_a_dot_segment(sdk: Sdk) -> None:
    """`style: label` spells an empty text as a dot, which servers and clients remove from a path."""
    with pytest.raises(ValueError, match="dot segment"):
        sdk.send(lambda api: api.paths.label("", ["a"], RGB, ["a"], RGB))
