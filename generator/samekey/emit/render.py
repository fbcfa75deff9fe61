"""Plan to files: the jinja environment, which prints `Code` and nothing else."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import jinja2

from samekey.cache_dir import cache_folder
from samekey.emit.code import Code, bodies, comment, indented, source
from samekey.header import LINE
from samekey.licences import licence_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from importlib.resources.abc import Traversable

    from jinja2.bccache import Bucket

    from samekey.emit.views import CallView, Plan, SnippetView

_TEMPLATES = files("samekey_templates")
_MARK: Final = "# example"
"""The line before each example in the module of examples."""


class NotCodeError(TypeError):
    """A template tried to print a value that is no `Code`: a defect of the template, never of a document."""


def render(plan: Plan) -> dict[str, str]:
    """Return an SDK's files by their paths below the target folder; the runtime's are as they are, after the header.

    Its pages are not among them: they show the examples of `render_examples` as the formatter has them.
    """
    return _ended(_files(plan, str(plan.package)))


def render_examples(plan: Plan) -> str:
    """Return a module with the plan's examples, for the formatter."""
    return _render("examples.py.jinja", plan=plan)


def render_pages(plan: Plan, examples: str) -> dict[str, str]:
    """Return an SDK's pages for people.

    Args:
        plan: the SDK.
        examples: what `render_examples` returned, formatted.
    """
    return _ended(_pages(plan, dict(zip(plan.examples, bodies(examples, _MARK), strict=True))))


def _ended(files: Iterator[tuple[str, str]]) -> dict[str, str]:
    return {path: text if text.endswith("\n") or not text else f"{text}\n" for path, text in files}


def _pages(plan: Plan, examples: Mapping[CallView, Code]) -> Iterator[tuple[str, str]]:
    yield "README.md", _render("README.md.jinja", plan=plan, examples=examples)
    yield "api.md", _render("api.md.jinja", plan=plan, examples=examples, above=source(""))
    if plan.has_call_pages:
        for resource in plan.resources:
            if resource.calls:
                values = {"resource": resource, "examples": examples, "above": source("../")}
                yield f"api/{resource.name}.md", _render("api_page.md.jinja", plan=plan, **values)


def _files(plan: Plan, package: str) -> Iterator[tuple[str, str]]:
    yield "pyproject.toml", _render("pyproject.toml.jinja", plan=plan)
    if plan.metadata.licence_text:
        yield "LICENSE", plan.metadata.licence_text
    yield f"{package}/_runtime/LICENSE", _render("runtime_licence.jinja", plan=plan) + licence_text("Apache-2.0", "")
    if plan.has_workflows:
        yield ".github/workflows/test.yml", _render("workflow_test.yml.jinja", plan=plan)
        yield ".github/workflows/release.yml", _render("workflow_release.yml.jinja", plan=plan)
    yield f"tests/test_{package}.py", _render("test.py.jinja", plan=plan)
    yield "tests/test_operations.py", _render("test_operations.py.jinja", plan=plan)
    yield f"{package}/py.typed", f"{plan.header}\n"
    yield f"{package}/__init__.py", _render("package.py.jinja", plan=plan)
    yield f"{package}/_client.py", _render("client.py.jinja", plan=plan)
    yield f"{package}/resources/__init__.py", _render("resources.py.jinja", plan=plan)
    for resource in plan.resources:
        yield f"{package}/resources/{resource.name}.py", _render("resource.py.jinja", plan=plan, resource=resource)
    if plan.webhooks is not None:
        yield f"{package}/webhooks.py", _render("webhooks.py.jinja", plan=plan, webhooks=plan.webhooks)
    yield f"{package}/models/__init__.py", _render("models.py.jinja", plan=plan)
    for module in plan.models:
        yield f"{package}/models/{module.name}.py", _render("models_part.py.jinja", plan=plan, module=module)
    for name, text in runtime_texts().items():
        yield f"{package}/_runtime/{name}", text


def runtime_texts() -> dict[str, str]:
    """Return the runtime as it stands in every SDK, by the paths below its folder."""
    header = comment(LINE)
    return {name: f"{header}\n{text}" for name, text in _runtime()}


def runtime_paths(package: str) -> frozenset[str]:
    """Return the paths of the runtime's files, which need no formatting."""
    return frozenset(f"{package}/_runtime/{name}" for name, _ in _runtime())


@cache
def _runtime() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_modules_in(_TEMPLATES / "runtime")))


def _modules_in(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of the modules in a folder and in those below it."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _modules_in(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield f"{above}{entry.name}", entry.read_text("utf-8")


def render_snippet(snippet: SnippetView) -> str:
    """Return the program of a snippet."""
    return _render("snippet.py.jinja", snippet=snippet)


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (_TEMPLATES / "client" / name).read_text("utf-8")),
        bytecode_cache=_bytecode(),
        undefined=jinja2.StrictUndefined,
        finalize=_only_code,
        autoescape=False,  # noqa: S701  # `finalize` refuses everything that is not Code
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = cast("dict[str, Callable[..., object]]", environment.filters)
    filters["indented"] = indented
    return environment


class _Bytecode(jinja2.FileSystemBytecodeCache):
    """Compiled templates, by a digest of their source; one that cannot be read or written is compiled again."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a compiled template from the cache; one that cannot be read counts as missing."""
        try:
            super().load_bytecode(bucket)
        except Exception:  # noqa: BLE001  # a damaged file may raise anything (documentation of pickle)
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template to the cache, unless the file cannot be written."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _bytecode() -> _Bytecode | None:
    folder = cache_folder("templates")
    return None if folder is None else _Bytecode(str(folder), f"{_compiler()}-%s.cache")


def _compiler() -> str:
    """Return a digest of what compiled templates depend on beside their source: jinja, and its setup in this file."""
    setup = Path(__file__).read_bytes()
    return hashlib.sha256(setup + version("jinja2").encode()).hexdigest()[:16]


def _only_code(value: object) -> Code:
    if isinstance(value, Code):
        return value
    raise NotCodeError(f"a template printed {type(value).__name__} instead of Code")
