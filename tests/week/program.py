"""A program that uses every call of an SDK, made of its snippets, and where it fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from samekey.diff import Surface

from tests.week.changes import Field

_CALL = re.compile(r"\bclient((?:\.\w+)+)")
_MAIN = """
if __name__ == "__main__":
    found = {{}}
    for function in ({functions}):
        try:
            with {client}(retry=RetryPolicy(max_retries=0)) as client:
                function(client)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if frame.filename == __file__]
            found[function.__name__] = [lines[-1], type(error).__name__]
    Path(sys.argv[1]).write_text(json.dumps(found), "utf-8")
"""
_IMPORTS = "import json\nimport sys\nimport traceback\nfrom pathlib import Path\n\n"


@dataclass(frozen=True)
class Program:
    """A program.

    Args:
        text: its source.
        uses: the lines that use something of the SDK, with what it is: `charges.create`, `Charge.status`.
        functions: the lines at which its functions begin, with their names.
    """

    text: str
    uses: Mapping[int, str]
    functions: Mapping[int, str]

    def function_at(self, line: int) -> str:
        """The function that holds a line."""
        return self.functions[max(begin for begin in self.functions if begin <= line)]


def function_of(call: str) -> str:
    """The function of the program that makes a call."""
    return call.replace(".", "_")


def written(snippets: Path, surface: Surface, field: Field | None = None) -> Program:
    """A program with a function for each snippet; that of a field's call reads the field as well."""
    imports: dict[str, None] = {}
    functions: dict[str, list[str]] = {}
    for path in sorted(snippets.glob("*.py")):
        before, _, body = path.read_text("utf-8").partition("() as client:\n")
        imports |= dict.fromkeys(line for line in before.splitlines() if line.startswith(("import", "from")))
        functions[path.stem] = body.rstrip().splitlines()
    if field is not None:
        functions[function_of(field.call)].append(f"    print(result.{field.name})")
    head = [*_IMPORTS.splitlines(), *imports, f"from {surface.package} import RetryPolicy", ""]
    lines, begins = head, dict[int, str]()
    for name, body_lines in functions.items():
        begins[len(lines) + 2] = name
        lines = [*lines, "", f"def {name}(client: {surface.client}) -> None:", *body_lines, ""]
    main = _MAIN.format(functions=", ".join([*functions, ""]), client=surface.client)
    uses = dict(_uses(lines, surface))
    if field is not None:
        uses[lines.index(f"    print(result.{field.name})") + 1] = f"{field.type}.{field.name}"
    return Program("\n".join(lines) + "\n" + main, uses, begins)


def _uses(lines: list[str], surface: Surface) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        for path in _CALL.findall(line):
            parts = path.strip(".").split(".")
            names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
            name = next((name for name in names if name in surface.calls), None)
            if name is not None:
                yield number, name


def refused_lines(program: Path, python: Path) -> set[int]:
    """The lines that mypy refuses, in strict mode, with what is installed beside an interpreter."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", str(python),
               "--cache-dir", str(program.parent / ".mypy_cache"), "--no-error-summary", program.name]  # fmt: skip
    done = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found = re.findall(rf"^{re.escape(program.name)}:(\d+): error:(.*)$", done.stdout, re.MULTILINE)
    return {int(line) for line, message in found if "[no-any" not in message}


@dataclass(frozen=True)
class Ended:
    """How a run of a program ended.

    Args:
        failures: functions that failed, with the line and the exception.
        warnings: what stood on standard error.
    """

    failures: Mapping[str, tuple[int, str]]
    warnings: str


def run(program: Path, python: Path, surface: Surface, base_url: str) -> Ended:
    """Run a program against a server, with credentials that every server of ours takes."""
    prefix = surface.package.upper()
    given = [name for name, seen in surface.client_arguments.items() if seen.place.startswith("credential")]
    environment = {f"{prefix}_{name.upper()}": "x" for name in given} | {f"{prefix}_BASE_URL": base_url}
    outcomes = program.with_suffix(".json")
    done = subprocess.run(
        [str(python), "-W", "default", program.name, outcomes.name], cwd=program.parent,
        env={**os.environ, **environment, "PYTHONPATH": ""}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-6000:]
    found = json.loads(outcomes.read_text("utf-8"))
    return Ended({name: (line, error) for name, (line, error) in found.items()}, done.stderr)
