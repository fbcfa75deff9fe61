"""A process for one document: counts it, imports its SDK, makes the round trips; prints a JSON object a line.

Lines come as soon as they are known, so that one that is cut off has told what it found.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.emit.views import OperationSummary
from samekey.pipeline import inspect

from tests.corpus.bench import Bench
from tests.corpus.core import second_opinion
from tests.corpus.outcome import OVERDUE, Outcome
from tests.corpus.package import PACKAGE, import_whole, make_client
from tests.corpus.raw import UnresolvableError, View, open_document, operations, version_of
from tests.corpus.round_trip import try_operation
from tests.corpus.sampler import Sampler
from tests.corpus.validity import Validity

LIMIT: Final = 60.0
"""Seconds for one operation."""


def tell(kind: str, facts: Mapping[str, object]) -> None:
    """Print a line."""
    sys.stdout.write(json.dumps({"kind": kind, **facts}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document", type=Path)
    parser.add_argument("--sdk", type=Path, help="the folder of its SDK")
    parser.add_argument("--round-trip", action="store_true")
    parser.add_argument("--only", default="", help="a part of the operation's method and path")
    given = parser.parse_args()
    try:
        root = open_document(given.document)
    except UnresolvableError as error:
        tell("unread", {"reason": str(error)})
        return
    count = [operation.key for operation in operations(root)]
    tell("document", {"version": version_of(root), "operations": len(count)})
    if given.sdk is None:
        return
    try:
        package = import_whole(given.sdk)
    except BaseException as error:  # noqa: BLE001  # whatever it is, the report tells it
        tell("package", {"problem": f"{type(error).__name__}: {error}"})
        return
    lost = sorted({_slashed(key) for key in count} - {_slashed(key) for key in package.operations})
    message = {"modules": package.modules, "decoders": package.decoders, "operations": len(package.operations)}
    tell("package", {"problem": "", **message, "lost": lost})
    if given.round_trip:
        warnings.simplefilter("ignore")
        round_trips(root, given.document, given.only)


def _slashed(key: str) -> str:
    method, _, path = key.partition(" ")
    return key if path.startswith("/") else f"{method} /{path}"


def round_trips(root: View, document: Path, only: str) -> None:
    """Try every operation."""
    rows = summaries(document)
    validity = Validity(version_of(root), root)
    bench = Bench(root, make_client(), Sampler(version_of(root), validity), validity, second_opinion(root))
    for operation in operations(root):
        if only not in operation.key:
            continue
        row = rows.get(_slashed(operation.key))
        began = time.monotonic()
        if row is None:
            outcome = Outcome(operation.key, "failed", "the operation is not in the SDK")
        else:
            outcome = limited(partial(try_operation, bench, operation, row), operation.key)
        tell("operation", {**asdict(outcome), "seconds": round(time.monotonic() - began, 3)})


class _OverdueError(BaseException):
    """An operation took longer than its limit; no part of the harness takes it for a failure of its own."""


def limited(work: Callable[[], Outcome], key: str) -> Outcome:
    """The outcome of an operation, or that it had none in time: one must not hide those behind it."""

    def stop(_signal: int, _frame: object) -> None:
        raise _OverdueError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        return work()
    except _OverdueError:
        return Outcome(key, "untried", OVERDUE, f"stopped after {LIMIT:.0f} s")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def summaries(document: Path) -> dict[str, OperationSummary]:
    """What `samekey inspect` says of each operation."""
    loaded = load(str(document), Diagnostics())
    rows = inspect(loaded, Config(package=PACKAGE)) if loaded is not None else None
    return {f"{row.method} {row.path}": row for row in rows or []}


if __name__ == "__main__":
    main()
