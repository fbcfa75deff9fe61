"""Environments of their own for what is measured, made once under `build/bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.documents import write

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parent.parent
PLACE: Final = ROOT / "build" / "bench"
PAYMENTS: Final = ROOT / "specs" / "payments" / "openapi.yaml"
PEERS: Final = ("openai", "anthropic", "stripe", "cloudflare", "openapi-python-client", "httpx")
LARGE: Final = 1_200
"""Operations of the large SDK."""


def sdks() -> tuple[Path, list[Path]]:
    """Return the Python of an environment with httpx, httpx-aiohttp and msgspec alone, and the folders of two SDKs."""
    PLACE.mkdir(parents=True, exist_ok=True)
    documents = {"payments": PAYMENTS, "bench": write(LARGE, PLACE / "bench.json")}
    folders: list[Path] = []
    for name, document in documents.items():
        folders.append(PLACE / f"{name}-sdk")
        _run(sys.executable, "-m", "samekey", "generate", str(document), "-o", str(folders[-1]))
    return _environment("sdk", ["httpx", "msgspec", "httpx-aiohttp"]), folders


def peers() -> tuple[Path, list[Path]]:
    """Return the interpreter of an environment with other SDKs, and the folder of what a peer generates."""
    python = _environment("peers", PEERS)
    folder = PLACE / "peer-sdk"
    if not (folder / "opc_payments").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(
            str(peer_generator(python)), "generate", "--path", str(PAYMENTS), "--meta", "none", "--output-path",
            str(folder / "opc_payments"),
        )  # fmt: skip
    return python, [folder]


def peer_generator(python: Path) -> Path:
    """Return the path of openapi-python-client in the environment of the peers."""
    return python.parent / "openapi-python-client"


def _environment(name: str, packages: Sequence[str]) -> Path:
    python = PLACE / name / "bin" / "python"
    if not python.exists():
        print(f"making {python.parent.parent.relative_to(ROOT)} …", file=sys.stderr)
        _run(sys.executable, "-m", "venv", str(PLACE / name))
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
