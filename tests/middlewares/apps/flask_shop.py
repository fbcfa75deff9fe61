"""The payments application on Flask."""

from collections.abc import Callable
from typing import Any

from charges import account_of, charges_of, slowly_charge
from flask import Flask, Response, abort, jsonify, request


def account() -> str:
    """Return the account that asks."""
    found = account_of(request.headers.get("Authorization"))
    if found is None:
        abort(401)
    return found


def create_charge() -> Response:
    """Charge, slowly."""
    who, sent = account(), request.get_json()
    response = jsonify(slowly_charge(who, sent["amount"], sent["currency"], request.headers.get("X-Fail")))
    response.status_code = 201
    return response


def list_charges() -> Response:
    """List the charges of the account."""
    return jsonify({"data": charges_of(account())})


def shop(app: Flask, around: Callable[..., Any] = lambda handler: handler) -> Flask:
    """Return an application with its routes; `around` decorates the handler that charges."""
    app.add_url_rule("/charges", "create", around(create_charge), methods=["POST"])
    app.add_url_rule("/charges", "list", list_charges, methods=["GET"])
    return app
