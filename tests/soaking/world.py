"""What lives of clients have in common: the SDK, the server, and how a call ended, as its caller was told."""

from __future__ import annotations

import importlib
import itertools
import json
import logging
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final, cast

import anyio
import yaml
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.soak import Ending, arguments
from tests.soaking.server import Server
from tests.tools import write_files

PACKAGE: Final = "soaked_lives"
_LIST: Final[dict[str, Any]] = {
    "operationId": "orders_list",
    "tags": ["orders"],
    "parameters": [{"name": "cursor", "in": "query", "schema": {"type": "string"}}],
    "responses": {"200": {"description": "A page.", "content": {"application/json": {"schema": {
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
            "next_cursor": {"type": ["string", "null"]},
        },
    }}}}},
}  # fmt: skip


def made(folder: Path) -> Any:  # noqa: ANN401
    """The corner shop's SDK with a list in pages, generated and imported."""
    document = yaml.safe_load((Path(__file__).parents[1] / "truth" / "orders.yaml").read_text("utf-8"))
    document["paths"]["/orders"]["get"] = _LIST
    path = folder / "orders.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    loaded = load(str(path), Diagnostics())
    assert loaded is not None
    result = generate(loaded, Config(package=PACKAGE))
    assert result is not None
    write_files(result.files, folder / "sdk")
    sys.path.insert(0, str(folder / "sdk"))
    logging.getLogger(PACKAGE).addHandler(logging.NullHandler())
    return importlib.import_module(PACKAGE)


@dataclass(frozen=True)
class Told(Ending):
    """How a call ended, as its caller was told, in this process or in another.

    Args:
        key: the key that the caller was told.
        is_cancelled: whether the call was cancelled.
        raw: what was raised, where it was neither an error of the SDK's nor the cancellation, or said nothing.
    """

    key: str = ""
    is_cancelled: bool = False
    raw: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it can be settled: a conflict of the business under a resumed key proves nothing."""
        return self.certainty == "unknown" and self.is_promised and self.item.isdigit() and not self.raw

    @property
    def portable(self) -> Told:
        """The same for another process, which can settle it."""
        return self if self.error is None else replace(self, error=self.error.with_request())


@dataclass
class World:
    """What a life is lived in.

    Args:
        sdk: the package.
        server: the server.
        library: the HTTP library of the SDK's own connections.
        seed: chance, so that a run can be repeated.
        folder: where files go.
        closed: how many calls were told that their client was closed.
    """

    sdk: Any
    server: Server
    library: str
    seed: int
    folder: Path
    closed: int = 0
    loops: itertools.count[int] = field(default_factory=itertools.count)

    def chance(self, name: str) -> Random:
        """Chance for a purpose."""
        return Random(f"{self.seed}/{name}")  # noqa: S311  # chance that can be repeated

    def settings(self, *, secure: bool = False, own: bool = False) -> dict[str, Any]:
        """Arguments of a client.

        Args:
            secure: whether it speaks TLS, and trusts the server's authority.
            own: whether it is given somebody's `http_client`, so that nothing is said of connections.
        """
        found: dict[str, Any] = {
            "token": "t",
            "base_url": self.server.secure_url if secure else self.server.url,
            "retry": self.sdk.RetryPolicy(initial_delay=0.001, max_delay=0.004, deadline=60, budget=False),
            "timeout": self.sdk.Timeout(connect=30, read=30, write=30, pool=30),
        }
        if not own:
            found["http_library"] = self.library
            if secure:
                found["verify"] = str(self.server.authorities)
        return found

    def sync(self, **changes: Any) -> Any:  # noqa: ANN401
        """A client for threads."""
        return self.sdk.CornerShop(**self.settings(**_first(changes)), **changes)

    def asynchronous(self, **changes: Any) -> Any:  # noqa: ANN401
        """A client for event loops."""
        return self.sdk.AsyncCornerShop(**self.settings(**_first(changes)), **changes)

    def told(self, number: int, result: Any, *, is_cancelled: bool = False) -> Told:  # noqa: ANN401
        """How a call ended, by its response, its error, or what else was raised."""
        resource, given = arguments(number)
        item, is_promised = given["item"], resource == "payments"
        if isinstance(result, BaseException) and not isinstance(result, self.sdk.APIError) and not is_cancelled:
            trace = "".join(traceback.format_list(traceback.extract_tb(result.__traceback__)[-6:]))
            words = f"{trace}{type(result).__name__}: {result}"
            return Told(item, is_promised, "", False, None, "", str(result), raw=words)  # noqa: FBT003
        is_error = isinstance(result, BaseException)
        if is_error and "is closed" in str(result):
            self.closed += 1
        certainty: Any = getattr(result, "certainty", None)
        attempts: Any = getattr(result, "attempts", ())
        return Told(
            item, is_promised, certainty.value if certainty is not None else "",
            bool(getattr(result, "may_be_repeated", False)),
            result if is_error and not is_cancelled else None,
            "" if is_error else str(result.data.item),
            f"{'cancelled' if is_cancelled else ''} {', '.join(str(entry.outcome) for entry in attempts)}"
            f"{f'; {result}' if is_error else ''}",
            key=getattr(result, "idempotency_key", None) or "", is_cancelled=is_cancelled,
        )  # fmt: skip

    def options(self, loop: int | None = None, reference: str | None = None) -> Any:  # noqa: ANN401
        """Options of a call: the process and the loop from which it comes."""
        home = f"{os.getpid()}" if loop is None else f"{os.getpid()}/{loop}"
        # What a journal sends again comes from where it was written down.
        headers = {"X-Home": home} if reference is None else None
        return self.sdk.CallOptions(headers=headers, reference=reference)

    def one(self, client: Any, number: int, *, reference: bool = False) -> Told:  # noqa: ANN401
        """Make a call in this thread."""
        resource, given = self._given(number, reference=reference)
        options = self.options(reference=f"r{number}" if reference else None)
        try:
            return self.told(number, getattr(client, resource).create.detailed(**given, options=options))
        except BaseException as error:  # noqa: BLE001  # it is what is looked for
            return self.told(number, error)

    def caller(self, client: Any, sink: Callable[[Told], object], loop: int) -> Callable[[int], Awaitable[None]]:  # noqa: ANN401
        """What makes a call of a number in an event loop."""
        return lambda number: self.aone(client, number, sink, loop=loop)

    async def aone(
        self,
        client: Any,  # noqa: ANN401
        number: int,
        sink: Callable[[Told], object],
        *,
        loop: int = 0,
        reference: bool = False,
    ) -> None:
        """Make a call in an event loop; how it ended goes into a sink, and a cancellation goes on."""
        resource, given = self._given(number, reference=reference)
        options = self.options(loop, f"r{number}" if reference else None)
        try:
            sink(self.told(number, await getattr(client, resource).create.detailed(**given, options=options)))
        except BaseException as error:
            is_cancelled = is_cancellation(error)
            sink(self.told(number, error, is_cancelled=is_cancelled))
            if is_cancelled:
                raise

    def resume(self, client: Any) -> None:  # noqa: ANN401
        """Resume what a journal holds where nothing is lost any more: conflicts of the business alone may be left."""
        self.server.calm()
        client.journal.resume(repeat=True)
        left = [entry for entry in client.journal.pending() if json.loads(entry.body)["item"].isdigit()]
        assert not left, f"the journal still holds {left}"

    @staticmethod
    def _given(number: int, *, reference: bool) -> tuple[str, dict[str, Any]]:
        resource, given = arguments(number)
        return resource, {"item": given["item"]} if reference else given


def is_cancellation(error: BaseException) -> bool:
    """Whether an exception is the running loop's cancellation; trio's may come in groups, out of its nurseries."""
    kind = anyio.get_cancelled_exc_class()
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(map(is_cancellation, group.exceptions))
    return isinstance(error, kind)


def _first(changes: dict[str, Any]) -> dict[str, Any]:
    """Take what is no argument of a client out of others."""
    return {"secure": changes.pop("secure", False), "own": "http_client" in changes}


async def in_tasks(work: Callable[[int], Awaitable[object]], numbers: Iterable[int], workers: int = 8) -> None:
    """Do work for each number, a few at once, in tasks of the running loop."""
    waiting = iter(numbers)

    async def some() -> None:
        for number in waiting:
            await work(number)

    async with anyio.create_task_group() as tasks:
        for _ in range(workers):
            tasks.start_soon(some)


def batches(numbers: range, size: int) -> list[range]:
    """Numbers in batches."""
    return [numbers[at : at + size] for at in range(0, len(numbers), size)]
