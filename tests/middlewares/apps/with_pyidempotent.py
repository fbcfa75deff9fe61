"""pyidempotent, as a decorator; its errors are answered 422, 409 and 400, as its documentation names them."""

from fastapi import Request
from fastapi.responses import JSONResponse
from fastapi_shop import shop
from pyidempotent import IdempotencyConflict, IdempotencyKeyMissing, IdempotencyProcessing, idempotent
from pyidempotent.backends.redis import RedisBackend
from redis.asyncio import Redis
from wired import CONFIGURED, REDIS

STATUSES = {IdempotencyConflict: 422, IdempotencyProcessing: 409, IdempotencyKeyMissing: 400}


def key_of_account(*, request: Request, **_: object) -> str | None:
    """Return the key, with whose it is."""
    key = request.headers.get("idempotency-key")
    return f"{request.headers.get('authorization')} {key}" if key else None


def answer(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of the package."""
    return JSONResponse({"code": type(error).__name__}, STATUSES[type(error)])


extractor = {"key_extractor": key_of_account} if CONFIGURED else {}
app = shop(idempotent(backend=RedisBackend(Redis.from_url(REDIS)), **extractor))
for kind in STATUSES:
    app.add_exception_handler(kind, answer)
