"""The config file `samekey.yaml`: names, renames and the idempotency profile, each error at its line."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from samekey.config.audit import SILENT_AUDIT, AuditConfig, read_audit
from samekey.config.documents import PartConfig, read_documents
from samekey.config.idempotency import SILENT, StatedDialect, read_dialect
from samekey.config.pagination import ConfiguredPages, read_pagination
from samekey.config.project import NO_PROJECT, ProjectConfig, read_project
from samekey.config.renames import RenamedPart, is_class_name, is_plain_name, read_renames
from samekey.config.retry import RetryConfig, read_retry
from samekey.config.selection import EVERYTHING, Pattern, Selection, read_patterns, read_selection
from samekey.config.words import mapping_of, read_locations, refuse_unknown, text_under
from samekey.document.node import load
from samekey.document.source import join_uri
from samekey.identifiers import NO_FILES_ON_WINDOWS
from samekey.pep440 import python_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.document.diagnostics import Diagnostics, Place
    from samekey.document.node import Node
    from samekey.document.source import Fetch

_KEYS = (
    "package", "distribution", "version", "client", "prefix", "rename", "idempotency", "retry", "pagination",
    "overlays", "audit", "include", "exclude", "order", "documents", "project", "client_parameters", "templates", "ci",
)  # fmt: skip
_TEMPLATES = {"readme": "README.md", "pyproject": "pyproject.toml"}
"""The files that may have an own template, by the words of the config."""
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_LONGEST_NAME = 100
_TAKEN_PACKAGES = frozenset({"httpx", "msgspec", "tests", "anyio", "respx", "pytest"}) | sys.stdlib_module_names
_PREFIX = re.compile(r"[A-Z][A-Z0-9_]*")


class OwnFile(Struct, frozen=True):
    """A file of the owner's: its path, and where the config names it."""

    path: str
    node: Node


class CiHost(StrEnum):
    """Whose workflows an SDK can have."""

    GITHUB = "github"


class Config(Struct, frozen=True):
    """What a user decides; empty strings leave the decision to samekey.

    Args:
        package: the import name of the SDK.
        distribution: the name to install it by.
        version: its version; the document's where empty.
        client: the name of the client's class.
        prefix: what environment variables begin with; the package in capitals where empty.
        rename_types: class names by schema name.
        rename_operations: `resource.method` by operationId, or by method and path; resources may hold each other.
        rename_resources: attribute names by tag, with dots between them where one holds the other.
        rename_parts: names of arguments, attributes, enum members and credentials, by whose they are.
        idempotency: what it says of the dialect of idempotency, on top of what the document says.
        retry: how calls are retried, on top of what the document says.
        pagination: how lists are paged, by operationId or by method and path.
        overlays: paths or URLs of overlays to apply to the document, in order.
        audit: which findings of `samekey audit` are left out.
        selection: which operations of the document are in the SDK.
        order: tags, or attributes of the client, in the order in which they are to come; others follow.
        documents: further documents whose operations are in the SDK as well, by the names of these parts.
        project: what an index shows of the SDK as a package.
        client_parameters: parameters of operations that are given to the client once, by their names on the
            wire; None where nothing is said of them.
        templates: paths of own templates, by the name of the file that each makes.
        ci: where the SDK's own repository is tested and released; None for no workflows.
        places: where a rename stands in the config file, by the word above it and what is renamed.
    """

    package: str = ""
    distribution: str = ""
    version: str = ""
    client: str = ""
    prefix: str = ""
    rename_types: Mapping[str, str] = field(default_factory=dict[str, str])
    rename_operations: Mapping[str, str] = field(default_factory=dict[str, str])
    rename_resources: Mapping[str, str] = field(default_factory=dict[str, str])
    rename_parts: Mapping[RenamedPart, str] = field(default_factory=dict[RenamedPart, str])
    idempotency: StatedDialect = SILENT
    retry: RetryConfig = RetryConfig()
    pagination: Mapping[str, ConfiguredPages] = field(default_factory=dict[str, ConfiguredPages])
    overlays: tuple[str, ...] = ()
    audit: AuditConfig = SILENT_AUDIT
    selection: Selection = EVERYTHING
    order: tuple[Pattern, ...] = ()
    documents: Mapping[str, PartConfig] = field(default_factory=dict[str, PartConfig])
    project: ProjectConfig = NO_PROJECT
    client_parameters: tuple[Pattern, ...] | None = None
    templates: Mapping[str, OwnFile] = field(default_factory=dict[str, OwnFile])
    ci: CiHost | None = None
    places: Mapping[tuple[str, ...], Place] = field(default_factory=dict[tuple[str, ...], "Place"])


def load_config(path: str, diagnostics: Diagnostics, fetch: Fetch | None = None) -> Config | None:
    """Read and check a config file.

    Args:
        path: the file.
        diagnostics: the sink for what is wrong in it, at its line.
        fetch: reads bytes by path, for callers who want to know what was read.

    Returns:
        The config, or None where it cannot be read.
    """
    document = load(path, diagnostics, fetch, what="config")
    return None if document is None else read_config(document.node)


def read_config(root: Node) -> Config:
    """Read and check a config; what is wrong is reported as an error and left out."""
    if not isinstance(root.value, dict):
        root.error("config-invalid", "the config is a mapping", "write lines such as `package: acme`")
        return Config()
    refuse_unknown(root, _KEYS)
    renames = read_renames(mapping_of(root, "rename"))
    idempotency = root.get("idempotency")
    return Config(
        package=_package(root),
        distribution=text_under(root, "distribution", _DISTRIBUTION.fullmatch, "letters, digits, `-`, `_` and `.`"),
        version=text_under(root, "version", _is_version, "a version such as '1.2.0', in quotes"),
        client=text_under(root, "client", is_class_name, "a class name such as Acme"),
        prefix=text_under(root, "prefix", _PREFIX.fullmatch, "capitals, digits and `_`, such as ACME"),
        rename_types=renames.types,
        rename_operations=renames.operations,
        rename_resources=renames.resources,
        rename_parts=renames.parts,
        idempotency=SILENT if idempotency is None else read_dialect(idempotency),
        retry=read_retry(mapping_of(root, "retry")),
        pagination=read_pagination(mapping_of(root, "pagination")),
        overlays=read_locations(root, "overlays"),
        audit=read_audit(mapping_of(root, "audit")),
        selection=read_selection(root),
        order=read_patterns(root, "order"),
        documents=read_documents(mapping_of(root, "documents")),
        project=read_project(mapping_of(root, "project")),
        client_parameters=read_patterns(root, "client_parameters") if root.get("client_parameters") else None,
        templates=dict(_templates(mapping_of(root, "templates"))),
        ci=_ci(root),
        places=renames.places,
    )


def is_package_name(text: str) -> bool:
    """Whether a text can be the import name of an SDK: an ASCII identifier in lower case, no keyword, and a folder."""
    return text.isascii() and len(text) <= _LONGEST_NAME and is_plain_name(text)


def hides_module(package: str) -> bool:
    """Whether a package of this name would hide a module that an SDK or Python imports, or cannot be on Windows."""
    return package in _TAKEN_PACKAGES or package in NO_FILES_ON_WINDOWS


def _package(root: Node) -> str:
    name = text_under(root, "package", is_package_name, "a name that Python can import, in lower case")
    entry = root.get("package")
    if entry is not None and hides_module(name):
        entry.error("config-invalid", f"a package {name!r} would hide the module of that name", "choose another name")
        return ""
    return name


def _is_version(text: str) -> bool:
    found = python_version(text)
    return found is not None and found.is_whole and text[0].isdecimal() and text == text.strip()


def _templates(holder: Node | None) -> Iterable[tuple[str, OwnFile]]:
    """Yield the path of each own template, relative to the config file, by the name of the file that it makes."""
    if holder is None:
        return
    refuse_unknown(holder, tuple(_TEMPLATES))
    for word, name in _TEMPLATES.items():
        entry = holder.get(word)
        if entry is not None and isinstance(entry.value, str) and entry.value:
            yield name, OwnFile(join_uri(holder.source.uri, entry.value), entry)
        elif entry is not None:
            entry.error("config-invalid", f"the template {word} is the path of a file")


def _ci(root: Node) -> CiHost | None:
    hosts = frozenset(CiHost)
    found = text_under(root, "ci", hosts.__contains__, " or ".join(f"`{host}`" for host in CiHost))
    return CiHost(found) if found else None
