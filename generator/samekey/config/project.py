"""What the config says of an SDK as a package: its licence, its authors and what an index shows of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from msgspec import Struct, field

from samekey.config.words import refuse_unknown
from samekey.document.values import spelling
from samekey.identifiers import closest
from samekey.licences import KNOWN, licence_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samekey.document.node import Node

OLDEST_PYTHON: Final = (3, 11)
"""The oldest Python that an SDK runs on."""
_INVALID: Final = "config-invalid"
_KEYS: Final = (
    "license", "copyright", "authors", "urls", "keywords", "classifiers", "description", "python", "dependencies",
)  # fmt: skip
_PERSON: Final = re.compile(r"(?P<name>[^<>\n]*?)\s*(<(?P<email>[^<>\s]+)>)?")
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_CLASSIFIER: Final = re.compile(r"[A-Z][^:\n]*( :: [^:\n]+)+")
_PYTHON: Final = re.compile(r"3\.([0-9]{1,3})")
_VERSIONS: Final = r"(<|<=|!=|==|>=|>|~=|===)\s*[A-Za-z0-9][^\s,;]*"
_REQUIREMENT: Final = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\s*(\[[A-Za-z0-9._, -]*\])?"
    rf"\s*({_VERSIONS}(\s*,\s*{_VERSIONS})*)?\s*(;.+)?"
)
"""What a package needs, as PEP 508 has it; indexes take no URL in the place of a version."""
_MAX_LABEL: Final = 32
"""How long the name of a URL may be (PyPA's specification of core metadata)."""
_MAX_SUMMARY: Final = 512


class Person(Struct, frozen=True):
    """Somebody, by name, by e-mail address, or by both."""

    name: str = ""
    email: str = ""


class ProjectConfig(Struct, frozen=True):
    """What the config says of an SDK as a package; what is empty is taken from the document.

    Args:
        license: an SPDX expression.
        copyright: who has the copyright, and since when, for the text of the licence.
        authors: who made it.
        urls: by the names that an index shows.
        keywords: what to find it by.
        classifiers: those of the index, beside those that samekey knows by itself.
        description: a line on what it is.
        python: the oldest Python, such as (3, 12).
        dependencies: what code of the owner's needs, beside what samekey's needs.
    """

    license: str = ""
    copyright: str = ""
    authors: tuple[Person, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict[str, str])
    keywords: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    description: str = ""
    python: tuple[int, int] = OLDEST_PYTHON
    dependencies: tuple[str, ...] = ()


NO_PROJECT: Final = ProjectConfig()
"""Nothing is said."""


def read_project(node: Node | None) -> ProjectConfig:
    """Return what the mapping under `project` says; what is wrong is reported as an error and left out."""
    if node is None:
        return NO_PROJECT
    refuse_unknown(node, _KEYS)
    return ProjectConfig(
        license=_license(node),
        copyright=_line(node, "copyright"),
        authors=tuple(
            person
            for text in _texts(node, "authors", lambda text: person_of(text) is not None, "Acme <sdk@acme.example>")
            if (person := person_of(text)) is not None
        ),
        urls=_urls(node),
        keywords=_texts(node, "keywords", lambda text: "," not in text, "payments"),
        classifiers=_texts(node, "classifiers", _CLASSIFIER.fullmatch, "Development Status :: 4 - Beta"),
        description=_line(node, "description"),
        python=_python(node),
        dependencies=_texts(node, "dependencies", _REQUIREMENT.fullmatch, "pydantic>=2,<3"),
    )


def person_of(text: str) -> Person | None:
    """Return somebody who is written as `Name <address>`, as one of both; None where that is nobody."""
    found = _PERSON.fullmatch(text.strip())
    if found is None:
        return None
    name, email = " ".join(found["name"].split()), found["email"] or ""
    if not email and is_email(name):
        return Person(email=name)
    return Person(name, email) if (name or email) and (not email or is_email(email)) else None


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address that metadata of a package can hold."""
    return _EMAIL.fullmatch(text) is not None


def is_link(text: str) -> bool:
    """Whether a text is a whole http(s) URL that a page may link to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return text.isprintable() and " " not in text and parts.scheme in {"http", "https"} and bool(parts.hostname)


def _license(node: Node) -> str:
    entry = node.get("license")
    if entry is None:
        return ""
    found = licence_expression(entry.value) if isinstance(entry.value, str) else ""
    if not found:
        known = closest(str(entry.value), KNOWN)
        entry.error(
            _INVALID,
            f"license is an SPDX identifier such as MIT or Apache-2.0, not {entry.value!r}",
            f"{known}; a licence of your own is `LicenseRef-Acme`, with its text in a file LICENSE in the SDK's folder",
        )
    return found


def _line(node: Node, key: str) -> str:
    entry = node.get(key)
    text = spelling(entry.value) if entry is not None else ""
    if entry is not None and (not text or not text.strip() or len(text) > _MAX_SUMMARY or not text.isprintable()):
        entry.error(_INVALID, f"{key} is a line of text, of at most {_MAX_SUMMARY} characters")
        return ""
    return text or ""


def _texts(node: Node, key: str, is_valid: Callable[[str], object], example: str) -> tuple[str, ...]:
    listed = node.get(key)
    if listed is None:
        return ()
    found: list[str] = []
    for entry in listed.elements() if isinstance(listed.value, list) else (listed,):
        if isinstance(entry.value, str) and entry.value.strip() and entry.value.isprintable() and is_valid(entry.value):
            found.append(entry.value.strip())
        else:
            entry.error(_INVALID, f"{key} is a list of texts such as {example!r}")
    return tuple(found)


def _urls(node: Node) -> dict[str, str]:
    holder = node.get("urls")
    if holder is None:
        return {}
    if not isinstance(holder.value, dict):
        holder.error(_INVALID, "urls is a mapping of names to URLs, such as `Documentation: https://docs.acme.example`")
        return {}
    found: dict[str, str] = {}
    for name, entry in holder.items():
        if not name.strip() or len(name) > _MAX_LABEL or not name.isprintable():
            entry.error(_INVALID, f"the name of a URL has 1 to {_MAX_LABEL} characters")
        elif not isinstance(entry.value, str) or not is_link(entry.value):
            entry.error(_INVALID, f"the URL of {name!r} is a whole URL such as https://acme.example")
        else:
            found[name] = entry.value
    return found


def _python(node: Node) -> tuple[int, int]:
    entry = node.get("python")
    if entry is None:
        return OLDEST_PYTHON
    found = _PYTHON.fullmatch(entry.value) if isinstance(entry.value, str) else None
    version = (3, int(found[1]) if found is not None else 0)
    if version < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        entry.error(_INVALID, f"python is the oldest version that the SDK is for, in quotes: '{oldest}' or later")
        return OLDEST_PYTHON
    return version
