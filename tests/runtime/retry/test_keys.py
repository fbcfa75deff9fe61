"""Idempotency keys: what is minted, what a caller may bring, and that no two are the same."""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.retry.dialect import KeyFormat, KeyKind
from samekey_templates.runtime.retry.keys import derive_key, mint, validate

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FORMATS = [
    KeyFormat(),
    KeyFormat(KeyKind.UUID7),
    KeyFormat(KeyKind.ALPHABET, length=45),
    KeyFormat(KeyKind.ALPHABET, length=22, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
]


def test_the_default_is_a_random_uuid() -> None:
    """`uuid4`, in lower case with hyphens, version and variant of RFC 9562 section 5.4."""
    key = mint(KeyFormat())
    assert UUID_TEXT.fullmatch(key)
    parsed = uuid.UUID(key)
    assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


def test_a_uuid7_bears_the_time_of_its_making() -> None:
    """RFC 9562 section 5.7: 48 bits of milliseconds, then version, variant and chance."""
    before = time.time_ns() // 1_000_000
    keys = [mint(KeyFormat(KeyKind.UUID7)) for _ in range(200)]
    after = time.time_ns() // 1_000_000
    for key in keys:
        assert UUID_TEXT.fullmatch(key)
        parsed = uuid.UUID(key)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert before <= parsed.int >> 80 <= after
    chance = {uuid.UUID(key).int & ((1 << 62) - 1) for key in keys}
    assert len(chance) == len(keys)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.kind}-{form.length}")
def test_no_key_is_minted_twice(form: KeyFormat) -> None:
    """Two calls never share a key, in many threads as well."""
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(mint, [form] * 4000))
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: f"{form.kind}-{form.length}")
def test_a_minted_key_is_valid(form: KeyFormat) -> None:
    """What is minted may be brought back by the caller to resume the call."""
    key = mint(form)
    assert validate(key, form) == key


@given(st.integers(1, 64), st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=2, max_size=64))
def test_a_key_of_an_alphabet_has_its_length_and_letters(length: int, letters: str) -> None:
    """A length and an alphabet are kept to the letter."""
    alphabet = "".join(sorted(set(letters)))
    key = mint(KeyFormat(KeyKind.ALPHABET, length=length, alphabet=alphabet))
    assert len(key) == length
    assert set(key) <= set(alphabet)


@pytest.mark.parametrize("alphabet", ["01", "0123456789", "0123456789abcdef", "abc"])
def test_every_letter_of_an_alphabet_is_as_likely(alphabet: str) -> None:
    """No letter is left out or favoured; the odds of a false alarm are below one in a billion."""
    letters = "".join(mint(KeyFormat(KeyKind.ALPHABET, length=32, alphabet=alphabet)) for _ in range(1000))
    expected = len(letters) / len(alphabet)
    for letter in alphabet:
        assert abs(letters.count(letter) - expected) < 6.5 * expected**0.5


@pytest.mark.parametrize(
    "key", ["k", "order-1007", "a b", "~!@#$%^&*()", str(uuid.UUID(int=7)), "x" * 255, '"quoted"', "a\\b"]
)
def test_a_caller_may_bring_any_printable_key(key: str) -> None:
    """A caller's own key is sent as it is."""
    assert validate(key, KeyFormat()) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        " k",
        "k ",
        "k\t",
        "\tk",
        "a\nb",
        "k\n",
        "k\r\nX-Evil: 1",
        "a\x00b",
        "k\x7f",
        "clé",
        "键",
        "k\u2028",
        "\ud800",
    ],
)
def test_a_key_that_cannot_stand_in_a_header_is_refused(key: str) -> None:
    """RFC 9110 section 5.5: no control characters, no space at the ends; and only ASCII."""
    with pytest.raises(ValueError, match="idempotency_key"):
        validate(key, KeyFormat())


@pytest.mark.parametrize("longest", [45, 64, 255])
def test_a_key_that_is_too_long_for_the_api_is_refused(longest: int) -> None:
    """Square takes 45 characters, Adyen 64, Stripe 255; a cut key would collide."""
    form = KeyFormat(max_length=longest)
    assert validate("k" * longest, form)
    with pytest.raises(ValueError, match=str(longest)):
        validate("k" * (longest + 1), form)


IDENTITIES: list[tuple[object, ...]] = [
    ("invoice", "1007"), ("invoice", 1007), ("invoice", "1007", 1), ("invoice", "10", "071"), ("invoice", "100", "7"),
    ("invoice", "1", "007"), ("invoice", '1","007'), ("invoice", "1,007"), ("refund", "1007"), ("invoice", "1007", "1"),
    ("invoice", dt.date(2026, 11, 3)), ("invoice", "2026-11-04"), ("invoice", uuid.UUID(int=7)), ("invoice", "é"),
    ("invoice", True), ("invoice", 1), ("invoice", ""), ("invoice", "", ""), ("invoice1007", ""),
]  # fmt: skip


@pytest.mark.parametrize("secret", [None, b"s3cret"])
def test_a_derived_key_belongs_to_its_identity(secret: bytes | None) -> None:
    """The same arguments give the same key, others give another, and no two ways to cut the parts meet."""
    derive: Any = derive_key
    keys = [derive(*identity, secret=secret) for identity in IDENTITIES]
    assert keys == [derive(*identity, secret=secret) for identity in IDENTITIES]
    assert len(set(keys)) == len(IDENTITIES)
    for key in keys:
        assert UUID_TEXT.fullmatch(key)
        assert (uuid.UUID(key).version, uuid.UUID(key).variant) == (8 if secret else 5, uuid.RFC_4122)
        assert validate(key, KeyFormat()) == key


def test_a_derived_key_is_the_same_after_a_restart() -> None:
    """Written down here once: a change of these would charge twice whatever is redelivered after an update."""
    assert derive_key("invoice-payment", "inv_1007", 1) == "c4e72afe-91c4-5ed5-8be1-acffef78d75f"
    assert derive_key("invoice-payment", "inv_1007", 1, secret=b"s3cret") == "8599b53b-8f3b-82b4-bf2a-f3d1ed5bc6d2"
    assert derive_key("rechnung", "Größe 5 €") == "1d6888f2-4118-5191-8dda-e8147567dac1"
    assert derive_key("rechnung", "Größe 5 €", secret=b"s") == "52281cb0-7a1d-801f-aba7-2e102daad04e"
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert derive_key("daily-report", moment) == "6a4b387f-a6f5-5ced-b010-0295ef0edede"


def test_a_secret_makes_other_keys() -> None:
    """Who knows the parts cannot guess the key; a namespace may be a UUID of one's own."""
    keys = {
        derive_key("invoice", "1"),
        derive_key("invoice", "1", secret=b"a"),
        derive_key("invoice", "1", secret=b"b"),
        derive_key(uuid.NAMESPACE_URL, "1"),
        derive_key(uuid.NAMESPACE_DNS, "1"),
        derive_key(uuid.NAMESPACE_DNS, "1", secret=b"a"),
    }
    assert len(keys) == 6


def test_a_key_is_not_derived_from_nothing() -> None:
    """All that happens in a namespace would share one key."""
    with pytest.raises(ValueError, match="part"):
        derive_key("invoice")


def test_an_empty_key_is_called_empty() -> None:
    """The message says what is wrong with it, and not that it does not print."""
    with pytest.raises(ValueError, match="must not be empty"):
        validate("", KeyFormat())


@given(st.text(max_size=40))
def test_what_is_accepted_survives_a_header(key: str) -> None:
    """Whatever passes can be written into a header line and read back unchanged."""
    try:
        accepted = validate(key, KeyFormat())
    except ValueError:
        return
    line = f"Idempotency-Key: {accepted}".encode("ascii")
    assert len(line.splitlines()) == 1
    assert line.partition(b":")[2].strip(b" \t").decode() == key
