"""What `unittest.mock` and pytest's monkeypatch put in the place of a client, a resource or a method."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from unittest import mock

import acme_payments
import pytest
from acme_payments import AcmePayments, AsyncAcmePayments
from acme_payments.resources.charges import AsyncCharges, Charges

from .conftest import Found, made, made_async

SPECCED: dict[str, Callable[[], Found]] = {
    "class": lambda: mock.create_autospec(AcmePayments).return_value,
    "instance": lambda: mock.create_autospec(AcmePayments, instance=True),
    "client": lambda: mock.create_autospec(made()),
}
SPECCED_ASYNC: dict[str, Callable[[], Found]] = {
    "class": lambda: mock.create_autospec(AsyncAcmePayments).return_value,
    "instance": lambda: mock.create_autospec(AsyncAcmePayments, instance=True),
    "client": lambda: mock.create_autospec(made_async()),
}


@pytest.mark.parametrize("spec", SPECCED)
def test_a_mock_of_a_client_knows_its_methods(spec: str) -> None:
    """Right calls pass; wrong arguments and misspelt names are refused, as the SDK would."""
    client = SPECCED[spec]()
    client.charges.create.return_value = "made"
    assert client.charges.create(amount=1, currency="eur") == "made"
    client.charges.create.assert_called_once_with(amount=1, currency="eur")
    with pytest.raises(TypeError, match="unexpected keyword argument 'amont'"):
        client.charges.create(amount=1, currency="eur", amont=2)
    with pytest.raises(TypeError, match=r"missing a required .*argument: 'amount'"):
        client.charges.create(currency="eur")
    with pytest.raises(TypeError, match="too many positional arguments"):
        client.charges.get("ch_1", "ch_2")
    with pytest.raises(AttributeError):
        _ = client.charges.creat
    with pytest.raises(AttributeError):
        _ = client.chrges
    with pytest.raises(AttributeError):
        _ = client.charges.create.detaild
    client.charges.create.detailed.return_value.status = 201
    assert client.charges.create.detailed(amount=1, currency="eur").status == 201
    client.charges.list.return_value = ["a charge"]
    assert list(client.charges.list(limit=1)) == ["a charge"]
    with pytest.raises(TypeError):
        client.with_options(retries=1)
    assert isinstance(client, AcmePayments)


@pytest.mark.parametrize("spec", SPECCED_ASYNC)
def test_a_mock_of_an_async_client_is_awaited(spec: str) -> None:
    """Where a method is awaited there is an AsyncMock; a list is iterated, so it is none."""
    client = SPECCED_ASYNC[spec]()

    async def main() -> None:
        client.charges.create.return_value = "made"
        assert await client.charges.create(amount=1, currency="eur") == "made"
        client.charges.create.assert_awaited_once_with(amount=1, currency="eur")
        with pytest.raises(TypeError, match="missing a required"):
            await client.charges.create(currency="eur")
        await client.charges.create.detailed(amount=1, currency="eur")
        client.charges.list.return_value.__aiter__.return_value = ["a charge"]
        assert [charge async for charge in client.charges.list(limit=1)] == ["a charge"]
        await client.close()
        with pytest.raises(AttributeError):
            _ = client.charges.creat

    asyncio.run(main())


def test_mocks_that_are_given_a_spec_alone() -> None:
    """`Mock(spec=…)` knows the names, and of a resource which methods are awaited, whatever the version of Python."""
    client: Found = mock.Mock(spec=AcmePayments)
    client.charges.create.return_value = "made"
    assert client.charges.create() == "made"
    with pytest.raises(AttributeError):
        _ = client.chrges
    assert not isinstance(mock.Mock(spec=Charges).create, mock.AsyncMock)
    for kind in (mock.Mock, mock.AsyncMock):
        charges = kind(spec=AsyncCharges)
        assert isinstance(charges.create, mock.AsyncMock)
        assert not isinstance(charges.list, mock.AsyncMock)
    assert isinstance(inspect.getattr_static(AsyncCharges, "create").is_async, bool)
    assert inspect.iscoroutinefunction(inspect.unwrap(inspect.getattr_static(AsyncCharges, "create")))
    assert not inspect.iscoroutinefunction(inspect.unwrap(inspect.getattr_static(Charges, "create")))


def test_one_method_of_one_client_is_replaced(client: Found) -> None:
    """As a context and as a decorator; other clients keep theirs, and it is back afterwards."""
    other: Found = made()
    with mock.patch.object(client.charges, "create") as create:
        create.return_value = "made"
        assert client.charges.create(amount=1, currency="eur") == "made"
        assert other.charges.create(amount=1, currency="eur").id == "ch_1"
    assert client.charges.create(amount=1, currency="eur").id == "ch_1"
    assert vars(client.charges) == {}

    @mock.patch.object(client.charges, "create", autospec=True)
    def decorated(create: mock.Mock) -> None:
        create.return_value = "made"
        assert client.charges.create(amount=1, currency="eur") == "made"
        with pytest.raises(TypeError):
            client.charges.create(amount=1, curency="eur")

    decorated()
    assert client.charges.create(amount=1, currency="eur").id == "ch_1"


def test_one_method_of_every_client_is_replaced(client: Found) -> None:
    """On the class, by object and by name; with a spec it is given the resource, as methods are."""
    with mock.patch.object(Charges, "create") as create:
        create.return_value = "made"
        assert client.charges.create(amount=1, currency="eur") == "made"
        other: Found = made()
        assert other.charges.create(amount=1, currency="eur") == "made"
    with mock.patch("acme_payments.resources.charges.Charges.create", autospec=True) as create:
        assert client.charges.create(amount=1, currency="eur") is create.return_value
        create.assert_called_once_with(client.charges, amount=1, currency="eur")
        with pytest.raises(TypeError):
            client.charges.create(amount=1, curency="eur")
    with mock.patch.object(Charges, "create", autospec=True, side_effect=Charges.create) as create:
        assert client.charges.create(amount=1, currency="eur").id == "ch_1"
        create.assert_called_once()
    assert "create" not in vars(Charges)
    assert client.charges.create(amount=1, currency="eur").id == "ch_1"


def test_replacing_an_async_method_makes_an_async_mock(aclient: Found) -> None:
    """On the object and on the class."""
    for target in (aclient.charges, AsyncCharges):
        with mock.patch.object(target, "create") as create:
            assert isinstance(create, mock.AsyncMock)
            create.return_value = "made"
            assert asyncio.run(_one(aclient)) == "made"
        assert asyncio.run(_one(aclient)) == "ch_1"


async def _one(client: Found) -> object:
    found = await client.charges.create(amount=1, currency="eur")
    return getattr(found, "id", found)


def test_a_resource_of_a_client_is_replaced(client: Found) -> None:
    """On the client, with what the resource knows; on the class of clients, without."""
    with mock.patch.object(client, "charges", autospec=True) as charges:
        charges.create.return_value = "made"
        assert client.charges.create(amount=1, currency="eur") == "made"
        with pytest.raises(TypeError):
            client.charges.create(amount=1, curency="eur")
    with mock.patch.object(AcmePayments, "charges") as charges:
        charges.create.return_value = "made"
        other: Found = made()
        assert other.charges.create(amount=1, currency="eur") == "made"
    assert client.charges.create(amount=1, currency="eur").id == "ch_1"
    assert made().charges.create(amount=1, currency="eur").id == "ch_1"


def test_the_class_of_a_client_is_replaced() -> None:
    """Code that makes its own client is given the mock, which checks how it is made."""
    sdk: Found = acme_payments
    with mock.patch("acme_payments.AcmePayments", autospec=True):
        with pytest.raises(TypeError):
            sdk.AcmePayments(tokn="any")
        with sdk.AcmePayments(token="any") as entered:  # noqa: S106
            assert entered is not None
        with pytest.raises(TypeError):
            sdk.AcmePayments().charges.create(amount=1, curency="eur")


def _making(*_resource: object, **_arguments: object) -> str:
    return "made"


def test_monkeypatch_replaces_and_puts_back(client: Found) -> None:
    """By object and by name, on a resource and on its class; what a test left behind is this client's own method."""
    targets: list[tuple[object, str]] = [(client.charges, "create"), (Charges, "create")]
    for target, name in targets:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(target, name, _making)
            assert client.charges.create(amount=1, currency="eur") == "made"
        assert client.charges.create(amount=1, currency="eur").id == "ch_1"
        assert client.charges.create.__self__ is client.charges


def test_a_copy_of_a_client_has_what_was_replaced(client: Found) -> None:
    """No request goes out because code under test asks for other options first; what was put back is bound anew."""
    with mock.patch.object(client.charges, "create", return_value="made"):
        assert client.with_options(strict=True).charges.create(amount=1, currency="eur") == "made"
    with mock.patch.object(client, "charges") as charges:
        assert client.with_options(strict=True).charges is charges
    client.charges.create = client.charges.create  # as tools put it back that remember what they looked up
    copied = client.with_options(strict=True)
    assert copied.charges.create.__self__ is copied.charges
    assert copied.charges._core is copied._core


def test_a_way_to_call_cannot_be_replaced_alone(client: Found) -> None:
    """It would be replaced on an object that nobody looks at again; the message says what to do."""
    with (
        pytest.raises(
            AttributeError, match=r"'detailed' of <Method charges\.create> cannot be replaced alone: replace 'create'"
        ),
        mock.patch.object(client.charges.create, "detailed"),
    ):
        pass


def test_what_is_awaited_is_a_coroutine_function(client: Found, aclient: Found) -> None:
    """To `inspect`, which frameworks ask whether to await or to start a thread; a list is iterated."""
    awaited = [aclient.charges.create, aclient.charges.create.detailed, aclient.charges.list.detailed, AsyncCharges.get]
    for method in awaited:
        assert inspect.iscoroutinefunction(method)
        assert inspect.iscoroutinefunction(functools.partial(method, amount=1))
    others = [client.charges.create, client.charges.create.detailed, Charges.create, aclient.charges.list]
    assert not any(inspect.iscoroutinefunction(method) for method in others)
