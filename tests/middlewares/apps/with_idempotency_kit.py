"""idempotency-kit, as a decorator of what the handler calls; the account is part of the key where it is configured."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from fastapi_shop import ChargeCreate, create_charge, shop
from idempotency_kit import AsyncIdempotencyCoordinator, IdempotencyDomainService, JsonResultAdapter, async_idempotent
from idempotency_kit.core.exceptions import IdempotencyInProgressError, IdempotencyKeyReuseError
from idempotency_kit.infra.storage.redis.aio import RedisAsyncIdempotencyRepository
from redis.asyncio import Redis
from wired import CONFIGURED, REDIS

coordinator = AsyncIdempotencyCoordinator(
    RedisAsyncIdempotencyRepository(Redis.from_url(REDIS)), IdempotencyDomainService()
)


@async_idempotent("charge", JsonResultAdapter(), infra_param="coordinator", fingerprint_params=("payload",))
async def charge(request: Request, *, payload: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Charge once for each key."""
    return await create_charge(request, ChargeCreate(**payload))


def around(_: Any) -> Any:
    """Return a handler that charges through the package."""

    async def handler(request: Request, payload: ChargeCreate) -> Any:
        key = request.headers.get("idempotency-key")
        if key and CONFIGURED:
            key = f"{request.headers.get('authorization')} {key}"
        return await charge(request, payload=payload.model_dump(), idempotency_key=key, coordinator=coordinator)

    return handler


app = shop(around)
app.add_exception_handler(IdempotencyKeyReuseError, lambda *_: JSONResponse({"code": "key_reused"}, 422))
app.add_exception_handler(IdempotencyInProgressError, lambda *_: JSONResponse({"code": "in_progress"}, 409))
