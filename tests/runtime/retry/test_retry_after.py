"""Retry-After in all its forms, and against the server's own clock."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.retry.retry_after import retry_after, retry_after_throttling

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_700_000_000.0
"""A moment in November 2023."""


def asked(now: float = NOW, /, **headers: str) -> float | None:
    """What an answer with these headers asks for."""
    return retry_after(httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), now)


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Tokyo"])
def _anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client stands anywhere in the world."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("1", 1.0), ("120", 120.0), (" 7 ", 7.0), ("1.5", 1.5), ("0.25", 0.25), ("86400", 86400.0)],
)
def test_seconds_and_fractions(value: str, seconds: float) -> None:
    """Whole seconds as RFC 9110 has them, and the fractions that servers send all the same."""
    assert asked(Retry_After=value) == seconds


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("250", 0.25), ("1500", 1.5), ("1.5", 0.0015)])
def test_milliseconds(value: str, seconds: float) -> None:
    """`Retry-After-Ms`, whatever `Retry-After` says beside it in whole seconds."""
    assert asked(Retry_After_Ms=value) == seconds
    assert asked(Retry_After_Ms=value, Retry_After="1") == seconds


def test_milliseconds_that_cannot_be_read_leave_the_seconds() -> None:
    """Garbage in the one header does not hide the other."""
    assert asked(Retry_After_Ms="soon", Retry_After="3") == 3.0


def test_nothing_asked() -> None:
    """Without the header there is nothing to wait for."""
    assert asked() is None
    assert asked(Date=formatdate(NOW, usegmt=True)) is None


def test_a_date_is_read_against_the_servers_own_clock() -> None:
    """A server whose clock is an hour off still asks for its 30 seconds."""
    for skew in (-3600, 0, 3600):
        date, until = formatdate(NOW + skew, usegmt=True), formatdate(NOW + skew + 30, usegmt=True)
        assert asked(Date=date, Retry_After=until) == 30.0


def test_a_date_without_a_servers_clock_is_read_against_ours() -> None:
    """Where the answer bears no `Date`, ours is all there is."""
    assert asked(Retry_After=formatdate(NOW + 45, usegmt=True)) == 45.0
    assert asked(Date="yesterday", Retry_After=formatdate(NOW + 45, usegmt=True)) == 45.0


def test_a_date_that_has_passed_asks_for_nothing() -> None:
    """Never a negative wait."""
    assert asked(Date=formatdate(NOW, usegmt=True), Retry_After=formatdate(NOW - 90, usegmt=True)) == 0.0


@pytest.mark.usefixtures("_anywhere")
@pytest.mark.parametrize(
    "value", ["Tue, 14 Nov 2023 22:14:20 GMT", "Tuesday, 14-Nov-23 22:14:20 GMT", "Tue Nov 14 22:14:20 2023"]
)
def test_the_three_forms_of_an_http_date(value: str) -> None:
    """RFC 9110 section 5.6.7: recipients accept IMF-fixdate, RFC 850 and asctime, which are all in UTC."""
    assert asked(Retry_After=value) == 60.0
    assert asked(Date="Tue, 14 Nov 2023 22:13:20 GMT", Retry_After=value) == 60.0


@pytest.mark.usefixtures("_anywhere")
@pytest.mark.parametrize("zone", ["GMT", "UT", "+0000", "-0000"])
def test_utc_under_every_name(zone: str) -> None:
    """However a server writes UTC, it is UTC."""
    assert asked(Retry_After=f"Tue, 14 Nov 2023 22:14:20 {zone}") == 60.0


def test_a_date_in_another_zone_is_that_moment() -> None:
    """HTTP knows UTC only; a server that writes its own zone is still understood (RFC 5322 section 3.3)."""
    assert asked(Retry_After="Tue, 14 Nov 2023 23:14:20 +0100") == 60.0
    assert asked(Retry_After="Tue, 14 Nov 2023 17:14:20 -0500") == 60.0


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "soon",
        "-1",
        "-0.5",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1s",
        "10 seconds",
        "0x10",
        "null",
        "Tue, 32 Nov 2023 22:14:20 GMT",
        "Tue, 14 Foo 2023 22:14:20 GMT",
        "Tue, 14 Nov 99999999999 22:14:20 GMT",
        "GMT",
        ",",
    ],
)
def test_garbage_asks_for_nothing(value: str) -> None:
    """What cannot be read is not guessed at."""
    assert retry_after({"retry-after": value}, NOW) is None
    assert retry_after({"retry-after-ms": value}, NOW) is None


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_header_breaks_the_reading(value: str, milliseconds: str, date: str) -> None:
    """Whatever a server writes, the result is a wait that can be waited, or none."""
    found = retry_after({"retry-after": value, "retry-after-ms": milliseconds, "date": date}, NOW)
    assert found is None or 0 <= found < float("inf")


@given(
    st.from_regex(r"(Mon, )?\d{1,3}[ -][A-Z][a-z]{2}[ -]\d{1,6} \d{1,3}:\d{1,3}(:\d{1,3})? ?([A-Z]{0,4}|[+-]\d{1,6})")
)
def test_no_date_breaks_the_reading(value: str) -> None:
    """Dates that are almost right neither raise nor make the wait negative."""
    for headers in ({"retry-after": value}, {"retry-after": "Tue, 14 Nov 2023 22:14:20 GMT", "date": value}):
        found = retry_after(headers, NOW)
        assert found is None or 0 <= found < float("inf")


@given(st.floats(0, 1e6), st.floats(0, 4e9))
def test_seconds_are_never_read_shorter(seconds: float, now: float) -> None:
    """Never waited shorter than asked, whatever the clock."""
    found = asked(now, Retry_After=repr(seconds))
    assert found is not None
    assert found >= seconds


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        (["1", "2"], 2.0),
        (["3", "3"], 3.0),
        (["2", "soon"], 2.0),
        (["Tue, 14 Nov 2023 22:14:20 GMT", "1"], 60.0),
        (["1", "Tue, 14 Nov 2023 22:14:20 GMT", "7"], 60.0),
    ],
)
def test_of_several_fields_the_largest_counts(fields: list[str], seconds: float) -> None:
    """A proxy that adds its own field does not make the client wait for nothing."""
    headers = httpx.Headers([("Date", "Tue, 14 Nov 2023 22:13:20 GMT"), *(("Retry-After", field) for field in fields)])
    assert retry_after(headers, NOW) == seconds
    assert retry_after({name.lower(): value for name, value in headers.items()}, NOW) == seconds


def test_a_number_that_is_too_large_is_longer_than_anybody_waits() -> None:
    """Four hundred digits ask for a wait beyond any limit, not for none."""
    assert asked(Retry_After="1" * 400) == float("inf")
    assert asked(Retry_After_Ms="1" * 400) == float("inf")


DATE = formatdate(NOW + 100, usegmt=True)


@pytest.mark.parametrize("prefix", ["ratelimit-", "x-ratelimit-", "x-rate-limit-"])
@pytest.mark.parametrize(
    ("reset", "date", "seconds"),
    [
        ("30", "", 30.0),
        ("30", DATE, 30.0),
        (f"{NOW + 160:.0f}", "", 160.0),
        (f"{NOW + 160:.0f}", DATE, 60.0),
        (f"{(NOW + 160) * 1000:.0f}", DATE, 60.0),
        (f"{NOW - 160:.0f}", "", 0.0),
    ],
)
def test_a_spent_limit_is_waited_for(prefix: str, reset: str, date: str, seconds: float) -> None:
    """Seconds, or a moment in seconds or milliseconds, which is read against the server's own clock."""
    headers = {f"{prefix}remaining": "0", f"{prefix}reset": reset, **({"date": date} if date else {})}
    assert retry_after_throttling(headers, NOW) == seconds


@pytest.mark.parametrize(("remaining", "seconds"), [("0", 9.0), ("", 9.0), ("1", None), ("250", None)])
def test_a_limit_that_is_not_spent_is_not_waited_for(remaining: str, seconds: float | None) -> None:
    """Where something remains, it was another limit."""
    assert retry_after_throttling({"ratelimit-remaining": remaining, "ratelimit-reset": "9"}, NOW) == seconds
    assert retry_after_throttling({"ratelimit-reset": "9"}, NOW) == 9.0
    assert retry_after_throttling({"ratelimit-remaining": "0"}, NOW) is None


def test_of_several_limits_the_last_to_be_renewed_counts() -> None:
    """A limit by minute and one by day may both be spent."""
    headers = {"ratelimit": '"day";r=0;t=3600', "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}
    assert retry_after_throttling(headers, NOW) == 3600.0


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1000000000", 1e9),
        ("1000000001", 0.0),
        ("100000000000", 1e11 - NOW),
        ("100000000001", 0.0),
    ],
)
def test_a_number_that_is_no_wait_is_a_moment(reset: str, seconds: float) -> None:
    """In seconds or in milliseconds of Unix time, told apart by their size."""
    assert retry_after_throttling({"ratelimit-remaining": "0", "ratelimit-reset": reset}, NOW) == seconds
