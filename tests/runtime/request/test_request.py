"""From arguments to bytes: paths, queries, headers, cookies, keys, JSON, forms and multipart."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import io
import json
import tempfile
import uuid
from collections import deque
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from samekey_templates.runtime.auth.credentials import ApiKey, Basic, Bearer
from samekey_templates.runtime.call import Call
from samekey_templates.runtime.codec.json import encode
from samekey_templates.runtime.codec.models import Model, OpenStrEnum, read_only
from samekey_templates.runtime.request.encode import (
    Style,
    StyleName,
    expand_path,
    form_body,
    header_value,
    json_body,
    query_string,
    raw_body,
    scalar,
)
from samekey_templates.runtime.request.multipart import multipart_body
from samekey_templates.runtime.retry.dialect import Carrier, Profile
from samekey_templates.runtime.safety import Safety
from samekey_templates.runtime.types import OMIT, CallOptions

from tests.runtime.making import content, header, make_endpoint, make_settings, wired

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import EmailMessage

    from samekey_templates.runtime.retry.wire import WireRequest

ARRAY = ["blue", "black", "brown"]
OBJECT = {"R": 100, "G": 200, "B": 150}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


class Colour(StrEnum):
    """A closed enum of strings."""

    BLUE = "blue"


class Level(IntEnum):
    """An enum of integers."""

    HIGH = 3


class Word(Enum):
    """An enum that is no string itself."""

    YES = "yes"


class Open(OpenStrEnum):
    """An enum that the server may add to."""

    OLD = "old"


class Point(Model, kw_only=True):
    """A model to send."""

    x: int
    label: str | None = None


# --- single values ---


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("blue", "blue"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (-1.5, "-1.5"),
        (Decimal("1.10"), "1.10"),
        (10**30, "1" + "0" * 30),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (dt.date(2026, 11, 3), "2026-11-03"),
        (dt.datetime(2026, 11, 3, 9, 14, 22, tzinfo=dt.UTC), "2026-11-03T09:14:22Z"),
        (dt.datetime(2026, 11, 3, 9, 14, 22, 500, tzinfo=dt.UTC), "2026-11-03T09:14:22.000500Z"),
        (dt.datetime(2026, 11, 3, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=5.5))), "2026-11-03T09:00:00+05:30"),
        (dt.time(9, 14), "09:14:00"),
        (Colour.BLUE, "blue"),
        (Level.HIGH, "3"),
        (Word.YES, "yes"),
        (Open.OLD, "old"),
        (Open("new"), "new"),
    ],
)
def test_scalars_are_spelled_as_json_spells_them(value: object, text: str) -> None:
    """The same value reads the same in a path, a query, a header, a form and a JSON string."""
    assert scalar(value) == text
    assert unquote(expand_path("/{v}", {"v": value}, {}) if text else "/") == f"/{text}"
    assert parse_qsl(query_string({"v": value}, {}), keep_blank_values=True) == [("v", text)]
    assert header_value("V", value) == text
    assert parse_qsl(content(form_body({"v": value}, {}).content).decode(), keep_blank_values=True) == [("v", text)]
    assert str(json.loads(content(json_body({"v": value}).content))["v"]).lower() == text.lower()


# --- styles: the table of OpenAPI 3.1.1, section 4.8.12.4 ---


@pytest.mark.parametrize(
    ("name", "explode", "value", "path"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, ARRAY, "blue,black,brown"),
        ("simple", False, OBJECT, "R,100,G,200,B,150"),
        ("simple", True, ARRAY, "blue,black,brown"),
        ("simple", True, OBJECT, "R=100,G=200,B=150"),
        ("label", False, "blue", ".blue"),
        ("label", False, ARRAY, ".blue,black,brown"),
        ("label", False, OBJECT, ".R,100,G,200,B,150"),
        ("label", True, ARRAY, ".blue.black.brown"),
        ("label", True, OBJECT, ".R=100.G=200.B=150"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, "", ";color"),
        ("matrix", False, ARRAY, ";color=blue,black,brown"),
        ("matrix", False, OBJECT, ";color=R,100,G,200,B,150"),
        ("matrix", True, ARRAY, ";color=blue;color=black;color=brown"),
        ("matrix", True, OBJECT, ";R=100;G=200;B=150"),
    ],
)
def test_path_styles(name: StyleName, explode: bool, value: object, path: str) -> None:  # noqa: FBT001
    """Each style of a path parameter, as the document's own standard spells it."""
    assert expand_path("/{color}", {"color": value}, {"color": Style(name, explode)}) == f"/{path}"


@pytest.mark.parametrize(
    ("name", "explode", "value", "query"),
    [
        ("form", False, "blue", "color=blue"),
        ("form", False, "", "color="),
        ("form", False, ARRAY, "color=blue,black,brown"),
        ("form", False, OBJECT, "color=R,100,G,200,B,150"),
        ("form", True, ARRAY, "color=blue&color=black&color=brown"),
        ("form", True, OBJECT, "R=100&G=200&B=150"),
        ("spaceDelimited", False, ARRAY, "color=blue%20black%20brown"),
        ("spaceDelimited", False, OBJECT, "color=R%20100%20G%20200%20B%20150"),
        ("pipeDelimited", False, ARRAY, "color=blue%7Cblack%7Cbrown"),
        ("pipeDelimited", False, OBJECT, "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("deepObject", True, OBJECT, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    ],
)
def test_query_styles(name: StyleName, explode: bool, value: object, query: str) -> None:  # noqa: FBT001
    """Each style of a query parameter, as the document's own standard spells it."""
    assert query_string({"color": value}, {"color": Style(name, explode)}) == query


@pytest.mark.parametrize(
    ("explode", "value", "text"),
    [
        (False, ARRAY, "blue,black,brown"),
        (False, OBJECT, "R,100,G,200,B,150"),
        (True, ARRAY, "blue,black,brown"),
        (True, OBJECT, "R=100,G=200,B=150"),
    ],
)
def test_header_styles(explode: bool, value: object, text: str) -> None:  # noqa: FBT001
    """A header parameter is always of style `simple`."""
    assert header_value("Color", value, Style("simple", explode)) == text


def test_a_parameter_described_by_a_media_type_is_json() -> None:
    """`content: application/json` spells the value as JSON wherever it stands."""
    style = {"filter": Style("json")}
    assert parse_qsl(query_string({"filter": {"a": [1, None]}}, style)) == [("filter", '{"a":[1,null]}')]
    assert unquote(expand_path("/{filter}", {"filter": {"a": 1}}, style)) == '/{"a":1}'
    assert header_value("Filter", {"a": 1}, Style("json")) == '{"a":1}'


def test_deep_objects_nest() -> None:
    """`deepObject` goes as deep as the value does."""
    value = {"a": {"b": {"c": 1}}, "list": [1, 2], "none": None, "omitted": OMIT}
    pairs = parse_qsl(query_string({"f": value}, {"f": Style("deepObject", explode=True)}))
    assert pairs == [("f[a][b][c]", "1"), ("f[list][0]", "1"), ("f[list][1]", "2")]


def test_allow_reserved_leaves_reserved_characters() -> None:
    """`allowReserved` keeps RFC 3986's reserved characters and encodes the rest."""
    loose = {"v": Style("form", explode=True, allow_reserved=True)}
    assert query_string({"v": "a/b?c:d@e é"}, loose) == "v=a/b?c:d@e%20%C3%A9"
    assert query_string({"v": "a/b?c:d@e é"}, {}) == "v=a%2Fb%3Fc%3Ad%40e%20%C3%A9"


@pytest.mark.parametrize("value", [[], (), set[str]()])
@pytest.mark.parametrize("explode", [True, False])
def test_an_empty_array_is_not_sent(value: object, explode: bool) -> None:  # noqa: FBT001
    """There is nothing to write for it."""
    assert query_string({"v": value, "w": 1}, {"v": Style("form", explode)}) == "w=1"


@pytest.mark.parametrize("value", [["a", "b"], ("a", "b"), MappingProxyType({"R": 1}), Point(x=1)])
def test_any_sequence_mapping_or_model_can_be_a_parameter(value: object) -> None:
    """Tuples, read-only mappings and models are spelled like lists and dicts."""
    assert query_string({"v": value}, {}) in ("v=a&v=b", "R=1", "x=1")


def test_none_and_omit_are_not_sent() -> None:
    """An argument that was not given leaves no trace, in every part of the request."""
    given_ = {"none": None, "omitted": OMIT, "zero": 0, "empty": "", "no": False}
    sent = [("zero", "0"), ("empty", ""), ("no", "false")]
    assert parse_qsl(query_string(given_, {}), keep_blank_values=True) == sent
    assert parse_qsl(content(form_body(given_, {}).content).decode(), keep_blank_values=True) == sent
    assert [(name, text) for name, text, _ in parts(given_)] == [(name, text.encode()) for name, text in sent]
    request, _ = wired(make_settings(), make_endpoint(), Call(headers=given_, cookies=given_))
    assert [header(request, name) for name in given_] == [[], [], ["0"], [""], ["false"]]
    assert header(request, "Cookie") == ["zero=0; empty=; no=false"]


def test_none_is_null_in_json_and_omit_is_nothing() -> None:
    """In a JSON body, null clears a field and leaving it out keeps it."""
    assert json.loads(content(json_body({"description": None, "customer": OMIT}).content)) == {"description": None}


@pytest.mark.parametrize("body", [{"a": {"b": OMIT}}, {"a": [{"b": OMIT}]}, {"a": {"b": {"c": OMIT}}}])
def test_omit_is_left_out_at_every_depth(body: dict[str, object]) -> None:
    """OMIT leaves an argument out of the request; the word itself is never sent to the server."""
    try:
        sent_ = content(json_body(body).content)
    except (ValueError, TypeError):
        return
    assert b"OMIT" not in sent_


# --- round trips ---


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=4))
def test_a_path_says_what_went_in(texts: list[str]) -> None:
    """Every value comes out of the path again, and none adds a segment, a query or a fragment."""
    template = "/v1/" + "/".join(f"{{p{i}}}" for i in range(len(texts))) + "/end"
    try:
        path = expand_path(template, {f"p{i}": text for i, text in enumerate(texts)}, {})
    except ValueError:
        assert {".", ".."} & set(texts)
        return
    url = urlsplit("http://api.test" + path)
    assert (url.query, url.fragment) == ("", "")
    assert [unquote(segment) for segment in url.path.split("/")] == ["", "v1", *texts, "end"]


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_an_array_in_a_path_says_what_went_in(items: list[str]) -> None:
    """A comma inside an element is encoded, so the elements stay apart."""
    assume(any(items))
    try:
        path = expand_path("/{v}", {"v": items}, {})
    except ValueError:
        assert ",".join(items) in (".", "..", "")
        return
    assert [unquote(item) for item in path[1:].split(",")] == items


@given(st.dictionaries(TEXT, TEXT | st.lists(TEXT, min_size=1, max_size=3), max_size=5))
def test_a_query_says_what_went_in(values: dict[str, str | list[str]]) -> None:
    """`urllib.parse` reads back exactly the names and values that were given, in order."""
    expected = [(n, t) for n, v in values.items() for t in (v if isinstance(v, list) else [v])]
    text = query_string(values, {})
    assert parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)) == expected
    assert urlsplit(f"http://api.test/?{text}").query == text


@given(st.dictionaries(TEXT, TEXT | st.lists(TEXT, min_size=1, max_size=3), max_size=5))
def test_a_form_says_what_went_in(values: dict[str, str | list[str]]) -> None:
    """`urllib.parse` reads back exactly the fields that were given, in order."""
    expected = [(n, t) for n, v in values.items() for t in (v if isinstance(v, list) else [v])]
    body = form_body(values, {})
    assert body.media_type == "application/x-www-form-urlencoded"
    assert parse_qsl(content(body.content).decode("ascii"), keep_blank_values=True) == expected


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_the_elements_of_a_joined_array_stay_apart(items: list[str]) -> None:
    """RFC 6570, which style `form` follows: the commas between elements are bare, those inside are encoded."""
    text = query_string({"v": items}, {"v": Style("form")})
    assert [unquote(item) for item in text.removeprefix("v=").split(",")] == items


SAFE_TEXT = st.text(st.characters(exclude_characters=" |,[]", exclude_categories=["Cs"]), min_size=1, max_size=10)


@given(st.lists(SAFE_TEXT, min_size=1, max_size=5), st.sampled_from([("spaceDelimited", " "), ("pipeDelimited", "|")]))
def test_delimited_arrays_say_what_went_in(items: list[str], style: tuple[StyleName, str]) -> None:
    """One parameter, its elements joined by the delimiter."""
    assert parse_qsl(query_string({"v": items}, {"v": Style(style[0])})) == [("v", style[1].join(items))]


@given(st.dictionaries(SAFE_TEXT, SAFE_TEXT, min_size=1, max_size=4))
def test_a_deep_object_says_what_went_in(fields: dict[str, str]) -> None:
    """Each property under its own bracketed name."""
    text = query_string({"f": fields}, {"f": Style("deepObject", explode=True)})
    assert dict(parse_qsl(text)) == {f"f[{name}]": value for name, value in fields.items()}


# --- what must not pass ---


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("/a/{v}/b", "."),
        ("/a/{v}/b", ".."),
        ("/a/{v}", ".."),
        ("/a/{v}", [".."]),
        ("/a/{v}", Open("..")),
        ("/a/.{v}", "."),
        ("/a/{v}.", "."),
    ],
)  # fmt: skip
def test_dot_segments_are_refused(template: str, value: object) -> None:
    """RFC 3986 section 5.2.4: a client or proxy on the way would remove them and address something else."""
    with pytest.raises(ValueError, match="dot segment"):
        expand_path(template, {"v": value}, {})


@pytest.mark.parametrize("value", ["../x", "a/../b", "a/..", "./x"])
def test_dot_segments_are_refused_where_slashes_are_allowed(value: str) -> None:
    """`allowReserved` does not let a value climb out of its place."""
    with pytest.raises(ValueError, match="dot segment"):
        expand_path("/files/{v}", {"v": value}, {"v": Style("simple", allow_reserved=True)})


@pytest.mark.parametrize("value", ["...", ".a", "..a", "a..", "%2e%2e", "%2E", ".. ", "\u2024\u2024"])
def test_what_only_looks_like_a_dot_segment_is_sent(value: str) -> None:
    """An id may begin with dots."""
    assert unquote(expand_path("/a/{v}", {"v": value}, {})) == f"/a/{value}"


@pytest.mark.parametrize("value", ["", None, OMIT, [], {}])
def test_a_path_parameter_must_be_something(value: object) -> None:
    """An empty value would address the collection; None and OMIT would address a thing of that name."""
    with pytest.raises(ValueError, match="charge_id"):
        expand_path("/charges/{charge_id}", {"charge_id": value}, {})


@pytest.mark.parametrize("value", ["a?b=c", "a#b"])
def test_a_reserved_path_value_does_not_begin_a_query(value: str) -> None:
    """`allowReserved` in a path still ends the path where the template does."""
    path = expand_path("/files/{v}", {"v": value}, {"v": Style("simple", allow_reserved=True)})
    assert unquote(urlsplit("http://api.test" + path).path) == f"/files/{value}"


BREAKERS = ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "a\x1fb", "a\x7fb", "é", "键", "\u2028"]


@pytest.mark.parametrize("value", BREAKERS)
def test_header_injection_is_refused(value: str) -> None:
    """RFC 9110 section 5.5: a field value holds no control characters; only ASCII is sent."""
    with pytest.raises(ValueError, match="X-Note"):
        header_value("X-Note", value)


@pytest.mark.parametrize("value", BREAKERS)
@pytest.mark.parametrize("place", ["call", "options", "client"])
def test_no_source_of_headers_can_inject_one(value: str, place: str) -> None:
    """Header parameters, headers of the call and headers of the client are all checked."""
    headers = {"X-Note": value}
    call: Call[object] = Call(
        headers=headers if place == "call" else None,
        options=CallOptions(headers=headers) if place == "options" else None,
    )
    with pytest.raises(ValueError, match="X-Note"):
        wired(make_settings(headers=headers if place == "client" else {}), make_endpoint(), call)


@pytest.mark.parametrize(
    "credential",
    [Bearer("sk_secret\n"), ApiKey("X-Key", "header", "sk_secret\r\n"), ApiKey("X-Key", "header", "sk_secreté")],
)
def test_a_credential_that_cannot_be_sent_is_not_shown(credential: Bearer | ApiKey) -> None:
    """A token read from a file often ends in a newline: it is refused, and the message does not hold it."""
    settings = make_settings(credentials={"auth": credential}, security=(("auth",),))
    with pytest.raises(ValueError, match=r"Authorization|X-Key") as caught:
        wired(settings, make_endpoint(), Call())
    assert "sk_secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["a; admin=1", "a;admin=1", ";", "a\r\nX-Evil: 1", "é"])
def test_a_cookie_value_cannot_add_a_cookie(value: str) -> None:
    """RFC 6265 section 4.1.1: what cannot stand in a cookie is refused or encoded, never sent bare."""
    try:
        request, _ = wired(make_settings(), make_endpoint(), Call(cookies={"session": value}))
    except ValueError:
        return
    (sent,) = header(request, "Cookie")
    assert sent.startswith("session=")
    assert ";" not in sent


@pytest.mark.parametrize("name", ["X-Evil\r\nX-Other", "X Evil", "X:Evil", "", "Ключ"])
def test_a_header_name_cannot_inject_a_header(name: str) -> None:
    """RFC 9110 section 5.1: a field name is a token; nothing else is sent as one."""
    with pytest.raises(ValueError, match="header"):
        wired(make_settings(), make_endpoint(), Call(options=CallOptions(headers={name: "1"})))


# --- the key ---


def sent(profile: Profile, call: Call[Any], **changes: Any) -> tuple[WireRequest, str | None]:  # noqa: ANN401
    """The request of a keyed call under a profile, and the key that its record names."""
    request, flight = wired(make_settings(profile=profile), make_endpoint(**changes), call)
    return request, flight.info.idempotency_key


def test_the_key_travels_in_a_header() -> None:
    """By default `Idempotency-Key`, bare."""
    request, key = sent(Profile(), Call(body={"a": 1}))
    assert header(request, "Idempotency-Key") == [key]
    assert key


def test_a_key_may_be_a_string_of_rfc_8941() -> None:
    """The IETF draft asks for quotes."""
    request, key = sent(Profile(quoted=True), Call())
    assert header(request, "Idempotency-Key") == [f'"{key}"']


@pytest.mark.parametrize("own", ['a"b', "a\\b", 'x"; evil="1'])
def test_a_quoted_key_is_escaped(own: str) -> None:
    """RFC 8941 section 3.3.3: quotes and backslashes inside a string are escaped by a backslash."""
    request, _ = sent(Profile(quoted=True), Call(idempotency_key=own))
    escaped = own.replace("\\", "\\\\").replace('"', '\\"')
    assert header(request, "Idempotency-Key") == [f'"{escaped}"']


def test_nothing_overrides_the_key() -> None:
    """What errors and records name is what was sent."""
    options = CallOptions(headers={"idempotency-key": "other"})
    settings = make_settings(headers={"IDEMPOTENCY-KEY": "another"})
    request, flight = wired(settings, make_endpoint(), Call(options=options))
    assert header(request, "Idempotency-Key") == [flight.info.idempotency_key]


def test_the_key_travels_in_the_query() -> None:
    """Google's `requestId` and its kin."""
    request, key = sent(Profile(carrier=Carrier.QUERY, name="requestId"), Call(query={"a": "b"}))
    assert parse_qsl(urlsplit(request.url).query) == [("a", "b"), ("requestId", key)]


@pytest.mark.parametrize("own", ["k", "a&b=c", "a b", "a#b"])
def test_a_key_in_the_query_is_encoded(own: str) -> None:
    """A caller's own key adds no parameter."""
    request, _ = sent(Profile(carrier=Carrier.QUERY, name="requestId"), Call(idempotency_key=own))
    assert parse_qsl(urlsplit(request.url).query) == [("requestId", own)]


@pytest.mark.parametrize(
    "body",
    [{"a": 1}, {}, OMIT, MappingProxyType({"a": 1}), Point(x=1)],
    ids=["dict", "empty", "omitted", "mapping", "model"],
)
def test_the_key_travels_in_the_body(body: object) -> None:
    """A keyed call always carries its key, whatever kind of object its body is."""
    request, key = sent(Profile(carrier=Carrier.BODY, name="idempotency_key"), Call(body=body), body_required=False)
    assert request.content
    assert json.loads(content(request.content))["idempotency_key"] == key


@pytest.mark.parametrize("body", [[1, 2], "text", 7])
def test_a_body_that_cannot_carry_the_key_is_refused(body: object) -> None:
    """Never retried as keyed without a key: sending an array where the key is a body field is an error."""
    with pytest.raises((ValueError, TypeError)):
        sent(Profile(carrier=Carrier.BODY, name="idempotency_key"), Call(body=body))


def test_the_key_travels_in_a_form() -> None:
    """A body field of a form or a multipart body, where the API's bodies are such."""
    profile = Profile(carrier=Carrier.BODY, name="key")
    request, key = sent(profile, Call(body={"a": 1}), body="form")
    assert parse_qsl(content(request.content).decode()) == [("a", "1"), ("key", key)]
    request, key = sent(profile, Call(body={"a": 1}), body="multipart")
    assert [text for name, text, _ in read_parts(request) if name == "key"] == [(key or "").encode()]


@pytest.mark.parametrize("safety", [Safety.SAFE, Safety.IDEMPOTENT, Safety.UNSAFE])
@pytest.mark.parametrize("carrier", ["header", "body", "query"])
def test_only_keyed_calls_carry_a_key(safety: Safety, carrier: Any) -> None:  # noqa: ANN401
    """GET, PUT, DELETE and what honours no key are sent without one."""
    profile = Profile(carrier=carrier, name="Some-Key")
    request, flight = wired(make_settings(profile=profile), make_endpoint(safety), Call(body={"a": 1}))
    assert flight.info.idempotency_key is None
    assert not header(request, "Some-Key")
    assert "Some-Key" not in request.url
    assert b"Some-Key" not in content(request.content)


def test_two_calls_never_share_a_key() -> None:
    """A key is minted for each call."""
    keys = {sent(Profile(), Call())[1] for _ in range(100)}
    assert len(keys) == 100


# --- URL and credentials ---


def test_the_base_url_may_hold_a_path() -> None:
    """Paths are appended to it."""
    request, _ = sent(Profile(), Call(path={"id": "a/b"}), path="/things/{id}")
    assert request.url == "http://api.test/v1/things/a%2Fb"


@pytest.mark.parametrize("query", [None, {"a": OMIT}, {"a": None}, {"a": []}])
def test_no_query_leaves_no_question_mark(query: dict[str, object] | None) -> None:
    """An URL without parameters ends with its path."""
    request, _ = sent(Profile(), Call(query=query))
    assert request.url == "http://api.test/v1/things"


def test_credentials_go_where_the_document_says() -> None:
    """Bearer, basic, and API keys in header, query and cookie."""
    credentials = {
        "bearer": Bearer("t"),
        "header": ApiKey("X-Key", "header", "h"),
        "query": ApiKey("key", "query", "a&b"),
        "cookie": ApiKey("sid", "cookie", "c"),
    }
    settings = make_settings(credentials=credentials, security=(tuple(credentials),))
    request, _ = wired(settings, make_endpoint(), Call(cookies={"theme": "dark"}))
    assert header(request, "Authorization") == ["Bearer t"]
    assert header(request, "X-Key") == ["h"]
    assert parse_qsl(urlsplit(request.url).query) == [("key", "a&b")]
    assert header(request, "Cookie") == ["theme=dark; sid=c"]
    basic = make_settings(credentials={"b": Basic("user", "päss:w")}, security=(("b",),))
    request, _ = wired(basic, make_endpoint(), Call())
    assert header(request, "Authorization") == ["Basic dXNlcjpww6Rzczp3"]


def test_the_first_alternative_that_can_be_met_is_taken() -> None:
    """Alternatives are tried in the document's order; an empty one needs nothing, an operation's own come first."""
    held = {"b": ApiKey("X-B", "header", "b"), "c": ApiKey("X-C", "header", "c")}
    settings = make_settings(credentials=held, security=(("a", "b"), ("b",), ("c",)))
    request, _ = wired(settings, make_endpoint(), Call())
    assert (header(request, "X-B"), header(request, "X-C")) == (["b"], [])
    request, _ = wired(settings, make_endpoint(security=(("c",),)), Call())
    assert (header(request, "X-B"), header(request, "X-C")) == ([], ["c"])
    request, _ = wired(settings, make_endpoint(security=((),)), Call())
    assert (header(request, "X-B"), header(request, "X-C")) == ([], [])


def test_a_repr_shows_no_credentials() -> None:
    """What ends up in a log is safe to read."""
    settings = make_settings(
        credentials={"a": Bearer("sk_1"), "b": ApiKey("k", "query", "sk_2"), "c": Basic("sk_3", "sk_4")},
        security=(("a", "b"),),
    )
    request, flight = wired(settings, make_endpoint(), Call())
    assert "sk_" not in f"{settings!r} {request!r} {flight.record!r}"


# --- bodies ---


def test_a_json_body_is_what_json_says() -> None:
    """Models, enums, dates, decimals and mappings, by their names on the wire."""
    body = {
        "point": Point(x=1),
        "enum": Colour.BLUE,
        "open": Open("new"),
        "when": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        "day": dt.date(2026, 1, 2),
        "map": MappingProxyType({"k": ("a", "b")}),
        "uuid": uuid.UUID(int=1),
        "text": "é\u2028\x00",
    }
    assert json.loads(content(json_body(body).content)) == {
        "point": {"x": 1},
        "enum": "blue",
        "open": "new",
        "when": "2026-01-02T03:04:05Z",
        "day": "2026-01-02",
        "map": {"k": ["a", "b"]},
        "uuid": "00000000-0000-0000-0000-000000000001",
        "text": "é\u2028\x00",
    }


def test_what_is_no_json_is_refused() -> None:
    """Better an error before the first attempt than a guess."""
    with pytest.raises(TypeError, match="object"):
        encode({"a": object()})


def test_a_form_spells_nested_values() -> None:
    """Objects as JSON unless the document gives a style."""
    pairs = parse_qsl(
        content(form_body({"o": {"a": 1}, "l": [1, True], "e": Colour.BLUE, "s": "a b+c&d"}, {}).content).decode()
    )
    assert pairs == [("o", '{"a":1}'), ("l", "1"), ("l", "true"), ("e", "blue"), ("s", "a b+c&d")]
    deep = form_body({"o": {"a": {"b": 1}}}, {"o": Style("deepObject", explode=True)})
    assert parse_qsl(content(deep.content).decode()) == [("o[a][b]", "1")]


@pytest.mark.parametrize("value", ["a=1", ["a"], b"a=1", 3])
def test_a_form_has_fields(value: object) -> None:
    """What has none is told so, and not by an error of Python's own."""
    with pytest.raises(TypeError, match=f"give a dict of them, and not a {type(value).__name__}"):
        form_body(value, {})


def parts(fields: dict[str, Any], media_types: dict[str, str] | None = None) -> list[tuple[str, bytes, EmailMessage]]:
    """Name, content and head of every part, as the standard library's own parser reads them."""
    body = multipart_body(fields, media_types or {})
    return parse_parts(body.media_type, content(body.content))


def read_parts(request: WireRequest) -> list[tuple[str, bytes, EmailMessage]]:
    """The parts of a request."""
    return parse_parts(header(request, "Content-Type")[0], content(request.content))


def parse_parts(media_type: str, raw: bytes) -> list[tuple[str, bytes, EmailMessage]]:
    """Cut a multipart body at its boundary and read each head."""
    boundary = b"--" + media_type.partition("boundary=")[2].encode()
    preamble, *pieces, epilogue = raw.split(boundary)
    assert (preamble, epilogue) == (b"", b"--\r\n")
    found: list[tuple[str, bytes, EmailMessage]] = []
    for piece in pieces:
        assert piece.startswith(b"\r\n")
        assert piece.endswith(b"\r\n")
        head, _, body = piece[2:-2].partition(b"\r\n\r\n")
        message = email.message_from_bytes(head + b"\r\n\r\n", policy=email.policy.HTTP)
        name = message["Content-Disposition"].params["name"]
        found.append((name, body, message))
    return found


def test_multipart_parts_of_every_kind() -> None:
    """Text, files as content, tuple or open file, JSON parts, and lists of them."""
    opened = io.BytesIO(b"\x89PNG\r\n\r\n--")
    opened.name = "/home/me/photo.png"
    found = parts(
        {
            "text": "hello",
            "flag": True,
            "raw": b"\x00\r\n\xff",
            "named": ("report.pdf", b"%PDF"),
            "typed": ("data.bin", "text content", "text/csv"),
            "open": opened,
            "json": {"a": OMIT, "b": [1]},
            "model": Point(x=3),
            "many": [("a.txt", b"1"), ("b.txt", b"2")],
        },
        {"raw": "image/gif"},
    )
    seen = [(name, content, head.get_content_type() if head["Content-Type"] else None) for name, content, head in found]
    assert seen == [
        ("text", b"hello", None),
        ("flag", b"true", None),
        ("raw", b"\x00\r\n\xff", "image/gif"),
        ("named", b"%PDF", "application/pdf"),
        ("typed", b"text content", "text/csv"),
        ("open", b"\x89PNG\r\n\r\n--", "image/png"),
        ("json", b'{"b":[1]}', "application/json"),
        ("model", b'{"x":3}', "application/json"),
        ("many", b"1", "text/plain"),
        ("many", b"2", "text/plain"),
    ]
    names = [head["Content-Disposition"].params.get("filename") for _, _, head in found]
    assert names == [None, None, "raw", "report.pdf", "data.bin", "photo.png", None, None, "a.txt", "b.txt"]


@pytest.mark.parametrize(
    "array", [("a", "b"), ["a", "b"], deque(["a", "b"]), ("a", "b", "c"), (1, 2), ({"a": 1}, {"b": 2})]
)
def test_an_array_is_an_array_whatever_sequence_it_is(array: Sequence[object]) -> None:
    """A tuple of texts is no file with a name."""
    found = parts({"tags": array})
    assert [body for _, body, _ in found] == [body for _, body, _ in parts({"tags": list(array)})]
    assert len(found) == len(array)
    assert not any("filename" in head["Content-Disposition"].params for _, _, head in found)


@pytest.mark.parametrize(
    ("file", "name", "media_type"),
    [
        (("a.csv", b"x"), "a.csv", "text/csv"),
        (("a.bin", "x", "text/csv"), "a.bin", "text/csv"),
        (("a.csv", io.BytesIO(b"x")), "a.csv", "text/csv"),
        ((b"", b"x"), "f", "application/octet-stream"),
    ],
)
def test_a_tuple_that_can_be_nothing_else_is_a_file(file: object, name: str, media_type: str) -> None:
    """By its bytes, or by its media type, where the document does not say that the field is a file."""
    ((_, body, head),) = parts({"f": file})
    assert (body, head["Content-Disposition"].params["filename"], head.get_content_type()) == (b"x", name, media_type)


def test_a_media_type_of_the_document_makes_a_json_part() -> None:
    """`encoding.contentType: application/json` also for text and numbers."""
    (found,) = parts({"v": "text"}, {"v": "application/json"})
    assert found[1] == b'"text"'


def test_a_text_file_is_sent_as_utf_8() -> None:
    """Files opened as text are read all the same."""
    assert parts({"f": io.StringIO("é")})[0][1] == "é".encode()


@pytest.mark.parametrize("name", ['a"b', "a\r\nX-Evil: 1", 'a"; filename="b', "a\nb", "é.txt"])
def test_names_of_files_and_parts_cannot_inject_heads(name: str) -> None:
    """They are escaped as browsers do; a part has only the heads that it should."""
    for found in (parts({"f": (name, b"x")}), parts({name: "x"})):
        ((_, content, head),) = found
        assert content == b"x"
        assert set(head.keys()) <= {"Content-Disposition", "Content-Type"}
        assert set(head["Content-Disposition"].params) <= {"name", "filename"}


def test_the_media_type_of_a_file_cannot_inject_heads() -> None:
    """The caller's own media type is refused where it holds a line break."""
    evil = "text/plain\r\nX-Evil: 1\r\n\r\nbody"
    with pytest.raises(ValueError, match="media type"):
        multipart_body({"f": ("a.txt", b"x", evil)}, {})


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_multipart_content_comes_out_as_it_went_in(contents: list[bytes]) -> None:
    """Whatever the bytes are, the boundary is not among them."""
    assert [content for _, content, _ in parts({f"f{i}": c for i, c in enumerate(contents)})] == contents


def test_a_boundary_is_chosen_once_per_call() -> None:
    """Two calls differ; the attempts of one share its bytes, since they are encoded before the first."""
    boundaries = {multipart_body({"a": "b"}, {}).media_type for _ in range(20)}
    assert len(boundaries) == 20


def test_a_later_call_with_the_same_key_sends_the_same_bytes() -> None:
    """Else a server that compares bytes would take the call that settles another one for a different request."""
    fields = {"name": "a", "file": ("a.csv", b"x,y")}
    first, again = (multipart_body(fields, {}, key="k1") for _ in range(2))
    assert (first.media_type, content(first.content)) == (again.media_type, content(again.content))
    others = [
        multipart_body(fields, {}, key="k2"),
        multipart_body({**fields, "name": "b"}, {}, key="k1"),
        multipart_body({**fields, "file": ("a.csv", b"x,z")}, {}, key="k1"),
        multipart_body({**fields, "file": ("b.csv", b"x,y")}, {}, key="k1"),
        multipart_body({"name": "ax", "file": ("a.csv", b",y")}, {}, key="k1"),
    ]
    assert len({first.media_type, *(other.media_type for other in others)}) == 6


def test_the_boundary_of_what_is_read_while_it_is_sent_is_random() -> None:
    """Nothing is known of an open file's content, and a key may be guessed: a boundary made of it could be as well."""
    with tempfile.TemporaryFile() as file:
        boundaries = {multipart_body({"file": file}, {}, key="k1").media_type for _ in range(20)}
    assert len(boundaries) == 20


def test_the_boundary_of_what_is_in_memory_belongs_to_its_key() -> None:
    """A later call with the same key and the same bytes sends the same body, from an open buffer as well."""
    boundaries = {multipart_body({"file": io.BytesIO(b"x")}, {}, key="k1").media_type for _ in range(3)}
    assert len(boundaries) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"\x00\x01", b"\x00\x01"), ("é", "é".encode()), (io.BytesIO(b"file"), b"file"), (io.StringIO("text"), b"text")],
)
def test_a_raw_body(value: object, expected: bytes) -> None:
    """Bytes, text, or an open file; the same bytes however often it is sent."""
    body = raw_body(value, "application/octet-stream")
    assert body.media_type == "application/octet-stream"
    assert [content(body.content), content(body.content)] == [expected, expected]


@pytest.mark.parametrize(
    ("value", "expected", "media_type"),
    [
        (("clip.mp4", b"x"), b"x", "application/octet-stream"),
        (("clip.mp4", io.BytesIO(b"x"), "video/mp4"), b"x", "video/mp4"),
        ((None, "x"), b"x", "application/octet-stream"),
        ((b"x", b"y"), b"xy", "application/octet-stream"),
    ],
)
def test_a_raw_body_may_be_a_file_with_its_name(value: object, expected: bytes, media_type: str) -> None:
    """Its content is sent; a media type that is given with it is that of the body."""
    body = raw_body(value, "application/octet-stream")
    assert (content(body.content), body.media_type) == (expected, media_type)


@pytest.mark.parametrize("value", [None, 5, {"a": 1}, ["a"], Point(x=3)])
def test_what_is_no_content_is_no_raw_body(value: object) -> None:
    """JSON under another media type would be a lie, and `null` in place of a file its end."""
    with pytest.raises(TypeError, match="a body of application/xml is text, bytes"):
        raw_body(value, "application/xml")


def test_json_of_a_raw_kind_is_json() -> None:
    """Such as lines of it."""
    assert content(raw_body({"a": 1}, "application/x-ndjson").content) == b'{"a":1}'


OWNER: dict[str, object] = {"id": "1", "name": "x"}


@read_only("id")
class Owner(Model, kw_only=True):
    """A model with a field that only comes back."""

    id: str | None = None
    name: str


@pytest.mark.parametrize(
    "owner", [{"id": "1", "name": "x"}, MappingProxyType({"id": "1", "name": "x"}), Owner(id="1", name="x")]
)
@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_what_only_comes_back_is_not_sent_in_forms(owner: object, kind: str) -> None:
    """Nor in the elements of an array; what was left out, and files, stay what they are."""
    fields = {"owner": owner, "owners": (owner, owner), "no": None, "out": OMIT, "file": b"id"}

    def sends() -> object:
        return {"owner": Owner, "owners": list[Owner], "no": Owner, "out": Owner}

    request, _ = sent(Profile(), Call(body=fields), body=kind, sends=sends)
    if kind == "form":
        pairs = parse_qsl(content(request.content).decode())
        assert pairs == [("owner", '{"name":"x"}'), *[("owners", '{"name":"x"}')] * 2, ("file", "id")]
    else:
        found = [(name, body) for name, body, _ in read_parts(request)]
        assert found == [("owner", b'{"name":"x"}'), *[("owners", b'{"name":"x"}')] * 2, ("file", b"id")]


def test_an_optional_body_that_is_empty_is_not_sent() -> None:
    """Nor is its media type."""
    request, _ = sent(Profile(), Call(body={"amount": OMIT}), body_required=False)
    assert request.content is None
    assert header(request, "Content-Type") == []
    request, _ = sent(Profile(), Call(body={"amount": OMIT}), body_required=True)
    assert content(request.content) == b"{}"
    assert header(request, "Content-Type") == ["application/json"]


NAIVE = dt.datetime(2026, 1, 31, 12, 30)  # noqa: DTZ001  # it is what is refused


@pytest.mark.parametrize(
    "send",
    [
        lambda: json_body({"at": NAIVE}, "application/json"),
        lambda: json_body({"a": [{"b": {"at": NAIVE}}]}, "application/json"),
        lambda: form_body({"at": NAIVE}, {}),
        lambda: form_body({"at": {"b": NAIVE}}, {}),
        lambda: multipart_body({"at": {"b": [NAIVE]}}, {}),
        lambda: query_string({"at": {"b": NAIVE}}, {"at": Style("json")}),
        lambda: multipart_body({"at": NAIVE}, {}),
        lambda: query_string({"at": NAIVE}, {}),
        lambda: query_string({"at": [NAIVE]}, {}),
        lambda: expand_path("/{at}", {"at": NAIVE}, {}),
        lambda: header_value("at", NAIVE, Style("simple")),
    ],
)
def test_a_time_without_a_zone_is_refused(send: Callable[[], object]) -> None:
    """It is another time to each reader; with a zone, and as a text, it is sent."""
    with pytest.raises(ValueError, match="no time zone"):
        send()
