"""The config file `samekey.yaml`: names, renames and the idempotency profile, each error at its line."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samekey.document import load
from samekey.lower.profiles import refine
from samekey.profile import DEFAULT, Profile
from samekey.wording import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from samekey.diagnostics import Diagnostics
    from samekey.document import Node

_KEYS = ("package", "distribution", "version", "client", "rename", "idempotency")
_RENAME_KEYS = ("types", "operations", "resources")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?(\.(post|dev)[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Config:
    """What a user decides; empty strings leave the decision to samekey.

    Args:
        package: the import name of the SDK.
        distribution: the name to install it by.
        version: its version; the document's where empty.
        client: the name of the client's class.
        rename_types: class names by schema name.
        rename_operations: `resource.method` by operationId, or by method and path.
        rename_resources: attribute names by tag.
        profile: the dialect of idempotency.
    """

    package: str = ""
    distribution: str = ""
    version: str = ""
    client: str = ""
    rename_types: Mapping[str, str] = field(default_factory=dict[str, str])
    rename_operations: Mapping[str, str] = field(default_factory=dict[str, str])
    rename_resources: Mapping[str, str] = field(default_factory=dict[str, str])
    profile: Profile = DEFAULT


def load_config(path: str, diagnostics: Diagnostics) -> Config | None:
    """Read and check a config file.

    Returns:
        The config, or None where it cannot be read; what is wrong in it is reported at its line.
    """
    document = load(path, diagnostics)
    return None if document is None else read_config(document.node)


def read_config(root: Node) -> Config:
    """Check a config; what is wrong is reported as an error and left out."""
    if not isinstance(root.value, dict):
        root.error("config-invalid", "the config is a mapping", "write lines such as `package: acme`")
        return Config()
    _refuse_unknown(root, _KEYS)
    rename = root.get("rename")
    if rename is not None:
        _refuse_unknown(rename, _RENAME_KEYS)
    idempotency = root.get("idempotency")
    return Config(
        package=_checked(root, "package", is_package_name, "a name that Python can import, in lower case"),
        distribution=_checked(root, "distribution", _DISTRIBUTION.fullmatch, "letters, digits, `-`, `_` and `.`"),
        version=_checked(root, "version", _VERSION.fullmatch, "a version such as '1.2.0', in quotes"),
        client=_checked(root, "client", is_class_name, "a class name such as Acme"),
        rename_types=_names(rename, "types", is_class_name, "a class name such as Charge"),
        rename_operations=_names(rename, "operations", is_method_path, "a path such as charges.create"),
        rename_resources=_names(rename, "resources", is_package_name, "a name in lower case, such as charges"),
        profile=refine(idempotency, DEFAULT) if root.has("idempotency") and idempotency is not None else DEFAULT,
    )


def is_package_name(text: str) -> bool:
    """Whether a text can be a module's name here: an ASCII identifier in lower case, no keyword."""
    return text.isidentifier() and text.isascii() and text == text.lower() and not keyword.iskeyword(text)


def is_class_name(text: str) -> bool:
    """Whether a text can be a class's name here."""
    return text.isidentifier() and text.isascii() and text[0].isupper() and not keyword.iskeyword(text)


def is_method_path(text: str) -> bool:
    """Whether a text is `resource.method`, or a method alone."""
    parts = text.split(".")
    return len(parts) in {1, 2} and all(is_package_name(part) for part in parts)


def _refuse_unknown(node: Node, known: tuple[str, ...]) -> None:
    for key, value in node.items():
        if key not in known:
            value.error("unknown-key", f"there is no key {key!r} here", closest(key, known))


def _checked(node: Node, key: str, is_valid: Callable[[str], object], wanted: str) -> str:
    entry = node.get(key)
    if entry is None:
        return ""
    if not isinstance(entry.value, str) or not is_valid(entry.value):
        entry.error("config-invalid", f"{key} is {wanted}")
        return ""
    return entry.value


def _names(node: Node | None, key: str, is_valid: Callable[[str], object], wanted: str) -> dict[str, str]:
    holder = node.get(key) if node is not None else None
    if holder is None:
        return {}
    found = {wire: _checked(holder, wire, is_valid, wanted) for wire, _ in holder.items()}
    return {wire: chosen for wire, chosen in found.items() if chosen}
