"""What stands between the wire and an API: it reads requests, lets faults strike them, and sends the answers."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import httpx

from samekey.sandbox.api.problems import problem
from samekey.sandbox.api.request import ReceivedRequest
from samekey.sandbox.api.streams import pieces_of
from samekey.sandbox.server.faults import LOST_ANSWERS, REFUSALS, Fault
from samekey.sandbox.server.ledger import AnswerKind, Event, Kind
from samekey.sandbox.server.service import CrashError, Handled

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.server.faults import Faults, Struck
    from samekey.sandbox.server.ledger import Ledger
    from samekey.sandbox.server.service import Backend, RequestContext, Rest
    from samekey.sandbox.server.wire import Door, Wire

_PIECES = 20
_BETWEEN_ITEMS = 0.05
_PATIENCE = 5.0
_MOST_BYTES = 64 * 1024 * 1024
_IN_FLIGHT = 409
_WAITS = frozenset({_IN_FLIGHT, 425, 429, 503})


Tell: TypeAlias = "Callable[[str], None]"


class _GoneError(Exception):
    """The client left before its request was whole."""


class _TooLargeError(Exception):
    """The body of a request is larger than what is read into memory."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request on its way."""

    request: ReceivedRequest
    subject: RequestContext
    struck: Struck | None
    wire: Wire
    receive: Receive
    send: Send

    @property
    def fault(self) -> Fault | None:
        """The fault that has struck it."""
        return self.struck.fault if self.struck is not None else None

    @property
    def seconds(self) -> float:
        """How long the fault lasts."""
        return self.struck.seconds if self.struck is not None else 0.0


class FaultMiddleware:
    """An ASGI application over a backend, with faults.

    Args:
        backend: answers requests.
        faults: decides what goes wrong.
        ledger: where all of it is written down.
        door: where connections come in.
        base: what clients may put before every path.
        tell: told of each request in a line, when it is over; None for nobody.
    """

    def __init__(  # what stands around a backend
        self,
        backend: Backend,
        faults: Faults,
        ledger: Ledger,
        door: Door,
        base: str = "",
        tell: Tell | None = None,
    ) -> None:
        self._tell = tell
        self._backend = backend
        self._faults = faults
        self._ledger = ledger
        self._door = door
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or lose its response."""
        try:
            request = await self._read(scope, receive)
        except _GoneError:
            return
        except _TooLargeError:
            await _refuse(send, problem(413, "too_large", f"a body has {_MOST_BYTES} bytes at most"))
            return
        subject = self._backend.subject(request)
        struck = self._faults.strike(subject.names, subject.identity)
        exchange = _Exchange(request, subject, struck, scope["state"]["wire"], receive, send)
        self._note(exchange, Kind.ARRIVED)
        if struck is not None:
            self._note(exchange, Kind.FAULT, fault=struck.fault)
        try:
            await self._exchange(exchange)
        except CrashError:
            await self._lose(exchange, AnswerKind.FAULT, reset=True)

    async def _read(self, scope: Scope, receive: Receive) -> ReceivedRequest:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise _GoneError
            body += message.get("body", b"")
            if len(body) > _MOST_BYTES:
                raise _TooLargeError
            if not message.get("more_body", False):
                break
        path = scope["raw_path"].decode("latin-1")
        if self._base and (path == self._base or path.startswith(f"{self._base}/")):
            path = path[len(self._base) :] or "/"
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
        query = scope["query_string"].decode("latin-1")
        return ReceivedRequest(str(uuid.uuid4()), scope["method"], path, query, headers, bytes(body))

    async def _exchange(self, exchange: _Exchange) -> None:
        fault = exchange.fault
        if fault is Fault.REFUSE:
            self._door.shut_for(exchange.seconds)
        if fault in {Fault.REFUSE, Fault.RESET}:
            await self._lose(exchange, AnswerKind.FAULT, reset=True)
            return
        if fault is not None and (status := REFUSALS.get(fault)) is not None:
            refusal = exchange.subject.worded(_refusal(status, exchange))
            await self._send(exchange, Handled(refusal, AnswerKind.FAULT))
            return
        if fault is Fault.STALL:
            await asyncio.sleep(exchange.seconds)
        handled = await self._handle(exchange)
        try:
            await self._answer(exchange, handled)
        finally:
            await handled.drop()

    async def _answer(self, exchange: _Exchange, handled: Handled) -> None:
        """Send a response, or lose it."""
        fault = exchange.fault
        if fault is not None and (status := LOST_ANSWERS.get(fault)) is not None:
            lost = exchange.subject.worded(problem(status, "failed", "the answer was lost on its way"))
            await self._send(exchange, Handled(lost, handled.kind), lost=True)
        elif fault is Fault.CUT:
            await self._lose(exchange, handled.kind)
        elif fault is Fault.STALL_AFTER:
            await _left(exchange.receive, exchange.seconds)
            await self._lose(exchange, handled.kind)
        else:
            await self._send(exchange, handled)

    async def _handle(self, exchange: _Exchange) -> Handled:
        """Deliver a request to the API, once or as often as the fault demands."""
        if exchange.fault is Fault.DUPLICATE:
            await (await self._again(exchange)).drop()
        elif exchange.fault is Fault.RACE:
            other = asyncio.create_task(self._again(exchange))
            handled = await self._backend.handle(exchange.request, exchange.subject, exchange.struck)
            copied = await other
            # Who sends a request twice at once passes on the answer that went well. "The first still runs" would say of
            # a fresh key that somebody else has used it, which its client has no reason to believe.
            is_better = copied.answer.succeeded and not handled.answer.succeeded
            passed_on, dropped = (copied, handled) if is_better else (handled, copied)
            await dropped.drop()
            return passed_on
        return await self._backend.handle(exchange.request, exchange.subject, exchange.struck)

    async def _again(self, exchange: _Exchange) -> Handled:
        """Deliver a request one more time."""
        other = replace(exchange.request, attempt=str(uuid.uuid4()))
        copy = _Exchange(other, exchange.subject, None, exchange.wire, exchange.receive, exchange.send)
        self._note(copy, Kind.ARRIVED, detail="delivered by the fault")
        handled = await self._backend.handle(other, exchange.subject, None)
        self._note(copy, Kind.LOST, handled.answer.status, handled.kind)
        return handled

    async def _send(self, exchange: _Exchange, handled: Handled, *, lost: bool = False) -> None:
        """Send a response, cut or slowed where the fault demands it; `lost` where it takes the place of another."""
        if exchange.wire.is_closing():
            await self._lose(exchange, handled.kind)
            return
        if exchange.fault is Fault.CUT_IN_BODY:
            handled = await _begun(handled)
        answer = handled.answer
        # An answer without a body has nothing to cut but its head.
        in_body = exchange.fault is Fault.CUT_IN_BODY and bool(answer.body)
        in_head = exchange.fault is Fault.CUT_IN_HEAD or (exchange.fault is Fault.CUT_IN_BODY and not in_body)
        if in_head:
            exchange.wire.cut_in_head()
        elif in_body:
            exchange.wire.cut_in_body(len(answer.body) // 2)
        cut = in_head or in_body
        # Written down first: who has the answer finds it in the ledger.
        self._note(exchange, Kind.LOST if cut or lost else Kind.ANSWERED, answer.status, handled.kind)
        self._say(exchange, f"{answer.status}{' (lost)' if cut else ''}", handled.kind)
        if cut:
            await self._backend.left(exchange.request, exchange.subject)
        await _respond(exchange, handled)
        if cut:
            await _left(exchange.receive, _PATIENCE)

    async def _lose(self, exchange: _Exchange, kind: AnswerKind, *, reset: bool = False) -> None:
        """Close the connection without a response."""
        self._note(exchange, Kind.LOST, detail=kind)
        self._say(exchange, "no answer", kind)
        await self._backend.left(exchange.request, exchange.subject)
        if reset:
            exchange.wire.reset()
        else:
            exchange.wire.close()
        await _left(exchange.receive, _PATIENCE)

    def _say(self, exchange: _Exchange, ending: str, kind: AnswerKind) -> None:
        """Say in a line what became of a request."""
        if self._tell is not None:
            key = f"  key {exchange.subject.key}" if exchange.subject.key else ""
            fault = f"  fault {exchange.fault}" if exchange.fault is not None else ""
            how = f"  {kind}" if kind and kind is not AnswerKind.FAULT else ""
            self._tell(f"{exchange.request.method} {exchange.request.path}  {ending}{how}{key}{fault}")

    def _note(
        self, exchange: _Exchange, kind: Kind, status: int | None = None, detail: str = "", fault: Fault | None = None
    ) -> None:
        subject = exchange.subject
        self._ledger.note(
            Event(kind, exchange.request.attempt, subject.names[0], subject.scope, subject.key, status, fault, detail)
        )


async def _refuse(send: Send, answer: Answer) -> None:
    """Send a response to a request that was not read."""
    headers = [(name.encode(), value.encode()) for name, value in (*answer.headers, ("Connection", "close"))]
    with contextlib.suppress(OSError):
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


async def _begun(handled: Handled) -> Handled:
    """Return a response with the first piece of its body, so that there is something to cut."""
    if handled.rest is None:
        return handled
    try:
        first = await handled.rest.__anext__()
    except (httpx.HTTPError, StopAsyncIteration):
        first = b""
    return replace(handled, answer=replace(handled.answer, body=first))


async def _respond(exchange: _Exchange, handled: Handled) -> None:
    answer = handled.answer
    # The length of an answer to HEAD is that of the answer to GET, which has a body.
    body = b"" if exchange.request.method == "HEAD" else answer.body
    *pieces, last = _cut_up(exchange, dict(answer.headers).get("Content-Type", ""), body)
    comes_whole = handled.rest is None and (not pieces or exchange.fault is Fault.SLOW_BYTES)
    has_length = comes_whole and answer.status not in {204, 304}
    length = [("Content-Length", str(len(answer.body)))] if has_length else []
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*answer.headers, *length)]
    with contextlib.suppress(OSError):
        await exchange.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for piece in pieces:
            await _send_piece(exchange, piece)
            if not comes_whole:
                await asyncio.sleep(_BETWEEN_ITEMS)
        if handled.rest is not None:
            await _pass_on(exchange, last, handled.rest)
        else:
            await exchange.send({"type": "http.response.body", "body": last})


def _cut_up(exchange: _Exchange, media_type: str, body: bytes) -> list[bytes]:
    """Return the pieces in which a body is sent, one of them at least; what comes item by item has one for each."""
    if exchange.fault is Fault.SLOW_BYTES:
        size = max(1, len(body) // _PIECES)
        return [*(body[start : start + size] for start in range(0, len(body), size)), b""]
    return list(pieces_of(media_type, body)) or [b""]


async def _send_piece(exchange: _Exchange, piece: bytes) -> None:
    """Send a piece of a body behind which others come, and take a while where the fault demands it."""
    await exchange.send({"type": "http.response.body", "body": piece, "more_body": True})
    if exchange.fault is Fault.SLOW_BYTES:
        await asyncio.sleep(exchange.seconds / _PIECES)


async def _pass_on(exchange: _Exchange, first: bytes, rest: Rest) -> None:
    """Send the pieces of a body as they come, until its end, or until its client is gone."""
    gone = asyncio.ensure_future(_gone(exchange.receive))
    piece = first
    try:
        while True:
            await _send_piece(exchange, piece)
            following = asyncio.ensure_future(rest.__anext__())
            await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                following.cancel()
                await asyncio.wait({following})
                return
            piece = following.result()
    except StopAsyncIteration:
        await exchange.send({"type": "http.response.body"})
    except httpx.HTTPError:
        # What breaks off there breaks off here.
        exchange.wire.close()
    finally:
        gone.cancel()


def _refusal(status: int, exchange: _Exchange) -> Answer:
    headers = (("Retry-After", f"{exchange.seconds:g}"),) if status in _WAITS else ()
    code = "fault"
    if status == _IN_FLIGHT:
        # In the operation's own dialect: to a client that knows another, this would be the refusal of the operation.
        status, code = exchange.subject.in_flight.status, exchange.subject.in_flight.code or "request_in_flight"
    return problem(status, code, "refused by a fault; nothing was done", headers=headers)


async def _left(receive: Receive, seconds: float) -> None:
    """Wait for the client to be gone, at most for some seconds."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_gone(receive), seconds)


async def _gone(receive: Receive) -> None:
    """Wait for the client to be gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
