"""flask-idempotent, as an extension that is told where the key is; the account is in it where it is configured."""

from typing import Any

from flask import Flask
from flask_idempotent import Idempotent
from flask_shop import shop
from wired import CONFIGURED, REDIS


def key_of(request: Any) -> str | None:
    """Return the key of a request."""
    key = request.headers.get("Idempotency-Key")
    return f"{request.headers.get('Authorization')} {key}" if key and CONFIGURED else key


application = shop(Flask(__name__))
application.config["REDIS_URL"] = REDIS
Idempotent(application).key_finder(key_of)
