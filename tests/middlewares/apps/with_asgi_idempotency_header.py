"""asgi-idempotency-header, as a middleware."""

from fastapi_shop import shop
from idempotency_header_middleware import IdempotencyHeaderMiddleware
from idempotency_header_middleware.backends import MemoryBackend, RedisBackend
from redis.asyncio import Redis
from wired import REDIS, STORE

app = shop()
backend = RedisBackend(Redis.from_url(REDIS)) if STORE == "Redis" else MemoryBackend()
app.add_middleware(IdempotencyHeaderMiddleware, backend=backend)
