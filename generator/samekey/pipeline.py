"""From a loaded document to the files of an SDK: a pure function that the CLI, the tests and the benchmarks use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from samekey.diff import SURFACE, spell_surface, surface_of
from samekey.emit import plan
from samekey.emit.format import FormatError, format_files, report_defect
from samekey.emit.lost_answers import keys_in_words
from samekey.emit.metadata import report_metadata
from samekey.emit.own import NOTHING_OWN, OwnFiles, own_parts
from samekey.emit.own_templates import with_own_templates
from samekey.emit.package import summarize
from samekey.emit.render import render, render_examples, render_pages, runtime_paths
from samekey.lower import lower_documents
from samekey.lower.client_params import propose_client_params
from samekey.names import EMPTY, LOCKFILE, assign, entries_of, remember, spell
from samekey.names.renames import check_kept, check_order, check_renames, moved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from samekey.config.file import Config
    from samekey.diff import Surface
    from samekey.document.diagnostics import Diagnostics
    from samekey.document.node import Document
    from samekey.emit.views import OperationSummary, Plan
    from samekey.ir import Api
    from samekey.lower import Part
    from samekey.names import Lockfile, Names
    from samekey.names.renames import Moved

Made = TypeVar("Made")
_EXAMPLES: Final = "examples.py"
"""Where the examples of the pages are while they are formatted with the rest."""


class Generated(Struct, frozen=True):
    """What was made of a document; findings are in the document's sink.

    Args:
        files: texts by path below the target folder.
        package: the import name.
        operations: how many operations are in the output.
        types: how many classes are.
        fallbacks: where a type fell back to Any, and why.
        keys: whose word the idempotency keys rest on, in a line; empty where there are none.
        surface: what users see of it.
        moved: the names that are given anew, where all are.
    """

    files: Mapping[str, str]
    package: str
    operations: int
    types: int
    fallbacks: tuple[tuple[str, str], ...]
    keys: str
    surface: Surface
    moved: tuple[Moved, ...] = ()


def generate(
    document: Document,
    config: Config,
    step: Callable[[str], None] = lambda _: None,
    lockfile: Lockfile = EMPTY,
    parts: Sequence[Part] = (),
    own: OwnFiles = NOTHING_OWN,
    *,
    rename_all: bool = False,
) -> Generated | None:
    """Make the files of an SDK.

    Args:
        document: the loaded document.
        config: what the user decided.
        step: told the name of each step as it begins, for progress.
        lockfile: the names that this SDK has given before; the files hold the next one.
        parts: further documents whose operations are in the SDK as well.
        own: what the owner wrote by hand.
        rename_all: whether all names are given anew all the same, and what that moves is to be said.

    Returns:
        The result, or None where nothing can be made of the document (reported as an error).
    """
    before, lockfile = lockfile, EMPTY if rename_all else lockfile
    planned = _unless_too_deep(document, lambda: _planned(document, config, lockfile, step, parts, own))
    if planned is None:
        return None
    api, names, whole = planned
    entries = entries_of(api, config, names, _exports(whole))
    check_kept(api, lockfile, entries, document.diagnostics)
    if not document.diagnostics.failed:
        report_metadata(api, config, document)
        if config.client_parameters is None:
            propose_client_params(api, document.node)
    step("writing source")
    files = {_EXAMPLES: render_examples(whole), **render(whole)}
    step("formatting")
    try:
        files = format_files(files, keep=runtime_paths(names.package))
    except FormatError as error:
        report_defect(error, document.diagnostics)
        return None
    files = {**render_pages(whole, files.pop(_EXAMPLES)), **files}
    files = with_own_templates(files, own.templates, whole, document.diagnostics)
    types = sum(len(module.exports) for module in whole.models if not module.future)
    files[LOCKFILE] = spell(remember(lockfile, entries))
    surface = surface_of(api, names, whole)
    files[SURFACE] = spell_surface(surface)
    evidence = [(names.methods[entry.key], entry.evidence) for entry in api.operations]
    keys = keys_in_words((place.call, who.value) for place, who in evidence if who is not None)
    changes = tuple(moved(before, entries)) if rename_all else ()
    return Generated(files, names.package, len(api.operations), types, whole.fallbacks, keys, surface, changes)


def inspect(
    document: Document, config: Config, lockfile: Lockfile = EMPTY, parts: Sequence[Part] = ()
) -> list[OperationSummary] | None:
    """Return the rows of `samekey inspect`; None where nothing can be made of the document (reported as an error)."""

    def summarized() -> list[OperationSummary] | None:
        named = _named(document, config, lockfile, lambda _: None, parts)
        return None if named is None else summarize(*named)

    return _unless_too_deep(document, summarized)


class View(Struct, frozen=True):
    """What users would see of an SDK, and the names that it would leave."""

    surface: Surface
    lockfile: Lockfile


def view(document: Document, config: Config, lockfile: Lockfile = EMPTY, parts: Sequence[Part] = ()) -> View | None:
    """Return what users would see of an SDK, without its files; None where nothing can be made (reported)."""
    planned = _unless_too_deep(document, lambda: _planned(document, config, lockfile, lambda _: None, parts))
    if planned is None:
        return None
    api, names, whole = planned
    return View(surface_of(api, names, whole), remember(lockfile, entries_of(api, config, names, _exports(whole))))


def stages(
    document: Document, config: Config, lockfile: Lockfile = EMPTY, parts: Sequence[Part] = ()
) -> tuple[Api, Names, Plan] | None:
    """Return IR, names and plan, for those who change the generator; None where that fails (reported as an error)."""
    return _unless_too_deep(document, lambda: _planned(document, config, lockfile, lambda _: None, parts))


def _exports(whole: Plan) -> set[str]:
    return {str(export) for module in whole.models for export in module.exports}


def lower_for_sdk(document: Document, config: Config, parts: Sequence[Part] = ()) -> Api | None:
    """Return what of a document becomes an SDK; None where nothing can be made of it (reported as an error)."""
    return _unless_too_deep(document, lambda: _lowered(document, config, parts))


def _lowered(document: Document, config: Config, parts: Sequence[Part]) -> Api | None:
    api = lower_documents(document, config, parts)
    return None if api is None else _without_ignored(api, document.diagnostics)


def _named(
    document: Document, config: Config, lockfile: Lockfile, step: Callable[[str], None], parts: Sequence[Part]
) -> tuple[Api, Names] | None:
    step("reading the API")
    api = _lowered(document, config, parts)
    if api is None:
        return None
    step("giving names")
    names = assign(api, config, lockfile)
    check_renames(api, names, config, document.diagnostics)
    check_order(names, config, document.diagnostics)
    return api, names


def _without_ignored(api: Api, diagnostics: Diagnostics) -> Api:
    """Return the API without the operations that the document wants in no SDK (a note says how many)."""
    left_out = [operation for operation in api.operations if operation.left_out]
    if not left_out:
        return api
    words = " and ".join(sorted({f"`{operation.left_out}`" for operation in left_out}))
    first = left_out[0]
    diagnostics.note(
        "operations-ignored",
        f"{len(left_out)} operations are left out for {words}, such as {first.method} {first.path}",
    )
    return replace(api, operations=tuple(operation for operation in api.operations if not operation.left_out))


def _planned(
    document: Document,
    config: Config,
    lockfile: Lockfile,
    step: Callable[[str], None],
    parts: Sequence[Part],
    own: OwnFiles = NOTHING_OWN,
) -> tuple[Api, Names, Plan] | None:
    named = _named(document, config, lockfile, step, parts)
    if named is None:
        return None
    step("planning")
    api, names = named
    return api, names, plan(api, names, config, lambda models: own_parts(own, names, models, document.diagnostics))


def _unless_too_deep(document: Document, make: Callable[[], Made | None]) -> Made | None:
    """Return what is made of a document; None, and an error, where schemas nest deeper than Python can follow."""
    try:
        return make()
    except RecursionError:
        document.diagnostics.error(
            "nested-too-deeply",
            "the schemas of this document are nested too deeply",
            document.node.place,
            "give inner schemas a place of their own under `components` and refer to them",
        )
        return None
