"""drf-idem, as a middleware that reads `Idempotency-Key` in place of `X-Request-ID`."""

from django_shop import configure, started, view_class
from wired import REDIS

configure(
    ("drf_idem",),
    ("drf_idem.middleware.IdempotencyMiddleware",),
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "drf_idem": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS},
    },
    DRF_IDEM={"HEADER": "HTTP_IDEMPOTENCY_KEY", "TTL": 60, "CACHE_BACKEND": "drf_idem"},
)
application, urlpatterns = started(lambda: view_class().as_view())
