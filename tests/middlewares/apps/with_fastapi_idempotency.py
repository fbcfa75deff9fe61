"""fastapi-idempotency, as a middleware; `scope` tells accounts apart where it is configured."""

from fastapi_idempotency import IdempotencyMiddleware, MemoryStore
from fastapi_shop import shop
from starlette.requests import Request
from wired import CONFIGURED


def scope(request: Request) -> str:
    """Return whose keys these are."""
    return request.headers.get("authorization", "")


app = shop()
app.add_middleware(IdempotencyMiddleware, store=MemoryStore(), **({"scope": scope} if CONFIGURED else {}))
