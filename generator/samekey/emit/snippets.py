"""A snippet for each operation: a whole program that makes the call, with the document's own examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.emit import code
from samekey.emit.code import Code, source
from samekey.emit.documented import Documented
from samekey.emit.format import format_files
from samekey.emit.forms import Form, form_of
from samekey.emit.render import render_snippet
from samekey.emit.views import SnippetView
from samekey.ir import Model
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from samekey.ir import Api, Operation
    from samekey.names import Names

_HOW: Final = table(
    Form,
    {
        Form.VALUE: source("value"),
        Form.EITHER: source("value"),
        Form.ANYTHING: source("value"),
        Form.BYTES: source("file"),
        Form.PAGES: source("items"),
        Form.STREAM: source("stream"),
    },
)


class Snippet(Struct, frozen=True):
    """A program that makes a call.

    Args:
        call: the way from the client to the method.
        method: the HTTP method.
        path: the path template.
        source: the file in which the operation stands.
        pointer: where it stands there.
        text: the program.
    """

    call: str
    method: str
    path: str
    source: str
    pointer: str
    text: str

    @property
    def file(self) -> str:
        """The name of a file for it."""
        return f"{self.call.replace('.', '_')}.py"


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
    made: list[Snippet] = []
    missing: list[str] = []
    for operation in api.operations:
        place = names.methods[operation.key]
        call = f"{place.resource}.{place.method}"
        found = documented.call(operation)
        if found is None:
            missing.append(call)
            continue
        view = SnippetView(
            package=code.identifier(names.package),
            client=code.identifier(names.client),
            call=found.call,
            arguments=found.arguments,
            how=_how(operation),
            about=code.comment(operation.summary or f"{operation.method} {operation.path}"),
        )
        text = render_snippet(view)
        made.append(Snippet(call, operation.method, operation.path, operation.source, operation.pointer, text))
    formatted = format_files({snippet.file: snippet.text for snippet in made})
    return [_with_text(snippet, formatted[snippet.file]) for snippet in made], missing


def _how(operation: Operation) -> Code:
    form = form_of(operation)
    gives = any(response.type is not None for response in successes(operation.responses))
    return _HOW[form] if gives or form is not Form.VALUE else source("nothing")


def _with_text(snippet: Snippet, text: str) -> Snippet:
    return Snippet(snippet.call, snippet.method, snippet.path, snippet.source, snippet.pointer, text)
