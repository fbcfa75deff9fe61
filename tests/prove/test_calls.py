"""What is called is found out from the document, and chosen by the seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from samekey.config.dialect import DEFAULT
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.lower import lower
from samekey.pipeline import inspect
from samekey.prove.arguments import Arguments, Candidate, Maker
from samekey.prove.calls import PlannedCall, Repertoire, candidates
from samekey.prove.clients import read_timeout_for

SPECS = Path(__file__).parent.parent.parent / "specs"


def found(spec: str) -> tuple[dict[str, Candidate], Maker]:
    """The operations of a document in their order, and what makes arguments for them."""
    document = load(str(SPECS / spec), Diagnostics())
    assert document is not None
    api, rows = lower(document), inspect(document, Config())
    assert api is not None
    assert rows is not None
    return {entry.site.name: entry for entry in candidates(document, api, rows)}, Maker(document.node)


def test_what_makes_a_thing_comes_before_what_needs_it() -> None:
    """And what deletes is never called, since it would take the things of others away."""
    operations = list(found("payments/openapi.yaml")[0])
    assert operations.index("createCharge") < operations.index("captureCharge")
    assert operations.index("createCustomer") < operations.index("attachPaymentMethod")
    assert "deleteCustomer" not in operations


def test_what_is_in_no_sdk_is_not_called(tmp_path: Path) -> None:
    """A document may leave operations out of SDKs, and the others are called by their own names."""
    text = (SPECS / "payments" / "openapi.yaml").read_text("utf-8")
    named = "operationId: createCustomer"
    left_out = text.replace(named, f"x-speakeasy-ignore: true\n      {named}")
    assert left_out != text
    (tmp_path / "openapi.yaml").write_text(left_out, "utf-8")
    operations = found(str(tmp_path / "openapi.yaml"))[0]
    assert "createCustomer" not in operations
    assert operations["createCharge"].row.call == "charges.create"


def test_arguments_come_from_examples_then_from_schemas() -> None:
    """What is only read is not sent, and the key is not an argument."""
    operations, maker = found("payments/openapi.yaml")
    first, *others = maker.alternatives(operations["createCharge"], {})
    assert others
    for arguments in (first, *others):
        assert {"amount", "currency"} <= set(arguments.named)
        assert not {"id", "status", "idempotency_key"} & set(arguments.named)


def test_a_path_names_what_is_there() -> None:
    """Known values take the place of made-up ones."""
    operations, maker = found("payments/openapi.yaml")
    arguments = next(maker.alternatives(operations["captureCharge"], {"charge_id": "ch_1"}))
    assert arguments.path == {"charge_id": "ch_1"}


def test_a_key_in_the_body_is_not_made_up() -> None:
    """The SDK mints it."""
    operations, maker = found("warehouse/openapi.json")
    (name,) = [name for name, entry in operations.items() if entry.site.keyed]
    for arguments in maker.alternatives(operations[name], {}):
        assert "client_token" not in arguments.named
        assert arguments.named


def call(name: str) -> tuple[PlannedCall, ...]:
    """A call in a single variant."""
    return (PlannedCall(name, name, DEFAULT, keyed=True, arguments=Arguments({})),)


def test_the_seed_chooses() -> None:
    """The same number under the same seed is the same call; keyed ones are the most."""
    repertoire = Repertoire((call("a"), call("b")), (call("read"),), (call("put"),), ())
    chosen = [repertoire.choose(number, 1).operation for number in range(400)]
    assert chosen == [repertoire.choose(number, 1).operation for number in range(400)]
    assert chosen != [repertoire.choose(number, 2).operation for number in range(400)]
    assert {*chosen} == {"a", "b", "read", "put"}
    assert chosen.count("a") + chosen.count("b") == pytest.approx(340, abs=25)


def test_where_there_are_no_others_all_are_keyed() -> None:
    """Not every document has reads by id."""
    repertoire = Repertoire((call("a"),), (), (), ())
    assert {repertoire.choose(number, 1).operation for number in range(100)} == {"a"}


@pytest.mark.parametrize(
    ("seconds", "timeout"), [([], 0.3), ([0.004, 0.005, 9.0], 0.3), ([0.02, 0.025, 0.03], 0.6), ([0.2] * 3, 1.0)]
)
def test_a_slow_machine_is_waited_for_longer(seconds: list[float], timeout: float) -> None:
    """Or nearly every call would be given up, and a run would show little; one slow call says nothing."""
    assert read_timeout_for(seconds) == pytest.approx(timeout)
