"""What the API sends by itself: payloads of webhooks to typed values."""

from __future__ import annotations

from .codec.json import DecodeFailureError, decode
from .retry.loop import log


class WebhookDecodeError(ValueError):
    """The payload of a webhook cannot be read."""


def decode_webhook(name: str, payload: bytes | str, kind: object, *, strict: bool = False) -> object:
    """Decode the payload of a webhook as it came; what does not match its schema is kept as plain JSON.

    Check the sender's signature over the same bytes first, as the API's documentation says.

    Args:
        name: the webhook.
        payload: the body of the request, not yet parsed.
        kind: its type.
        strict: raise where it does not match its schema.

    Raises:
        WebhookDecodeError: it is not JSON, or does not match its schema and that was asked for.
    """
    content = payload.encode() if isinstance(payload, str) else payload
    try:
        decoded = decode(content, kind, strict=strict)
    except DecodeFailureError as error:
        raise WebhookDecodeError(f"the payload of the webhook {name!r} cannot be read ({error})") from error
    if decoded.problem:
        log.warning("webhook %s: the payload does not match its schema: %s", name, decoded.problem)
    return decoded.value
