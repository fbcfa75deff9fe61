"""What it costs to generate: against openapi-python-client, as documents grow, and where nothing has changed.

Documents of others are read from the folder that `SAMEKEY_CORPUS` names, where there is one.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load

from benchmarks.documents import document, write
from benchmarks.measure import Row, compared, paired, spread, tell
from benchmarks.processes import Ran, ran

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES: Final = (500, 1_000, 2_000, 5_000)
ROUNDS: Final = 3
SAMEKEY: Final = (sys.executable, "-m", "samekey")


def generated(path: Path, target: Path, *flags: str) -> Ran:
    """Generate an SDK with the command line."""
    return ran([*SAMEKEY, "generate", str(path), "-o", str(target), *flags])


def growth(folder: Path) -> Iterator[Row]:
    """Yield rows for the time per operation of documents of several sizes, against the smallest."""
    each: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size, times in each.items():
            shutil.rmtree(folder / str(size), ignore_errors=True)
            path = write(size, folder / f"{size}.json")
            times.append(generated(path, folder / str(size)).cpu / size * 1e3)
    first = each[SIZES[0]]
    for size, times in each.items():
        note = f"{statistics.median(times):.2f} s of CPU for 1,000 operations"
        yield Row(f"generate {size:,} operations", f"{SIZES[0]}", 1.2, spread([*map(_over, times, first)]), note=note)
    yield Row("generate 1,000 operations", "3 s of CPU", 3.0, spread(each[1_000]), note="the figure is seconds")


def _over(one: float, other: float) -> float:
    return one / other


def unchanged(folder: Path) -> Iterator[Row]:
    """Yield rows for `--check` where nothing changed against a full run, and `--help` against a bare interpreter."""
    path, target = write(1_200, folder / "1200.json"), folder / "1200"
    pairs: list[tuple[Ran, Ran]] = []
    for _ in range(ROUNDS + 2):
        shutil.rmtree(target, ignore_errors=True)
        full = generated(path, target)
        pairs.append((generated(path, target, "--check"), full))
    times = [((check.cpu, check.wall), (full.cpu, full.wall)) for check, full in pairs]
    yield compared("generate --check, nothing changed", "a full run", 0.70, times, "s")
    helps = [(ran([*SAMEKEY, "--help"]).wall, ran([sys.executable, "-c", "pass"]).wall) for _ in range(10)]
    more = spread([mine - other for mine, other in helps])
    yield Row("samekey --help", "python -c pass", 0.25, more, note="the figure is seconds more")


def reading(folder: Path) -> Row:
    """Measure reading a YAML document of 4 MB, with the lines of its values, against PyYAML's own C loader."""
    path = folder / "big.yaml"
    text = yaml.dump(document(4_000), Dumper=yaml.CSafeDumper, sort_keys=False)
    path.write_text(text, "utf-8")

    def ours() -> None:
        assert load(str(path), Diagnostics()) is not None

    def theirs() -> Any:  # noqa: ANN401  # whatever it makes of it
        return yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)

    what = f"read {len(text) / 1e6:.1f} MB of YAML"
    return compared(what, "yaml.CSafeLoader", 0.25, paired(ours, theirs, rounds=4, number=1), "ms")


def beside(peer: str, corpus: Path, folder: Path) -> Iterator[Row]:
    """Yield rows for the largest documents of a corpus, in JSON and in YAML, against openapi-python-client."""
    real = corpus / "real"
    for ending, count in (("*.json", 3), ("*.yaml", 2)):
        for path in sorted(real.glob(ending), key=lambda entry: -entry.stat().st_size)[:count]:
            yield from _beside(peer, path, folder)


def _beside(peer: str, path: Path, folder: Path) -> Iterator[Row]:
    target, other = folder / "ours", folder / "theirs"
    runs: list[tuple[Ran, Ran]] = []
    for _ in range(2):
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(other, ignore_errors=True)
        theirs = ran([peer, "generate", "--path", str(path), "--output-path", str(other)])
        runs.append((generated(path, target), theirs))
        if not theirs.succeeded:
            break
    files = len(list(other.rglob("*.py"))) if other.exists() else 0
    note = "" if runs[-1][1].succeeded else f", which refused it after {files} files"
    times = [((mine.cpu, mine.wall), (peers.cpu, peers.wall)) for mine, peers in runs]
    row = compared(f"generate {path.name}", f"openapi-python-client{note}", 0.30 if not note else 0.0, times, "s")
    yield row
    peaks = spread([mine.peak / peers.peak for mine, peers in runs])
    memory = f"{runs[0][0].peak:.0f} MB of {runs[0][1].peak:.0f} MB"
    yield Row("the same, memory", row.against, 1.0 if not note else 0.0, peaks, note=memory)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        found = [*growth(place), *unchanged(place), reading(place)]
        corpus = Path(os.environ.get("SAMEKEY_CORPUS") or "missing")
        if corpus.is_dir() and sys.argv[1:]:
            found += beside(sys.argv[1], corpus, place)
        tell(found)
