"""The sandbox as one application: a document becomes an API that keeps its promises and fails on command."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from samekey.document.diagnostics import Diagnostics, Severity, in_full
from samekey.document.node import load
from samekey.ir import Safety
from samekey.lower import lower
from samekey.sandbox.api.bodies import Bodies
from samekey.sandbox.api.checks import Checks
from samekey.sandbox.api.credentials import Guard
from samekey.sandbox.api.operations import Routes, base_path, sites_of
from samekey.sandbox.api.refusals import Refusals
from samekey.sandbox.api.resources import Resources
from samekey.sandbox.api.sample_request import sample_request
from samekey.sandbox.api.samples import Samples
from samekey.sandbox.api.schemas import Direction, SchemaJudge
from samekey.sandbox.api.webhooks import Webhooks
from samekey.sandbox.errors import SandboxError
from samekey.sandbox.keys.broken import Broken, broken
from samekey.sandbox.keys.store import LONGEST_TTL, Keys
from samekey.sandbox.keys.switch import KeySwitch
from samekey.sandbox.server.dashboard import PREFIX, Dashboard, Served
from samekey.sandbox.server.fault_middleware import FaultMiddleware
from samekey.sandbox.server.faults import Fault, Faults, Plan
from samekey.sandbox.server.hosts import NearHosts
from samekey.sandbox.server.ledger import Ledger
from samekey.sandbox.server.service import Service, ServiceParts
from samekey.sandbox.server.webhook_sender import Announcer, WebhookSender, new_secret
from samekey.sandbox.server.wire import Door
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from samekey.document.node import Document, Node
    from samekey.ir import Api
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.keys.store import KeyStore
    from samekey.sandbox.server.fault_middleware import Tell
    from samekey.sandbox.server.faults import Struck
    from samekey.sandbox.server.service import Backend, Handled, RequestContext
    from samekey.sandbox.storage.database import Postgres, Sqlite

_SPARE = 4
"""Connections to the store that no request has, so that ledger and page go on."""
_READERS = 6
"""Requests that only read and are carried out at once."""
_FLUSH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox is to be.

    Args:
        store: a file, or a URL of SQLite or PostgreSQL.
        tokens: the credentials that are taken, each of which is an account; none for any.
        ttl: seconds for which keys are remembered; None for what the document says, 72 hours at most.
        plan: what is to go wrong.
        broken: the promise to break, for checkers that must catch it.
        purge_every: seconds between two removals of what is out of date.
        clock_ahead: seconds by which the clock of this process is ahead of others.
        webhooks: where webhooks are sent; empty for nowhere.
        webhook_secret: what they are signed with; empty for a fresh one.
    """

    store: str
    tokens: tuple[str, ...] = ()
    ttl: float | None = None
    plan: Plan = field(default_factory=Plan)
    broken: Broken | None = None
    purge_every: float = 30.0
    clock_ahead: float = 0.0
    webhooks: str = ""
    webhook_secret: str = ""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An application with what can be asked of it.

    Args:
        app: the ASGI application.
        door: where its connections come in.
        served: what it serves.
        ledger: what has happened.
        faults: what is to go wrong.
        database: where all is kept.
    """

    app: ASGIApp
    door: Door
    served: Served
    ledger: Ledger
    faults: Faults
    database: Sqlite | Postgres


class _InThreads:
    """A service whose work is done in threads, so that a slow store holds up nobody.

    Args:
        service: the service.
        announcer: what sends webhooks; None for nothing.
        writers: requests that may write and are carried out at once.
        sleepers: requests that mostly sleep and are carried out at once.
        sleeps: whether all requests that may write mostly sleep.
    """

    def __init__(
        self, service: Service, announcer: Announcer | None, writers: int, sleepers: int, *, sleeps: bool
    ) -> None:
        self._service = service
        self._announcer = announcer
        # Writers that wait for the store hold up no reader, and those that sleep hold up nobody.
        self._sleepers = anyio.CapacityLimiter(sleepers)
        self._writers = self._sleepers if sleeps else anyio.CapacityLimiter(writers)
        self._readers = anyio.CapacityLimiter(_READERS)

    def subject(self, request: ReceivedRequest) -> RequestContext:
        return self._service.subject(request)

    async def handle(self, request: ReceivedRequest, subject: RequestContext, struck: Struck | None) -> Handled:
        is_slow = struck is not None and struck.fault is Fault.SLOW
        limiter = self._sleepers if is_slow else self._writers if subject.changes else self._readers
        # What has begun is finished, whatever becomes of its client.
        return await run_sync(self._service.handle, request, subject, struck, limiter=limiter)

    async def left(self, request: ReceivedRequest, subject: RequestContext) -> None:
        await run_sync(self._service.left, request, subject, limiter=self._readers)

    def purge(self) -> int:
        return self._service.purge()

    async def close(self) -> None:
        if self._announcer is not None:
            self._announcer.close()


def open_sandbox(spec: str, settings: Settings, stdin: bytes = b"", tell: Tell | None = None) -> Sandbox:
    """Make a sandbox of a document.

    Args:
        spec: a path, a URL, or `-`.
        settings: how it is to be.
        stdin: the bytes of standard input, used for `-`.
        tell: told of each request in a line; None for nobody.

    Raises:
        SandboxError: the document or a setting cannot be used.
        StoreError: the store cannot be opened.
    """
    diagnostics = Diagnostics()
    document = load(spec, diagnostics, stdin=stdin)
    api = lower(document) if document is not None else None
    if document is None or api is None:
        errors = [in_full(entry).removeprefix("error: ") for entry in diagnostics if entry.severity is Severity.ERROR]
        raise SandboxError("\n".join(errors))
    ttl = min(api.profile.ttl, LONGEST_TTL) if settings.ttl is None else settings.ttl
    if not 0 < ttl <= LONGEST_TTL:
        raise SandboxError(f"keys are remembered for up to {LONGEST_TTL / 3600:g} hours")
    database = open_database(settings.store)
    upgrade(database)
    ahead = settings.clock_ahead
    keys = KeySwitch(
        Keys(database, ttl, lambda: time.time() + ahead)
        if settings.broken is None
        else broken(settings.broken, database, ttl),
        broken(Broken.NO_KEYS, database, ttl),
    )
    parts = _parts(document, api, settings, database, keys, ttl)
    repeatable = frozenset(each.id for each in api.operations if each.id and each.safety is Safety.IDEMPOTENT)
    senders = Samples(parts.schemas, direction=Direction.REQUEST)
    sample = sample_request(parts.routes.sites, parts.guard, senders, parts.schemas)
    announcer = _announcer(document.node, parts.schemas, settings, tell)
    if announcer is not None:
        parts = replace(parts, announce=announcer.happened)
    sleepers = database.connections - database.writers - _READERS - _SPARE
    backend = _InThreads(Service(parts), announcer, database.writers, sleepers, sleeps=settings.broken is not None)
    served = Served(
        api.title, base_path(api), len(api.operations), repeatable, sample=sample, switch=keys, announcer=announcer
    )
    known = tuple((site.name, site.place) for site in parts.routes.sites)
    faults = Faults(settings.plan, known=known)
    return assemble(backend, parts.ledger, faults, database, served, settings.purge_every, tell)


def assemble(
    backend: Backend,
    ledger: Ledger,
    faults: Faults,
    database: Sqlite | Postgres,
    served: Served,
    purge_every: float = 30.0,
    tell: Tell | None = None,
) -> Sandbox:
    """Put faults, ledger and dashboard around a backend.

    Args:
        backend: answers requests.
        ledger: what happens is written there.
        faults: decides what goes wrong.
        database: where the ledger is; it is closed with the application.
        served: what is served.
        purge_every: seconds between two removals of what is out of date.
        tell: told of each request in a line; None for nobody.
    """
    door = Door()
    page = Dashboard(served, ledger, faults, door)
    front = FaultMiddleware(backend, faults, ledger, door, served.base, tell)
    # A page of any site may try an API that is made up; its keys and its ledger are another matter.
    api = CORSMiddleware(front, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], expose_headers=["*"])

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        keeping = asyncio.create_task(_keep(ledger, backend, purge_every))
        yield
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await backend.close()
        await run_sync(ledger.flush)
        database.engine.dispose()

    pages = Starlette(routes=[Mount(PREFIX, routes=page.routes)], lifespan=lifespan)
    return Sandbox(NearHosts(_Entrance(pages, front, api)), door, served, ledger, faults, database)


class _Entrance:
    """An ASGI application of two: the pages under their prefix, and the API everywhere else.

    Not a mount of Starlette's, whose layers cost a request as much as all of its own work, and know no path with a line
    end in it.

    Args:
        pages: the pages; what is no request, such as the server's start and end, is theirs as well.
        api: the API.
        api_for_pages: the API for requests of other sites' pages, which browsers ask for leave.
    """

    def __init__(self, pages: ASGIApp, api: ASGIApp, api_for_pages: ASGIApp) -> None:
        self._pages = pages
        self._api = api
        self._api_for_pages = api_for_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._pages
        if scope["type"] == "http" and not f"{scope['path']}/".startswith(f"{PREFIX}/"):
            is_of_page = any(name == b"origin" for name, _ in scope["headers"])
            app = self._api_for_pages if is_of_page else self._api
        await app(scope, receive, send)


async def _keep(ledger: Ledger, backend: Backend, purge_every: float) -> None:
    """Write the ledger's events to the store again and again, and now and then forget what is old."""
    purged_at = time.monotonic()
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        # A store that cannot be reached now may be so again in a while; requests tell their clients meanwhile.
        with contextlib.suppress(Exception):
            await run_sync(ledger.flush)
            if time.monotonic() - purged_at >= purge_every:
                purged_at = time.monotonic()
                while await run_sync(backend.purge):
                    pass
                await run_sync(ledger.trim)


def _parts(
    document: Document, api: Api, settings: Settings, database: Sqlite | Postgres, keys: KeyStore, ttl: float
) -> ServiceParts:
    sites = sites_of(document, api)
    schemas = SchemaJudge(document.node)
    samples = Samples(schemas)
    bodies = Bodies(samples, schemas)
    return ServiceParts(
        routes=Routes(sites),
        guard=Guard(api, settings.tokens),
        checks=Checks(schemas, {definition.id: definition for definition in api.types}),
        schemas=schemas,
        resources=Resources(sites, bodies, schemas),
        refusals=Refusals(bodies, samples, schemas),
        keys=keys,
        ledger=Ledger(database),
        database=database,
        ttl=ttl,
        profile=api.profile,
    )


def _announcer(root: Node, schemas: SchemaJudge, settings: Settings, tell: Tell | None) -> Announcer | None:
    """Return what sends the document's webhooks; None where they are sent nowhere.

    Raises:
        SandboxError: the document has none, or they cannot be sent so.
    """
    if not settings.webhooks:
        if settings.webhook_secret:
            raise SandboxError("--webhook-secret signs what --webhooks URL sends; give both")
        return None
    webhooks = Webhooks(root, Samples(schemas), schemas)
    if not webhooks.names:
        raise SandboxError("the document has no webhooks with a JSON payload, so there is nothing to send")
    secret = settings.webhook_secret or new_secret()
    return Announcer(webhooks, WebhookSender(settings.webhooks, secret, tell), secret)
