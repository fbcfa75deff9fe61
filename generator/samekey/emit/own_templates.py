"""Templates of the owner's for README.md and pyproject.toml, filled in with what samekey would say."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from samekey.document.diagnostics import Place, Position
from samekey.document.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.document.diagnostics import Diagnostics
    from samekey.emit.own import OwnTemplate
    from samekey.emit.views import Plan

README: Final = "README.md"
PYPROJECT: Final = "pyproject.toml"


def with_own_templates(
    files: Mapping[str, str], templates: Mapping[str, OwnTemplate], plan: Plan, diagnostics: Diagnostics
) -> dict[str, str]:
    """Return files, those with a template of the owner's made by that; what is wrong in one is reported as an error.

    Args:
        files: texts by path.
        templates: by the name of the file.
        plan: the SDK.
        diagnostics: the sink.
    """
    found = dict(files)
    for name, template in templates.items():
        mark, _, usual = files[name].partition("\n")
        text = _rendered(template, {**_values(plan, name), "usual": usual}, diagnostics)
        if text is not None:
            marked = f"{mark}\n{text}"
            _check(name, marked, template, diagnostics)
            found[name] = marked if marked.endswith("\n") else f"{marked}\n"
    return found


def _values(plan: Plan, name: str) -> dict[str, str]:
    """Return what a template may print, spelled as the file needs it: TOML's strings come with their quotes."""
    is_toml = name == PYPROJECT
    return {
        "package": str(plan.package),
        "distribution": str(plan.distribution if is_toml else plan.install),
        "version": str(plan.version if is_toml else plan.version.strip('"')),
        "title": str(plan.title_text if is_toml else plan.title),
        "client": str(plan.client.name),
        "async_client": str(plan.client.async_name),
        "python": str(plan.metadata.python if is_toml else plan.metadata.python.strip('"')),
        "license": str(plan.metadata.licence if is_toml else plan.metadata.licence.strip('"')),
        "description": str(plan.metadata.description) if is_toml else str(plan.title),
    }


def _rendered(template: OwnTemplate, values: Mapping[str, str], diagnostics: Diagnostics) -> str | None:
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # it is Markdown or TOML, and the values are spelled for that
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    try:
        return environment.from_string(template.text).render(values)
    except jinja2.TemplateSyntaxError as error:
        _error(template, f"this template cannot be read: {error.message}", diagnostics, error.lineno)
    except jinja2.UndefinedError as error:
        known = f"there are {', '.join(values)}"
        _error(template, f"this template asks for what is not there: {error.message}", diagnostics, hint=known)
    except Exception as error:  # noqa: BLE001  # what a template computes may fail in any way
        _error(template, f"this template fails: {type(error).__name__}: {error}", diagnostics)
    return None


def _check(name: str, text: str, template: OwnTemplate, diagnostics: Diagnostics) -> None:
    if name != PYPROJECT:
        return
    try:
        project: object = tomllib.loads(text).get("project")
    except tomllib.TOMLDecodeError as error:
        _error(template, f"what this template makes is not valid TOML: {error}", diagnostics)
        return
    if not isinstance(project, dict) or "name" not in project or "version" not in project:
        hint = "write `{{ usual }}` for all that samekey writes, or [project] with name and version"
        _error(template, "what this template makes has no [project] with a name and a version", diagnostics, hint=hint)


def _error(template: OwnTemplate, message: str, diagnostics: Diagnostics, line: int = 1, hint: str = "") -> None:
    place = Place(SourceText(template.path, template.text), position=Position(max(line, 1), 1))
    diagnostics.error("template-invalid", message, place, hint)
