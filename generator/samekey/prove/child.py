"""A server of a proof, in a process of its own: `python -m samekey.prove.child`.

Standard input brings it its orders in a line of JSON. It opens its store, says so, waits for another line, serves, and
says so too. It ends when standard input does, so none of them outlives the proof.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import msgspec

from samekey.sandbox.errors import SandboxError
from samekey.sandbox.keys.broken import Broken  # noqa: TC001  # msgspec reads annotations
from samekey.sandbox.server.app import Settings, open_sandbox
from samekey.sandbox.server.faults import Plan  # noqa: TC001  # likewise
from samekey.sandbox.server.serving import serve

if TYPE_CHECKING:
    from samekey.sandbox.server.serving import Running

GO = b"go\n"
LOADED = b"loaded\n"
READY = b"ready\n"
HOST = "127.0.0.1"


class Orders(msgspec.Struct, frozen=True):
    """What a server is to be.

    Args:
        spec: the document.
        store: where all is kept.
        port: where to listen.
        plan: what goes wrong.
        broken: the promise that it breaks.
        clock_ahead: seconds by which its clock is ahead of the others.
        ttl: seconds for which it remembers keys; None for what the document says.
    """

    spec: str
    store: str
    port: int
    plan: Plan
    broken: Broken | None = None
    clock_ahead: float = 0.0
    ttl: float | None = None


def main() -> None:
    """Serve the sandbox as ordered on standard input."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    try:
        settings = Settings(
            orders.store, ttl=orders.ttl, plan=orders.plan, broken=orders.broken,
            # Often enough for a run to see what it removes.
            purge_every=1.0, clock_ahead=orders.clock_ahead,
        )  # fmt: skip
        sandbox = open_sandbox(orders.spec, settings)
        os.write(sys.stdout.fileno(), LOADED)
        if sys.stdin.buffer.readline() == GO:
            threading.Thread(target=_end_with_the_proof, daemon=True).start()
            serve(sandbox, HOST, orders.port, _started)
    except SandboxError as error:
        sys.exit(str(error))


def _started(_: Running) -> None:
    os.write(sys.stdout.fileno(), READY)


def _end_with_the_proof() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
