"""`samekey init`: a config and an SDK, from nothing but a document."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from samekey.cli.generate import generate
from samekey.cli.options import Spec
from samekey.cli.output import fail, is_there
from samekey.cli.reading import read_config, read_document
from samekey.document.diagnostics import Diagnostics, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from samekey.init.found import Found

_CONFIG = Path("samekey.yaml")


def init(
    spec: Spec,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The folder of the SDK; asked for.", show_default=False),
    ] = None,
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The config to write.")] = _CONFIG,
    *,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing: take what was found.")] = False,
) -> None:
    """Begin an SDK: write a commented config with what the document has, and the SDK, and say what to do next."""
    from msgspec.structs import replace  # noqa: PLC0415

    from samekey.init.config_text import config_text  # noqa: PLC0415

    if spec == "-":
        _refusal("stdin-once", "a document on standard input is gone after this run", "give its path or its URL")
    _refuse_config_there(config)
    found = _found(spec)
    package = _asked("package", found.package, _package_problem, yes=yes)
    if package != found.package:
        found = replace(found, package=package, distribution=package.replace("_", "-"))
    target = output or Path(_asked("folder of the SDK", f"{found.distribution}-python", lambda _: "", yes=yes))
    licence = "" if found.licence else _asked("licence, such as MIT (empty for none)", "", _licence_problem, yes=yes)
    command = shlex.join(["samekey", "generate", spec, "-o", str(target), "--config", str(config)])
    with _written(config, config_text(found, command, licence)):
        generate(spec, target, config)
    typer.echo(f"wrote {escaped(str(config))}")
    for line in _next_steps(found, spec, target, config, command):
        typer.echo(escaped(line))


def _refuse_config_there(config: Path) -> None:
    if is_there(config):
        hint = "run `samekey generate` with it, or choose another --config"
        _refusal("config-there", f"{config} is there already", hint)


def _found(spec: str) -> Found:
    from samekey.init.found import found_in  # noqa: PLC0415
    from samekey.lower.paths import listed_operations  # noqa: PLC0415
    from samekey.pipeline import stages  # noqa: PLC0415

    diagnostics = Diagnostics()
    settings = read_config(None, "", diagnostics)
    document = read_document(spec, settings, diagnostics) if settings is not None else None
    made = stages(document, settings) if document is not None and settings is not None else None
    if document is None or settings is None or made is None or diagnostics.failed:
        fail(diagnostics)
    return found_in(made[0], made[1], list(listed_operations(document.node)), settings)


@contextmanager
def _written(path: Path, text: str) -> Generator[None]:
    """Write a file that was not there, and take it away again where a block does not come to its good end."""
    from samekey.output.write import write_file  # noqa: PLC0415

    _refuse_config_there(path)
    try:
        write_file(path, text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _refusal("config-unwritable", f"cannot write {path}: {reason}", "choose another file with --config")
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _asked(question: str, found: str, problem: Callable[[str], str], *, yes: bool) -> str:
    """Return the answer to a question, asked until it makes sense; what was found where nothing is to be asked."""
    while not yes:
        try:
            answer: str = typer.prompt(question, default=found, show_default=bool(found)).strip()
        except typer.Abort:
            _refusal("no-answer", f"no answer to: {question}", "run it with --yes to be asked nothing")
        reason = problem(answer)
        if not reason:
            return answer
        typer.echo(f"  {escaped(reason)}", err=True)
    return found


def _package_problem(name: str) -> str:
    from samekey.config.file import hides_module, is_package_name  # noqa: PLC0415

    if not is_package_name(name):
        return f"{name!r} is not a name in lower case that Python can import"
    return f"a package {name!r} would hide the module of that name" if hides_module(name) else ""


def _licence_problem(text: str) -> str:
    from samekey.licences import licence_expression  # noqa: PLC0415

    is_known = not text or licence_expression(text) == text
    return "" if is_known else "this is not an SPDX identifier such as MIT, Apache-2.0 or LicenseRef-Acme"


def _next_steps(found: Found, spec: str, target: Path, config: Path, command: str) -> Generator[str]:
    inspect = shlex.join(["samekey", "inspect", spec, "--config", str(config)])
    install = shlex.join(["pip", "install", "-e", str(target)])
    yield ""
    yield "next:"
    yield f"  read {config}: what was found stands there, beside the words that change it"
    yield f"  {inspect}    # every call, and whether it is safe to repeat"
    yield f"  {install}    # then: from {found.package} import {found.client}"
    yield f"  {command}    # after each change; with --check in CI"
    yield "commit the config and the SDK, names.json included: it keeps the names that your users write"


def _refusal(code: str, message: str, hint: str) -> NoReturn:
    diagnostics = Diagnostics()
    diagnostics.error(code, message, hint=hint)
    fail(diagnostics)
