"""Everything that is measured, as a table, as JSON and as a picture: `python -m benchmarks.report`.

python -m benchmarks.report --json build/bench/report.json --picture docs/performance.svg
python -m benchmarks.report --only calls
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks.environments import ROOT, peer_generator, peers, sdks
from benchmarks.measure import Row, Spread, read_rows
from benchmarks.picture import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CALL: Final = "a keyed POST, sync"


def starts() -> list[Row]:
    """Measure imports and first calls."""
    return _measured("starts", *sdks())


def calls() -> list[Row]:
    """Measure calls of the payments SDK, beside those of other SDKs."""
    ours = _measured("calls", *sdks())
    others = _measured("peers", *peers())
    mine = next(row for row in ours if row.what == CALL)
    beside = [row for row in others if row.what.endswith(": a call")]
    return [*ours, *(_beside(mine, peer) for peer in beside), *others]


def decoding() -> list[Row]:
    """Measure the decoding of responses."""
    return _measured("decoding", *sdks())


def generating() -> list[Row]:
    """Measure the generator itself."""
    python, _ = peers()
    return _measured("generating", Path(sys.executable), [], str(peer_generator(python)))


GROUPS: Final[dict[str, Callable[[], list[Row]]]] = {
    "starts": starts, "calls": calls, "decoding": decoding, "generating": generating,
}  # fmt: skip


def _beside(mine: Row, peer: Row) -> Row:
    """Compare the SDK's call with a peer's, each measured against the same by hand in its own process."""
    name = peer.what.partition(":")[0]
    # What that one makes sends no key, retries nothing and keeps no history, so it is no measure of what does.
    target = 0.45 if name != "opc_payments" else 0.0
    ratio = Spread(
        mine.ratio.median / peer.ratio.median, mine.ratio.low / peer.ratio.high, mine.ratio.high / peer.ratio.low
    )
    return replace(mine, what="a keyed POST", against=f"{name}'s", target=target, ratio=ratio, wall=None, note="")


def _measured(module: str, python: Path, folders: Sequence[Path], *arguments: str) -> list[Row]:
    print(f"measuring {module} …", file=sys.stderr)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *folders]))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ran = subprocess.run(
        [str(python), "-m", f"benchmarks.{module}", *arguments],
        stdout=subprocess.PIPE, check=True, env=environment, text=True, cwd=ROOT,
    )  # fmt: skip
    return read_rows(ran.stdout)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("what", "against", "ratio", "quartiles", "wall", "target", "", "figures"):
        table.add_column(heading, no_wrap=heading not in {"what", "against"})
    for row in rows:
        table.add_row(
            row.what,
            row.against,
            f"{row.ratio.median:.2f}",
            f"{row.ratio.low:.2f}-{row.ratio.high:.2f}",
            f"{row.wall.median:.2f}" if row.wall else "",
            f"{row.target:.2f}" if row.target else "",
            ("met" if row.is_met else "missed") if row.target else "",
            row.note,
        )
    return table


def main() -> None:
    """Measure, print the table, and write the files that were asked for."""
    parser = argparse.ArgumentParser(description="Measure samekey and what it makes against others.")
    parser.add_argument("--only", action="append", choices=GROUPS, help="a group alone; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write a picture, as SVG")
    chosen = parser.parse_args()
    rows = [row for group in chosen.only or GROUPS for row in GROUPS[group]()]
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(_table(rows))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), "utf-8")
    if chosen.picture:
        chosen.picture.write_text(picture(rows), "utf-8")


if __name__ == "__main__":
    main()
