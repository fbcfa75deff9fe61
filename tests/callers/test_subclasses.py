"""Clients and resources that an application derives from those of an SDK."""

from __future__ import annotations

from functools import cached_property

import httpx
from acme_payments import AcmePayments, AsyncAcmePayments, models
from acme_payments.resources.charges import AsyncCharges, Charges

from .conftest import URL, Found, charged


class Euros(Charges):
    """Charges in one currency."""

    def __init__(self, core: Found) -> None:
        super().__init__(core)
        self.made = 0

    def create_one(self) -> models.Charge:
        """Charge one cent."""
        self.made += 1
        return self.create(amount=1, currency="eur")


class Tenant(AcmePayments):
    """A client that knows for whom it works."""

    def __init__(self, tenant: str) -> None:
        super().__init__(
            token="any", base_url=URL, http_client=httpx.Client(transport=httpx.MockTransport(charged))  # noqa: S106
        )  # fmt: skip
        self.tenant = tenant
        self.euros = Euros(self._core)

    @cached_property
    def charges(self) -> Euros:
        """The subclass of the resource."""
        return Euros(self._core)

    @cached_property
    def patient(self) -> Tenant:
        """Worked out of the client's settings."""
        return self.with_options(headers={"Patient": "yes"})


class Slotted(AcmePayments):
    """A client with a slot."""

    __slots__ = ("tenant",)
    tenant: str


def test_a_copy_is_of_the_class_and_keeps_its_attributes() -> None:
    """`with_options` gives back the subclass, whole, and calls no `__init__`."""
    client = Tenant("t1")
    copied = client.with_options(headers={"Extra": "1"})
    assert type(copied) is Tenant
    assert copied.tenant == "t1"
    copied.tenant = "t2"
    assert client.tenant == "t1"
    slotted = Slotted(base_url=URL)
    slotted.tenant = "t3"
    assert slotted.with_options(strict=True).tenant == "t3"


def core(found: Found) -> object:
    """What carries out the calls of a client or a resource."""
    return found._core


def headers(client: Found) -> dict[str, str]:
    """The headers of every request of a client."""
    found: dict[str, str] = client._core.settings.headers
    return found


def test_the_resources_of_a_copy_have_its_options() -> None:
    """Whether they were touched before, come from a subclass or are kept in an attribute; counters stay with each."""
    client = Tenant("t1")
    assert client.charges.create_one().id == client.euros.create_one().id == "ch_1"
    copied = client.with_options(headers={"Extra": "1"})
    for resource in (copied.charges, copied.euros, copied.refunds):
        assert core(resource) is core(copied)
    assert copied.euros.create_one().id == "ch_1"
    assert (copied.euros.made, client.euros.made) == (2, 1)
    assert core(client.charges) is core(client.euros) is core(client)


def test_what_was_worked_out_of_old_options_is_worked_out_again() -> None:
    """A cached property of the subclass."""
    client = Tenant("t1")
    assert headers(client.patient) == {"Patient": "yes"}
    again = client.with_options(headers={"Extra": "1"}).patient
    assert headers(again) == {"Extra": "1", "Patient": "yes"}


def test_a_resource_of_a_subclass_overrides_methods() -> None:
    """A method of its own is called, sees the SDK's through `super`, and stays what it is on the class."""

    class Counted(Charges):
        def get(self, charge_id: str, **_further: object) -> models.Charge:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
            return super().get(charge_id.removeprefix("x-"))

    class CountedAsync(AsyncCharges):
        async def get(self, charge_id: str, **_further: object) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
            return charge_id

    client: Found = Tenant("t1")
    assert Counted(client._core).get("x-ch_1").id == "ch_1"
    assert CountedAsync.get is vars(CountedAsync)["get"]
    assert CountedAsync.create is AsyncCharges.create


def test_async_clients_are_copied_likewise() -> None:
    """Type and attributes."""

    class Mine(AsyncAcmePayments):
        tenant = ""

    client = Mine(base_url=URL)
    client.tenant = "t1"
    assert client.charges is client.charges
    copied = client.with_options(strict=True)
    assert (type(copied), copied.tenant) == (Mine, "t1")
    assert core(copied.charges) is core(copied)
