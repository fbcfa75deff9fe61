"""Calls out of forked processes: a client is used, its process forks, and its children go on with it.

A process that has threads must not fork, so the one that forks is a program of its own, told what to do by standard
input: `python -m samekey.prove.forks`. It writes what was told of each call to standard output.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from samekey.prove.clients import ClientCopies, Clients, in_turn
from samekey.prove.errors import ProveError
from samekey.prove.sdk import import_sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from samekey.prove.call_plan import Planned
    from samekey.prove.history import CallReport
    from samekey.prove.wire import Gate

_CHILDREN: Final = 3
_PATIENCE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What the program that forks is to do.

    Args:
        folder: where the SDK is.
        package: its name.
        client: the name of the class of its client.
        base: what comes before every path.
        gate: what every request goes through.
        entries: the calls.
        read_timeout: seconds for which an answer is waited for.
    """

    folder: str
    package: str
    client: str
    base: str
    gate: Gate
    entries: tuple[Planned, ...]
    read_timeout: float


def through_forks(clients: Clients, entries: Sequence[Planned], done: Callable[[], None]) -> list[CallReport]:
    """Make calls in processes that were forked while their client was in use.

    Args:
        clients: whose like make the calls there.
        entries: the calls.
        done: told as often as calls have ended, when all of them have.

    Raises:
        ProveError: a process has ended without telling what became of its calls.
    """
    sdk = clients.sdk
    errand = Errand(
        sdk.folder, sdk.package.__name__, sdk.client.__name__, clients.base, clients.gate, tuple(entries),
        clients.read_timeout,
    )  # fmt: skip
    program = subprocess.run(
        [sys.executable, "-m", "samekey.prove.forks"],
        input=pickle.dumps(errand), capture_output=True, timeout=_PATIENCE, check=False,
    )  # fmt: skip
    if program.returncode != 0:
        raise ProveError(
            f"a process that forks has failed: {program.stderr.decode('utf-8', 'replace').strip()[-2000:]}"
        )
    reports: list[CallReport] = pickle.loads(program.stdout)  # noqa: S301  # from our own program
    for _ in reports:
        done()
    return reports


def main() -> None:
    """Make the calls of an errand on standard input, and write their reports to standard output."""
    errand: Errand = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  # from our own program
    sdk = import_sdk(errand.folder, errand.package, errand.client)
    clients = Clients(sdk, errand.base, errand.gate, 0.0, errand.read_timeout)
    with clients.sync() as client:
        copies = ClientCopies(clients, client)
        entries = list(errand.entries)
        # In use before the fork: connections, locks and all that chance is drawn from are there.
        reports = list(in_turn(clients, copies, entries[:1]))
        pipes = [_child(lambda share: list(in_turn(clients, copies, share)), entries[1 + at :: _CHILDREN])
                 for at in range(_CHILDREN)]  # fmt: skip
        for pipe, child in pipes:
            with os.fdopen(pipe, "rb") as stream:
                reports += pickle.loads(stream.read())  # noqa: S301  # from our own fork
            os.waitpid(child, 0)
    sys.stdout.buffer.write(pickle.dumps(reports))


def _child(work: Callable[[list[Planned]], list[CallReport]], share: list[Planned]) -> tuple[int, int]:
    """Fork a child that makes its share of the calls; return the pipe by which it tells of them, and its number."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return reading, child
    code = 1
    try:
        with os.fdopen(writing, "wb") as stream:
            stream.write(pickle.dumps(work(share)))
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
