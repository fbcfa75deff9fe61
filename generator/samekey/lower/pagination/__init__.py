"""Lists in pages: found by the config, by other generators' extensions, else by shapes of parameters and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from samekey.lower.pagination.explicit import by_config, by_extension
from samekey.lower.pagination.inferred import shaped
from samekey.lower.pagination.listing import Listing
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.pagination import ConfiguredPages
    from samekey.document.diagnostics import Diagnostics
    from samekey.document.node import Node
    from samekey.ir import Body, Paging, Param, Response, TypeDef


class Pages(Struct, frozen=True):
    """Finds out how the pages of operations follow each other.

    Args:
        types: type definitions by id.
        config: what the config file says of pages; it weighs more than the document.
        used: the keys of the config that an operation answers to, as they are met.
    """

    types: Mapping[str, TypeDef]
    config: Mapping[str, ConfiguredPages] = field(default_factory=dict[str, "ConfiguredPages"])
    used: set[str] = field(default_factory=set[str])

    def of(
        self,
        node: Node,
        method: str,
        path: str,
        params: tuple[Param, ...],
        body: Body | None,
        responses: tuple[Response, ...],
    ) -> Paging | None:
        """Return how the pages of an operation follow each other; None where it gives no pages.

        Args:
            node: the operation.
            method: the HTTP method in capitals.
            path: the path template.
            params: its parameters.
            body: its request body.
            responses: its answers.
        """
        configured = self._configured(node, method, path)
        answers = [response for response in successes(responses) if response.type is not None]
        kinds = {response.type for response in answers}
        kind = answers[0].type if len(kinds) == 1 else None
        if kind is None or any(response.stream is not None for response in answers):
            if configured is not None and configured.pages is not None:
                message = "this operation gives no list that could have pages"
                node.document.diagnostics.error("config-invalid", message, configured.place)
            return None
        links = any(response.links for response in answers)
        listing = Listing(node, method, path, params, body, kind, links, self.types)
        if configured is not None:
            return by_config(listing, configured)
        return by_extension(listing) or shaped(listing)

    def report_unused(self, known: Iterable[tuple[str, str, str]], diagnostics: Diagnostics) -> None:
        """Report what the config says of the pages of operations that are not in the document.

        Args:
            known: the id, the method and the path of each operation of the document.
            diagnostics: the sink for findings.
        """
        names = {name for identity, method, path in known for name in (identity, f"{method} {path}")}
        for key, entry in self.config.items():
            if key not in self.used and key not in names:
                diagnostics.warning(
                    "pagination-unused",
                    f"no operation has the id {key!r}, or this method and path",
                    entry.place,
                    "write an operationId, or a method and path such as `GET /charges`",
                )

    def _configured(self, node: Node, method: str, path: str) -> ConfiguredPages | None:
        keys = [key for key in (node.text("operationId"), f"{method} {path}") if key in self.config]
        self.used.update(keys)
        return self.config[keys[0]] if keys else None
