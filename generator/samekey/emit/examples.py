"""Calls for the emitted README and tests: arguments that type-check, and bodies that may come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.emit import code
from samekey.emit.code import Code, source
from samekey.emit.forms import Form, form_of, given_fields
from samekey.emit.samples import Sampler
from samekey.emit.views import ExampleView
from samekey.ir import ListOf
from samekey.lower.statuses import successes
from samekey.names import BODY, spread_model

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from samekey.ir import Api, Model, Operation, Safety, Type, TypeDef
    from samekey.names import Names

_EMPTY: Final = frozenset({"[]", "{}"})
"""Samples that a path cannot hold."""


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
        arguments = self._arguments(operation)
        if arguments is None:
            return None
        place = self.names.methods[operation.key]
        return ExampleView(
            call=code.dotted(*map(code.identifier, place.call.split("."))),
            arguments=arguments,
            answer=_answer(operation),
        )

    def _arguments(self, operation: Operation) -> Code | None:
        sampler = Sampler(self.types)
        entries: list[tuple[Code, Code]] = []
        for name, kind in self._needed(operation):
            value = sampler.value(kind)
            if value is None or (not name and value in _EMPTY):
                return None
            entries.append((name, value))
        return code.assigned(entries)

    def _needed(self, operation: Operation) -> list[tuple[Code, Type]]:
        """Return the required arguments by name; those of the path come without a name."""
        arguments = self.names.arguments
        needed: list[tuple[Code, Type]] = []
        for param in operation.params:
            if param.required:
                name = code.identifier(arguments[operation.key, param.location, param.name])
                needed.append((source("") if param.is_positional else name, param.type))
        model = spread_model(operation, self.models)
        if model is not None:
            fields = [field for field in given_fields(operation, model) if field.required and field.constant is None]
            needed += [(code.identifier(arguments[operation.key, BODY, field.name]), field.type) for field in fields]
        elif operation.body is not None and operation.body.required:
            needed.append((code.identifier(arguments[operation.key, BODY, BODY]), operation.body.type))
        return needed


def _answer(operation: Operation) -> Code:
    """Return a body that comes back in a response; the tolerant decoder takes an empty object for any model."""
    kinds = [response.type for response in successes(operation.responses) if response.type is not None]
    return source("[]") if kinds and isinstance(kinds[0], ListOf) else source("{}")
