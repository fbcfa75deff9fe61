"""idemptx, as a decorator; its errors are answered, and nothing is signed, where that is configured."""

from fastapi.responses import JSONResponse
from fastapi_shop import respond, shop
from idemptx import ConflictRequestException, RequestInProgressException, idempotent
from idemptx.backend import AsyncRedisBackend
from redis.asyncio import Redis
from wired import CONFIGURED, REDIS

backend = AsyncRedisBackend(Redis.from_url(REDIS))
options = {"validate_signature": False, "wait_timeout": 3.0} if CONFIGURED else {}
app = shop(lambda _: idempotent(storage_backend=backend, required=False, **options)(respond))
if CONFIGURED:
    app.add_exception_handler(RequestInProgressException, lambda *_: JSONResponse({"code": "in_progress"}, 409))
    app.add_exception_handler(ConflictRequestException, lambda *_: JSONResponse({"code": "key_reused"}, 422))
