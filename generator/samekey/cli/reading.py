"""What commands read: the config file, and the document with its overlays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from samekey.config.file import Config
    from samekey.document.diagnostics import Diagnostics
    from samekey.document.node import Document
    from samekey.document.source import Fetch
    from samekey.lower import Part


def read_config(path: Path | None, package: str, diagnostics: Diagnostics, fetch: Fetch | None = None) -> Config | None:
    """Read the config file, or return the defaults without one; None where it cannot be read."""
    from msgspec.structs import replace  # noqa: PLC0415

    from samekey.config.file import Config, hides_module, is_package_name, load_config  # noqa: PLC0415

    if package and not is_package_name(package):
        message = f"{package!r} is not a name in lower case that Python can import"
        raise typer.BadParameter(message, param_hint="--package")
    if hides_module(package):
        message = f"a package {package!r} would hide the module of that name"
        raise typer.BadParameter(message, param_hint="--package")
    found = Config() if path is None else load_config(str(path), diagnostics, fetch)
    return replace(found, package=package) if found is not None and package else found


def read_document(
    spec: str,
    config: Config,
    diagnostics: Diagnostics,
    overlays: Sequence[str] = (),
    fetch: Fetch | None = None,
) -> Document | None:
    """Read the document, and apply the overlays of the config, then those of the command line; None where one fails."""
    return _read(spec, [*config.overlays, *overlays], diagnostics, fetch)


def read_parts(config: Config, diagnostics: Diagnostics, fetch: Fetch | None = None) -> list[Part] | None:
    """Read the further documents of an SDK with their overlays; None where one of them cannot be read (reported)."""
    if not config.documents:
        return []
    from samekey.lower import Part  # noqa: PLC0415
    from samekey.lower.paths import listed_operations  # noqa: PLC0415

    found: list[Part] = []
    for name, part in config.documents.items():
        document = _read(part.spec, part.overlays, diagnostics, fetch)
        if document is not None:
            candidates = tuple(entry.selectable for entry in listed_operations(document.node))
            found.append(Part(name, document, part.selection, part.node, candidates))
    return found if len(found) == len(config.documents) else None


def _read(spec: str, locations: Sequence[str], diagnostics: Diagnostics, fetch: Fetch | None) -> Document | None:
    from samekey.document.node import load  # noqa: PLC0415

    document = load(spec, diagnostics, fetch, sys.stdin.buffer.read() if spec == "-" else b"")
    if document is None or not locations:
        return document
    from samekey.document.overlay import apply_overlays, load_overlay  # noqa: PLC0415

    found = [load_overlay(location, diagnostics, fetch) for location in locations]
    usable = [overlay for overlay in found if overlay is not None]
    return apply_overlays(document, usable) if len(usable) == len(found) else None
