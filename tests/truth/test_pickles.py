"""Pickles outlive the layout of the runtime: those of earlier versions are read, and new ones name no room of it."""

from __future__ import annotations

import base64
import inspect
import pickle
from typing import Any

import acme_payments
import pytest
from acme_payments import Certainty, NotFoundError

from tests.truth.call_styles import ended, order
from tests.truth.server import LOST, Shop, answering

FLAT = (
    "gASVjAQAAAAAAACMHmFjbWVfcGF5bWVudHMuX3J1bnRpbWUuX2Vycm9yc5SMCF9yZXN0b3JllJOUaACMDU5vdEZvdW5kRXJyb3KU"
    "k5SMwGNoYXJnZXMuY3JlYXRlOiB0aGUgc2VydmVyIGFuc3dlcmVkIDQwNCBhZnRlciAyIGF0dGVtcHRzIGluIDAuMSBzOyBpdCBz"
    "YWlkOiBubzsgbm8gZnVydGhlciBhdHRlbXB0IGJlY2F1c2Ugc3RhdHVzIDQwNCBpcyBub3QgcmV0cmllZCBmb3Iga2V5ZWQgY2Fs"
    "bHM7IHRoZSBzZXJ2ZXIgcmVmdXNlZCBpdCBhbmQgbm90aGluZyB3YXMgZG9uZZSFlH2UKIwHbWVzc2FnZZRoBYwGcmVjb3JklIwe"
    "YWNtZV9wYXltZW50cy5fcnVudGltZS5fcmVjb3JklIwKQ2FsbFJlY29yZJSTlChoCowIQ2FsbEluZm+Uk5QojA5jaGFyZ2VzLmNy"
    "ZWF0ZZSMBFBPU1SUjAgvY2hhcmdlc5SMHmFjbWVfcGF5bWVudHMuX3J1bnRpbWUuX3BvbGljeZSMBlNhZmV0eZSTlIwFa2V5ZWSU"
    "hZRSlIwFa2V5LTGUdJRSlGgSjAdBdHRlbXB0lJOUKEsBR0HawtDCCIykRz9jT/iIQAAAaBKMBkZhaWxlZJSTlChoEowHRmFpbHVy"
    "ZZSTlIwLYW5zd2VyIGxvc3SUhZRSlIw8dGhlIGNvbm5lY3Rpb24gd2FzIGN1dDogW0Vycm5vIDEwNF0gQ29ubmVjdGlvbiByZXNl"
    "dCBieSBwZWVylEc/wS6pzjyAAIlOdJRSlGgSjAlDZXJ0YWludHmUk5SMB3Vua25vd26UhZRSlEcAAAAAAAAAAHSUUpRoHChLAkdB"
    "2sLQwgi0+kc/UMtgIYAAAGgSjAhBbnN3ZXJlZJSTlChNlAFHP8FT5T53gABOiYmJTnSUUpRoKIwIcmVqZWN0ZWSUhZRSlE50lFKU"
    "hpRoNEc/wVY4l4eAAIwpc3RhdHVzIDQwNCBpcyBub3QgcmV0cmllZCBmb3Iga2V5ZWQgY2FsbHOUdJRSlIwLcmV0cnlfYWZ0ZXKU"
    "TowKcmVxdWVzdF9pZJROjAZzdGF0dXOUTZQBjAdoZWFkZXJzlH2UKIwMY29udGVudC10eXBllIwQYXBwbGljYXRpb24vanNvbpSM"
    "DmNvbnRlbnQtbGVuZ3RolIwCNDmUdYwEYm9keZSMDm1zZ3NwZWMuX3V0aWxzlIwHcmVidWlsZJSTlIwdYWNtZV9wYXltZW50cy5t"
    "b2RlbHMuX3BhcnRfMDGUjAVFcnJvcpSTlH2UjAVlcnJvcpRoR2hIjAtFcnJvckRldGFpbJSTlH2UKIwEdHlwZZRoSIwPRXJyb3JE"
    "ZXRhaWxUeXBllJOUjAlub3RfZm91bmSUhZRSlGgIjAJub5SMBXBhcmFtlE5oPE51hpRSlHOGlFKUjAdjb250ZW50lEMxeyJlcnJv"
    "ciI6IHsidHlwZSI6ICJub3RfZm91bmQiLCAibWVzc2FnZSI6ICJubyJ9fZR1h5RSlC4="
)
"""An error of the release whose runtime was one flat folder: lost, then 404."""


def test_an_error_of_the_flat_layout_is_read() -> None:
    """As it is for a queue that was filled before an update."""
    error = pickle.loads(base64.b64decode(FLAT))  # noqa: S301  # it is our own
    assert type(error) is NotFoundError
    assert (error.idempotency_key, error.status) == ("key-1", 404)
    assert [attempt.certainty for attempt in error.attempts] == [Certainty.UNKNOWN, Certainty.REJECTED]
    assert pickle.loads(pickle.dumps(error)).record == error.record  # noqa: S301


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_names_the_package_alone(sdk: Any, shop: Shop, protocol: int) -> None:  # noqa: ANN401
    """Errors with all that they carry, whatever became of the attempts."""
    shop.plan += [LOST, answering(400, {"message": "no"})]
    refused, lost = ended(sdk, "sync", shop.url, order(), order(), retry=sdk.RetryPolicy(initial_delay=0))[:1] + ended(
        sdk, "sync", "http://127.0.0.1:9", order(), retry=sdk.RetryPolicy(max_retries=0)
    )
    for error in (refused, lost):
        content = pickle.dumps(error, protocol)
        assert b"_runtime" not in content
        twin = pickle.loads(content)  # noqa: S301
        assert (type(twin), str(twin), twin.record) == (type(error), str(error), error.record)


def test_errors_are_shown_under_their_public_names() -> None:
    """What a trace says can be imported as it says it."""
    errors = [value for name in acme_payments.__all__ if inspect.isclass(value := getattr(acme_payments, name))]
    assert {kind.__module__ for kind in errors if issubclass(kind, acme_payments.APIError)} == {"acme_payments"}
