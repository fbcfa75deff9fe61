"""A snippet for each operation: a whole program that makes the call, with the document's own examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.emit import code
from samekey.emit.documented import Documented
from samekey.emit.format import format_files
from samekey.emit.render import render_snippet
from samekey.emit.views import SnippetView
from samekey.ir import Model
from samekey.names import resolve

if TYPE_CHECKING:
    from samekey.emit.views import CallView
    from samekey.ir import Api, Operation
    from samekey.names import Names


class Snippet(Struct, frozen=True):
    """A program that makes a call.

    Args:
        file: a name of a file for it, which no other snippet has.
        call: the way from the client to the method.
        source: the file in which the operation stands.
        pointer: where it stands there.
        text: the program.
    """

    file: str
    call: str
    source: str
    pointer: str
    text: str


def snippets_of(api: Api, names: Names) -> tuple[list[Snippet], list[str]]:
    """Return a snippet for each operation, and the calls for which none can be made: no finite value fits them.

    Args:
        api: the API.
        names: the Python names.

    Raises:
        FormatError: one of them is not valid Python: a defect of samekey.
    """
    types = {definition.id: definition for definition in api.types}
    models = {identity: entry for identity, entry in types.items() if isinstance(entry, Model)}
    documented = Documented(api, names, types, models)
    shown = {operation.key: documented.arguments(operation) for operation in api.operations}
    calls = {
        operation.key: None if (arguments := shown[operation.key]) is None else documented.call(operation, arguments)
        for operation in api.operations
    }
    # `cards.list_all` and `cards_list.all` would share a file, and so would names that differ by case on some systems.
    files = resolve({key: (call.call.replace(".", "_"),) for key, call in calls.items() if call is not None})
    texts = {
        f"{files[operation.key]}.py": render_snippet(_view(operation, call, names))
        for operation in api.operations
        if (call := calls[operation.key]) is not None
    }
    formatted = format_files(texts)
    made: list[Snippet] = []
    missing: list[str] = []
    for operation in api.operations:
        place, call = names.methods[operation.key], calls[operation.key]
        if call is None:
            missing.append(f"{place.resource}.{place.method}")
        else:
            file = f"{files[operation.key]}.py"
            made.append(Snippet(file, str(call.call), operation.source, operation.pointer, formatted[file]))
    return made, missing


def _view(operation: Operation, call: CallView, names: Names) -> SnippetView:
    about = code.single_line(operation.summary or f"{operation.method} {operation.path}")
    return SnippetView(
        package=code.identifier(names.package),
        client=code.identifier(names.client),
        call=call,
        about=code.comment(f"{about} (deprecated)" if operation.deprecated else about),
    )
