"""idemkit, as a middleware; `scope` tells accounts apart where it is configured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_shop import shop
from idemkit import HttpConfig, IdempotencyMiddleware, InMemoryBackend, PostgresBackend, RedisBackend
from wired import CONFIGURED, POSTGRES, REDIS, STORE

match STORE:
    case "Redis":
        backend = RedisBackend.from_url(REDIS)
    case "PostgreSQL":
        backend = PostgresBackend.from_url(POSTGRES)
    case _:
        backend = InMemoryBackend()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Make the table, as `idemkit init-pg` does."""
    if STORE == "PostgreSQL":
        from idemkit.backends.postgres import init_pg

        await init_pg(POSTGRES)
    yield


config = HttpConfig(scope=lambda request: request.headers.get("authorization", "")) if CONFIGURED else HttpConfig()
app = shop(lifespan=lifespan)
app.add_middleware(IdempotencyMiddleware, backend=backend, config=config)
