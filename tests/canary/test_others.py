"""Secrets in what is refused before it is sent, on the command line, and in the logs of HTTP/2."""

from __future__ import annotations

import pytest

from tests.canary import others
from tests.canary.known import LEAKS_TO_BE_MENDED, NOT_OURS, Known, causes_of
from tests.canary.matrix import Findings, Room
from tests.canary.test_matrix import listed

pytestmark = pytest.mark.timeout(900)
"""Its searches are made once, in the first test, and take minutes on a machine that does other things as well."""


@pytest.fixture(scope="module")
def also(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What was found outside of the matrix."""
    findings, folder = Findings(), tmp_path_factory.mktemp("commands")
    others.values(room, findings)
    others.mistakes(room, findings)
    others.http2(room, findings)
    others.command_line(room, findings, folder)
    others.proxy_of_chaos(room, findings, folder)
    return findings


def test_no_secret_is_written(also: Findings) -> None:
    """By nothing that is refused, and by none of samekey's commands; but for what is known."""
    new = [leak for leak in also.leaks if not causes_of(leak)]
    assert not new, listed(new)


def test_enough_was_looked_at(also: Findings) -> None:
    """Of each kind, and what was to be sent was sent."""
    assert also.travelled == {"header-key", "query-key", "cookie-key", "token", "proxy"}
    assert also.calls >= 65
    for kind, least in (
        ("message", 30),
        ("locals of ours", 30),
        ("command line", 9),
        ("files", 3),
        ("log of hpack", 1),
    ):
        assert also.outputs[kind] >= least


@pytest.mark.parametrize("known", [*LEAKS_TO_BE_MENDED, *NOT_OURS], ids=lambda known: known.reason[:60])
def test_what_is_known_is_still_so(found: Findings, also: Findings, known: Known) -> None:
    """An entry that covers nothing is to be taken out: its leak was mended."""
    assert any(known.covers(leak) for leak in (*found.leaks, *also.leaks))
