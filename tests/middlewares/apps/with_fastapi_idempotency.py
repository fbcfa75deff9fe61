"""fastapi-idempotency, as a middleware; `scope` tells accounts apart where it is configured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_idempotency import IdempotencyMiddleware, MemoryStore
from fastapi_shop import shop
from starlette.requests import Request
from wired import CONFIGURED, POSTGRES, STORE


def scope(request: Request) -> str:
    """Return whose keys these are."""
    return request.headers.get("authorization", "")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect to PostgreSQL, and make the table, where it is the store."""
    if STORE != "PostgreSQL":
        yield
        return
    from tortoise.contrib.fastapi import RegisterTortoise

    url = POSTGRES.replace("postgresql://", "asyncpg://")
    models = {"models": ["fastapi_idempotency.stores.tortoise"]}
    async with RegisterTortoise(None, db_url=url, modules=models, generate_schemas=True, use_tz=True):
        yield


app = shop(lifespan=lifespan)
if STORE == "PostgreSQL":
    from fastapi_idempotency.stores.tortoise import TortoiseStore

    store = TortoiseStore()
else:
    store = MemoryStore()
app.add_middleware(IdempotencyMiddleware, store=store, **({"scope": scope} if CONFIGURED else {}))
