"""The set-ups that are measured: a package, its version, its store, and what the application tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Framework(StrEnum):
    """What serves an application."""

    FASTAPI = "FastAPI"
    DJANGO = "Django REST Framework"
    FLASK = "Flask"
    EXPRESS = "Express"
    SAMEKEY = "samekey serve"


class Store(StrEnum):
    """Where keys are kept."""

    NONE = "none"
    MEMORY = "memory"
    REDIS = "Redis"
    POSTGRES = "PostgreSQL"
    SQLITE = "SQLite"


@dataclass(frozen=True, slots=True)
class Setup:
    """A package in front of the payments application.

    Args:
        name: unique, as `--only` takes it.
        package: its name in its registry; empty where there is none.
        version: its version.
        framework: what serves the application.
        store: where keys are kept.
        app: the module under `apps/`.
        beside: what is installed beside it, with versions.
        configured: what the application tells the package of accounts or of how to judge; empty for its defaults.
        notes: what else a reader must know of how it is wired.
    """

    name: str
    package: str
    version: str
    framework: Framework
    store: Store
    app: str
    beside: tuple[str, ...] = ()
    configured: str = ""
    notes: str = ""

    @property
    def scope(self) -> str:
        """Whether it is judged by its defaults or as it was configured."""
        return "configured" if self.configured else "default"


@dataclass(frozen=True, slots=True)
class Left:
    """A package that was looked at and is not measured.

    Args:
        package: its name.
        version: its version.
        why: the reason.
    """

    package: str
    version: str
    why: str


_FASTAPI: Final = ("fastapi==0.165.0", "starlette==1.10.0", "pydantic==2.14.4", "uvicorn==0.54.0")
_DJANGO: Final = ("Django==5.2.19", "djangorestframework==3.18.3", "gunicorn==27.0.1", "psycopg[binary]==3.3.9")
_FLASK: Final = ("Flask==3.1.3", "gunicorn==27.0.1")
_EXPRESS: Final = ("express@4.21.2",)
_REDIS: Final = "redis==6.4.0"
_SIGNS: Final = "Its signature of a request has all of the headers and the URL with its port."
_RESPONDS: Final = "It is told `required=False`, and the handler returns a `JSONResponse`, since it sets headers on it."
_FINGERPRINTED: Final = (
    "It is told that the body is the fingerprint; the application answers its errors with 422 and 409."
)
_EVERY_ANSWER: Final = "The application hands every answer to `onResponse`, 500 as well."
_BY_HEADER: Final = "the scope is the `Authorization` header"

SETUPS: Final = (
    Setup("nothing", "", "", Framework.FASTAPI, Store.NONE, "with_nothing", _FASTAPI, notes="The control."),
    Setup(
        "samekey-serve", "", "", Framework.SAMEKEY, Store.SQLITE, "",
        notes="The other control: the sandbox of this repository, of this commit. It has no header that makes one "
        "request fail after its effect.",
    ),
    Setup(
        "asgi-idempotency-header-memory", "asgi-idempotency-header", "0.2.0", Framework.FASTAPI, Store.MEMORY,
        "with_asgi_idempotency_header", (*_FASTAPI, "redis==4.6.0"),
    ),
    Setup(
        "asgi-idempotency-header-redis", "asgi-idempotency-header", "0.2.0", Framework.FASTAPI, Store.REDIS,
        "with_asgi_idempotency_header", (*_FASTAPI, "redis==4.6.0"),
    ),
    Setup(
        "idemptx", "idemptx", "0.2.2", Framework.FASTAPI, Store.REDIS, "with_idemptx", (*_FASTAPI, "redis==5.2.1"),
        notes=f"{_SIGNS} {_RESPONDS} Its errors are exceptions that FastAPI does not know, and become 500.",
    ),
    Setup(
        "idemptx-unsigned", "idemptx", "0.2.2", Framework.FASTAPI, Store.REDIS, "with_idemptx",
        (*_FASTAPI, "redis==5.2.1"), configured="`validate_signature=False`, `wait_timeout=3`, and handlers that "
        "answer its errors with 409 and 422", notes=_RESPONDS,
    ),
    Setup(
        "fastapi-idempotency", "fastapi-idempotency", "0.1.1", Framework.FASTAPI, Store.MEMORY,
        "with_fastapi_idempotency", _FASTAPI, notes="By default the scope is the address of the client.",
    ),
    Setup(
        "fastapi-idempotency-scoped", "fastapi-idempotency", "0.1.1", Framework.FASTAPI, Store.MEMORY,
        "with_fastapi_idempotency", _FASTAPI, configured=_BY_HEADER,
    ),
    Setup(
        "fastapi-idempotency-postgres-scoped", "fastapi-idempotency", "0.1.1", Framework.FASTAPI, Store.POSTGRES,
        "with_fastapi_idempotency", (*_FASTAPI, "tortoise-orm==1.1.9", "asyncpg==0.32.0"), configured=_BY_HEADER,
    ),
    Setup(
        "fastapi-idempotency-key-memory", "fastapi-idempotency-key", "0.1.1", Framework.FASTAPI, Store.MEMORY,
        "with_fastapi_idempotency_key", _FASTAPI,
    ),
    Setup(
        "fastapi-idempotency-key-sqlite", "fastapi-idempotency-key", "0.1.1", Framework.FASTAPI, Store.SQLITE,
        "with_fastapi_idempotency_key", (*_FASTAPI, "aiosqlite==0.21.0"),
    ),
    Setup(
        "fastapi-idempotency-key-redis", "fastapi-idempotency-key", "0.1.1", Framework.FASTAPI, Store.REDIS,
        "with_fastapi_idempotency_key", (*_FASTAPI, _REDIS),
    ),
    Setup(
        "fastidempotent", "fastidempotent", "0.1.0", Framework.FASTAPI, Store.REDIS, "with_fastidempotent",
        (*_FASTAPI, _REDIS), notes="It is told `optional=True`, so that requests without a key are taken.",
    ),
    Setup(
        "fastidempotent-fingerprinted", "fastidempotent", "0.1.0", Framework.FASTAPI, Store.REDIS,
        "with_fastidempotent", (*_FASTAPI, _REDIS),
        configured="`fingerprint_headers` has `Authorization`, which its documentation gives to scope keys by user",
    ),
    Setup("ichido", "ichido", "0.1.0", Framework.FASTAPI, Store.REDIS, "with_ichido", (*_FASTAPI, _REDIS)),
    Setup("idemgate", "idemgate", "0.1.0", Framework.FASTAPI, Store.REDIS, "with_idemgate", (*_FASTAPI, _REDIS)),
    Setup(
        "idemgate-namespaced", "idemgate", "0.1.0", Framework.FASTAPI, Store.REDIS, "with_idemgate",
        (*_FASTAPI, _REDIS), configured="`namespace` is the account of the token",
    ),
    Setup("idemkit-redis", "idemkit", "1.0.2", Framework.FASTAPI, Store.REDIS, "with_idemkit", (*_FASTAPI, _REDIS)),
    Setup(
        "idemkit-redis-scoped", "idemkit", "1.0.2", Framework.FASTAPI, Store.REDIS, "with_idemkit",
        (*_FASTAPI, _REDIS), configured=_BY_HEADER,
    ),
    Setup(
        "idemkit-postgres-scoped", "idemkit", "1.0.2", Framework.FASTAPI, Store.POSTGRES, "with_idemkit",
        (*_FASTAPI, "asyncpg==0.32.0"), configured=_BY_HEADER,
    ),
    Setup(
        "mobius-idempotence-library", "mobius-idempotence-library", "0.2.1", Framework.FASTAPI, Store.REDIS,
        "with_mobius_idempotence", (*_FASTAPI, _REDIS),
    ),
    Setup(
        "mobius-idempotence-lib", "mobius-idempotence-lib", "0.0.1", Framework.FASTAPI, Store.REDIS,
        "with_mobius_idempotence", (*_FASTAPI, _REDIS),
        notes="The same module as that of mobius-idempotence-library, of an earlier day.",
    ),
    Setup(
        "pyidempotent", "pyidempotent", "0.1.0", Framework.FASTAPI, Store.REDIS, "with_pyidempotent",
        (*_FASTAPI, _REDIS), notes="The application answers its three errors with 422, 409 and 400.",
    ),
    Setup(
        "pyidempotent-scoped", "pyidempotent", "0.1.0", Framework.FASTAPI, Store.REDIS, "with_pyidempotent",
        (*_FASTAPI, _REDIS), configured="`key_extractor` puts the `Authorization` header before the key",
        notes="The application answers its three errors with 422, 409 and 400.",
    ),
    Setup("idempot", "idempot", "1.0.0", Framework.FASTAPI, Store.REDIS, "with_idempot", (*_FASTAPI, "redis==6.4.0")),
    Setup(
        "idempot-created", "idempot", "1.0.0", Framework.FASTAPI, Store.REDIS, "with_idempot",
        (*_FASTAPI, "redis==6.4.0"), configured="`cache_on_status=[200, 201]`; by default it keeps 200 alone",
    ),
    Setup(
        "idempotency-kit", "idempotency-kit", "0.5.0", Framework.FASTAPI, Store.REDIS, "with_idempotency_kit",
        (*_FASTAPI, _REDIS, "orjson==3.13.0"), notes=_FINGERPRINTED,
    ),
    Setup(
        "idempotency-kit-scoped", "idempotency-kit", "0.5.0", Framework.FASTAPI, Store.REDIS, "with_idempotency_kit",
        (*_FASTAPI, _REDIS, "orjson==3.13.0"),
        configured="the key that it is given begins with the `Authorization` header", notes=_FINGERPRINTED,
    ),
    Setup(
        "lush-redisx", "lush-redisx", "0.1.2", Framework.FASTAPI, Store.REDIS, "with_lush_redisx", _FASTAPI,
        notes="It keeps keys and no answers: a used key is refused.",
    ),
    Setup(
        "lush-redisx-scoped", "lush-redisx", "0.1.2", Framework.FASTAPI, Store.REDIS, "with_lush_redisx", _FASTAPI,
        configured="`context_dependency` is the account of the token",
        notes="It keeps keys and no answers: a used key is refused.",
    ),
    Setup(
        "django-idempotency-key-memory", "django-idempotency-key", "1.3.0", Framework.DJANGO, Store.MEMORY,
        "with_django_idempotency_key", _DJANGO,
        notes="By default a used key is answered 409. The body is part of its key.",
    ),
    Setup(
        "django-idempotency-key-redis", "django-idempotency-key", "1.3.0", Framework.DJANGO, Store.REDIS,
        "with_django_idempotency_key", _DJANGO,
        configured="storage and lock in Redis, the lock with `TIMEOUT` 5, and `CONFLICT_STATUS_CODE=None`",
        notes="The body is part of its key.",
    ),
    Setup(
        "drf-idempotency-postgres", "drf-idempotency", "1.0.0", Framework.DJANGO, Store.POSTGRES,
        "with_drf_idempotency", _DJANGO,
    ),
    Setup(
        "drf-idempotency-redis", "drf-idempotency", "1.0.0", Framework.DJANGO, Store.REDIS, "with_drf_idempotency",
        (*_DJANGO, _REDIS),
    ),
    Setup(
        "drf-idem", "drf-idem", "0.1.1", Framework.DJANGO, Store.REDIS, "with_drf_idem", (*_DJANGO, _REDIS),
        notes="It is told to read `Idempotency-Key` in place of `X-Request-ID`.",
    ),
    Setup(
        "drf-idempotencykey", "drf-idempotencykey", "0.2.0", Framework.DJANGO, Store.POSTGRES,
        "with_drf_idempotencykey", _DJANGO,
    ),
    Setup(
        "djangorestframework-idempotency-key", "djangorestframework-idempotency-key", "1.0.3", Framework.DJANGO,
        Store.POSTGRES, "with_djangorestframework_idempotency_key", _DJANGO,
    ),
    Setup(
        "flask-idempotent", "flask-idempotent", "0.1.0", Framework.FLASK, Store.REDIS, "with_flask_idempotent",
        ("Flask==2.0.3", "Werkzeug==2.0.3", "Jinja2==3.0.3", "six==1.17.0", "gunicorn==27.0.1", _REDIS),
        notes="It imports `Markup` of Jinja2, which 3.1 lacks, so it stands on Flask 2.0. It is told which header "
        "has the key.",
    ),
    Setup(
        "flask-idempotent-scoped", "flask-idempotent", "0.1.0", Framework.FLASK, Store.REDIS, "with_flask_idempotent",
        ("Flask==2.0.3", "Werkzeug==2.0.3", "Jinja2==3.0.3", "six==1.17.0", "gunicorn==27.0.1", _REDIS),
        configured="the key that it finds begins with the `Authorization` header",
    ),
    Setup(
        "flask-idempotent2", "flask-idempotent2", "0.0.6", Framework.FLASK, Store.REDIS, "with_flask_idempotent2",
        ("Flask==2.2.5", "Werkzeug==2.2.3", "SQLAlchemy==2.0.44", "gunicorn==27.0.1", _REDIS),
        configured="the headers `Idempotency-Key` and `Authorization` are among what tells requests apart",
        notes="By default it tells requests apart by all but their headers, so that two keys with one body are one "
        "request. It imports what Flask 2.3 lacks.",
    ),
    Setup(
        "flask-once", "flask-once", "0.0.2", Framework.FLASK, Store.MEMORY, "with_flask_once", _FLASK,
        notes="It reads `Idempotent-Key`, so the application renames the header; its store is a dictionary.",
    ),
    Setup(
        "express-idempotency-memory", "express-idempotency", "1.0.6", Framework.EXPRESS, Store.MEMORY,
        "with_express_idempotency", _EXPRESS, notes="Express answers 500 by itself; no failure is reported.",
    ),
    Setup(
        "express-idempotency-redis", "express-idempotency", "1.0.6", Framework.EXPRESS, Store.REDIS,
        "with_express_idempotency", (*_EXPRESS, "express-idempotency-redis-adapter@1.0.8"),
        notes="Express answers 500 by itself; no failure is reported.",
    ),
    Setup(
        "express-idempotency-reported", "express-idempotency", "1.0.6", Framework.EXPRESS, Store.REDIS,
        "with_express_idempotency", (*_EXPRESS, "express-idempotency-redis-adapter@1.0.8"),
        configured="an error handler calls `reportError`, as its documentation has it, and Express answers 500",
    ),
    Setup(
        "node-idempotency-core-memory", "@node-idempotency/core", "1.0.11", Framework.EXPRESS, Store.MEMORY,
        "with_node_idempotency_core", (*_EXPRESS, "@node-idempotency/storage-adapter-memory@1.0.2"),
    ),
    Setup(
        "node-idempotency-core-redis", "@node-idempotency/core", "1.0.11", Framework.EXPRESS, Store.REDIS,
        "with_node_idempotency_core", (*_EXPRESS, "@node-idempotency/storage-adapter-redis@1.0.2"),
        notes=_EVERY_ANSWER,
    ),
    Setup(
        "node-idempotency-core-redis-scoped", "@node-idempotency/core", "1.0.11", Framework.EXPRESS, Store.REDIS,
        "with_node_idempotency_core", (*_EXPRESS, "@node-idempotency/storage-adapter-redis@1.0.2"),
        configured="`cacheKeyPrefix` has the `Authorization` header in it", notes=_EVERY_ANSWER,
    ),
)  # fmt: skip
"""Every set-up, in the order of the table."""

LEFT: Final = (
    Left(
        "fastapi-idempotent", "0.0.3",
        "it imports `aioredis`; its last version, 2.0.1, says `duplicate base class TimeoutError` to Python 3.11",
    ),
    Left("wyolet-primitives", "0.1.0", "it requires Python 3.13"),
    Left("wyolet-api-tools", "0.0.1", "it requires Python 3.13"),
    Left("msaas-idempotency", "0.1.0", "it requires Python 3.12"),
    Left("aws-lambda-powertools", "", "not tried: it is for functions that AWS Lambda calls"),
    Left("@aws-lambda-powertools/idempotency", "2.35.0", "not tried: it is for functions that AWS Lambda calls"),
    Left("kasper-idempotent", "0.1.0", "not tried: it is for functions, and knows nothing of HTTP"),
    Left("@node-idempotency/nestjs", "1.0.4", "not tried: it puts @node-idempotency/core 1.0.7 into NestJS"),
    Left("@node-idempotency/express", "", "the registry that this was run with does not have it"),
    Left("@node-idempotency/fastify", "", "the registry that this was run with does not have it"),
    Left("express-idempotency-middleware", "", "the registry that this was run with does not have it"),
)  # fmt: skip
"""Packages that were looked at and are not measured."""
