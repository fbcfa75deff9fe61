"""idempot, as a decorator; which statuses are kept is told where it is configured."""

from fastapi_shop import respond, shop
from idempot import configure
from idempot.contrib.fastapi import idempotent
from wired import CONFIGURED, REDIS

configure(backend="redis", redis_url=REDIS, **({"cache_on_status": [200, 201]} if CONFIGURED else {}))
app = shop(lambda _: idempotent(respond))
