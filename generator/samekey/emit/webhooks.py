"""The module that decodes webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.emit import code, symbols
from samekey.emit.annotations import Annotator
from samekey.emit.views import WebhooksModule, WebhookView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.ir import Api, TypeDef
    from samekey.names import Names


def plan_webhooks(api: Api, names: Names, types: Mapping[str, TypeDef]) -> WebhooksModule | None:
    """Return the view of the module that decodes webhooks; None where the document has no webhooks."""
    if not api.webhooks:
        return None
    annotator = Annotator(names, types, symbols.MODELS)
    entries = tuple(
        WebhookView(
            code.literal(webhook.name),
            code.span(webhook.name),
            code.thunk(annotator.output(webhook.type)),
            annotator.output(webhook.type),
            code.prose(webhook.doc),
        )
        for webhook in api.webhooks
    )
    return WebhooksModule(symbols.imports(entries, "."), entries)
