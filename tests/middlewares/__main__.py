"""Measures middlewares of others by `samekey verify`: `python -m tests.middlewares --write docs/middlewares.md`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import FrameType

from tests.middlewares.measure import Row, kept, measured
from tests.middlewares.page import page
from tests.middlewares.setups import SETUPS


def main() -> int:
    """Measure what is asked for, say what came out, and write the page."""
    signal.signal(signal.SIGTERM, _leave)
    arguments = _arguments()
    asked: Sequence[str] = arguments.only or ("*",)
    chosen = [setup for setup in SETUPS if any(fnmatchcase(setup.name, pattern) for pattern in asked)]
    if not chosen:
        print(f"no set-up has the name {' or '.join(asked)}: {', '.join(s.name for s in SETUPS)}", file=sys.stderr)
        return 2
    for setup in chosen if not arguments.kept else ():
        print(f"{setup.name}: {_in_one_line(measured(setup))}", flush=True)
    rows = {setup.name: kept(setup) for setup in SETUPS}
    missing = sorted(name for name, row in rows.items() if row is None)
    if missing:
        print(f"not measured yet: {', '.join(missing)}", file=sys.stderr)
    if arguments.write is not None:
        found = {name: row for name, row in rows.items() if row is not None}
        arguments.write.write_text(page(found), "utf-8")
    return 0


def _leave(number: int, _: FrameType | None) -> None:
    """End this program so that its servers and stores are closed."""
    sys.exit(128 + number)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.middlewares", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="a set-up; may be repeated, and hold *")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of all that was measured")
    parser.add_argument("--kept", action="store_true", help="measure nothing: the page of what was measured before")
    return parser.parse_args()


def _in_one_line(row: Row) -> str:
    if row.error:
        return f"exit {row.exit_code}, {row.error}"
    odd = [f"{cell.check} {cell.verdict}" for cell in row.cells if cell.verdict != "ok"]
    return f"exit {row.exit_code}, {', '.join(odd) or 'all ok'}"


if __name__ == "__main__":
    sys.exit(main())
