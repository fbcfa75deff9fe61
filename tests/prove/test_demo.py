"""`make demo` ends by itself, and what it promises is so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_demo_shows_that_each_charge_is_made_once() -> None:
    """It exits 0, shows a timeline and the address of the page, and says what came of it."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "demo" / "run.py")], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "/_samekey/" in done.stdout
    assert done.stdout.count("EFFECT 1") == 1
    assert "EFFECT 2" not in done.stdout
    assert "14 were made, each once" in done.stdout
