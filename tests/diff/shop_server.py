"""The shop behind a transport of httpx: it keeps to its document, of today."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import httpx

Document = Any


class ShopServer:
    """Answers as a document of the shop says: its limits, its defaults, its types.

    Args:
        document: the document.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.lost = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        body: dict[str, Any] = json.loads(request.content) if request.content else {}
        if body.get("item") == "lost" and not self.lost:
            self.lost += 1
            raise httpx.ReadError("the answer is lost", request=request)
        path = request.url.path.removeprefix("/v2")
        is_open = "security" in self._operation("/health", "get")
        if path == "/health" and "authorization" not in request.headers and not is_open:
            return httpx.Response(401)
        parts = path.strip("/").split("/")
        match request.method:
            case "GET":
                return self._read(parts, request)
            case "POST":
                return self._made(parts, body)
            case _:
                return self._deleted()

    def _read(self, parts: list[str], request: httpx.Request) -> httpx.Response:
        match parts:
            case ["orders"]:
                return self._orders(dict(parse_qsl(request.url.query.decode())))
            case ["orders", "none"]:
                return httpx.Response(404, json={"code": "none", "name": "none"})
            case ["orders", identity]:
                return httpx.Response(200, json=self._order(identity))
            case ["orders", order, "lines", line] | ["lines", line, "orders", order]:
                return httpx.Response(200, json={"order": order, "line": line})
            case _:
                return self._event(request)

    def _event(self, request: httpx.Request) -> httpx.Response:
        said = json.dumps(self._operation(request.url.path, "get"))
        is_problem = "schemas/Problem" in said and "schemas/Event" not in said
        event = {"code": "e"} if is_problem else {"code": "e", "name": "e"}
        if "text/event-stream" not in request.headers.get("accept", ""):
            return httpx.Response(200, json=event)
        head = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=head, text=f"data: {json.dumps(event)}\n\n")

    def _deleted(self) -> httpx.Response:
        has_body = "200" in self._operation("/orders/{order_id}", "delete")["responses"]
        return httpx.Response(200, json="gone") if has_body else httpx.Response(204)

    def _operation(self, path: str, method: str) -> Document:
        return self.document["paths"].get(path, {}).get(method, {})

    def _orders(self, query: dict[str, str]) -> httpx.Response:
        parameters = {entry["name"]: entry for entry in self._operation("/orders", "get")["parameters"]}
        usual: int = parameters["limit"]["schema"]["default"] if "limit" in parameters else 20
        limit = int(query["limit"]) if "limit" in query else usual
        return httpx.Response(200, json={"orders": [self._order(str(number)) for number in range(limit)]})

    def _made(self, parts: list[str], body: dict[str, Any]) -> httpx.Response:
        if parts != ["orders"]:
            return httpx.Response(201, json=self._order("1"))
        content = self._operation("/orders", "post")["requestBody"]["content"]
        if body.get("quantity", 1) > content["application/json"]["schema"]["properties"]["quantity"]["maximum"]:
            return httpx.Response(422, json={"code": "too many"})
        made = self._order("1")
        if "address" in body:
            country = self.document["components"]["schemas"]["Address"]["properties"]["country"]["default"]
            made["address"] = {"country": country, **body["address"]}
        return httpx.Response(201, json=made)

    def _order(self, identity: str) -> dict[str, Any]:
        schemas = self.document["components"]["schemas"]
        order = schemas["Order"]
        total: object = "1" if order["properties"]["total"] == {"type": "string"} else 1
        status = schemas["Status"].get("enum", [{}])[0]
        made = {"id": identity, "status": status, "total": total}
        if "ref" in order["required"]:
            made["ref"] = "r"
        return made | ({"payment": {"kind": "card", "last4": "4242"}} if identity == "paid" else {})
