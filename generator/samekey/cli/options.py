"""The arguments and options that commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A path, a URL, or - for standard input.")]
NamesFolder = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="The folder of the SDK, for its names.", show_default=False),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The config file; see docs/config.md.", show_default=False),
]
Overlays = Annotated[
    list[str] | None,
    typer.Option("--overlay", metavar="FILE", help="Changes to the document; may be repeated.", show_default=False),
]
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="A document behind a URL may refer to other origins than its own.")
]
CheckOnly = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 with a diff if DIR is not up to date.")]
ReportFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--report", metavar="FILE", help="A report of what changes for users: .md or .json; may be repeated.",
        show_default=False,
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON list for other programs.")]
Listen = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 is any free one.")]
Store = Annotated[str, typer.Option(metavar="URL", help="Where all is kept: a file, or postgresql://….")]
FaultRules = Annotated[
    list[str] | None,
    typer.Option(
        "--fault", metavar="FAULT", help="What goes wrong: cut, 503, any,probability=0.3; may be repeated.",
        show_default=False,
    ),
]  # fmt: skip
FaultFile = Annotated[
    Path | None,
    typer.Option("--faults", metavar="FILE", help="Rules of faults; see docs/sandbox.md.", show_default=False),
]
FaultSeed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Seeds the chance of faults; 1, or the file's.", show_default=False),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seeds the chance of faults.")]


Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing of single requests.")]


class DumpStage(StrEnum):
    """What `samekey inspect --dump` shows: what the rooms of the generator hand to each other, in their order."""

    IR = "ir"
    NAMES = "names"
    PLAN = "plan"


Dump = Annotated[
    DumpStage | None,
    typer.Option(help="Show what the generator makes on its way, for those who change it.", show_default=False),
]
