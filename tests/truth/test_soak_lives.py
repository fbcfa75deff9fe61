"""A short soak of whole lives and of cancellations; `make soak` makes many more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.soaking.cancelling import LOOPS, cancelled, left_behind
from tests.soaking.judge import lived
from tests.soaking.lives import LIVES
from tests.soaking.server import Server
from tests.soaking.works import ROUND
from tests.soaking.world import World, made

pytestmark = [
    pytest.mark.slow,
    # Whoever forks with threads is warned; the children of these lives have none of their own before they start.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The SDK and a server in a process of its own."""
    folder = tmp_path_factory.mktemp("lives")
    with Server(folder) as server:
        yield World(made(folder), server, "httpx", 7, folder)


def life(name: str) -> int:
    """The place of a kind of life among all."""
    return [one.name for one in LIVES].index(name)


QUICK = (
    "forks, threads",
    "forks, event loops",
    "loops at once",
    "task.cancel",
    "closed, threads",
    "references, asyncio",
)


@pytest.mark.parametrize("name", QUICK)
def test_a_life_leaves_neither_duplicates_nor_lies(world: World, name: str) -> None:
    """Nothing is done twice, nobody is told what is not so, and what was UNKNOWN is known in the end."""
    line = lived(world, LIVES[life(name)], range(60))
    assert (line.duplicates, line.lies, line.raw) == (0, [], [])
    assert line.settled == line.unknown
    assert line.is_right


def test_a_server_that_ignores_keys_is_found_out(world: World) -> None:
    """A soak that cannot fail says nothing: effects are counted, and what was promised is held against them."""
    line = lived(world, LIVES[life("threads")], range(120), honours=None)
    assert line.duplicates > 0
    assert line.lies


def test_cancellations_leave_nothing_behind(world: World) -> None:
    """No slot of a pool, thread, file or entry of a journal; and the client goes on."""
    cut = cancelled(world, LOOPS[0], 2 * len(ROUND), 1_000_000, at_once=100)
    assert left_behind(cut) == []
    assert cut.wrong == []
    assert cut.cancelled.total() > 0
