"""Calls for the emitted README and tests: arguments that type-check, and bodies that may come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.emit.code import Code, source
from samekey.emit.documented import Documented
from samekey.emit.forms import Form, form_of
from samekey.emit.views import ExampleView
from samekey.ir import ListOf
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from samekey.ir import Api, Model, Operation, Safety, TypeDef
    from samekey.names import Names


class Examples(Struct, frozen=True):
    """Makes up calls of operations.

    Args:
        api: the whole API.
        names: the Python names.
        types: type definitions by id.
        models: models by id.
    """

    api: Api
    names: Names
    types: Mapping[str, TypeDef]
    models: Mapping[str, Model]

    def first(self, safeties: Collection[Safety], forms: Collection[Form]) -> ExampleView | None:
        """Return a made-up call of the first operation that fits, preferring those that create or list; None for none.

        Args:
            safeties: what sending it twice may do.
            forms: what it gives.
        """
        fitting = [
            operation
            for operation in self.api.operations
            if operation.safety in safeties and form_of(operation) in forms
        ]
        fitting.sort(key=self._is_unusual)
        examples = (self._example(operation) for operation in fitting)
        return next((example for example in examples if example is not None), None)

    def _is_unusual(self, operation: Operation) -> tuple[bool, bool]:
        method = self.names.methods[operation.key].method
        return operation.deprecated, "{" in operation.path or method not in {"create", "list"}

    def _example(self, operation: Operation) -> ExampleView | None:
        made_up = Documented(self.api, self.names, self.types, self.models, uses_examples=False)
        arguments = made_up.arguments(operation)
        if arguments is None:
            return None
        found = made_up.call(operation, arguments)
        return ExampleView(found.call, found.arguments, _answer(operation))


def _answer(operation: Operation) -> Code:
    """Return a body that comes back in a response; the tolerant decoder takes an empty object for any model."""
    kinds = [response.type for response in successes(operation.responses) if response.type is not None]
    return source("[]") if kinds and isinstance(kinds[0], ListOf) else source("{}")
