"""From a loaded document to the files of an SDK: a pure function that the CLI, the tests and the benchmarks use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samekey.format import FormatError, format_files
from samekey.lower import lower
from samekey.names import name
from samekey.plan import plan
from samekey.plan.package import summarize
from samekey.render import render, runtime_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samekey.config import Config
    from samekey.document import Document
    from samekey.plan.views import OperationSummary


@dataclass(frozen=True, slots=True)
class Result:
    """What was made of a document; findings are in the document's sink.

    Args:
        files: texts by path below the target folder.
        package: the import name.
        operations: how many operations are in the output.
        types: how many classes are.
        fallbacks: where a type fell back to Any, and why.
    """

    files: Mapping[str, str]
    package: str
    operations: int
    types: int
    fallbacks: tuple[tuple[str, str], ...]


def generate(document: Document, config: Config, step: Callable[[str], None] = lambda _: None) -> Result | None:
    """Make the files of an SDK.

    Args:
        document: the loaded document.
        config: what the user decided.
        step: told the name of each step as it begins, for progress.

    Returns:
        The result, or None where the document is no OpenAPI document (reported as an error).
    """
    step("reading the API")
    api = lower(document, config.profile)
    if api is None:
        return None
    step("giving names")
    names = name(api, config)
    step("planning")
    planned = plan(api, names, config)
    step("writing source")
    files = render(planned)
    step("formatting")
    try:
        files = format_files(files, keep=runtime_paths(names.package))
    except FormatError as error:
        message = f"what samekey made of this document cannot be formatted: {error}"
        document.diagnostics.error(
            "defect", message, hint="this is a defect of samekey; please report it with the document"
        )
        return None
    types = sum(len(module.exports) for module in planned.models if not module.future)
    return Result(files, names.package, len(api.operations), types, planned.fallbacks)


def inspect(document: Document, config: Config) -> list[OperationSummary] | None:
    """What `samekey inspect` shows, or None where the document is no OpenAPI document (reported as an error)."""
    api = lower(document, config.profile)
    return None if api is None else summarize(api, name(api, config))
