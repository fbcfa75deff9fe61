"""Check what is about to be released: python -m tests.release [TAG]."""

from __future__ import annotations

import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
IN_WHEEL = (
    "samekey/cli/__init__.py",
    "samekey_templates/audit/report.html.jinja",
    "samekey_templates/client/client.py.jinja",
    "samekey_templates/runtime/client.py",
)
IN_SOURCE = (
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "README.md",
    "Makefile",
    "docs/architecture.md",
)


def problems(tag: str = "", dist: Path = ROOT / "dist") -> Iterator[str]:
    """Yield what stands in the way of a release.

    Args:
        tag: the tag, such as `v1.2.3`; empty where there is none yet.
        dist: the folder of the archives.
    """
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if tag and tag != f"v{version}":
        yield f"the tag {tag} is not the version {version} of pyproject.toml"
    heading = re.compile(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", re.MULTILINE)
    if tag and heading.search((ROOT / "CHANGELOG.md").read_text("utf-8")) is None:
        yield f"CHANGELOG.md has no section '## {version} - YYYY-MM-DD'"
    wheels, archives = sorted(dist.glob(f"samekey-{version}-*.whl")), sorted(dist.glob(f"samekey-{version}.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        yield f"{dist} holds {len(wheels)} wheels and {len(archives)} source archives of {version}"
        return
    with zipfile.ZipFile(wheels[0]) as wheel:
        held = set(wheel.namelist())
    yield from (f"{wheels[0].name} lacks {name}" for name in IN_WHEEL if name not in held)
    if not any(name.endswith("/licenses/LICENSE") for name in held):
        yield f"{wheels[0].name} lacks the licence"
    with tarfile.open(archives[0]) as archive:
        held = set(archive.getnames())
    top = f"samekey-{version}"
    yield from (f"{archives[0].name} lacks {name}" for name in IN_SOURCE if f"{top}/{name}" not in held)


if __name__ == "__main__":
    found = list(problems(sys.argv[1] if len(sys.argv) > 1 else ""))
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    sys.exit(1 if found else 0)
