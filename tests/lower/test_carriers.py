"""Keys that fit their carrier, and what the documented answers say of keys."""

from __future__ import annotations

import re

import pytest
from samekey.config.dialect import KeyKind, Signal
from samekey.ir import Operation, Safety

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


@pytest.mark.parametrize("pattern", ["^key_[a-z]+$", "(unclosed", "^(a+)+$"])
def test_a_pattern_that_cannot_be_met_or_tried_is_not_the_end(pattern: str) -> None:
    """A UUID is sent, quickly, whatever the pattern is; where none fits a warning says so."""
    assert posting(f", pattern: '{pattern}'").profile.format.kind is KeyKind.UUID4


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
