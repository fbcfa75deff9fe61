"""Every route of small applications is called through the SDK of what their frameworks export; the framework judges."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import inspect

from tests.hard_cases.sdk import Sdk, make

APPS = Path(__file__).parent / "apps"
PATIENCE = 60.0
PRICE = Decimal("12.50")


@dataclass(frozen=True)
class Shop:
    """An application.

    Args:
        app: its file, without the ending.
        package: what it needs.
        slash: what its paths end in.
        note: where the words beside a cover travel.
    """

    app: str
    package: str
    slash: str = ""
    note: str = "body"


SHOPS = [
    Shop("fastapi_app", "fastapi"),
    Shop("django_app", "drf_spectacular", slash="/"),
    Shop("litestar_app", "litestar"),
    Shop("flask_smorest_app", "flask_smorest", note="query"),
]


def needed(shop: Shop) -> Any:  # noqa: ANN401  # a row of a table
    """A row that is skipped where the framework is not installed."""
    missing = importlib.util.find_spec(shop.package) is None
    mark = pytest.mark.skipif(missing, reason=f"{shop.package} is not installed (make frameworks installs it)")
    return pytest.param(shop, marks=mark, id=shop.package)


@contextmanager
def serving(app: Path) -> Generator[str]:
    """The base URL of an application that runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, app, str(port)])
    try:
        until = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None, "the application ended"
            assert time.monotonic() < until, "the application does not listen"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


class Caller:
    """Calls operations by what they are on the wire, and keeps which ones were called.

    Args:
        sdk: the SDK.
        client: a client of it.
    """

    def __init__(self, sdk: Sdk, client: Any) -> None:  # noqa: ANN401  # of a generated class
        document = load(str(sdk.document), Diagnostics())
        assert document is not None
        self._rows = {f"{row.method} {row.path}": row for row in inspect(document, Config()) or []}
        self._client = client
        self.uncalled = set(self._rows)

    def __call__(self, operation: str, values: Mapping[tuple[str, str], object] | None = None) -> Any:  # noqa: ANN401
        """Call an operation with arguments by place and name on the wire."""
        row, given = self._rows[operation], dict(values or {})
        arguments = {entry.name: given.pop((entry.location, entry.wire)) for entry in row.parameters
                     if (entry.location, entry.wire) in given}  # fmt: skip
        assert not given, f"{operation} has no {list(given)}"
        self.uncalled.discard(operation)
        return attrgetter(row.call)(self._client)(**arguments)


@pytest.mark.parametrize("shop", [needed(shop) for shop in SHOPS])
def test_every_route_is_called(shop: Shop, tmp_path: Path) -> None:
    """A book is made, found, listed, changed, covered and removed, and somebody logs in; what comes back is typed."""
    app = APPS / f"{shop.app}.py"
    exported = subprocess.run([sys.executable, app, "--document"], capture_output=True, check=True, timeout=PATIENCE)
    home = tmp_path / "openapi.json"
    home.write_bytes(exported.stdout)
    sdk = make(home, tmp_path / "sdk")
    assert not sdk.diagnostics.failed
    end = shop.slash
    one, all_ = f"/books/{{book_id}}{end}", f"/books{end}"
    with serving(app) as url, sdk.client(base_url=url) as client:
        call = Caller(sdk, client)
        draft = {"title": "Faust é", "price": PRICE, "kind": "poem", "printed": dt.date(1808, 1, 2), "tags": ["a", "b"]}
        book = call(f"POST {all_}", {("body", name): value for name, value in draft.items()})
        key = {("path", "book_id"): book.id}
        assert (book.title, book.kind, book.printed, book.tags) == ("Faust é", "poem", dt.date(1808, 1, 2), ["a", "b"])
        assert Decimal(str(book.price)) == PRICE
        assert isinstance(book.made, dt.datetime)
        assert call(f"GET {one}", key) == book
        other = call(f"POST {all_}", {("body", "title"): "Werther", ("body", "price"): Decimal(9)})
        assert (other.kind, other.printed) == ("novel", None)
        listed = call(f"GET {all_}", {("query", "kind"): ["poem"], ("query", "limit"): 5})
        assert list(listed) == [book]
        assert len(list(call(f"GET {all_}"))) == 2
        changed = call(f"PATCH {one}", {**key, ("body", "title"): "Urfaust"})
        assert (changed.title, changed.tags, changed.id) == ("Urfaust", ["a", "b"], book.id)
        file = {("body", "file"): ("cover.png", b"\x89PNG\xff", "image/png"), (shop.note, "note"): "blue"}
        cover = call(f"POST /books/{{book_id}}/cover{end}", {**key, **file})
        assert (cover.name, cover.size, cover.note) == ("cover.png", 5, "Urfaust: blue")
        login = call(f"POST /login{end}", {("body", "username"): "eve", ("body", "password"): "p&= é"})
        token = login["token"] if isinstance(login, dict) else login.token  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        assert token == "eve 5"  # noqa: S105  # what the applications answer
        assert call(f"DELETE {one}", key) is None
        with pytest.raises(sdk.module.NotFoundError):
            call(f"GET {one}", key)
        assert not call.uncalled
        if shop.package in {"fastapi", "litestar"}:
            assert json.loads(exported.stdout)["openapi"].startswith("3.1")
