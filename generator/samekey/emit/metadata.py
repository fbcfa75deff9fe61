"""An SDK as a package: what an index shows of it, from the config, else from what the document says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.config.project import OLDEST_PYTHON, Person, is_email, is_link
from samekey.emit import code
from samekey.emit.code import source
from samekey.emit.lost_answers import is_promised
from samekey.emit.views import MetadataView
from samekey.licences import licence_id, licence_text
from samekey.pep440 import python_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.config.file import Config
    from samekey.document.node import Document
    from samekey.ir import Api
    from samekey.names import Names

_RUNTIME_LICENCE: Final = "Apache-2.0"
_NEWEST_PYTHON: Final = (3, 14)
"""The newest Python that the runtime is tested on."""
_NO_VERSION: Final = "0.1.0"
_MAX_SUMMARY: Final = 200
_MAX_HOLDER: Final = 200


def version_of_sdk(api: Api, config: Config) -> str:
    """Return the version of an SDK: the config's, else the document's, each as Python packages spell it."""
    found = python_version(config.version or api.version)
    return found.text if found is not None else _NO_VERSION


def plan_metadata(api: Api, names: Names, config: Config) -> MetadataView:
    """Return what the SDK's pyproject.toml and licence hold."""
    project, about = config.project, api.about
    licence = project.license or licence_id(about.licence)
    authors = project.authors or tuple(_contact(api))
    holder = project.copyright or next((person.name for person in authors if person.name), names.distribution)
    links = {**_links(api), **project.urls}
    title = code.single_line(api.title, _MAX_SUMMARY)
    usual = f"Client of {title}{', safe to retry' if is_promised(api) else ''}"
    return MetadataView(
        description=code.toml_string(project.description or usual),
        licence=code.toml_string(_with_runtime(licence)) if licence else source(""),
        licence_text=licence_text(licence, code.single_line(holder, _MAX_HOLDER)),
        authors=tuple(map(code.toml_table, map(_spelled, authors))),
        urls=tuple((code.toml_string(name), code.toml_string(url)) for name, url in links.items()),
        repository=code.link_target(links.get("Repository", "")),
        keywords=tuple(map(code.toml_string, project.keywords)),
        classifiers=tuple(map(code.toml_string, dict.fromkeys([*project.classifiers, *_classifiers(project.python)]))),
        dependencies=tuple(map(code.toml_string, project.dependencies)),
        python=code.toml_string(f">={'.'.join(map(str, project.python))}"),
    )


def report_metadata(api: Api, config: Config, document: Document) -> None:
    """Report what a document lacks for an SDK that can be published and used: a version, servers, operations."""
    root = document.node
    info = root.get("info")
    version = info.get("version") if info is not None else None
    found = python_version(api.version)
    if not config.version and (found is None or not found.is_whole):
        said = f"{api.version!r} cannot be the version of a package" if api.version else "the document has no version"
        made = found.text if found is not None else _NO_VERSION
        (version or info or root).warn(
            "version-unusable", f"{said}; {made} is used", "write `version: '1.0.0'` into the config"
        )
    if not api.operations and not api.webhooks:
        root.warn(
            "no-operations",
            "the SDK has no operations",
            "check the paths of the document, and what the config leaves out",
        )
    elif api.operations and not api.servers:
        root.warn(
            "no-servers",
            "the document names no server, so whoever uses the SDK must give base_url= or its environment variable",
            "write `servers: [{url: https://api.acme.example}]` into the document or an overlay",
        )
    licence = info.get("license") if info is not None else None
    if licence is not None and api.about.licence and not config.project.license and not licence_id(api.about.licence):
        document.diagnostics.note(
            "license-unknown",
            f"the licence {api.about.licence!r} has no SPDX identifier that samekey knows; the package names none",
            licence.place,
            "write `project: {license: MIT}` into the config, or `LicenseRef-Acme` for one of your own",
        )


def _with_runtime(licence: str) -> str:
    """Return the licence of a package in which the runtime is."""
    if licence == _RUNTIME_LICENCE:
        return licence
    return f"({licence}) AND {_RUNTIME_LICENCE}" if " OR " in licence else f"{licence} AND {_RUNTIME_LICENCE}"


def _contact(api: Api) -> Iterator[Person]:
    about = api.about
    name = code.single_line(about.contact, _MAX_HOLDER)
    email = about.email if is_email(about.email) else ""
    if name or email:
        yield Person(name, email)


def _links(api: Api) -> dict[str, str]:
    found = {"Homepage": api.about.homepage, "Documentation": api.about.documentation}
    return {name: url for name, url in found.items() if is_link(url)}


def _spelled(person: Person) -> Sequence[tuple[str, str]]:
    return [(key, text) for key, text in (("name", person.name), ("email", person.email)) if text]


def _classifiers(oldest: tuple[int, int]) -> Iterator[str]:
    yield "Programming Language :: Python :: 3"
    first, last = max(oldest, OLDEST_PYTHON)[1], _NEWEST_PYTHON[1]
    yield from (f"Programming Language :: Python :: 3.{minor}" for minor in range(first, max(first, last) + 1))
    yield "Typing :: Typed"
