"""fastidempotent, as a middleware; the account is part of the fingerprint where it is configured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_shop import shop
from fastidempotent import IdempotencyConfig, IdempotencyMiddleware, RedisBackend
from wired import CONFIGURED, REDIS

backend = RedisBackend(url=REDIS)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Connect to Redis as long as the application runs."""
    await backend.init()
    yield
    await backend.close()


headers = ["Authorization"] if CONFIGURED else []
app = shop(lifespan=lifespan)
app.add_middleware(
    IdempotencyMiddleware,
    backend=backend,
    config=IdempotencyConfig(optional=True, fingerprint_headers=headers),
)
