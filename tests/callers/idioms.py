"""What application code does with an SDK beside calling it, for the type checkers."""

from __future__ import annotations

from functools import cached_property
from typing import assert_never, assert_type

from acme_payments import AcmePayments, AsyncAcmePayments, Response, models
from acme_payments.resources.charges import AsyncCharges, Charges
from depot_warehouse import models as warehouse


def told(value: models.PaymentMethod | int | None) -> str:
    """Part a union from other types with `isinstance`, and its variants with `match`."""
    if not isinstance(value, models.PaymentMethod):
        assert_type(value, int | None)
        return "none"
    assert_type(value, models.CardPaymentMethod | models.BankAccountPaymentMethod | models.WalletPaymentMethod)
    match value:
        case models.CardPaymentMethod(last4=last4):
            return last4 or "card"
        case models.BankAccountPaymentMethod():
            return "bank"
        case models.WalletPaymentMethod():
            return "wallet"
        case _:
            assert_never(value)


def asked(value: warehouse.ReportRequestScope | str | None) -> str:
    """Ask for a union and for None at once."""
    if isinstance(value, warehouse.ReportRequestScope | None):
        assert_type(value, warehouse.PrefixScope | warehouse.BinScope | None)
        return "one of it"
    assert_type(value, str)
    return value


class MyCharges(Charges):
    """A resource with a method of its own."""

    def create_small(self) -> models.Charge:
        """Charge one cent."""
        return self.create(amount=1, currency="eur")


class MyPayments(AcmePayments):
    """A client with an attribute of its own, and another class of a resource."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner

    @cached_property
    def charges(self) -> MyCharges:
        """Replace the resource."""
        return MyCharges(self._core)


def copied(client: MyPayments) -> str:
    """Copy a client: the type stays."""
    changed = client.with_options(strict=True)
    assert_type(changed, MyPayments)
    assert_type(changed.charges.create_small(), models.Charge)
    return changed.owner


async def awaited(client: AsyncAcmePayments) -> None:
    """Await what is awaited."""
    assert_type(client.charges, AsyncCharges)
    assert_type(await client.charges.create(amount=1, currency="eur"), models.Charge)
    assert_type(await client.charges.create.detailed(amount=1, currency="eur"), Response[models.Charge])
    async for charge in client.charges.list():
        assert_type(charge, models.Charge)
