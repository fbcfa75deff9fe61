"""A client as a person meets it: what it says of itself, and which samekey made it."""

from __future__ import annotations

import re
from importlib.metadata import version

import acme_payments
import pytest
from acme_payments import AcmePayments, AsyncAcmePayments


@pytest.mark.parametrize("kind", [AcmePayments, AsyncAcmePayments])
def test_a_client_says_what_it_is(
    kind: type[AcmePayments | AsyncAcmePayments], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package, where requests go, and whether there are credentials: never the credentials themselves."""
    monkeypatch.delenv("ACME_PAYMENTS_TOKEN", raising=False)
    bare = kind(base_url="https://user:secret@api.example/v1")
    assert repr(bare) == f"<acme_payments.{kind.__name__} at https://api.example/v1, without credentials>"
    known = kind(base_url="https://api.example", token="secret")  # noqa: S106  # it must not be shown
    assert repr(known) == f"<acme_payments.{kind.__name__} at https://api.example, with credentials>"
    assert repr(known.with_options(strict=True)) == repr(known)


def test_a_package_says_who_made_it() -> None:
    """Its own version, and that of the samekey whose runtime it holds."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", acme_payments.__version__)
    assert acme_payments.__generator__ == f"samekey {version('samekey')}"
