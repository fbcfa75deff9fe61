"""Calls for the emitted README and tests: as the document shows them, and with no more arguments than they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.emit.code import Code, source
from samekey.emit.documented import Documented, awaited
from samekey.emit.forms import Form, form_of
from samekey.emit.views import ExampleView
from samekey.ir import ListOf, Safety
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from samekey.ir import Api, Model, Operation, TypeDef
    from samekey.names import Names


class Examples(Struct, frozen=True):
    """Makes calls of operations.

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

    def of_each_kind(self) -> dict[str, ExampleView | None]:
        """Return the calls that the README begins with, by what they show; None for what no operation does."""
        detailed = set(Form) - {Form.STREAM}
        return {
            "keyed": self.first({Safety.KEYED}, detailed),
            "safe": self.first({Safety.SAFE}, detailed),
            "paged": self.first(set(Safety), {Form.PAGES}),
            "stream": self.first(set(Safety), {Form.STREAM}),
            "streamable": self.first(set(Safety), {Form.EITHER}),
            "download": self.first(set(Safety), {Form.BYTES}),
        }

    def first(self, safeties: Collection[Safety], forms: Collection[Form]) -> ExampleView | None:
        """Return a call of the first operation that fits, preferring those that create or list; None for none.

        One that the document discourages is shown to nobody, and type checkers would refuse it in the SDK's own tests.

        Args:
            safeties: what sending it twice may do.
            forms: what it gives.
        """
        fitting = [
            operation
            for operation in self.api.operations
            if operation.safety in safeties and form_of(operation) in forms and not operation.deprecated
        ]
        fitting.sort(key=self._is_unusual)
        examples = (self._example(operation) for operation in fitting)
        return next((example for example in examples if example is not None), None)

    def _is_unusual(self, operation: Operation) -> bool:
        method = self.names.methods[operation.key].method
        return "{" in operation.path or method not in {"create", "list"}

    def _example(self, operation: Operation) -> ExampleView | None:
        documented = Documented(self.api, self.names, self.types, self.models, only_required=True)
        arguments = documented.arguments(operation)
        if arguments is None:
            return None
        shown = documented.call(operation, arguments)
        return ExampleView(shown.call, shown.arguments, _answer(operation), shown, awaited(shown))


def _answer(operation: Operation) -> Code:
    """Return a body that comes back in a response; the tolerant decoder takes an empty object for any model."""
    kinds = [response.type for response in successes(operation.responses) if response.type is not None]
    return source("[]") if kinds and isinstance(kinds[0], ListOf) else source("{}")
