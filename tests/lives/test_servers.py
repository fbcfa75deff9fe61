"""Servers that import an application, and fork: its client was used before, and then by all workers at once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.lives.bank import Bank, judge
from tests.lives.running import PROGRAMS, Program, ask_again, ask_all, needs

CALLS = 300


@needs("gunicorn")
@pytest.mark.parametrize("worker", ["sync", "gthread"])
@pytest.mark.parametrize("journal", [False, True], ids=["", "journal"])
def test_gunicorn_preloads(bank: Bank, environment: dict[str, str], tmp_path: Path, worker: str, journal: bool) -> None:  # noqa: FBT001
    """Each answer belongs to its own request, and each payment is booked once."""
    if journal:
        environment["JOURNAL"] = str(tmp_path / "journal.db")
    arguments = [
        "-m",
        "gunicorn",
        "--preload",
        "--workers",
        "3",
        "--worker-class",
        worker,
        "--bind",
        "127.0.0.1:0",
        "--no-control-socket",
    ]
    with Program(
        [*arguments, "--threads", "4" if worker == "gthread" else "1", "wsgi_shop"], environment, tmp_path
    ) as program:
        url = program.says(r"Listening at: (http://[\d.:]+)")
        told = ask_all([url], CALLS)
    count = judge(bank, told)
    assert count.processes > 1
    # A token for each process, and one for the master.
    assert bank.tokens <= 1 + 3


@needs("gunicorn", "fastapi", "uvicorn_worker")
@pytest.mark.parametrize("worker", ["uvicorn_worker.UvicornWorker", "asgi"])
def test_gunicorn_preloads_an_asgi_application(
    bank: Bank, environment: dict[str, str], tmp_path: Path, worker: str
) -> None:
    """Both clients of an application: one in the threads of each worker, one in its event loop."""
    arguments = [
        "-m",
        "gunicorn",
        "--preload",
        "--workers",
        "3",
        "--worker-class",
        worker,
        "--bind",
        "127.0.0.1:0",
        "--no-control-socket",
    ]
    with Program([*arguments, "asgi_shop:app"], environment, tmp_path) as program:
        url = program.says(r"Listening at: (http://[\d.:]+)")
        told = ask_all([url, f"{url}/async"], CALLS)
    count = judge(bank, told, before=2)
    assert count.processes > 1
    # The same for each of two clients.
    assert bank.tokens <= 2 * (1 + 3)


@needs("fastapi", "uvicorn")
def test_uvicorn_reloads(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """A developer saves a file while calls are on their way: none of them is lost, and none is made twice."""
    module = tmp_path / "edited_shop.py"
    module.write_text("from asgi_shop import app\n", "utf-8")
    arguments = ["-m", "uvicorn", "--reload", "--reload-dir", str(tmp_path), "--port", "0", "edited_shop:app"]
    environment["PYTHONPATH"] += f":{tmp_path}"
    with Program(arguments, environment, tmp_path) as program:
        url = program.says(r"running on (http://[\d.:]+)")
        program.says(r"(Application startup complete)")
        told = ask_again(
            [url, f"{url}/async"], CALLS // 2, at={40: lambda _: module.touch(), 80: lambda _: module.touch()}
        )
    count = judge(bank, told, before=None)
    assert count.processes > 1


def kill(told: dict[str, Any]) -> None:
    """Kill the worker that has answered."""
    os.kill(told["process"], signal.SIGKILL)


@needs("pyuwsgi")
@pytest.mark.parametrize(
    "hooks",
    [
        (),
        ("--py-call-osafterfork",),
        ("--py-call-uwsgi-fork-hooks",),
    ],
    ids=" ".join,
)
def test_uwsgi_forks_its_workers(
    bank: Bank, environment: dict[str, str], tmp_path: Path, hooks: tuple[str, ...]
) -> None:
    """The master imports the application and forks, by default without Python's hooks; killed workers come again."""
    options = ["--http-socket", "127.0.0.1:0", "--master", "--processes", "3", "--threads", "4", "--need-app"]
    program = Program(
        [
            "-c",
            "import pyuwsgi, sys; pyuwsgi.run(sys.argv[1:])",
            *options,
            *hooks,
            "--module",
            "wsgi_shop",
            "--die-on-term",
        ],
        environment,
        tmp_path,
    )
    with program:
        url = "http://" + program.says(r"bound to TCP address ([\d.:]+)")
        told = ask_again([url], CALLS, at={60: kill, 140: kill})
        # On a busy machine all may be answered before a new worker has come.
        while len({each["process"] for each in told}) <= 3 and len(told) < 4 * CALLS:
            told += ask_again([url], 30, at={}, first=len(told))
    count = judge(bank, told)
    assert count.processes > 3


def test_a_master_forks_its_workers_anew(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """The same by hand, with a master that is in the middle of a call of its own whenever it forks."""
    with Program([str(PROGRAMS / "prefork_shop.py")], environment, tmp_path) as program:
        url = program.says(r"Listening at: (http://[\d.:]+)")
        told = ask_again([url], CALLS, at={60: kill, 140: kill})
    count = judge(bank, told, before=None)
    assert count.processes > 3
