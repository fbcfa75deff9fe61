"""Webhooks of OpenAPI 3.1, and `x-webhooks` of documents before it: what the API sends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.ir import Location, Webhook
from samekey.lower.docs import described
from samekey.lower.extensions import INTERNAL
from samekey.lower.media import is_json, preferred_for_request
from samekey.lower.parameters import gather

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document.node import Node
    from samekey.lower.schemas import Schemas

_WORDS: Final = ("webhooks", "x-webhooks")


def lower_webhooks(
    root: Node, schemas: Schemas, methods: Iterable[str], *, hides_internal: bool = False
) -> tuple[Webhook, ...]:
    """Lower the webhooks with a JSON payload; others are reported.

    Args:
        root: the document.
        schemas: lowers the types of payloads.
        methods: the words under which operations stand in a path item.
        hides_internal: whether those that are marked `x-internal` are left out.
    """
    known = frozenset(methods)
    found: dict[str, Webhook] = {}
    for word in _WORDS:
        for name, element in root.items(word) if root.get(word) else ():
            item = element.follow()
            if item is None or not isinstance(item.value, dict):
                element.warn("webhook-lost", f"the webhook {name!r} is not a path item; it is missing from the output")
                continue
            for method, operation in item.items():
                if method not in known or (hides_internal and (item.flag(INTERNAL) or operation.flag(INTERNAL))):
                    continue
                webhook = _webhook(name, item, operation, schemas)
                if webhook is not None:
                    found.setdefault(name, webhook)
    return tuple(found.values())


def _webhook(name: str, item: Node, operation: Node, schemas: Schemas) -> Webhook | None:
    if not isinstance(operation.value, dict):
        return None
    holder = operation.get("requestBody")
    if holder is None:
        return None
    body = holder.follow()
    content = dict(body.items("content")) if body is not None and body.get("content") else {}
    media_type = preferred_for_request(list(content)) if content else ""
    schema = content[media_type].get("schema") if content else None
    if schema is None or not is_json(media_type):
        operation.warn("webhook-lost", f"the webhook {name!r} has no JSON payload; it is missing from the output")
        return None
    hint = (operation.text("operationId") or name, "payload")
    doc = operation.text("summary").strip() or described(operation)
    headers = tuple(node.text("name") for node in gather(item, operation) if node.text("in") == Location.HEADER.value)
    return Webhook(name, schemas.lower(schema, hint), doc, headers, operation.pointer, operation.source.uri)
