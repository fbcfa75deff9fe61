"""What commands read: the config file, and the document with its overlays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from samekey.cli.output import is_there
from samekey.header import CUSTOM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from samekey.config.file import Config
    from samekey.document.diagnostics import Diagnostics, Place
    from samekey.document.node import Document
    from samekey.document.source import Fetch
    from samekey.emit.own import OwnFiles
    from samekey.lower import Part
    from samekey.names import Lockfile


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


def read_names(sdk: Path | None, diagnostics: Diagnostics) -> Lockfile | None:
    """Return the names that an SDK has given; none without a folder, None where they cannot be read (reported)."""
    from samekey.names import EMPTY, LOCKFILE, load_lockfile  # noqa: PLC0415

    if sdk is None:
        return EMPTY
    if not is_there(sdk / LOCKFILE):
        message = f"{sdk} holds no {LOCKFILE}, so it is no SDK whose names could be taken"
        diagnostics.error("names-missing", message, hint="give the folder of an SDK with -o, or leave -o out")
        return None
    return load_lockfile(sdk / LOCKFILE, diagnostics)


def read_document(
    spec: str,
    config: Config,
    diagnostics: Diagnostics,
    overlays: Sequence[str] = (),
    fetch: Fetch | None = None,
    *,
    allow_remote: bool = False,
) -> Document | None:
    """Read the document, and apply the overlays of the config, then those of the command line; None where one fails."""
    return _read(spec, [*config.overlays, *overlays], diagnostics, fetch, allow_remote=allow_remote)


def read_parts(
    config: Config, diagnostics: Diagnostics, fetch: Fetch | None = None, *, allow_remote: bool = False
) -> list[Part] | None:
    """Read the further documents of an SDK with their overlays; None where one of them cannot be read (reported)."""
    if not config.documents:
        return []
    from samekey.lower import Part  # noqa: PLC0415
    from samekey.lower.paths import listed_operations  # noqa: PLC0415

    found: list[Part] = []
    for name, part in config.documents.items():
        document = _read(
            part.spec, part.overlays, diagnostics, fetch, allow_remote=allow_remote, named_at=part.node.place
        )
        if document is not None:
            candidates = tuple(entry.selectable for entry in listed_operations(document.node))
            found.append(Part(name, document, part.selection, part.node, candidates))
    return found if len(found) == len(config.documents) else None


def own_modules(target: Path) -> list[Path]:
    """Return the paths of the modules that an owner wrote by hand into an SDK, in its folders called `custom`."""
    folders = [folder / CUSTOM for folder in sorted(target.iterdir())] if is_there(target) and target.is_dir() else []
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*.py")) if path.is_file()]


def read_own(target: Path, config: Config, diagnostics: Diagnostics, fetch: Fetch | None = None) -> OwnFiles | None:
    """Read what an owner wrote by hand: modules in an SDK, and templates; None where one cannot be read (reported)."""
    from samekey.document.source import FetchError, fetch_bytes  # noqa: PLC0415
    from samekey.emit.own import OwnFiles, OwnTemplate  # noqa: PLC0415

    def text_of(path: str, place: Place | None) -> str | None:
        try:
            return (fetch or fetch_bytes)(path).decode("utf-8-sig")
        except (FetchError, UnicodeDecodeError) as error:
            reason = str(error) if isinstance(error, FetchError) else "it is not UTF-8 text"
            diagnostics.error("unreadable", f"cannot read {path}: {reason}", place)
            return None

    modules = {path.relative_to(target).as_posix(): text_of(str(path), None) for path in own_modules(target)}
    templates = {name: (file.path, text_of(file.path, file.node.place)) for name, file in config.templates.items()}
    texts = {path: text for path, text in modules.items() if text is not None}
    made = {name: OwnTemplate(path, text) for name, (path, text) in templates.items() if text is not None}
    is_whole = len(texts) == len(modules) and len(made) == len(templates)
    return OwnFiles(texts, made, str(target)) if is_whole else None


def _read(
    spec: str,
    locations: Sequence[str],
    diagnostics: Diagnostics,
    fetch: Fetch | None,
    *,
    allow_remote: bool,
    named_at: Place | None = None,
) -> Document | None:
    from samekey.document.node import load  # noqa: PLC0415

    stdin = sys.stdin.buffer.read() if spec == "-" else b""
    document = load(spec, diagnostics, fetch, stdin, allow_remote=allow_remote, named_at=named_at)
    if document is None or not locations:
        return document
    from samekey.document.overlay import apply_overlays, load_overlay  # noqa: PLC0415

    found = [load_overlay(location, diagnostics, fetch) for location in locations]
    usable = [overlay for overlay in found if overlay is not None]
    return apply_overlays(document, usable) if len(usable) == len(found) else None
