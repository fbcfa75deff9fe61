"""A cell: a call by a client with secrets, in which one thing goes wrong, and a look at all that was written of it."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import httpx

from tests.canary.failures import FAILURES, Failure
from tests.canary.kits import KITS, Kit
from tests.canary.looking import Heard, Outputs, Traced, listening, written
from tests.canary.server import Bank, Request, token
from tests.canary.words import found_in

CALL_STYLES = ("sync", "asyncio", "trio")


@dataclass(frozen=True)
class Leak:
    """A secret that was found where it must not be."""

    place: str
    kit: str
    failure: str
    style: str
    output: str

    def __str__(self) -> str:
        return f"{self.place} ({self.kit}), {self.failure}, {self.style}: in {self.output}"


@dataclass
class Findings:
    """What many cells found.

    Args:
        looked: how often a secret was looked for in an output that was not empty.
        outputs: how many outputs of each kind were not empty.
        leaks: the secrets that were found, with the texts in which they were.
        travelled: the secrets that a server saw.
        void: cells whose server did not see what it should have seen.
        calls: how many calls were made.
    """

    looked: int = 0
    outputs: dict[str, int] = field(default_factory=dict[str, int])
    leaks: dict[Leak, bytes] = field(default_factory=dict[Leak, bytes])
    travelled: set[str] = field(default_factory=set[str])
    void: list[str] = field(default_factory=list[str])
    calls: int = 0

    def look(self, places: tuple[str, ...], kit: str, failure: str, style: str, outputs: Outputs) -> None:
        """Look for secrets in every output of a call."""
        for kind, text in outputs.texts.items():
            self.outputs[kind] = self.outputs.get(kind, 0) + 1
            self.looked += len(places)
            for place in found_in(text, places):
                self.leaks[Leak(place, kit, failure, style, kind)] = text


@dataclass
class Room:
    """What all cells share.

    Args:
        sdk: the package.
        folder: where it was written.
        traced: its spans and metrics.
        context: a TLS context of a server that nobody trusts.
        scratch: a folder for files.
    """

    sdk: Any
    folder: Path
    traced: Traced
    context: ssl.SSLContext
    scratch: Path
    count: int = 0
    journals: dict[Path, Any] = field(default_factory=dict[Path, Any])

    def journal(self, file: Path) -> Any:  # noqa: ANN401
        """Return the journal in a file; a client has one for all that goes wrong, since opening it takes its time."""
        if file not in self.journals:
            self.journals[file] = self.sdk.SQLiteJournal(file)
        return self.journals[file]

    def close(self) -> None:
        """Close all journals."""
        for journal in self.journals.values():
            journal.close()


@dataclass
class Caller:
    """Makes one call, and keeps all that comes of it."""

    outputs: Outputs
    failure: Failure
    options: Any
    target: Path
    scope: anyio.CancelScope | None = None
    error: BaseException | None = None
    response: Any = None

    def hooks(self) -> dict[str, Callable[[Any], None]]:
        """Return the four hooks of a client."""

        def hear(event: Any) -> None:  # noqa: ANN401
            self.outputs.add("events", repr(event), str(event), pickle.dumps(event))
            self.outputs.of_object(event)
            if self.failure.meanwhile == "raises":
                raise RuntimeError("a hook of the caller's own failed")

        def began(event: Any) -> None:  # noqa: ANN401
            hear(event)
            if self.failure.meanwhile == "cancels":
                if self.scope is None:
                    raise KeyboardInterrupt
                self.scope.cancel()

        return {"on_send": began, "on_attempt": hear, "on_retry": hear, "on_end": hear}

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the call."""
        usual = {"amount": 1} if self.failure.call.endswith("create") else {}
        return {**usual, **self.failure.arguments, "options": self.options}

    def sync(self, client: Any) -> None:  # noqa: ANN401
        """Make the call in this thread."""
        method = attrgetter(self.failure.call)(client)
        try:
            match self.failure.way:
                case "plain":
                    self.response = method.detailed(**self.arguments)
                case "save":
                    self.response = method.save(self.target, **self.arguments)
                case "stream":
                    with method(**self.arguments) as stream:
                        self.outputs.of_object(stream)
                        list(stream)
                case _:
                    for page in method(**self.arguments).pages():
                        self.outputs.of_object(page)
        except BaseException as error:  # noqa: BLE001  # a KeyboardInterrupt as well
            self.error = error

    async def in_loop(self, client: Any) -> None:  # noqa: ANN401
        """Make the call in an event loop."""
        method = attrgetter(self.failure.call)(client)
        with anyio.CancelScope() as self.scope:
            try:
                match self.failure.way:
                    case "plain":
                        self.response = await method.detailed(**self.arguments)
                    case "save":
                        self.response = await method.save(self.target, **self.arguments)
                    case "stream":
                        async with await method(**self.arguments) as stream:
                            self.outputs.of_object(stream)
                            async for _ in stream:
                                pass
                    case _:
                        async for page in method(**self.arguments).pages():
                            self.outputs.of_object(page)
            except BaseException as error:
                self.error = error
                if not isinstance(error, Exception):
                    raise


@contextlib.contextmanager
def _server(room: Room, failure: Failure) -> Generator[tuple[Bank, str]]:
    """The server, and the address at which clients look for it."""
    context = room.context if failure.where == "https" else None
    with Bank(failure.act, failure.token_act, context) as bank:
        match failure.where:
            case "nowhere":
                with _no_name():
                    yield bank, "nowhere.test"
            case "closed":
                with socket.socket() as shut:
                    shut.bind(("127.0.0.1", 0))
                    yield bank, f"127.0.0.1:{shut.getsockname()[1]}"
            case "tls-cut" | "tls-hangs":
                with _dumb(hangs=failure.where == "tls-hangs") as port:
                    yield bank, f"127.0.0.1:{port}"
            case _:
                yield bank, f"127.0.0.1:{bank.port}"


@contextlib.contextmanager
def _no_name() -> Generator[None]:
    def look_up(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with patch.object(socket, "getaddrinfo", look_up):
        yield


@contextlib.contextmanager
def _dumb(*, hangs: bool) -> Generator[int]:
    """A server that says nothing to a TLS handshake, or closes at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    if hangs:
                        held.append(connection)
                    else:
                        connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


@contextlib.contextmanager
def _environment(kit: Kit, address: str) -> Generator[None]:
    values = {name: text.replace("{address}", address) for name, text in kit.environment.items()}
    with patch.dict("os.environ", values):
        yield


def _settings(room: Room, kit: Kit, failure: Failure, style: str, address: str, bank: Bank) -> dict[str, Any]:
    sdk, given = room.sdk, dict(failure.settings)
    made = kit.make(sdk, style, address)
    deadline = given.pop("deadline", 5.0)
    if "timeout" in given:
        given["timeout"] = sdk.Timeout(**given["timeout"])
    made["retry"] = sdk.RetryPolicy(max_retries=1, initial_delay=0.001, max_delay=0.002, deadline=deadline)
    if failure.raised is not None:
        made["http_client"] = _raising(failure, bank, style)
    return {**made, **given}


def _raising(failure: Failure, bank: Bank, style: str) -> httpx.Client | httpx.AsyncClient:
    """Return a client of the caller's own whose transport raises, so that the server sees what it is given."""
    assert failure.raised is not None
    raised = failure.raised

    def handle(request: httpx.Request) -> httpx.Response:
        lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1".encode()]
        lines += [name + b": " + value for name, value in request.headers.raw]
        seen = Request(b"\r\n".join(lines) + b"\r\n\r\n" + (request.content if style == "sync" else b""))
        bank.seen.append(seen)
        if "/token" in request.url.path:
            return httpx.Response(200, content=token(seen).raw.rpartition(b"\r\n\r\n")[2])
        raise raised(seen)

    async def ahandle(request: httpx.Request) -> httpx.Response:
        return handle(request)

    if style == "sync":
        return httpx.Client(transport=httpx.MockTransport(handle))
    return httpx.AsyncClient(transport=httpx.MockTransport(ahandle))


def _secured(failure: Failure, settings: dict[str, Any]) -> None:
    """Ask for TLS where the failure is one of TLS."""
    if failure.where in {"https", "tls-cut", "tls-hangs"}:
        url = settings.get("base_url") or os.environ["CANARY_BANK_BASE_URL"]
        settings["base_url"] = url.replace("http://", "https://")


def run_cell(room: Room, findings: Findings, kit: Kit, failure: Failure, style: str) -> None:
    """Make one call with secrets, let it go wrong, and look for them in everything that was written of it."""
    room.count += 1
    sdk, outputs = room.sdk, Outputs(room.folder, failure.says)
    with _server(room, failure) as (bank, address), listening() as heard, written(outputs):
        with _environment(kit, address):
            settings = _settings(room, kit, failure, style, address, bank)
            _secured(failure, settings)
            file = room.scratch / f"{kit.name} {style}.journal"
            journal = room.journal(file)
            options = sdk.CallOptions(headers=dict(kit.headers)) if kit.headers else None
            caller = Caller(outputs, failure, options, room.scratch / f"{room.count}.pdf")
            _call(sdk, caller, style, {**settings, **caller.hooks(), "journal": journal})
            findings.calls += 1
            _after(room, caller, address)
            _files(outputs, file, settings, sdk, journal, address)
        outputs.add("spans", room.traced.taken())
    _heard(outputs, heard)
    _travelled(findings, kit, failure, style, bank)
    findings.look(kit.places, kit.name, failure.name, style, outputs)


def _call(sdk: Any, caller: Caller, style: str, settings: dict[str, Any]) -> None:  # noqa: ANN401
    http_client = settings.get("http_client")
    if style == "sync":
        with sdk.CanaryBank(**settings) as client:
            caller.sync(client)
            _client(caller.outputs, client)
        if http_client is not None:
            http_client.close()
        return

    async def main() -> None:
        async with sdk.AsyncCanaryBank(**settings) as client:
            await caller.in_loop(client)
            _client(caller.outputs, client)
        if http_client is not None:
            await http_client.aclose()

    anyio.run(main, backend=style)


def _client(outputs: Outputs, client: Any) -> None:  # noqa: ANN401
    outputs.of_object(client)
    outputs.of_object(client.with_options(strict=True, headers={"X-More": "1"}))


def _after(room: Room, caller: Caller, address: str) -> None:
    """Look at how the call ended, and at clients that refuse to settle it."""
    outputs, error, response = caller.outputs, caller.error, caller.response
    if response is not None:
        outputs.of_response(response)
    if error is None:
        return
    outputs.of_error(error)
    if getattr(error, "kept", None) is None:
        return
    outputs.of_object(error)
    for base_url in ("http://127.0.0.1:1", f"http://{address}"):
        with room.sdk.CanaryBank(base_url=base_url) as other, contextlib.suppress(TypeError):
            restored: Any = pickle.loads(pickle.dumps(error.with_request()))  # type: ignore[attr-defined]  # noqa: S301
            try:
                # The first is another address, and the second has no such headers: nothing is sent.
                if base_url.endswith(":1") or b'"withheld":["' in restored.kept:
                    other.settle(restored, repeat=True)
            except Exception as refusal:  # noqa: BLE001
                caller.outputs.add("refusals", str(refusal), repr(refusal))


def _files(outputs: Outputs, file: Path, settings: dict[str, Any], sdk: Any, journal: Any, address: str) -> None:  # noqa: ANN401
    """Look at the files of the journal, and at a client without secrets that resumes what is left there."""
    with sdk.CanaryBank(base_url=f"http://{address}", journal=journal, timeout=settings.get("timeout"),
                        retry=settings["retry"]) as client:  # fmt: skip
        pending = client.journal.pending()
        outputs.add("journal entries", *(repr(entry) for entry in pending), *(str(entry.headers) for entry in pending))
        read = [each.read_bytes() for each in file.parent.glob(f"{file.name}*")]
        outputs.add("journal files", *read)
        for settlement in client.journal.resume(repeat=True) if pending else ():
            outputs.add("settlements", settlement.reason, repr(settlement.record), repr(settlement.entry))


def _heard(outputs: Outputs, heard: Heard) -> None:
    for name, lines in heard.lines.items():
        outputs.add(f"log of {name}", *lines)


def _travelled(findings: Findings, kit: Kit, failure: Failure, style: str, bank: Bank) -> None:
    seen = set(found_in(bank.wire, (*kit.travels, *kit.fetches)))
    findings.travelled |= seen
    wanted = kit.travels if failure.sends else ()
    for place in wanted:
        if place not in seen:
            findings.void.append(f"{place} ({kit.name}), {failure.name}, {style}")


CORE = {"sync": ("basic", "headers of the call", "client credentials in the body"), "asyncio": ("client credentials",)}
"""Clients that meet every failure, by call style."""
OTHERS = {
    "sync": tuple(kit.name for kit in KITS),
    "asyncio": ("token function", "headers of the client", "own client"),
    "trio": ("basic", "client credentials", "headers of the call", "userinfo"),
}
"""Clients that meet a few."""
FEW = frozenset({
    "nothing", "nothing, with URLs in the headers that repeat what was sent", "a shut port", "a read timeout",
    "an end before the status line", "an echo in place of HTTP", "status 400 that repeats what was sent", "status 503",
    "a redirect to another origin", "links that lead elsewhere, and in circles", "a stream that is cut",
    "a server of the operation's own, cut", "a cancellation", "an argument that cannot be sent",
    "tokens: refused, in words that repeat the secret",
})  # fmt: skip


def cells(style: str, *, everything: bool = False) -> Iterator[tuple[Kit, Failure]]:
    """Yield which clients meet which failures in a call style.

    Args:
        style: the call style.
        everything: whether each client meets each failure, which takes some minutes.
    """
    for kit in KITS:
        is_core = everything or kit.name in CORE.get(style, ())
        for failure in FAILURES if is_core or kit.name in OTHERS[style] else ():
            is_wanted = is_core or failure.name in FEW
            if is_wanted and failure.fits(kit) and (failure.in_loops or style == "sync"):
                yield kit, failure
