"""ichido, as a middleware."""

from fastapi_shop import shop
from ichido import IchidoConfig, IchidoMiddleware, RedisIdempotencyStore
from redis.asyncio import Redis
from wired import REDIS

store = RedisIdempotencyStore(redis_client=Redis.from_url(REDIS, decode_responses=True), ttl=86400)
app = shop()
app.add_middleware(IchidoMiddleware, store=store, config=IchidoConfig())
