"""Documents of any size, written for the benchmarks: a resource has five operations and four schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

BODY: Final[dict[str, Any]] = {
    "amount": 4999,
    "currency": "usd",
    "customer": "cus_9s6XKzkNRiz8i3",
    "description": "Order 66 of 2026, two boxes, to be paid on delivery",
    "metadata": {"order": "66", "channel": "web", "cart": "c_81f2", "campaign": "autumn", "invoice": "INV-2026-0066"},
    "payment_method": {"type": "card", "number": "4242424242424242", "exp_month": 4, "exp_year": 2030, "cvc": "123"},
}
"""A charge as the payments document takes it."""
OPERATIONS: Final = 5
"""Of each resource."""
_WORDS: Final = (
    "amount", "currency", "customer", "description", "reference", "region", "channel", "priority", "quantity", "score",
)  # fmt: skip
_KINDS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "integer", "minimum": 0},
    {"type": "string", "maxLength": 200},
    {"type": "string", "format": "date-time"},
    {"type": "boolean"},
    {"type": "number"},
    {"type": "array", "items": {"type": "string"}},
)


def document(operations: int) -> dict[str, Any]:
    """Build a document of at least so many operations."""
    count = -(-operations // OPERATIONS)
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _object({"message": {"type": "string"}})}
    for number in range(count):
        paths |= _paths(number)
        schemas |= _schemas(number, count)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Bench {operations}", "version": "1.0.0", "description": "Made for measuring."},
        "servers": [{"url": "https://bench.example/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def item(number: int) -> dict[str, Any]:
    """Build an object of the schema `Item0Out`, with another inside."""
    values = (
        number,
        "eur",
        "2026-11-24T10:00:00Z",
        True,
        2.5,
        ["red", "blue"],
        4,
        "high",
        "2026-11-25T10:00:00Z",
        False,
    )
    fields = dict(zip(_WORDS, values, strict=True))
    return {"id": f"it_{number}", "state": "open", "origin": {"note": "A note.", **fields}, **fields}


def write(operations: int, path: Path) -> Path:
    """Write a document of at least so many operations as JSON."""
    path.write_text(json.dumps(document(operations), indent=2), "utf-8")
    return path


def _paths(number: int) -> dict[str, Any]:
    name = f"Item{number}"
    tag = {"tags": [f"group {number // 8}"]}
    key = {"name": "item_id", "in": "path", "required": True, "schema": {"type": "string"}}
    one, many = _answer(f"{name}Out"), _answer(f"{name}Page")
    new, change = _body(f"{name}In"), _body(f"{name}Change")
    query = [_query("limit", {"type": "integer"}), _query("cursor", {"type": "string"}), _query("q", _KINDS[1])]
    return {
        f"/items{number}": {
            "get": {**tag, "operationId": f"list{name}s", "summary": "List them.", "parameters": query, **many},
            "post": {**tag, "operationId": f"create{name}", "summary": "Create one.", **new, **one},
        },
        f"/items{number}/{{item_id}}": {
            "parameters": [key],
            "get": {**tag, "operationId": f"get{name}", "summary": "Read one.", **one},
            "patch": {**tag, "operationId": f"update{name}", "summary": "Change one.", **change, **one},
            "delete": {**tag, "operationId": f"delete{name}", "responses": {"204": {"description": "Gone."}}},
        },
    }


def _schemas(number: int, count: int) -> dict[str, Any]:
    name = f"Item{number}"
    states = {"type": "string", "enum": ["new", "open", "settled", f"kind_{number % 7}"]}
    other = {"$ref": f"#/components/schemas/Item{(number * 7 + 3) % count}In"}
    return {
        f"{name}Out": _object({"id": {"type": "string"}, "state": states, "origin": other}),
        f"{name}In": _object({"note": {"type": "string"}}),
        f"{name}Change": {"type": "object", "properties": {"note": {"type": ["string", "null"]}, "state": states}},
        f"{name}Page": {
            "type": "object",
            "required": ["data"],
            "properties": {
                "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}Out"}},
                "next_cursor": {"type": "string"},
                "has_more": {"type": "boolean"},
            },
        },
    }


def _object(more: dict[str, Any]) -> dict[str, Any]:
    fields = {
        word: {**_KINDS[place % len(_KINDS)], "description": f"The {word} of it."} for place, word in enumerate(_WORDS)
    }
    return {
        "type": "object",
        "description": "One of many.",
        "required": [*more, "amount", "currency"],
        "properties": {**more, **fields},
    }


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _body(name: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": _json(name)}}


def _answer(name: str) -> dict[str, Any]:
    refused = {"description": "Refused.", "content": _json("Problem")}
    return {"responses": {"200": {"description": "Done.", "content": _json(name)}, "4XX": refused}}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
