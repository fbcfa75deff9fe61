"""lush-redisx, as a dependency of the application; the account is its context where it is configured."""

from typing import Any

from fastapi import Depends, Request
from fastapi_shop import account, shop
from lush_redisx import AsyncRedisManager
from lush_redisx.integrations.fastapi.depends.idempotency import idempotency_guard_factory
from redis.asyncio import Redis
from wired import CONFIGURED, REDIS

where = Redis.from_url(REDIS).connection_pool.connection_kwargs
manager = AsyncRedisManager(host=where["host"], port=where["port"], db=0, key_prefix="shop")


async def redis_manager() -> AsyncRedisManager:
    """Return the manager of the application."""
    return manager


def whose(request: Request) -> str:
    """Return whose keys these are."""
    return account(request)


context: dict[str, Any] = {"context_dependency": whose, "context_annotation": str} if CONFIGURED else {}
guard = idempotency_guard_factory(redis_dependency=redis_manager, ttl_seconds=86400, **context)
app = shop(dependencies=[Depends(guard)])
