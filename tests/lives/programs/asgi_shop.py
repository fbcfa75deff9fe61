"""A FastAPI application whose clients are made, and used once, when it is imported; for gunicorn and uvicorn."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from typing import Any

from fastapi import FastAPI
from paying import apay, async_client, pay
from paying import client as make

client = make()
atexit.register(client.close)
aclient = async_client()


async def early() -> None:
    """Use the async client before there is a server."""
    await apay(aclient, f"early async {os.getpid()}")


pay(client, f"early {os.getpid()}")
# uvicorn imports the application inside its own event loop, where no other one can run.
thread = threading.Thread(target=lambda: asyncio.run(early()))
thread.start()
thread.join()

app = FastAPI()


@app.get("/")
def in_a_thread(item: str, key: str | None = None) -> dict[str, Any]:
    """Pay in one of the server's threads."""
    return pay(client, item, key)


@app.get("/async")
async def in_the_loop(item: str, key: str | None = None) -> dict[str, Any]:
    """Pay in the server's event loop."""
    return await apay(aclient, item, key)
