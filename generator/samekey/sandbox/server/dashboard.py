"""What lies under `/_samekey/`: the live page, the ledger for programs, and the switches for faults."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from anyio.to_thread import run_sync
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from samekey.sandbox.errors import FaultError
from samekey.sandbox.server.faults import INSIDE, Fault, plan_from_json, spelled
from samekey.sandbox.server.ledger import Follower

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request

    from samekey.sandbox.api.sample_request import SampleRequest
    from samekey.sandbox.keys.switch import KeySwitch
    from samekey.sandbox.server.faults import Faults
    from samekey.sandbox.server.ledger import Ledger, Totals
    from samekey.sandbox.server.webhook_sender import Announcer
    from samekey.sandbox.server.wire import Door

PREFIX = "/_samekey"
_PAUSE = 0.25
_HEARTBEAT = 40
"""Pauses without news after which a word is sent, so that both sides notice when the other is gone."""
_MOST = 10_000
_MOST_DIGITS = 18
_TYPES = {
    "index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript", "rows.js": "text/javascript",
    "timeline.js": "text/javascript", "storm.js": "text/javascript", "faults.js": "text/javascript",
}  # fmt: skip
_POLICY = "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'"


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """The webhook that is to be sent."""

    name: str


class _Honoured(msgspec.Struct, forbid_unknown_fields=True):
    """Whether keys are to be honoured."""

    honoured: bool


@dataclass(frozen=True, slots=True)
class Served:
    """What a server serves.

    Args:
        title: its name for people.
        base: what its clients put before every path.
        operations: how many operations it has, where that is known.
        repeatable: the names of those that may be done again without a key.
        inside: whether faults of the server's inside can be had.
        sample: a request that the page may send; None where it can make none.
        switch: lets the page have keys ignored; None where they are another server's.
        announcer: sends webhooks; None where none are sent.
    """

    title: str
    base: str = ""
    operations: int = 0
    repeatable: frozenset[str] = frozenset()
    inside: bool = True
    sample: SampleRequest | None = None
    switch: KeySwitch | None = None
    announcer: Announcer | None = None

    def plain(self) -> dict[str, object]:
        """Return what the page has to know, as JSON has it."""
        sample = self.sample
        return {
            "title": self.title,
            "base": self.base,
            "faults": [fault.value for fault in Fault if self.inside or fault not in INSIDE],
            "repeatable": sorted(self.repeatable),
            "proxy": not self.inside,
            "sample": None if sample is None else {
                "operation": sample.operation, "method": sample.method, "path": f"{self.base}{sample.path}",
                "headers": dict(sample.headers), "key_header": sample.key_header, "body": sample.body,
            },
        }  # fmt: skip


class Dashboard:
    """The routes of the page.

    Args:
        served: what is served.
        ledger: what has happened.
        faults: what is to go wrong.
        door: tells when the server stops.
    """

    def __init__(self, served: Served, ledger: Ledger, faults: Faults, door: Door) -> None:
        self._served = served
        self._ledger = ledger
        self._faults = faults
        self._door = door

    @property
    def routes(self) -> list[Route]:
        """What is found below the prefix."""
        static = [Route(f"/{name}", _static(name, kind)) for name, kind in _TYPES.items()]
        return [
            Route("/", _static("index.html", "text/html")),
            *static,
            Route("/events", self.events),
            Route("/ledger.json", self.ledger),
            Route("/faults", self.plan, methods=["GET", "PUT"]),
            Route("/ledger", self.clear, methods=["DELETE"]),
            Route("/webhooks", self.webhooks, methods=["GET", "POST"]),
            *([Route("/keys", self.keys, methods=["GET", "PUT"])] if self._served.switch is not None else []),
        ]

    async def ledger(self, request: Request) -> Response:
        """Return everything that has happened after a number (`?after=`), and the totals."""
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) <= _MOST_DIGITS):
            return JSONResponse({"error": "`after` is the number of an event"}, 400)
        await run_sync(self._ledger.flush)
        events = await run_sync(self._ledger.events, int(after), _MOST)
        return JSONResponse(
            {
                "totals": _plain(await run_sync(self._ledger.totals)),
                "events": [event.plain() for event in events],
                "more": len(events) == _MOST,
            }
        )

    async def clear(self, request: Request) -> Response:
        """Clear the ledger: forget what has happened."""
        if refused := _foreign(request):
            return refused
        await run_sync(self._ledger.clear)
        return Response(status_code=204)

    async def plan(self, request: Request) -> Response:
        """Return the rules of faults; a PUT sets them first."""
        if request.method == "PUT":
            if refused := _foreign(request):
                return refused
            try:
                self._faults.plan = plan_from_json(await request.body(), inside=self._served.inside)
            except FaultError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(spelled(self._faults.plan))

    async def webhooks(self, request: Request) -> Response:
        """Return the names of the webhooks that are sent; a POST of `{"name": "charge.created"}` sends one now."""
        announcer = self._served.announcer
        names = list(announcer.names) if announcer is not None else []
        if request.method == "POST":
            if refused := _foreign(request):
                return refused
            if announcer is None:
                return JSONResponse({"error": "webhooks are sent by `samekey serve --webhooks URL`"}, 404)
            try:
                wanted = msgspec.json.decode(await request.body(), type=_Wanted)
            except msgspec.DecodeError as error:
                return JSONResponse({"error": str(error)}, 400)
            if not await run_sync(announcer.announce, wanted.name):
                return JSONResponse({"error": f"there is no webhook {wanted.name!r}", "webhooks": names}, 404)
        return JSONResponse({"webhooks": names}, 202 if request.method == "POST" else 200)

    async def keys(self, request: Request) -> Response:
        """Return whether keys are honoured; a PUT of `{"honoured": false}` has them ignored from now on."""
        switch = self._served.switch
        if switch is None:
            return JSONResponse({"error": "keys are honoured by the API behind this proxy, or not"}, 404)
        if request.method == "PUT":
            if refused := _foreign(request):
                return refused
            try:
                switch.honours_keys = msgspec.json.decode(await request.body(), type=_Honoured).honoured
            except msgspec.DecodeError as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"honoured": switch.honours_keys})

    async def events(self, _: Request) -> Response:
        """Stream what happens, as it happens (server-sent events)."""
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _stream(self) -> AsyncIterator[str]:
        yield _event("hello", self._served.plain())
        await run_sync(self._ledger.flush)
        last = await run_sync(self._ledger.last)
        follower = Follower(self._ledger, max(0, last - _MOST))
        seen: tuple[Any, ...] = ()
        quiet = 0
        while not self._door.is_closing:
            news = await run_sync(follower.new)
            if news.cleared:
                yield _event("forgotten", {})
            if news.events:
                yield _event("happened", [event.plain() for event in news.events])
            switch = self._served.switch
            honoured = switch is None or switch.honours_keys
            state = (self._faults.plan, await run_sync(follower.totals), honoured)
            if state != seen:
                yield _event("totals", {"totals": _plain(state[1]), "plan": spelled(state[0]), "honoured": honoured})
            quiet = 0 if news.numbers else quiet + 1
            if quiet % _HEARTBEAT == _HEARTBEAT - 1:
                yield ": still here\n\n"
            seen = state
            await asyncio.sleep(_PAUSE)


def _static(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the route of a dashboard file, which needs nothing from elsewhere, and is allowed nothing."""
    content = files("samekey.sandbox.server").joinpath("static", name).read_bytes()

    async def answer(_: Request) -> Response:
        headers = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return Response(content, media_type=kind, headers=headers)

    return answer


def _foreign(request: Request) -> Response | None:
    """Return a refusal of what another site's page may send; None for JSON from this page, or from a program."""
    origin = request.headers.get("origin", "")
    if origin and urlsplit(origin).netloc != request.headers.get("host", ""):
        return JSONResponse({"error": "changes come from this page, or from a program"}, 403)
    if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
        return None
    return JSONResponse({"error": "changes are sent as application/json"}, 415)


def _event(name: str, value: object) -> str:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"


def _plain(totals: Totals) -> dict[str, object]:
    return {
        "attempts": totals.attempts, "effects": totals.effects, "keys": totals.keys, "replays": totals.replays,
        "prevented": totals.prevented, "faults": totals.faults,
    }  # fmt: skip
