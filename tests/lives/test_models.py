"""Models of an SDK inside a program of Django: answered, shown, saved, kept in a session and in a cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from samekey.sandbox.serving import running

from tests.lives.running import PROGRAMS, needs

ROOT = Path(__file__).parents[2]


@needs("django")
def test_django_takes_them(tmp_path: Path) -> None:
    """`JsonResponse(charge.to_dict())`, a form's data as arguments, fields as columns, a session with a charge."""
    with running(str(ROOT / "specs" / "payments" / "openapi.yaml")) as sandbox:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "generated" / "payments"),
            "ACME_PAYMENTS_BASE_URL": sandbox.url,
            "ACME_PAYMENTS_TOKEN": "any",
        }
        command = [sys.executable, "-W", "error", str(PROGRAMS / "django_models.py"), str(tmp_path / "told.json")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    status, charge = told["made"]
    assert (status, charge["amount"], charge["currency"], charge["description"]) == (201, 1999, "eur", "Row F")
    assert told["shown"] == charge
    assert charge in told["listed"]
    assert told["receipt"] == f"1999 eur on {charge['created_at'][:10]}: {charge['status']}"
    assert told["invalid"] == 422
    assert told["row"] == [charge["id"], 1999, "eur", charge["status"], True]
    assert told["moments"] is told["cached"] is True
