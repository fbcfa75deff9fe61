"""flask-once, as a decorator; its one header is `Idempotent-Key`, so the application renames the key's."""

from collections.abc import Callable, Iterable
from typing import Any

import flask_once
from flask import Flask
from flask_shop import shop


def renamed(wsgi: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return an application that is given the key in the header that the package reads."""

    def call(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if "HTTP_IDEMPOTENCY_KEY" in environ:
            environ["HTTP_IDEMPOTENT_KEY"] = environ.pop("HTTP_IDEMPOTENCY_KEY")
        return wsgi(environ, start)

    return call


application = shop(Flask(__name__), flask_once.idempotent())
application.cache = {}  # type: ignore[attr-defined]
flask_once.attach(application, application.cache)  # type: ignore[attr-defined]
application.wsgi_app = renamed(application.wsgi_app)  # type: ignore[method-assign]
