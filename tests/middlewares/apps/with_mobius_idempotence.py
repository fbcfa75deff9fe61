"""mobius-idempotence-library and mobius-idempotence-lib, which have the same module, as a decorator."""

from fastapi_shop import shop
from mobius_idempotence import IdempotencyConfig, IdempotencyManager, idempotent
from mobius_idempotence.backends.redis import RedisBackend
from wired import REDIS

manager = IdempotencyManager(RedisBackend(REDIS), IdempotencyConfig(fail_open=False))
app = shop(idempotent(manager, status_code=201))
