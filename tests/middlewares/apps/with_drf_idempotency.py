"""drf-idempotency, as a middleware."""

from django_shop import configure, started, view_class
from wired import REDIS, STORE

backends = {
    "Redis": {"BACKEND": "drf_idempotency.backends.redis.RedisBackend", "BACKEND_OPTIONS": {"url": REDIS}},
    "PostgreSQL": {"BACKEND": "drf_idempotency.backends.database.DatabaseBackend"},
}
configure(("drf_idempotency",), ("drf_idempotency.middleware.IdempotencyMiddleware",), IDEMPOTENCY=backends[STORE])
application, urlpatterns = started(lambda: view_class().as_view())
