"""fastapi-idempotency-key, as a middleware."""

from fastapi_idempotency_key import IdempotencyMiddleware, MemoryBackend, RedisBackend, SQLiteBackend
from fastapi_shop import shop
from wired import FOLDER, REDIS, STORE

match STORE:
    case "Redis":
        backend = RedisBackend(redis_url=REDIS)
    case "SQLite":
        backend = SQLiteBackend(database_path=f"{FOLDER}/idempotency.db")
    case _:
        backend = MemoryBackend()

app = shop()
app.add_middleware(IdempotencyMiddleware, backend=backend, header_name="Idempotency-Key", default_ttl=86400)
