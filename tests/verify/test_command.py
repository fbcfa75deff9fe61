"""`samekey verify` as a program: what it prints, writes and refuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
import yaml
from samekey.cli import app
from samekey.sandbox.keys.broken import Broken
from samekey.sandbox.server.app import Settings
from samekey.verify.run import is_loopback
from typer.testing import CliRunner

from tests.verify.conftest import PAYMENTS, TOKEN, serving


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command, with the token in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "samekey", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "SAMEKEY_TOKEN": TOKEN},
    )  # fmt: skip


def test_a_report_is_printed_and_written_and_generate_reads_the_profile(tmp_path: Path) -> None:
    """Exit 0, a line for each check, JSON, JUnit, and a config from which an SDK is made; no credential in any."""
    with serving(PAYMENTS, tmp_path) as server:
        done = run(
            "verify", str(PAYMENTS), "--base-url", server.url, "--operation", "createCharge", "--wait", "0.1",
            "--report", "r.json", "--report", "r.xml", "--write-profile", "p.yaml", folder=tmp_path,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Acme Payments, createCharge at http://127.0.0.1")
    assert lines[2].split(maxsplit=2) == [
        "ok", "replay", "the first answer came again byte for byte, marked Idempotent-Replayed",
    ]  # fmt: skip
    assert lines[-1] == "no promise is broken: 14 ok, 4 not judged"
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert (report["broken"], len(report["checks"]), report["checks"][1]["check"]) == (False, 18, "replay")
    assert report["checks"][1]["learned"] == [{"fact": "Marked", "name": "Idempotent-Replayed"}]
    suite = ET.parse(tmp_path / "r.xml").getroot()[0]  # noqa: S314  # our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("18", "0", "4")
    assert len(suite.findall("testcase")) == 18
    for text in (done.stdout, *((tmp_path / name).read_text("utf-8") for name in ("r.json", "r.xml", "p.yaml"))):
        assert TOKEN not in text
    made = run("generate", str(PAYMENTS), "-o", "sdk", "--config", "p.yaml", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "request_in_flight" in "".join(file.read_text("utf-8") for file in (tmp_path / "sdk").rglob("*.py"))


def test_a_broken_promise_is_exit_1_and_a_failure_in_junit(tmp_path: Path) -> None:
    """The line says what happened in plain words."""
    with serving(PAYMENTS, tmp_path, Settings("", broken=Broken.SHORT_TTL)) as server:
        done = run(
            "verify", str(PAYMENTS), "--base-url", server.url, "--operation", "POST /charges", "--wait", "0.5",
            "--report", "r.xml", "--write-profile", "p.yaml", folder=tmp_path,
        )  # fmt: skip
    assert done.returncode == 1
    assert "the same request 0.5 s later was carried out again: 2 effects under one key" in done.stdout
    assert "a promise is broken: " in done.stdout.splitlines()[-1]
    failures = ET.parse(tmp_path / "r.xml").getroot().findall(".//testcase[@name='late-retry']/failure")  # noqa: S314
    assert len(failures) == 1
    operations = yaml.safe_load((tmp_path / "p.yaml").read_text("utf-8"))["idempotency"]["operations"]
    assert operations["POST /charges"] is False


def test_several_operations_in_one_run(tmp_path: Path) -> None:
    """By their names in an SDK and by patterns; what cannot be tried is told, and the rest is; one config for all."""
    (tmp_path / "p.yaml").write_text("# ours\npackage: acme\n", "utf-8")
    with serving(PAYMENTS, tmp_path) as server:
        done = run(
            "verify", str(PAYMENTS), "--base-url", server.url, "--operation", "customers.create",
            "--operation", "charges.c*", "--wait", "0.1", "--wait-for", "5", "--also", server.url,
            "--report", "r.json", "--report", "r.xml", "--write-profile", "p.yaml", folder=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "warning: captureCharge was not tried: " in done.stderr
    reports = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert [report["operation"] for report in reports] == ["createCharge", "createCustomer"]
    assert all(check["verdict"] == "ok" for report in reports for check in report["checks"]
               if check["check"] == "other-instance")  # fmt: skip
    assert len(ET.parse(tmp_path / "r.xml").getroot()) == 2  # noqa: S314  # our own
    config = (tmp_path / "p.yaml").read_text("utf-8")
    assert config.startswith("# ours\npackage: acme\n")
    operations = yaml.safe_load(config)["idempotency"]["operations"]
    assert {"POST /charges", "POST /customers", "PATCH /charges/{charge_id}"} <= operations.keys()
    made = run("inspect", str(PAYMENTS), "--config", "p.yaml", folder=tmp_path)
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize(
    "url", ["https://api.acme-payments.example/v1", "http://192.0.2.7", "http://127.0.0.1.example"]
)
def test_the_api_of_somebody_else_is_left_alone(url: str) -> None:
    """Nothing is sent to another machine before the user says that the API is theirs."""
    done = CliRunner().invoke(app, ["verify", str(PAYMENTS), "--base-url", url, "--operation", "createCharge"])
    assert done.exit_code == 2
    assert "--i-own-this-api" in done.stderr
    assert done.stdout == ""


def test_an_api_of_ones_own_is_asked_wherever_it_is() -> None:
    """With the flag requests are sent; here nobody listens."""
    arguments = ["--base-url", "http://0.0.0.0:1", "--operation", "createCharge", "--oracle", "id"]
    done = CliRunner().invoke(app, ["verify", str(PAYMENTS), *arguments, "--i-own-this-api"])
    assert done.exit_code == 2
    assert "http://0.0.0.0:1 cannot be reached" in done.stderr


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8787/v1", True),
        ("http://api.localhost", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:80", True),
        ("http://0.0.0.0", False),
        ("http://[::2]", False),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
    ],
)
def test_what_is_this_machine(url: str, *, here: bool) -> None:
    """An address counts that says so by itself; no name is looked up."""
    assert is_loopback(url) is here


def test_a_server_that_is_down_is_said_in_a_line(tmp_path: Path) -> None:
    """Exit 1, one error, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    done = run(
        "verify",
        str(PAYMENTS),
        "--base-url",
        f"http://127.0.0.1:{port}",
        "--operation",
        "createCharge",
        folder=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["--report", "r.txt"], 2, "neither .json nor .xml"),
        (["--set", "charge_id"], 2, "not of the form NAME=VALUE"),
        (["--body", "none.json"], 2, "none.json"),
        (["--base-url", "http://me:secret@127.0.0.1"], 2, "holds no credentials"),
        (["--base-url", "ftp://127.0.0.1"], 2, "not the address"),
        (["--base-url", "http://[::1"], 2, "--base-url is not the address of an API: Invalid IPv6 URL"),
        (["--base-url", "http://127.0.0.1:port"], 2, "--base-url is not the address of an API"),
        (["--also", "ftp://127.0.0.1"], 2, "--also is not the address of an API"),
        (["--write-profile", "."], 2, "--write-profile"),
        (["--failing-header", "X-Fail"], 2, "NAME=VALUE"),
        (["--config", "none.yaml"], 2, "none.yaml"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], status: int, complaint: str) -> None:
    """Before anything is sent."""
    base = ["--base-url", "http://127.0.0.1:9", "--operation", "createCharge"]
    done = CliRunner().invoke(app, ["verify", str(PAYMENTS), *base, *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == status
    assert complaint in done.stderr


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    """The command names the extra."""
    block = "import sys; sys.modules['starlette'] = None; from samekey.cli import main; main()"
    arguments = ["verify", str(PAYMENTS), "--base-url", "http://127.0.0.1:9", "--operation", "createCharge"]
    done = subprocess.run(
        [sys.executable, "-c", block, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "pip install 'samekey[sandbox]'" in done.stderr


def test_a_secret_that_the_server_echoes_is_not_shown(tmp_path: Path) -> None:
    """An error that quotes the credential is printed without it."""
    script = (
        "from http.server import BaseHTTPRequestHandler as B, HTTPServer\n"
        "class H(B):\n"
        "    def do_POST(self):\n"
        "        self.send_response(403); self.end_headers()\n"
        "        self.wfile.write(b'bad credential ' + self.headers['authorization'].encode())\n"
        "    do_GET = do_POST\n"
        "    def log_message(self, *_): pass\n"
        "server = HTTPServer(('127.0.0.1', 0), H)\n"
        "print(server.server_port, flush=True)\n"
        "server.serve_forever()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        assert httpx.get(url, headers={"Authorization": TOKEN}).text.endswith(TOKEN)
        arguments = ["--base-url", url, "--operation", "createCharge", "--oracle", "id"]
        done = run("verify", str(PAYMENTS), *arguments, folder=tmp_path)
    finally:
        process.kill()
        process.communicate(timeout=10)
    assert done.returncode == 2
    assert "bad credential Bearer ***" in done.stderr
    assert TOKEN not in done.stderr


def test_a_config_that_cannot_be_written_into_is_refused_before_the_run(tmp_path: Path) -> None:
    """A run takes a while, and leaves behind what it makes."""
    for name, text in (("inline.yaml", b"idempotency: {in_flight: 409}\n"), ("binary.yaml", b"\xff\xfe")):
        (tmp_path / name).write_bytes(text)
        arguments = ["--base-url", "http://127.0.0.1:9", "--operation", "createCharge", "--write-profile", name]
        done = run("verify", str(PAYMENTS), *arguments, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "cannot be reached" not in done.stderr
        assert (tmp_path / name).read_bytes() == text
