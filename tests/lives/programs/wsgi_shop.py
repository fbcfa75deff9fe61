"""A WSGI application whose client is made, and used once, when it is imported; for gunicorn and uWSGI."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from paying import client as make
from paying import pay

client = make()
atexit.register(client.close)
pay(client, f"early {os.getpid()}")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Pay for what the query names."""
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    content = json.dumps(pay(client, query["item"], query.get("key"))).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
