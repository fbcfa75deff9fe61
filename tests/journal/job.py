"""Runs the recipe for a job that may be killed, in a process that kills itself, or is killed; started by the tests.

It reads orders from its input, a line of JSON each, runs the job in a child of its own, and says how that ended.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import re
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import acme_payments
from acme_payments import AcmePayments, AsyncAcmePayments
from acme_payments._runtime.http.transport import AsyncTransport, SyncTransport

RECIPE = Path(__file__).parent.parent.parent / "docs" / "retrying.md"


def recipe() -> str:
    """The program of the documentation, as it stands there."""
    text = RECIPE.read_text("utf-8").partition("**A job that may be killed.**")[2]
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


class Steps:
    """Counts the steps of a job, and ends it at one of them, as a power cut would.

    Args:
        last: the step at which it ends; 0 for none.
    """

    def __init__(self, last: int) -> None:
        self._last = last
        self._lock = threading.Lock()
        self.taken = 0

    def __call__(self) -> None:
        """Take a step."""
        with self._lock:
            self.taken += 1
            if self.taken == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def watched(kind: type[Any], step: Callable[[], None]) -> type[Any]:
    """A journal that takes a step before each statement that writes, before each commit, and behind it."""

    class Watched(kind):  # type: ignore[misc]  # a class that is not known before
        """Counts."""

        @contextlib.contextmanager
        def _writing(self) -> Generator[Any]:
            """Count what it does."""
            inner: Any = super()
            with inner._writing() as execute:

                def run(*arguments: object) -> Any:  # noqa: ANN401
                    step()
                    return execute(*arguments)

                yield run
                step()
            step()

    return Watched


class Invoice:
    """What is to be paid; that it is paid stands in a file.

    Args:
        paid: the file.
        number: the invoice's number.
        amount: how much.
        step: called at the steps of the commit.
    """

    def __init__(self, paid: Path, number: str, amount: int, step: Callable[[], None]) -> None:
        self._paid = paid
        self._step = step
        self.number = number
        self.amount = amount

    def save_as_paid(self, charge: str) -> None:
        """The job's own commit."""
        self._step()
        with self._paid.open("a") as file:
            file.write(f"{self.number} {charge}\n")
            file.flush()
            os.fsync(file.fileno())
        self._step()


def run(order: dict[str, Any]) -> None:
    """Do the job in this process."""
    step = Steps(order.get("kill_at", 0))
    folder = Path(order["folder"])
    paid = folder / "paid"

    def unpaid() -> Iterator[Invoice]:
        for number in range(1, order["invoices"] + 1):
            done = {line.split()[0] for line in paid.read_text().splitlines()} if paid.exists() else set[str]()
            if f"inv-{number}" not in done:
                yield Invoice(paid, f"inv-{number}", number, step)

    for transport in (SyncTransport, AsyncTransport):
        _watch_attempts(transport, step)
    place = order.get("database") or str(folder / "journal.db")
    kind = "PostgresJournal" if order.get("database") else "SQLiteJournal"
    setattr(acme_payments, kind, watched(getattr(acme_payments, kind), step))
    program = recipe().replace("SQLiteJournal", kind).replace("/var/lib/job/journal.db", place)
    os.environ.update({"ACME_PAYMENTS_BASE_URL": order["url"], "ACME_PAYMENTS_TOKEN": "t"})
    (folder / "pid").write_text(str(os.getpid()))
    if order["style"] == "sync":
        exec(compile(program, "the recipe", "exec"), {"unpaid": unpaid})  # noqa: S102  # our own documentation
    else:
        import anyio  # noqa: PLC0415

        names: dict[str, Any] = {"unpaid": unpaid}
        exec(compile(in_a_loop(program), "the recipe", "exec"), names)  # noqa: S102
        anyio.run(names["main"], backend=order["style"])
    (folder / "steps").write_text(str(step.taken))


def in_a_loop(program: str) -> str:
    """The same program for an event loop."""
    waiting = re.sub(r"\bclient\.(charges|journal)\.", r"await client.\1.", program)
    return "async def main():\n" + textwrap.indent(waiting.replace("AcmePayments", "AsyncAcmePayments"), "    ")


def _watch_attempts(transport: Any, step: Callable[[], None]) -> None:  # noqa: ANN401
    attempt = transport.attempt
    if not inspect.iscoroutinefunction(attempt):

        def sent(self: Any, *arguments: object) -> Any:  # noqa: ANN401
            step()
            result = attempt(self, *arguments)
            step()
            return result

        transport.attempt = sent
        return

    async def asent(self: Any, *arguments: object) -> Any:  # noqa: ANN401
        step()
        result = await attempt(self, *arguments)
        step()
        return result

    transport.attempt = asent


def main() -> None:
    """Take orders until there are no more."""
    import anyio  # noqa: PLC0415

    # What is imported and made when it is first needed, each child has then.
    AcmePayments(base_url=sys.argv[1], token="t").charges.create(amount=1, currency="eur")  # noqa: S106
    for backend in ("asyncio", "trio"):
        anyio.run(_charge, sys.argv[1], backend=backend)
    for line in sys.stdin:
        order = json.loads(line)
        last = order.get("kill_at", 0)
        # Workers do not end at the same step.
        orders = [{**order, "kill_at": last and last + 7 * number} for number in range(order.get("workers", 1))]
        children = [_forked(one) for one in orders]
        timer = threading.Timer(order.get("kill_after") or 3600, _kill, (children,))
        timer.start()
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        timer.cancel()
        timer.join()
        print(json.dumps(codes), flush=True)  # noqa: T201  # the test waits for it


async def _charge(url: str) -> None:
    async with AsyncAcmePayments(base_url=url, token="t") as client:  # noqa: S106
        await client.charges.create(amount=1, currency="eur")


def _kill(children: list[int]) -> None:
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _forked(order: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(order)
            code = 0
        except BaseException:  # noqa: BLE001
            import traceback  # noqa: PLC0415

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


if __name__ == "__main__":
    main()
