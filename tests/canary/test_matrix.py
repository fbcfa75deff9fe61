"""Every client with secrets through every failure: no secret is written anywhere, and each was really sent."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.canary.kits import KITS
from tests.canary.known import causes_of
from tests.canary.matrix import Findings, Room
from tests.canary.words import CANARIES, found_in

pytestmark = pytest.mark.timeout(900)
"""Its searches are made once, in the first test, and take minutes on a machine that does other things as well."""

LEAST = {
    "message": 200, "traceback": 200, "record": 200, "pickle": 200, "pickle with the request": 150, "copies": 150,
    "refusals": 150, "locals of ours": 150, "locals of others": 40, "events": 250, "spans": 250, "repr of objects": 250,
    "repr of a response": 20, "journal files": 250, "journal entries": 50, "settlements": 50, "log of the SDK": 250,
    "log of httpx": 150, "log of httpcore": 200, "log of asyncio": 50, "warnings and prints": 250,
}  # fmt: skip
"""How often an output of each kind must have been looked at, at the least."""


def listed(lines: Iterable[object]) -> str:
    """Lines for people; not all of thousands."""
    texts = sorted(map(str, lines))
    return "\n".join([f"{len(texts)}:", *texts[:60]])


def test_no_secret_is_written(found: Findings) -> None:
    """Neither in a message nor anywhere else, in whatever way a call ends; but for what is known."""
    new = [leak for leak in found.leaks if not causes_of(leak)]
    assert not new, listed(new)


def test_every_secret_was_sent(found: Findings) -> None:
    """A secret that never left its client could not have leaked: the server saw each where it should."""
    assert not found.void, listed(found.void)
    assert found.travelled == {place for kit in KITS for place in (*kit.travels, *kit.fetches)}


def test_enough_was_looked_at(found: Findings) -> None:
    """A canary that saw nothing proves nothing."""
    assert found.looked >= 30_000
    assert found.calls >= 300
    rare = {kind: found.outputs.get(kind, 0) for kind, least in LEAST.items() if found.outputs.get(kind, 0) < least}
    assert not rare, rare
    assert found.outputs.keys() == LEAST.keys()


def test_what_is_counted_holds_none(found: Findings, room: Room) -> None:
    """Metrics of all calls."""
    measured = room.traced.measured()
    assert measured.count("samekey.client.") == 4
    assert found.calls
    assert found_in(measured.encode()) == []


@pytest.mark.parametrize("place", CANARIES)
def test_a_secret_is_found_in_every_form(place: str) -> None:
    """Plain, in a URL, in JSON, in base64 with anything before it, backwards, in hexadecimal, and in part."""
    canary = CANARIES[place]
    forms = canary.forms
    assert len(set(forms)) == 14
    assert all(canary.is_in(b"before" + form + b"after") for form in forms)
    assert not any(other.is_in(canary.word.encode()) for name, other in CANARIES.items() if name != place)
