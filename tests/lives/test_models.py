"""Models of an SDK inside programs of others: answered, shown, saved, described, and handed on as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samekey.sandbox.serving import running

from tests.lives.running import PROGRAMS, Program, needs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables by which a program finds the SDK, a sandbox of its API, and a folder for a queue."""
    with running(str(ROOT / "specs" / "payments" / "openapi.yaml")) as sandbox:
        yield {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "generated" / "payments"), str(PROGRAMS)]),
            "ACME_PAYMENTS_BASE_URL": sandbox.url,
            "ACME_PAYMENTS_TOKEN": "any",
            "BANK": sandbox.url,
            "QUEUE": str(tmp_path / "queue"),
        }


def run(script: str, variables: dict[str, str], folder: Path, *options: str) -> dict[str, Any]:
    """Run a program to its end, and return what it has found."""
    command = [sys.executable, *options, str(PROGRAMS / script), str(folder / "told.json")]
    environment = {**os.environ, **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads((folder / "told.json").read_text("utf-8"))
    return told


@needs("fastapi")
def test_fastapi_takes_them(tmp_path: Path, variables: dict[str, str]) -> None:
    """A model is a field of a body, an answer, an item of one and a field of one; its errors pass through."""
    told = run("fastapi_models.py", variables, tmp_path)
    status, charge = told["made"]
    assert (status, charge["amount"], charge["billing_address"]["city"]) == (201, 1999, "Paris")
    # FastAPI refuses an address without its fields; a currency that no document lists is for the API to refuse.
    assert (told["invalid"], told["unknown"], told["refused"], told["same"]) == (422, 400, 404, True)
    assert charge in told["listed"]
    assert told["receipt"] == {"charge": charge, "text": "1999 eur"}
    assert set(charge) <= set(told["schema"]["properties"])
    assert told["schema"]["properties"]["amount"]["type"] == "integer"


@needs("celery")
def test_celery_hands_them_on(tmp_path: Path, variables: dict[str, str]) -> None:
    """As JSON between tasks: what was `to_dict` there is a model here; an order is charged once under its own key."""
    arguments = ["-m", "celery", "-A", "celery_models", "worker", "--pool", "prefork", "--concurrency", "2"]
    options = ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    with Program([*arguments, *options], variables, tmp_path) as worker:
        # Before that, both write who listens to what into one file.
        worker.says(r"(celery@\S+ ready)")
        told = run("celery_models.py", variables, tmp_path)
    assert told == {
        "same": True, "described": [1999, "eur", "Row F", {"by": "celery"}], "stored": "Row F",
    }  # fmt: skip


@needs("django")
def test_django_takes_them(tmp_path: Path, variables: dict[str, str]) -> None:
    """`JsonResponse(charge.to_dict())`, a form's data as arguments, fields as columns, a session with a charge."""
    told = run("django_models.py", variables, tmp_path, "-W", "error")
    status, charge = told["made"]
    assert (status, charge["amount"], charge["currency"], charge["description"]) == (201, 1999, "eur", "Row F")
    assert told["shown"] == charge
    assert charge in told["listed"]
    assert told["receipt"] == f"1999 eur on {charge['created_at'][:10]}: {charge['status']}"
    assert told["invalid"] == 422
    assert told["row"] == [charge["id"], 1999, "eur", charge["status"], True]
    assert told["moments"] is told["cached"] is True
