"""What an owner writes by hand: methods on clients and resources, models, helpers, and templates of their own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest
from samekey.header import MARKER

from tests.cli.test_cli import PAYMENTS, contents, run
from tests.tools import checked, pyright_strict, without_cache, write_files

CLIENT = '''
    """Clients that know how to check themselves."""

    from .._client import AcmePayments as _AcmePayments


    class AcmePayments(_AcmePayments):
        """The generated client, and what we add."""

        def is_up(self) -> bool:
            """Whether the API answers."""
            return bool(self.charges.list().items)
'''
CHARGES = '''
    """Charges in euros."""

    from .. import models
    from ...resources.charges import AsyncCharges as _AsyncCharges
    from ...resources.charges import Charges as _Charges
    from ... import models as api


    class Charges(_Charges):
        """Charges, and those in euros."""

        __slots__ = ()

        def create_in_euros(self, cents: int) -> api.Charge:
            """Charge euros."""
            return self.create(amount=cents, currency="eur")


    class AsyncCharges(_AsyncCharges):
        """Charges, and those in euros."""

        __slots__ = ()

        async def create_in_euros(self, cents: int) -> api.Charge:
            """Charge euros."""
            return await self.create(amount=cents, currency="eur")
'''.replace("    from .. import models\n", "")
MODELS = '''
    """Models of ours."""

    from dataclasses import dataclass


    @dataclass(frozen=True)
    class Receipt:
        """What we print."""

        text: str
'''
HELPERS = '''
    """What the package exports of ours."""

    from .money import in_words

    __all__ = ["in_words"]
'''
MONEY = '''
    """Money in words."""


    def in_words(cents: int) -> str:
        """Return an amount in words."""
        return f"{cents / 100:.2f} €"
'''
OWN = {
    "acme_payments/custom/client.py": dedent(CLIENT).lstrip(),
    "acme_payments/custom/resources/charges.py": dedent(CHARGES).lstrip(),
    "acme_payments/custom/models.py": dedent(MODELS).lstrip(),
    "acme_payments/custom/__init__.py": dedent(HELPERS).lstrip(),
    "acme_payments/custom/money.py": dedent(MONEY).lstrip(),
}
USE = """
import asyncio
import inspect
import json

import httpx

import acme_payments
from acme_payments import AcmePayments, AsyncAcmePayments, in_words, models

seen = []


def answer(request: httpx.Request) -> httpx.Response:
    seen.append(json.loads(request.content))
    return httpx.Response(201, json={"id": "ch_1"})


client = AcmePayments(token="t", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
assert type(client).__module__ == "acme_payments.custom.client"
client.with_options(timeout=3).charges.create_in_euros(499)
assert client.charges.create(amount=1, currency="usd") is not None


async def main() -> None:
    transport = httpx.MockTransport(answer)
    async with AsyncAcmePayments(token="t", http_client=httpx.AsyncClient(transport=transport)) as client:
        await client.charges.create_in_euros(499)


asyncio.run(main())
assert [entry["currency"] for entry in seen] == ["eur", "usd", "eur"]
assert in_words(499) == "4.99 €"
assert models.Receipt("x").text == "x"
assert "Receipt" in models.__all__ and "in_words" in acme_payments.__all__
assert callable(client.is_up)
"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SDK with parts of its owner's."""
    folder = tmp_path_factory.mktemp("own") / "sdk"
    write_files(OWN, folder)
    assert run("generate", PAYMENTS, "-o", str(folder.parent / "plain")).status == 0
    for path, data in contents(folder.parent / "plain").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    outcome = run("generate", PAYMENTS, "-o", str(folder))
    assert outcome.status == 0, outcome.stderr
    return folder


def test_own_parts_are_used(sdk: Path) -> None:
    """Clients give the owner's resources, the package the owner's client, helpers and models."""
    checked([sys.executable, "-W", "error", "-c", USE], cwd=sdk)
    checked([sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=sdk)


def test_own_parts_are_checked_with_the_rest(sdk: Path, tmp_path: Path) -> None:
    """Both type checkers, strict, see them through the client."""
    user = dedent("""
        from acme_payments import AcmePayments, in_words, models

        client = AcmePayments(token="t")
        charge: models.Charge = client.charges.create_in_euros(1)
        text: str = in_words(1) + models.Receipt("x").text
        up: bool = client.is_up()
    """)
    (tmp_path / "user.py").write_text(user, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", *without_cache()]
    checked([*command, "acme_payments", str(tmp_path / "user.py")], cwd=sdk)
    wrong = tmp_path / "wrong.py"
    wrong.write_text(user.replace("in_words(1)", "in_words('1')"), "utf-8")
    done = subprocess.run([*command, str(wrong)], cwd=sdk, capture_output=True, text=True, check=False)
    assert "arg-type" in done.stdout
    pyright_strict(sdk, tmp_path / "pyright")


def test_nothing_of_it_is_ever_touched(sdk: Path) -> None:
    """Not even a file that looks like ours; and a run finds nothing to do."""
    copied = sdk / "acme_payments" / "custom" / "copied.py"
    copied.write_text(f"# {MARKER}\n", "utf-8")
    before = contents(sdk)
    assert run("generate", PAYMENTS, "-o", str(sdk)).status == 0
    assert contents(sdk) == before
    assert run("generate", PAYMENTS, "-o", str(sdk), "--check").status == 0
    copied.unlink()


def test_a_check_sees_a_new_part(sdk: Path) -> None:
    """What a kept run said does not hold once something is added."""
    assert run("generate", PAYMENTS, "-o", str(sdk), "--check").status == 0
    added = sdk / "acme_payments" / "custom" / "resources" / "refunds.py"
    added.write_text("from ...resources.refunds import Refunds as R\n\n\nclass Refunds(R):\n    pass\n", "utf-8")
    try:
        outcome = run("generate", PAYMENTS, "-o", str(sdk), "--check")
        assert outcome.status == 1
        assert "custom.resources.refunds import Refunds" in outcome.stdout
    finally:
        added.unlink()


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("client.py", "class AcmePayments:\n    pass\n", "has to extend it"),
        ("client.py", "def (", "this is not valid Python"),
        ("client.py", "x = '\0'", "not valid Python"),
        ("resources/charges.py", "class Charges: pass", "has to extend it"),
        ("__init__.py", "def derive_key(): ...", "the SDK has 'derive_key' already"),
        ("__init__.py", "x = 1\n__all__ = [*x]", "names that stand here as they are"),
        ("__init__.py", "__all__ = ['a b']", "is not a name"),
        ("models.py", "class Charge: ...", "the SDK has 'Charge' already"),
    ],
)
def test_what_cannot_be_is_an_error_at_its_line(path: str, text: str, words: str, tmp_path: Path) -> None:
    """Nothing is written then."""
    assert run("generate", PAYMENTS, "-o", str(tmp_path)).status == 0
    write_files({f"acme_payments/custom/{path}": text}, tmp_path)
    before = contents(tmp_path)
    outcome = run("generate", PAYMENTS, "-o", str(tmp_path))
    assert outcome.status == 2
    assert words in outcome.stderr
    assert f"custom/{path}:" in outcome.stderr
    assert contents(tmp_path) == before


def test_what_extends_nothing_is_a_warning(tmp_path: Path) -> None:
    """A resource that the document has no more."""
    assert run("generate", PAYMENTS, "-o", str(tmp_path)).status == 0
    write_files({"acme_payments/custom/resources/charge.py": "class Charge: ..."}, tmp_path)
    outcome = run("generate", PAYMENTS, "-o", str(tmp_path))
    assert outcome.status == 0
    assert "the SDK has no resource 'charge'" in outcome.stderr
    assert "did you mean 'charges'?" in outcome.stderr


README = """# {{ title }} by Acme

Install {{ distribution }} {{ version }}, for Python {{ python }}.

{{ usual }}
## Support

Ask us.
"""
PYPROJECT = """{{ usual }}
[tool.acme]
client = "{{ client }}"
version = {{ version }}
"""


def with_templates(folder: Path, readme: str = README, pyproject: str = PYPROJECT) -> Path:
    """A config with templates beside it."""
    (folder / "readme.jinja").write_text(readme, "utf-8")
    (folder / "pyproject.jinja").write_text(pyproject, "utf-8")
    config = folder / "samekey.yaml"
    config.write_text("templates: {readme: readme.jinja, pyproject: pyproject.jinja}\nversion: '3.1.4'\n", "utf-8")
    return config


def test_own_templates(tmp_path: Path) -> None:
    """README and pyproject.toml are the owner's, with all that samekey would say, and are written anew by each run."""
    config = with_templates(tmp_path)
    sdk = tmp_path / "sdk"
    arguments = ("generate", PAYMENTS, "-o", str(sdk), "--config", str(config))
    assert run(*arguments).status == 0
    readme = (sdk / "README.md").read_text("utf-8")
    assert readme.splitlines()[1:4] == [
        "# Acme Payments by Acme",
        "",
        "Install acme-payments 3.1.4, for Python >=3.11.",
    ]
    assert "## When a call fails" in readme
    assert readme.endswith("Ask us.\n")
    made = tomllib.loads((sdk / "pyproject.toml").read_text("utf-8"))
    assert made["tool"]["acme"] == {"client": "AcmePayments", "version": "3.1.4"}
    assert made["project"]["version"] == "3.1.4"
    config.write_text(config.read_text("utf-8").replace("3.1.4", "3.2.0"), "utf-8")
    assert run(*arguments).status == 0
    assert tomllib.loads((sdk / "pyproject.toml").read_text("utf-8"))["tool"]["acme"]["version"] == "3.2.0"
    with_templates(tmp_path, "Only this.", PYPROJECT)
    assert run(*arguments).status == 0
    assert (sdk / "README.md").read_text(
        "utf-8"
    ) == f"<!-- {MARKER}. Do not edit: the next run writes it again. -->\nOnly this.\n"


@pytest.mark.parametrize(
    ("readme", "pyproject", "words"),
    [
        ("{% if %}", PYPROJECT, "readme.jinja:1"),
        ("a\n\n{{ nothing }}", PYPROJECT, "'nothing' is undefined"),
        ("{{ ''.__class__.__mro__ }}", PYPROJECT, "this template"),
        ("{{ 1 / 0 }}", PYPROJECT, "ZeroDivisionError"),
        ("{% include '/etc/passwd' %}", PYPROJECT, "this template fails"),
        (README, "[project", "not valid TOML"),
        (README, "[project]\nname = 'a'\n", "no [project] with a name and a version"),
        (README, "project = 5", "no [project] with a name and a version"),
    ],
)
def test_a_template_that_fails_is_an_error(readme: str, pyproject: str, words: str, tmp_path: Path) -> None:
    """With its line where there is one, and nothing is written."""
    config = with_templates(tmp_path, readme, pyproject)
    outcome = run("generate", PAYMENTS, "-o", str(tmp_path / "sdk"), "--config", str(config))
    assert outcome.status == 2
    assert words in outcome.stderr
    assert not (tmp_path / "sdk").exists()


@pytest.mark.parametrize("text", ["{readme: nowhere.jinja}", "{readme: 5}", "{license: a}", "[a]", "{readme: binary}"])
def test_a_template_that_is_not_there_is_an_error(text: str, tmp_path: Path) -> None:
    """As every file that the config names."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\xd8")
    config = tmp_path / "samekey.yaml"
    config.write_text(f"templates: {text}", "utf-8")
    outcome = run("generate", PAYMENTS, "-o", str(tmp_path / "sdk"), "--config", str(config))
    assert outcome.status == 2
    assert not (tmp_path / "sdk").exists()
