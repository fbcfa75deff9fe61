"""idemgate, as a class of routes and a decorator; `namespace` tells accounts apart where it is configured."""

from fastapi import Request
from fastapi_shop import account, shop
from idemgate import IdempotencyRoute, idempotent
from idemgate.redis_store import RedisAcquirer
from redis.asyncio import Redis
from wired import CONFIGURED, REDIS


def namespace(request: Request) -> str:
    """Return whose keys these are."""
    return account(request)


app = shop(idempotent(ttl=3600, namespace=namespace if CONFIGURED else None), IdempotencyRoute)
app.state.idempotency_store = RedisAcquirer(Redis.from_url(REDIS))
