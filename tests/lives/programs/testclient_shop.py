"""Tests of a FastAPI application, each request of which has a loop of its own: `testclient_shop.py RESULT CALLS`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from asgi_shop import app, client
from fastapi.testclient import TestClient


def ask(tester: TestClient, number: int) -> dict[str, Any]:
    """Ask one of the views."""
    path = "/async" if number % 2 else "/"
    told: dict[str, Any] = tester.get(path, params={"item": f"item {number}"}).json()
    return told


if __name__ == "__main__":
    result, calls = sys.argv[1:]
    numbers = iter(range(int(calls)))
    told: list[dict[str, Any]] = []
    for backend in ("asyncio", "trio"):
        tester = TestClient(app, backend=backend)
        # A loop for each request.
        told += [ask(tester, next(numbers)) for _ in range(20)]
        # A loop for each block.
        for _ in range(5):
            with TestClient(app, backend=backend) as inside:
                told += [ask(inside, next(numbers)) for _ in range(10)]
        # Many loops at once.
        with ThreadPoolExecutor(6) as threads:
            told += threads.map(lambda number, tester=tester: ask(tester, number), [next(numbers) for _ in range(60)])
    client.close()
    Path(result).write_text(json.dumps(told), "utf-8")
