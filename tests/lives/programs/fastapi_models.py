"""A FastAPI application whose answers and fields are an SDK's models: `fastapi_models.py RESULT`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from acme_payments import AcmePayments, APIStatusError, AsyncAcmePayments, models
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

app = FastAPI()
client = AcmePayments()
async_client = AsyncAcmePayments()


class Order(BaseModel):
    """What a customer sends: fields of pydantic's own, and models of the SDK."""

    amount: int
    currency: models.Currency
    address: models.Address | None = None


class Receipt(BaseModel):
    """What a customer gets: a model of the SDK inside another model."""

    charge: models.Charge
    text: str


@app.exception_handler(APIStatusError)
def refused(_request: Request, error: APIStatusError) -> JSONResponse:
    """Answer as the API did."""
    return JSONResponse(error.body.to_dict(), error.status)


@app.post("/pay", status_code=201)
def pay(order: Order) -> models.Charge:
    """Charge an order; the answer is the model."""
    address = {} if order.address is None else {"billing_address": order.address}
    return client.charges.create(amount=order.amount, currency=order.currency, **address)


@app.get("/charges")
async def listed() -> list[models.Charge]:
    """Give a list of models, from within the loop."""
    return [charge async for charge in async_client.charges.list().limit(5)]


@app.get("/receipts/{identity}")
async def receipt(identity: str) -> Receipt:
    """Give a model inside a model."""
    charge = await async_client.charges.get(identity)
    return Receipt(charge=charge, text=f"{charge.amount} {charge.currency.value}")


def told() -> dict[str, Any]:
    """Ask for all views, and for the document that FastAPI writes of them."""
    with TestClient(app) as browser:
        address = {"line1": "1 Rue de la Paix", "city": "Paris", "country": "FR", "postal_code": "75002"}
        made = browser.post("/pay", json={"amount": 1999, "currency": "eur", "address": address})
        charge = made.json()
        schemas = browser.get("/openapi.json").json()
        return {
            "made": [made.status_code, charge],
            "invalid": browser.post("/pay", json={"amount": 1999, "currency": "eur", "address": {}}).status_code,
            "unknown": browser.post("/pay", json={"amount": 1999, "currency": "xyz"}).status_code,
            "refused": browser.get("/receipts/ch_none").status_code,
            "listed": browser.get("/charges").json(),
            "receipt": browser.get(f"/receipts/{charge['id']}").json(),
            "same": client.charges.get(charge["id"]).to_dict() == charge,
            "schema": schemas["paths"]["/pay"]["post"]["responses"]["201"]["content"]["application/json"]["schema"],
        }


if __name__ == "__main__":
    found = told()
    client.close()
    Path(sys.argv[1]).write_text(json.dumps(found), "utf-8")
