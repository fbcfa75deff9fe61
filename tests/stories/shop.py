"""A web shop that takes money through the payments SDK; an order keeps the key of its payment."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from acme_payments import AcmePayments, APIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_SCHEMA = "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, amount INTEGER, payment_key TEXT, charge TEXT)"


class CrashError(Exception):
    """The shop dies between the charge and its own database."""


class Shop:
    """The shop.

    Args:
        path: its database.
        payments: the SDK's client.
        crashes: how often it dies after a charge, before it has written it down.
    """

    def __init__(self, path: Path, payments: AcmePayments, crashes: int = 0) -> None:
        self._path = path
        self._payments = payments
        self._crashes = crashes
        with self._database() as database:
            database.execute(_SCHEMA)
        self.app = Starlette(
            routes=[
                Route("/orders", self.order, methods=["POST"]),
                Route("/orders/{id:int}/pay", self.pay, methods=["POST"]),
            ]
        )

    def _database(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._path, isolation_level=None))

    async def order(self, request: Request) -> Response:
        """Take an order; the key of its payment is made here, and saved with it."""
        wanted = await request.json()
        with self._database() as database:
            key = str(uuid.uuid4())
            row = database.execute("INSERT INTO orders (amount, payment_key) VALUES (?, ?)", (wanted["amount"], key))
            return JSONResponse({"id": row.lastrowid}, 201)

    def pay(self, request: Request) -> Response:
        """The customer presses the button, once or several times."""
        number = request.path_params["id"]
        with self._database() as database:
            amount, key = database.execute("SELECT amount, payment_key FROM orders WHERE id = ?", (number,)).fetchone()
            try:
                charge = self._payments.charges.create(amount=amount, currency="eur", idempotency_key=key)
            except APIError as error:
                return JSONResponse({"certainty": error.certainty}, 502)
            if self._crashes:
                self._crashes -= 1
                raise CrashError
            database.execute("UPDATE orders SET charge = ? WHERE id = ?", (charge.id, number))
        return JSONResponse({"charge": charge.id})

    def charge_of(self, number: int) -> str | None:
        """The charge that the shop knows of."""
        with self._database() as database:
            found: str | None = database.execute("SELECT charge FROM orders WHERE id = ?", (number,)).fetchone()[0]
            return found
