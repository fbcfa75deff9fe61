"""What processes cost: code in one of its own, and commands with all that they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measure import Row, compared

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS: Final = 25
_TIMED: Final = """
import json, re, time
began, wall = time.process_time(), time.perf_counter()
{code}
times = time.process_time() - began, time.perf_counter() - wall
peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]
print(json.dumps([*times, int(peak)]))
"""
_WAITED: Final = """
import json, os, sys, time
began = time.perf_counter()
nothing = os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, nothing, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)]
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - began
print(json.dumps([usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]))
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended.

    Args:
        cpu: seconds, its children's included.
        wall: seconds.
        peak: its memory at most, in MB.
        succeeded: whether it exited with 0.
    """

    cpu: float
    wall: float
    peak: float
    succeeded: bool


def ran(command: Sequence[str]) -> Ran:
    """Run a command to its end as in its own environment, activated, without its output; .pyc files may exist."""
    # Started from a small process: what is started is told to have had the memory of who starts it.
    # A peer finds its formatter by the path alone, and skips the formatting where it does not.
    path = os.pathsep.join([str(Path(command[0]).absolute().parent), os.environ["PATH"]])
    ran = subprocess.run(
        [sys.executable, "-S", "-c", _WAITED, *command],
        capture_output=True,
        check=True,
        env={**_environment(), "PATH": path},
    )
    cpu, wall, peak, status = json.loads(ran.stdout)
    return Ran(cpu, wall, peak / 1024, status == 0)


def timed(code: str) -> tuple[float, float, float]:
    """Measure CPU and wall time in seconds, and peak memory in KB, of code in a new process; .pyc files may exist."""
    ran = subprocess.run(
        [sys.executable, "-c", _TIMED.format(code=code)], capture_output=True, check=True, env=_environment()
    )
    cpu, wall, peak = json.loads(ran.stdout)
    return cpu, wall, peak


def imports(names: dict[str, float]) -> list[Row]:
    """Measure imports of modules, with their targets, against that of httpx."""
    found: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {name: [] for name in names}
    for name in names:
        timed(f"import {name}")
    for _ in range(ROUNDS):
        httpx = timed("import httpx")[:2]
        for name, pairs in found.items():
            pairs.append((timed(f"import {name}")[:2], httpx))
    return [compared(f"import {name}", "import httpx", names[name], pairs, "ms") for name, pairs in found.items()]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
