"""django-idempotency-key, as a middleware: as it comes, or with its storage and its lock in Redis."""

from django_shop import configure, started, view_class
from wired import REDIS, STORE

MIDDLEWARE = "idempotency_key.middleware.IdempotencyKeyMiddleware"
if STORE == "Redis":
    configure(
        (), (MIDDLEWARE,),
        CACHES={"default": {
            "BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS,
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
        }},
        IDEMPOTENCY_KEY={
            "CONFLICT_STATUS_CODE": None,
            "STORAGE": {"CLASS": "idempotency_key.storage.CacheKeyStorage", "CACHE_NAME": "default"},
            "LOCK": {
                "CLASS": "idempotency_key.locks.redis.MultiProcessRedisLock", "LOCATION": REDIS, "NAME": "shop",
                "TTL": 30, "ENABLE": True, "TIMEOUT": 5,
            },
        },
    )  # fmt: skip
else:
    configure((), (MIDDLEWARE,))
application, urlpatterns = started(lambda: view_class().as_view())
