"""Whole lives of clients, and cancellations: python -m tests.soak_lives [--calls N] [--cancellations N] [--seed N].

Part A makes keyed calls through forks, event loops, cancellations and closings, with other people's clients, over TLS
and HTTP/2, and with a journal; each call is held against what the server did. Part B cancels whatever waits, at every
point at which it waits, and looks for what is left behind.
"""

from __future__ import annotations

import argparse
import faulthandler
import tempfile
import time
import warnings
from pathlib import Path
from typing import Final

from tests.soak import Honours
from tests.soaking.cancelling import all_loops
from tests.soaking.cancelling import is_right as cuts_are_right
from tests.soaking.judge import all_lives
from tests.soaking.server import Server
from tests.soaking.world import World, made

_TOO_LONG: Final = 3600.0
"""Seconds after which a run is taken for hanging; it then says where."""


def main() -> int:
    """Run both parts, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak_lives", description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--cancellations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", choices=["httpx", "httpx2"], default="httpx", help="of the SDK's own connections")
    parser.add_argument("--only", default="", help="a part of the names of lives")
    parser.add_argument("--honours", choices=["all", "none"], default="all", help="none must be found out")
    wishes = parser.parse_args()
    # Whoever forks with threads is warned; that is what is tried here.
    warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
    faulthandler.dump_traceback_later(_TOO_LONG, exit=True)
    began = time.monotonic()
    is_right = True
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        world = World(made(Path(folder)), server, wishes.library, wishes.seed, Path(folder))
        if wishes.calls:
            honours = Honours.ALL if wishes.honours == "all" else None
            lines = all_lives(world, wishes.calls, honours, only=wishes.only)
            is_right &= all(line.is_right for line in lines) and any(line.unknown for line in lines)
        if wishes.cancellations:
            is_right &= all(map(cuts_are_right, all_loops(world, wishes.cancellations)))
    print(f"{'as it must be' if is_right else 'WRONG'}; {time.monotonic() - began:.0f} s, {wishes.library}")  # noqa: T201
    return int(not is_right)


if __name__ == "__main__":
    raise SystemExit(main())
