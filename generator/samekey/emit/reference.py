"""What api.md says of each call: its arguments, what it gives, where it stands, and an example."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.emit import code
from samekey.emit.code import Code, source
from samekey.emit.forms import stream_of
from samekey.emit.operations import evidence_of, title_of
from samekey.emit.views import LinkView, ReferenceArgumentView, ReferenceView, RowView
from samekey.ir import references
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samekey.emit.operations import OperationPlanner
    from samekey.emit.views import ArgumentView, CallView, MethodView, ModelsModule
    from samekey.ir import Operation, Type
    from samekey.names import Names

_YES: Final = source("yes")
_NOTHING: Final = source("")
_MAX_SENTENCE: Final = 200
_SENTENCE: Final = re.compile(r"(?:Deprecated\. )?.*?(?:[.!?](?=\s+[^a-z\s]|$)|。)")
"""A sentence ends before what begins with no small letter: "e.g. this" goes on."""
_ADDED: Final = frozenset({"key", "options"})
"""Where the arguments travel that samekey adds to every call."""


class ReferencePlanner(Struct, frozen=True):
    """Plans what api.md says of the calls of one resource.

    Args:
        planner: plans the methods of the resource.
        names: the Python names.
        source: the path of the file that has them.
        homes: the paths of the files that have the models, by the models' names.
        examples: a call of each operation, by its key.
    """

    planner: OperationPlanner
    names: Names
    source: Code
    homes: Mapping[str, Code]
    examples: Mapping[str, CallView]

    def rows(self, operation: Operation, method: MethodView, told: ReferenceView) -> Iterator[RowView]:
        """Yield the rows of an operation: its plain call, and its stream where it has one beside it."""
        call = self.names.methods[operation.key].call
        listed = (*(entry.name for entry in method.positional), *(f"{entry.name}=…" for entry in _own(method.keywords)))
        streamed = code.span(self.planner.streamed(operation))
        for way, returns in ((call, told.returns), (f"{call}.stream", streamed)):
            if returns:
                shown = code.span(f"client.{way}({', '.join(listed)})")
                yield RowView(shown, told.request, told.safety, returns)

    def call(self, operation: Operation, method: MethodView) -> ReferenceView:
        """Return what there is to be known of an operation's call."""
        return ReferenceView(
            call=code.span(self.names.methods[operation.key].call),
            about=code.prose(f"{title_of(operation)}." + (" Deprecated." if operation.deprecated else "")),
            request=code.span(f"{operation.method} {operation.path}"),
            safety=_safety(operation),
            source=self.source,
            arguments=tuple(map(self._argument, (*method.positional, *_own(method.keywords)))),
            returns=code.span(self.planner.given(operation)),
            models=tuple(self._models(operation)),
            example=self.examples.get(operation.key),
        )

    def _argument(self, argument: ArgumentView) -> ReferenceArgumentView:
        inputs = (self.homes.get(self.names.inputs.get(identity, "")) for identity in argument.named)
        return ReferenceArgumentView(
            name=argument.name,
            kind=code.span(argument.kind),
            home=next((home for home in inputs if home), _NOTHING) if argument.named else _NOTHING,
            required=_YES if argument.required else _NOTHING,
            about=code.prose(first_sentence(argument.doc)) if argument.doc else _NOTHING,
        )

    def _models(self, operation: Operation) -> Iterator[LinkView]:
        """Yield links to the models of what a call gives, each once."""
        ids = dict.fromkeys(identity for kind in _given(operation) for identity in references(kind))
        for name in (self.names.types[identity] for identity in ids):
            if name in self.homes:
                yield LinkView(code.identifier(name), self.homes[name])


def homes_of(package: str, modules: Iterable[ModelsModule]) -> dict[str, Code]:
    """Return the paths of the files that have the models of an SDK, by the models' names."""
    return {
        str(export): code.link_target(f"{package}/models/{module.name}.py")
        for module in modules
        for export in module.exports
    }


def _own(arguments: Iterable[ArgumentView]) -> Iterator[ArgumentView]:
    return (argument for argument in arguments if argument.location not in _ADDED)


def _given(operation: Operation) -> Iterator[Type]:
    for response in successes(operation.responses):
        if response.type is not None:
            yield response.type
    if operation.paging is not None:
        yield operation.paging.item
    stream = stream_of(operation)
    if stream is not None:
        yield stream.item


def _safety(operation: Operation) -> Code:
    evidence = evidence_of(operation)
    return code.span(f"{operation.safety.value}, {evidence}" if evidence else operation.safety.value)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, and the word before it that something is deprecated."""
    line = code.single_line(text)
    found = _SENTENCE.match(line)
    return code.single_line(found[0] if found else line, _MAX_SENTENCE)
