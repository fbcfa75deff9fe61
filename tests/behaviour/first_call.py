"""The first call of a process: `first_call.py SETTINGS` prints what was imported while a fork could come between.

Settings are JSON: `url`, `style` (sync, asyncio or trio), `client` (arguments of the client), `http2` (without TLS).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "generated" / "payments"))
import acme_payments as acme
from acme_payments._runtime.concurrency import fork


class Unguarded(MetaPathFinder):
    """Notes each module that a thread imports without keeping forks out."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Find nothing."""
        del path, target
        lock: Any = fork.importing()
        if not lock._is_owned():
            self.names.append(fullname)


def over_http2(client: Any) -> None:  # noqa: ANN401  # of either kind
    """Speak HTTP/2 without TLS, for which no argument asks."""
    inner = client._core.connection.transport()._client._transport
    for pool in getattr(inner, "pools", (inner,)):
        pool._pool._http1 = False


def begin(client: Any, *, http2: bool) -> None:  # noqa: ANN401
    """Look at imports from now on."""
    sys.meta_path.insert(0, UNGUARDED)
    if http2:
        over_http2(client)


def main(url: str, style: str, client: dict[str, Any], http2: bool) -> str:  # noqa: FBT001
    """Make one call that is retried; what it ended in."""
    retry = acme.RetryPolicy(max_retries=1, initial_delay=0.01, max_delay=0.01)
    settings: dict[str, Any] = {"base_url": url, "token": "t", "retry": retry, **client}
    charge: dict[str, Any] = {"amount": 1, "currency": "usd"}
    if style == "sync":
        called = acme.AcmePayments(**settings)
        begin(called, http2=http2)
        try:
            return str(called.charges.create(**charge).id)
        except acme.APIError as error:
            return str(error)

    async def in_a_loop() -> str:
        called = acme.AsyncAcmePayments(**settings)
        begin(called, http2=http2)
        try:
            return (await called.charges.create(**charge)).id
        except acme.APIError as error:
            return str(error)

    if style == "trio":
        import trio  # noqa: PLC0415  # a program has it before it calls anything

        return trio.run(in_a_loop)
    import asyncio  # noqa: PLC0415

    return asyncio.run(in_a_loop())


UNGUARDED = Unguarded()

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    # Names of a package are resolved when they are asked for, before any call.
    assert {acme.AcmePayments, acme.AsyncAcmePayments, acme.RetryPolicy, acme.APIError}
    told = main(**given)
    sys.stdout.write(json.dumps({"told": told, "unguarded": UNGUARDED.names}))
