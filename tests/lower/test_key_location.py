"""Keys that fit their carrier, and what the documented answers say of keys."""

from __future__ import annotations

import re

import pytest
from samekey.config.dialect import KeyKind, Signal
from samekey.ir import Evidence, Operation, Safety

from tests.lower.documents import operation


def posting(parameter: str, responses: str = "200: {description: ''}") -> Operation:
    """A POST with one header parameter and these answers."""
    found = operation(
        f"parameters: [{{name: Idempotency-Key, in: header, schema: {{type: string{parameter}}}}}]\n"
        f"responses: {{{responses}}}",
        path="/t",
        method="post",
    ).operation()
    assert found.safety is Safety.KEYED
    return found


def sample(entry: Operation) -> str:
    """A key as the SDK would mint it."""
    form = entry.profile.format
    if form.kind is KeyKind.UUID4:
        return "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    return (form.alphabet * form.length)[: form.length]


@pytest.mark.parametrize(
    "words",
    ["", ", format: uuid", ", maxLength: 255", ", maxLength: 36", ", pattern: '^[0-9a-f-]{36}$'", ", pattern: '.+'"],
)
def test_a_uuid_is_sent_where_it_fits(words: str) -> None:
    """Nothing in the document speaks against the default."""
    assert posting(words).profile.format.kind is KeyKind.UUID4


@pytest.mark.parametrize(
    ("words", "pattern", "longest"),
    [
        (", maxLength: 32", ".*", 32),
        (", maxLength: 20", ".*", 20),
        (", pattern: '^[A-Z0-9]{16}$'", "[A-Z0-9]{16}", 255),
        (", pattern: '^[0-9]{10,12}$'", "[0-9]{10,12}", 255),
        (", pattern: '^[a-f0-9]{32}$', maxLength: 40", "[a-f0-9]{32}", 40),
    ],
)
def test_another_key_is_minted_where_a_uuid_does_not_fit(words: str, pattern: str, longest: int) -> None:
    """`maxLength` and `pattern` of the declared carrier decide."""
    found = posting(words)
    assert found.profile.format.kind is KeyKind.ALPHABET
    assert re.fullmatch(pattern, sample(found))
    assert len(sample(found)) <= longest
    assert found.profile.format.max_length <= longest


@pytest.mark.parametrize("length", [32, 26, 24, 22, 20, 16, 12, 10, 8])
@pytest.mark.parametrize(
    ("letters", "alphabet"),
    [("a-f0-9", "0123456789abcdef"), ("A-F0-9", "0123456789ABCDEF"), ("0-9", "0123456789")],
)
def test_usual_lengths_and_alphabets_are_tried(length: int, letters: str, alphabet: str) -> None:
    """A pattern that wants just so many letters gets them, of the largest alphabet that fits."""
    found = posting(f", pattern: '^[{letters}]{{{length}}}$'")
    assert (found.profile.format.length, found.profile.format.alphabet) == (length, alphabet)
    assert re.fullmatch(f"[{letters}]{{{length}}}", sample(found))


def test_the_longest_that_fits_is_minted() -> None:
    """Entropy is what keeps keys apart: a short key is the last resort, and of two alphabets the larger is first."""
    assert (posting(", maxLength: 31").profile.format.length, len(sample(posting(", maxLength: 31")))) == (26, 26)
    assert posting(", maxLength: 32").profile.format.alphabet == "0123456789abcdef"
    assert posting(", maxLength: 36").profile.format.kind is KeyKind.UUID4


def declared(schema: str, words: str = "") -> tuple[KeyKind, list[str]]:
    """The kind of key of a POST that declares one with this schema, and what was found on the way."""
    found = operation(
        f"{words}\nparameters: [{{name: Idempotency-Key, in: header, schema: {{type: string{schema}}}}}]\n"
        "responses: {200: {description: ''}}",
        path="/t",
        method="post",
    )
    return found.operation().profile.format.kind, found.codes


@pytest.mark.parametrize(
    ("pattern", "codes"),
    [
        ("^key_[a-z]+$", ["key-format"]),
        # No pattern at all: whatever is sent may fit.
        ("(unclosed", []),
        # A repeated group may take for ever on a text that nearly fits, so such a pattern is not tried.
        ("^(x+)+$", []),
        ("^(x*)*$", []),
        ("^(x{2})+$", []),
        ("y(x+){3}", []),
        ("^(x)+$", []),
        ("x" * 200, ["key-format"]),
        ("x" * 201, []),
        # A pattern need not match the whole (JSON Schema 2020-12 validation section 6.3.3).
        ("[0-9a-f]{8}-", []),
    ],
)
def test_a_pattern_that_cannot_be_met_or_tried_is_not_the_end(pattern: str, codes: list[str]) -> None:
    """A UUID is sent, quickly, whatever the pattern is; a warning says so where it is known not to fit."""
    assert declared(f", pattern: '{pattern}'") == (KeyKind.UUID4, codes)


def test_a_format_of_uuid_takes_nothing_else() -> None:
    """Letters of an alphabet are no UUID, whatever the pattern wants."""
    assert declared(", format: uuid, pattern: '^[0-9]{10}$'") == (KeyKind.UUID4, ["key-format"])


@pytest.mark.parametrize(
    ("form", "version", "codes"),
    [("uuid4", 4, []), ("uuid7", 7, []), ("uuid4", 7, ["key-format"]), ("uuid7", 4, ["key-format"])],
)
def test_versions_of_uuids_are_told_apart(form: str, version: int, codes: list[str]) -> None:
    """A pattern for one version refuses the other (RFC 9562 section 4.2); the rest of a sample is a UUID's."""
    pattern = f"^[0-9a-f]{{8}}-[0-9a-f]{{4}}-{version}[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}$"
    assert declared(f", pattern: '{pattern}'", f"x-idempotency: {{format: {form}}}") == (KeyKind(form), codes)


@pytest.mark.parametrize("name", [
    "Idempotency-Key-Expiry", "No-Idempotency-Key-Here", "X-Request-Id-Source", "nonidempotent_key", "deduper_id",
])  # fmt: skip
def test_a_name_that_only_holds_the_words_is_another_parameter(name: str) -> None:
    """The whole name must be one of a key."""
    found = operation(
        f"parameters: [{{name: {name}, in: header, description: idempotency, schema: {{type: string}}}}]\n"
        "responses: {200: {description: ''}}",
        path="/t",
        method="post",
    ).operation()
    assert found.evidence is Evidence.ASSUMED
    assert [param.name for param in found.params] == [name]


def test_a_key_that_must_be_there_is_told_from_one_that_may() -> None:
    """A required parameter of a PUT that its path shares makes it keyed; an optional one does not."""
    shared = "parameters: [{name: Idempotency-Key, in: header, required: true, schema: {type: string}}]"
    text = f"{shared}\nresponses: {{200: {{description: ''}}}}"
    assert operation(text, path="/t", method="put").operation().safety is Safety.KEYED


@pytest.mark.parametrize(
    ("responses", "in_flight", "mismatch"),
    [
        ("409: {description: The first request with this idempotency key is still in progress.}", None, None),
        ("422: {description: The idempotency key was re-used with a different payload.}", None, None),
        ("400: {description: This idempotency key was used with different parameters.}", None, 400),
        ("425: {description: A request with the same key is being processed.}", 425, None),
        ("409: {description: The name is taken.}", None, None),
    ],
)
def test_documented_answers_are_read(responses: str, in_flight: int | None, mismatch: int | None) -> None:
    """An unusual status for keys in flight or other payloads goes into the profile; usual ones mean more than that."""
    profile = posting("", f"200: {{description: ''}}, {responses}").profile
    assert profile.in_flight == (None if in_flight is None else (Signal(in_flight),))
    assert profile.mismatch == (None if mismatch is None else (Signal(mismatch),))
