"""`samekey diff`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer
from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.cli.options import AllowRemote, ConfigFile, Overlays, ReportFiles
from samekey.cli.output import ExitCode, fail, print_finding, progress, refuse_inputs, show, write_whole
from samekey.cli.reading import read_config, read_document, read_parts
from samekey.document.diagnostics import Diagnostics, Severity, escaped
from samekey.document.revisions import Revision, revision_of
from samekey.document.source import FetchError, fetch_bytes
from samekey.gc_pause import paused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.config.file import Config
    from samekey.diff import ChangeReport, ChangeSection
    from samekey.document.source import Fetch
    from samekey.names import Lockfile
    from samekey.pipeline import View

_SUFFIXES = (".json", ".md")
_WHAT = "a document, the folder of an SDK, or one of them at a revision, such as main:openapi.yaml"


class DiffGate(StrEnum):
    """What makes the exit code 1."""

    BREAKING = "breaking"
    VERSION = "version"
    NEVER = "never"


class _Side(Struct, frozen=True):
    """One of the two that are compared.

    Args:
        location: how it was given.
        revision: the revision that this names, if it does.
        is_folder: whether it is an SDK, and not a document.
    """

    location: str
    revision: Revision | None
    is_folder: bool

    @property
    def fetch(self) -> Fetch:
        """What reads files as they stood then."""
        return fetch_bytes if self.revision is None else self.revision.fetch

    @property
    def path(self) -> str:
        """The path or URL without the revision."""
        return self.location if self.revision is None else self.revision.path


class _Wanted(Struct, frozen=True):
    """The options by which SDKs are made of documents."""

    config: Path | None
    package: str
    overlays: tuple[str, ...]
    allow_remote: bool


def diff(  # noqa: PLR0913  # an option each
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"What users have: {_WHAT}.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What they would get, likewise.")],
    config: ConfigFile = None,
    overlay: Overlays = None,
    package: Annotated[str, typer.Option(metavar="NAME", help="The import name of the SDK.", show_default=False)] = "",
    report: ReportFiles = None,
    changelog: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A CHANGELOG.md whose entry of the new version is brought up to date.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        DiffGate,
        typer.Option(help="What makes the exit code 1: anything that breaks users, or a new version that is too low."),
    ] = DiffGate.NEVER,
    *,
    allow_remote: AllowRemote = False,
) -> None:  # fmt: skip
    """Show what changes for users of an SDK, which of it breaks their programs, and the next version."""
    inputs = (old, new, config, *(overlay or ()))
    check_reports(report or (), (*inputs, changelog))
    refuse_inputs([changelog] if changelog is not None else [], inputs, "--changelog")
    if old == new == "-":
        raise typer.BadParameter("standard input can be one of both, and not the other as well", param_hint="NEW")
    text = _read_changelog(changelog)
    wanted = _Wanted(config, package, tuple(overlay or ()), allow_remote)
    with paused(to_the_end=True), progress() as step:
        from samekey.diff import report_changes  # noqa: PLC0415  # `--help` need not wait for it
        from samekey.names import EMPTY  # noqa: PLC0415

        step("reading the old one")
        before = _view(_side(old, "OLD"), wanted, EMPTY, is_old=True)
        step("reading the new one")
        after = _view(_side(new, "NEW"), wanted, before.lockfile, is_old=False)
        step("comparing")
        found = report_changes(before.surface, after.surface)
    # Before anything is told: whoever reads that may stop in the middle, such as `head`.
    write_reports(found, report or ())
    if changelog is not None:
        _write_entry(found, changelog, text)
    for line in told(found):
        typer.echo(line)
    raise typer.Exit(ExitCode.BROKEN if _fails(found, fail_on) else ExitCode.GOOD)


def told(found: ChangeReport, limit: int | None = None) -> Iterable[str]:
    """Yield the lines of a report, in the colours of its sections.

    Args:
        found: what has changed.
        limit: how many changes are told; None for all.
    """
    from samekey.diff.report import report_lines  # noqa: PLC0415

    for section, line in report_lines(found, limit):
        yield typer.style(line, fg=_colours()[section]) if section is not None else typer.style(line, bold=True)


def _colours() -> dict[ChangeSection, str | None]:
    from samekey.diff import ChangeSection  # noqa: PLC0415

    return dict(
        table(
            ChangeSection,
            {
                ChangeSection.BREAKING: "red",
                ChangeSection.ADDED: "green",
                ChangeSection.CHANGED: None,
                ChangeSection.DEPRECATED: "yellow",
            },
        )
    )


def _side(location: str, hint: str) -> _Side:
    revision = revision_of(location)
    try:
        revision = None if revision is None else revision.rooted()
        is_folder = Path(location).is_dir() if revision is None else revision.is_folder()
    except (OSError, ValueError, FetchError) as error:
        raise typer.BadParameter(f"{location}: {error}", param_hint=hint) from error
    return _Side(location, revision, is_folder)


def _view(side: _Side, wanted: _Wanted, lockfile: Lockfile, *, is_old: bool) -> View:
    """Return what users see of an SDK; exit 2 where that cannot be found out."""
    if side.is_folder:
        return _kept(side, "OLD" if is_old else "NEW")
    from samekey.pipeline import view  # noqa: PLC0415

    diagnostics = Diagnostics()
    settings, fetch = _settings(side, wanted, diagnostics)
    found = None
    if settings is not None and not diagnostics.failed:
        remote = wanted.allow_remote
        document = read_document(side.path, settings, diagnostics, wanted.overlays, fetch, allow_remote=remote)
        parts = read_parts(settings, diagnostics, fetch, allow_remote=remote)
        found = None if document is None or parts is None else view(document, settings, lockfile, parts)
    if found is None or diagnostics.failed:
        if side.revision is not None:
            print_finding(f"error: {escaped(side.location)} cannot be read as it was then", Severity.ERROR)
        fail(diagnostics)
    # What is said of the old document was said when its SDK was made.
    if not is_old:
        show(diagnostics)
    return found


def _settings(side: _Side, wanted: _Wanted, diagnostics: Diagnostics) -> tuple[Config | None, Fetch]:
    """Return the config of a side, and what reads its files: at a revision both are as they were then, if they were."""
    overlays = frozenset(wanted.overlays)
    revision, path = side.revision, _path_then(side.revision, wanted.config)
    if revision is not None and path is not None:
        settings = read_config(path, wanted.package, diagnostics, revision.fetch)
    else:
        settings = read_config(wanted.config, wanted.package, diagnostics)
        if settings is not None:
            overlays |= _overlays_of(settings)
            settings = settings if revision is None else _with_parts_of(revision, settings)
    return settings, lambda uri: fetch_bytes(uri) if uri in overlays else side.fetch(uri)


def _overlays_of(settings: Config) -> frozenset[str]:
    """Return the overlays of a config, for whichever document they are."""
    return frozenset(settings.overlays).union(*(part.overlays for part in settings.documents.values()))


def _with_parts_of(revision: Revision, settings: Config) -> Config:
    """Return a config of today with its further documents as they stood at a revision, without those that did not."""
    from msgspec.structs import replace  # noqa: PLC0415

    then = {name: revision.location_of(part.spec) for name, part in settings.documents.items()}
    parts = {name: replace(settings.documents[name], spec=spec) for name, spec in then.items() if spec is not None}
    return replace(settings, documents=parts)


def _path_then(revision: Revision | None, config: Path | None) -> Path | None:
    """Return the path of the config file at a revision; None where it was not there."""
    if revision is None or config is None:
        return None
    try:
        path = revision.path_of(config)
        if path is not None:
            revision.fetch(path)
    except FetchError:
        return None
    return None if path is None else Path(path)


def _kept(side: _Side, hint: str) -> View:
    """Return what is kept with an SDK of what its users see, and of its names."""
    from samekey.diff import SURFACE, SurfaceError, read_surface  # noqa: PLC0415
    from samekey.document.node import load  # noqa: PLC0415
    from samekey.names import EMPTY, LOCKFILE, read_lockfile  # noqa: PLC0415
    from samekey.pipeline import View  # noqa: PLC0415

    try:
        surface = read_surface(side.fetch(f"{side.path}/{SURFACE}"))
    except SurfaceError as error:
        raise typer.BadParameter(f"{side.location}/{SURFACE} cannot be read: {error}", param_hint=hint) from error
    except FetchError as error:
        message = (
            f"{side.location} holds no {SURFACE}: it is no SDK of samekey, or one that was made before 'samekey diff'; "
            "give the document that it was made of"
        )
        raise typer.BadParameter(message, param_hint=hint) from error
    diagnostics = Diagnostics()
    try:
        side.fetch(f"{side.path}/{LOCKFILE}")
    except FetchError:
        return View(surface, EMPTY)
    document = load(f"{side.path}/{LOCKFILE}", diagnostics, side.fetch)
    if document is None:
        fail(diagnostics)
    return View(surface, read_lockfile(document.node))


def _fails(found: ChangeReport, gate: DiffGate) -> bool:
    match gate:
        case DiffGate.BREAKING:
            return found.breaking > 0
        case DiffGate.VERSION:
            return not found.is_high_enough
        case DiffGate.NEVER:
            return False
        case _:
            assert_never(gate)


def _read_changelog(file: Path | None) -> str:
    """Return the text of a changelog; empty where there is none yet."""
    if file is None:
        return ""
    try:
        return file.read_bytes().decode("utf-8") if file.exists() else ""
    except OSError as error:
        raise typer.BadParameter(
            f"{file}: {(error.strerror or str(error)).lower()}", param_hint="--changelog"
        ) from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is not UTF-8 text; it is left as it is", param_hint="--changelog") from error


def check_reports(files: Sequence[Path], inputs: Iterable[str | Path | None]) -> None:
    """Refuse files that no report can be written to, by their names or because they are inputs; exit 2."""
    refuse_inputs(files, inputs, "--report")
    for file in files:
        if file.suffix not in _SUFFIXES:
            raise typer.BadParameter(f"{file} ends in none of {', '.join(_SUFFIXES)}", param_hint="--report")


def write_reports(found: ChangeReport, files: Iterable[Path]) -> None:
    """Write a report into each of some files, as its name says; exit 2 where one cannot be written."""
    from samekey.diff.report import changes_as_json, changes_as_markdown  # noqa: PLC0415

    for file in files:
        write_whole(file, changes_as_json(found) if file.suffix == ".json" else changes_as_markdown(found))


def _write_entry(found: ChangeReport, changelog: Path, text: str) -> None:
    from samekey.diff.changelog import with_entry  # noqa: PLC0415

    entry = with_entry(text, found)
    if entry != text:
        write_whole(changelog, entry)
