"""Looking at a client as Python's own tools do: inspect, help, dir, repr, hasattr."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
import pydoc
import re
from pathlib import Path
from typing import Any

import acme_payments
import pytest
from acme_payments import AcmePayments, SQLiteJournal
from acme_payments.resources.charges import AsyncCharges, Charges

from .conftest import Found


def test_every_member_of_a_client_can_be_looked_at(client: Found, aclient: Found) -> None:
    """Tools that walk over all attributes find the resources, and meet no exception."""
    for found in (client, aclient):
        members = dict(inspect.getmembers(found))
        assert {"charges", "customers", "refunds", "with_options"} <= members.keys() <= {*dir(found)}
        assert "journal" not in members
        assert {"create", "list"} <= dict(inspect.getmembers(found.charges, inspect.ismethod)).keys()
    assert {"create", "list"} <= dict(inspect.getmembers(Charges, inspect.isfunction)).keys()


def test_a_journal_that_is_not_there(client: Found, aclient: Found, tmp_path: Path) -> None:
    """To `hasattr` it is not there, and whoever asks for it is told what to do; it is a ValueError as it was."""
    for found in (client, aclient):
        assert not hasattr(found, "journal")
        with pytest.raises(ValueError, match="make it with journal=SQLiteJournal"):
            _ = found.journal
    journal = SQLiteJournal(tmp_path / "journal.db")
    kept = AcmePayments(base_url="https://payments.test", journal=journal)
    assert hasattr(kept, "journal")
    journal.close()


@pytest.mark.parametrize("name", ["create", "list", "get"])
def test_a_method_tells_who_it_is(client: Found, aclient: Found, name: str) -> None:
    """Name, qualified name, module and docstring are those of the resource's method, bound or not, and of its ways."""
    for resource, kind in ((client.charges, Charges), (aclient.charges, AsyncCharges)):
        for method in (getattr(resource, name), getattr(kind, name)):
            assert method.__name__ == name
            assert method.__qualname__ == f"{kind.__name__}.{name}"
            assert method.__module__ == "acme_payments.resources.charges"
            assert "charge" in method.__doc__
            assert method.detailed.__name__ == "detailed"
            assert method.detailed.__qualname__ == f"{kind.__name__}.{name}.detailed"
            assert method.detailed.__module__ == "acme_payments.resources.charges"
            assert method.detailed.__doc__ == method.__doc__
        assert getattr(resource, name).__self__ is resource
        assert getattr(resource, name).__func__ is getattr(kind, name)


def test_signatures_say_what_comes_back(client: Found, aclient: Found) -> None:
    """Of each way to call an operation, with `self` where it is looked up on the class."""
    ends = {
        client.charges.create: "-> models.Charge",
        client.charges.create.detailed: "-> Response[models.Charge]",
        client.charges.list: "-> Page[models.ChargePage, models.Charge]",
        client.charges.list.detailed: "-> Response[models.ChargePage]",
        aclient.charges.create: "-> models.Charge",
        aclient.charges.list: "-> AsyncPages[models.ChargePage, models.Charge]",
    }
    for method, end in ends.items():
        signature = inspect.signature(method)
        assert str(signature).endswith(end)
        assert "self" not in signature.parameters
        assert "options" in signature.parameters
    assert next(iter(inspect.signature(Charges.create).parameters)) == "self"


def test_the_signatures_of_streams_and_downloads(kennel: Found) -> None:
    """A stream tells its items, a download what it writes and where."""
    client = kennel.Kennel()
    assert str(inspect.signature(client.stays.barks)).endswith("-> Stream[models.Dog]")
    assert str(inspect.signature(client.stays.photo)).endswith("-> bytes")
    assert str(inspect.signature(client.stays.photo.stream)).endswith("-> Stream[bytes]")
    saved = inspect.signature(client.stays.photo.save)
    assert list(saved.parameters)[:2] == ["target", "id"]
    assert str(saved).endswith("-> Response[Path]")


def test_help_shows_the_operation(client: Found) -> None:
    """At a prompt: the client with its resources, a resource with its methods, a method with its arguments."""
    plain: Any = pydoc

    def shown(thing: object) -> str:
        return " ".join(plain.render_doc(thing, renderer=plain.plaintext).replace("( ", "(").split())

    create = shown(client.charges.create)
    assert create.startswith("Python Library Documentation: method create in module acme_payments.resources.charges")
    assert "currency: models.Currency | models.CurrencyInput" in create
    assert "amount: int" in shown(client.charges)
    assert re.search(r"async create\(( \|)? ?self, ", shown(AsyncCharges))
    assert "charges = <class" in shown(client)


def test_reprs_say_what_it_is_and_hold_no_secret(client: Found) -> None:
    """The resource says where it sends requests, the method which operation it is."""
    assert repr(client.charges) == "<acme_payments.resources.charges.Charges at https://payments.test/v1>"
    assert repr(client.charges.create) == "<Method charges.create>"
    secret = AcmePayments(base_url="https://user:secret@payments.test/v1", token="secret")  # noqa: S106
    assert "secret" not in repr(secret) + repr(secret.charges) + repr(secret.charges.create)


def test_the_source_is_that_of_the_resource(client: Found, aclient: Found) -> None:
    """A prompt's `??` shows the operation."""
    for method in (client.charges.create, aclient.charges.create, Charges.create, AsyncCharges.create):
        assert '"POST",\n        "/charges",' in inspect.getsource(method)


def test_methods_are_equal_as_methods_are(client: Found) -> None:
    """Two look-ups are one key of a dict; another client's, another method, and a method's way are not."""
    assert client.charges.create == client.charges.create
    assert {client.charges.create: 1}[client.charges.create] == 1
    others = [client.charges.get, client.with_options().charges.create, client.charges.create.detailed]
    assert all(client.charges.create != other for other in others)


def test_a_method_is_wrapped_like_any_other(client: Found) -> None:
    """Decorators take its name and signature, caches and partials hold it."""

    @functools.wraps(client.charges.create)
    def create(**arguments: object) -> Found:
        return client.charges.create(**arguments)

    assert (create.__name__, create.__qualname__) == ("create", "Charges.create")
    assert "amount" in inspect.signature(create).parameters
    assert create(amount=1, currency="eur").id == "ch_1"
    assert functools.partial(client.charges.create, currency="eur")(amount=1).id == "ch_1"
    cached: Found = functools.lru_cache(maxsize=None)(client.charges.get)
    assert cached("ch_1") is cached("ch_1")


def test_a_method_of_the_class_is_called_with_a_resource(client: Found) -> None:
    """As any function of a class; with something else it says what it needs."""
    create: Any = Charges.create
    assert create(client.charges, amount=1, currency="eur").id == "ch_1"
    assert create.detailed(client.charges, amount=1, currency="eur").status == 201
    with pytest.raises(TypeError, match=r"charges\.create is called with a resource of a client first, and not with 5"):
        create(5, amount=1, currency="eur")
    assert pickle.loads(pickle.dumps(create)) is create  # noqa: S301
    assert copy.deepcopy(create) is create


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_left_out_is_one_object_everywhere(protocol: int) -> None:
    """OMIT comes back as itself, from pickles of any protocol and from copies."""
    omit = acme_payments.OMIT
    assert pickle.loads(pickle.dumps(omit, protocol)) is omit  # noqa: S301
    assert copy.copy(omit) is omit
    assert copy.deepcopy({"note": omit})["note"] is omit
    assert b"_runtime" not in pickle.dumps(omit, protocol)


def test_results_and_errors_are_copied_and_pickled(client: Found) -> None:
    """A model with fields that were never set, and the response around it."""
    response = client.charges.create.detailed(amount=1, currency="eur")
    assert pickle.loads(pickle.dumps(response)) == response  # noqa: S301
    assert copy.deepcopy(response) == response
    assert copy.deepcopy(response.data) == copy.copy(response.data) == response.data
