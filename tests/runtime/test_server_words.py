"""What a server says of a failure stands in the message, whatever its shape."""

from __future__ import annotations

import json

import pytest
from samekey_templates.runtime.server_words import server_words


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Too small.", "code": "x"}}, "Too small."),
        ({"error": "no such thing"}, "no such thing"),
        ({"title": "Not Found", "status": 404, "detail": "There is no 7."}, "There is no 7."),
        ({"detail": [{"loc": ["body", "amount"], "msg": "Field required", "type": "missing"}]},
         "body.amount: Field required"),
        ({"amount": ["This field is required."], "currency": ["Bad.", "Unknown."]},
         "amount: This field is required.; currency: Bad. Unknown."),
        ({"non_field_errors": ["No."], "status": "bad"}, "non_field_errors: No."),
        ({"message": "Validation failed", "errors": [{"field": "name", "message": "is too long"}]},
         "Validation failed: name: is too long"),
        ({"errors": [{"title": "Invalid", "source": {"pointer": "/data/x"}}]}, "/data/x: Invalid"),
        ({"errors": {"name": ["can't be blank"]}}, "name: can't be blank"),
        ([{"message": "first"}, {"message": "second"}], "first; second"),
        ({"code": 17, "status": 3}, '{"code":17,"status":3}'),
        ({"errors": [{"message": str(number)} for number in range(9)]}, "0; 1; 2"),
        ("plain words", "plain words"),
    ],
    ids=str,
)  # fmt: skip
def test_words_are_found_in_every_usual_shape(body: object, said: str) -> None:
    """FastAPI, Django REST framework, JSON:API, problem details and the like; else the beginning of the JSON."""
    assert server_words(body, body, ()) == f"it said: {said}"


def test_a_long_body_is_cut_and_an_empty_one_says_nothing() -> None:
    """A message is read by people."""
    assert len(server_words(None, {"x": "y" * 1000, "z": 1}, ())) < 340
    assert server_words(None, None, ()) == ""
    assert server_words(b"\x00", None, ()) == ""


def test_what_a_server_repeats_of_credentials_is_left_out() -> None:
    """In whatever shape it does."""
    body = {"detail": [{"loc": ["header"], "msg": "sk_live_123456 is not valid"}]}
    assert "sk_live_123456" not in server_words(body, json.loads(json.dumps(body)), ("sk_live_123456",))
