"""What other SDKs cost: their imports and their calls, each against httpx by hand in the same process.

Run by `benchmarks.report` in an environment that has them; those that are missing are left out.
"""

from __future__ import annotations

import importlib.util
import json
import uuid
from typing import TYPE_CHECKING, Any, Final

import httpx

from benchmarks.documents import BODY
from benchmarks.measure import Row, compared, paired, tell
from benchmarks.processes import imports
from benchmarks.server import CHARGE, serving

if TYPE_CHECKING:
    from collections.abc import Callable

CHAT: Final = {
    "id": "chatcmpl-1Q2w3e4r5t6y", "object": "chat.completion", "created": 1795000000, "model": "small",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Two."}}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28},
    "system_fingerprint": "fp_44709d6fcb", "service_tier": "default",
}  # fmt: skip
MESSAGE: Final = {
    "id": "msg_1Q2w3e4r5t6y", "type": "message", "role": "assistant", "model": "small", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Two boxes, order 66 of 2026, to be paid on delivery at the door."}],
    "stop_sequence": None, "usage": {"input_tokens": 20, "output_tokens": 8, "cache_read_input_tokens": 0},
}  # fmt: skip
ZONE: Final = {
    "success": True, "errors": [], "messages": [],
    "result": {
        "id": "023e105f4ecef8ad9ca31a8372d0c353", "name": "example.com", "status": "active", "type": "full",
        "account": {"id": "023e105f4ecef8ad9ca31a8372d0c353", "name": "Example"},
        "name_servers": ["a.example", "b.example"],
        "created_on": "2026-01-01T05:20:00.12345Z", "modified_on": "2026-01-01T05:20:00.12345Z", "meta": {"step": 2},
    },
}  # fmt: skip
WHOLE_CHARGE: Final = json.loads(CHARGE)
WHOLE_CHARGE["payment_method"] |= {"number": "4242424242424242", "cvc": "123"}
"""With what is only written, which openapi-python-client wants to read as well."""
TEXT: Final = "What was in order 66 of 2026, how was it paid, and where did it go? Answer in one line, please. " * 3
TURNS: Final = [{"role": "user", "content": TEXT}]


def openai(url: str) -> Callable[[], object]:
    """Return a function that makes a chat completion at a URL."""
    from openai import OpenAI  # noqa: PLC0415

    client: Any = OpenAI(api_key="t", base_url=url)
    return lambda: client.chat.completions.create(model="small", messages=TURNS)


def anthropic(url: str) -> Callable[[], object]:
    """Return a function that makes a message at a URL."""
    from anthropic import Anthropic  # noqa: PLC0415

    client: Any = Anthropic(api_key="t", base_url=url)
    return lambda: client.messages.create(model="small", max_tokens=100, messages=TURNS)


def stripe(url: str) -> Callable[[], object]:
    """Return a function that makes a charge at a URL."""
    from stripe import StripeClient  # noqa: PLC0415

    client: Any = StripeClient("sk_test_t", base_addresses={"api": url})
    fields = {"amount": 4999, "currency": "usd", "description": TEXT, "metadata": {"order": "66", "channel": "web"}}
    return lambda: client.v1.charges.create(fields)


def cloudflare(url: str) -> Callable[[], object]:
    """Return a function that makes a zone at a URL."""
    from cloudflare import Cloudflare  # noqa: PLC0415

    client: Any = Cloudflare(api_token="t", base_url=url)  # noqa: S106
    return lambda: client.zones.create(
        account={"id": "023e"}, name="example.com", type="full", extra_body={"note": TEXT}
    )


def openapi_python_client(url: str) -> Callable[[], object]:
    """Return a function that makes a charge by the payments document; it has no way to send a key that works."""
    from opc_payments.api.charges import create_charge  # noqa: PLC0415
    from opc_payments.client import AuthenticatedClient  # noqa: PLC0415
    from opc_payments.models.charge_create import ChargeCreate  # noqa: PLC0415

    client: Any = AuthenticatedClient(base_url=url, token="t")  # noqa: S106
    return lambda: create_charge.sync(client=client, body=ChargeCreate.from_dict(BODY))


PEERS: Final[dict[str, tuple[Callable[[str], Callable[[], object]], dict[str, Any]]]] = {
    "openai": (openai, CHAT),
    "anthropic": (anthropic, MESSAGE),
    "stripe": (stripe, json.loads(CHARGE)),
    "cloudflare": (cloudflare, ZONE),
    "opc_payments": (openapi_python_client, WHOLE_CHARGE),
}


def call(name: str) -> Row:
    """Measure a call through a peer against the same by hand."""
    make, answer = PEERS[name]
    status = "201 Created" if name == "opc_payments" else "200 OK"
    with serving(json.dumps(answer).encode(), status) as url:
        ours = make(url)
        bare = httpx.Client(base_url=url, headers={"Authorization": "Bearer t"})
        body = {"model": "small", "messages": TURNS}

        def by_hand() -> object:
            return bare.post("/x", json=body, headers={"Idempotency-Key": str(uuid.uuid4())}).json()

        return compared(f"{name}: a call", "httpx by hand", 0, paired(ours, by_hand, rounds=20, number=30))


if __name__ == "__main__":
    here = [name for name in PEERS if importlib.util.find_spec(name) is not None]
    operation = {"opc_payments": "opc_payments.api.charges.create_charge"}
    tell([*imports({operation.get(name, name): 0.0 for name in here}), *map(call, here)])
