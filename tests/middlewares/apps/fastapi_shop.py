"""The payments application on FastAPI, around whose one route that charges a package is put."""

import asyncio
from collections.abc import Callable
from typing import Any

from charges import FAILS, TAKES, HookError, account_of, charge, charges_of
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel


class ChargeCreate(BaseModel):
    """What is to be charged."""

    amount: int
    currency: str


def account(request: Request) -> str:
    """Return the account that asks."""
    found = account_of(request.headers.get("authorization"))
    if found is None:
        raise HTTPException(401)
    return found


async def create_charge(request: Request, payload: ChargeCreate) -> dict[str, Any]:
    """Charge, slowly."""
    who = account(request)
    await asyncio.sleep(TAKES)
    made = charge(who, payload.amount, payload.currency)
    if request.headers.get("x-fail") == FAILS:
        raise HookError("the money has moved, and now this")
    return made


async def respond(request: Request, payload: ChargeCreate) -> JSONResponse:
    """Charge, slowly, for packages that want a response of the handler."""
    return JSONResponse(await create_charge(request, payload), 201)


async def list_charges(request: Request) -> dict[str, Any]:
    """List the charges of the account."""
    return {"data": charges_of(account(request))}


def shop(
    around: Callable[..., Any] = lambda handler: handler, route_class: type[APIRoute] = APIRoute, **settings: Any
) -> FastAPI:
    """Return the application.

    Args:
        around: a decorator of the handler that charges.
        route_class: the class of the routes.
        settings: more arguments of `FastAPI`.
    """
    app = FastAPI(**settings)
    app.router.route_class = route_class
    app.post("/charges", status_code=201)(around(create_charge))
    app.get("/charges")(list_charges)
    return app
