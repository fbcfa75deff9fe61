"""`make demo` ends by itself, and what it promises is so."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from demo.picture import TARGET, lost_answer, picture

ROOT = Path(__file__).parent.parent.parent


def test_the_demo_shows_that_each_charge_is_made_once() -> None:
    """It exits 0, shows a timeline and the address of the page, and says what came of it."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "demo" / "run.py")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0
    # What half of the operations share is proposed for the client.
    assert [line for line in done.stderr.splitlines() if line.startswith(("error", "warning", "Traceback"))] == []
    assert "/_samekey/" in done.stdout
    assert done.stdout.count("EFFECT 1") == 1
    assert "EFFECT 2" not in done.stdout
    assert "14 were made, each once" in done.stdout


def test_the_picture_is_of_a_real_run() -> None:
    """The events of a lost answer and its retry, drawn, are the picture of the README; it is whole, and can be dark."""
    drawn = picture(lost_answer())
    assert drawn == TARGET.read_text("utf-8"), "run python -m demo.picture"
    root = ET.fromstring(drawn)  # noqa: S314  # our own
    texts = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[-1] == "2 requests, one key, 1 charge"
    assert sum("POST /charges" in text for text in texts) == 2
    assert "prefers-color-scheme: dark" in drawn
