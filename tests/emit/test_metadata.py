# ruff: noqa: E501  # tables of cases
"""An SDK as a package: what its pyproject.toml and its licence say, and what is said of what a document lacks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement
from samekey.config.file import Config, read_config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.licences import KNOWN, licence_expression, licence_id, licence_text
from samekey.pipeline import generate

from tests.cli.test_cli import run
from tests.lower.documents import loaded

DOCUMENT = """
    openapi: 3.1.0
    info:
      title: Acme
      version: '1.2.3-beta.1'
      contact: {name: Acme Support, email: help@acme.example, url: https://acme.example}
      license: {name: MIT License}
    externalDocs: {url: https://docs.acme.example}
    servers: [{url: https://api.acme.example}]
    paths: {/pets: {get: {operationId: listPets, tags: [pets], responses: {200: {description: ''}}}}}
"""


def config_of(text: str) -> Config:
    """The config of a text that has nothing wrong with it."""
    diagnostics = Diagnostics()
    document = load("samekey.yaml", diagnostics, lambda _: dedent(text).encode())
    assert document is not None
    config = read_config(document.node)
    assert not list(diagnostics), [entry.message for entry in diagnostics]
    return config


def made(text: str, config: str = "{}") -> tuple[Mapping[str, str], dict[str, Any], list[str]]:
    """The files of an SDK, the table `project` of its pyproject.toml, and the codes of what was found."""
    document, diagnostics = loaded(dedent(text))
    result = generate(document, config_of(config))
    assert result is not None
    project: dict[str, Any] = tomllib.loads(result.files["pyproject.toml"])["project"]
    return result.files, project, [entry.code for entry in diagnostics]


def test_the_document_speaks_where_the_config_does_not() -> None:
    """Contact, licence, documentation and version."""
    files, project, codes = made(DOCUMENT)
    assert codes == []
    assert project["version"] == "1.2.3b1"
    assert project["license"] == "MIT AND Apache-2.0"
    assert project["authors"] == [{"name": "Acme Support", "email": "help@acme.example"}]
    assert project["urls"] == {"Homepage": "https://acme.example", "Documentation": "https://docs.acme.example"}
    assert project["requires-python"] == ">=3.11"
    assert files["LICENSE"] == licence_text("MIT", "Acme Support")
    assert "Copyright (c) Acme Support" in files["LICENSE"]
    assert "Apache License" in files["acme/_runtime/LICENSE"]


def test_the_config_speaks_first() -> None:
    """Each word of `project`."""
    files, project, codes = made(
        DOCUMENT,
        """
        version: '2.0.0-rc.1'
        project:
          license: bsd-3-clause
          copyright: 2026 Acme Inc.
          authors: [Ada <ada@acme.example>, bob@acme.example, The Team]
          urls: {Repository: https://git.acme.example/sdk/, Homepage: https://sdk.acme.example}
          keywords: [pets, api]
          classifiers: ["Development Status :: 4 - Beta", "Typing :: Typed"]
          description: Pets, "quoted" and \\ all
          python: '3.13'
          dependencies: ['pydantic>=2,<3', 'tzdata; sys_platform == "win32"', 'rich[jupyter] ~= 13.0']
        """,
    )
    assert codes == []
    assert project["version"] == "2.0.0rc1"
    assert project["license"] == "BSD-3-Clause AND Apache-2.0"
    assert project["authors"] == [
        {"name": "Ada", "email": "ada@acme.example"},
        {"email": "bob@acme.example"},
        {"name": "The Team"},
    ]
    assert project["urls"] == {
        "Homepage": "https://sdk.acme.example",
        "Documentation": "https://docs.acme.example",
        "Repository": "https://git.acme.example/sdk/",
    }
    assert project["keywords"] == ["pets", "api"]
    assert project["classifiers"] == [
        "Development Status :: 4 - Beta",
        "Typing :: Typed",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
    ]
    assert project["description"] == 'Pets, "quoted" and \\ all'
    assert project["requires-python"] == ">=3.13"
    needed = [
        "httpx>=0.27,<1",
        "msgspec>=0.19",
        "pydantic>=2,<3",
        'tzdata; sys_platform == "win32"',
        "rich[jupyter] ~= 13.0",
    ]
    assert project["dependencies"] == needed
    assert [Requirement(text).name for text in needed] == ["httpx", "msgspec", "pydantic", "tzdata", "rich"]
    assert "Copyright (c) 2026 Acme Inc." in files["LICENSE"]
    assert "(https://git.acme.example/sdk/blob/HEAD/api.md)" in files["README.md"]
    assert "pip install acme\n" in files["README.md"]


def test_a_licence_of_ones_own_has_a_text_of_ones_own() -> None:
    """Samekey names it, and leaves the text to the owner's file."""
    files, project, codes = made(DOCUMENT, "project: {license: LicenseRef-Acme}")
    assert project["license"] == "LicenseRef-Acme AND Apache-2.0"
    assert project["license-files"] == ["LICENSE*"]
    assert "LICENSE" not in files
    assert codes == []
    assert made(DOCUMENT, "project: {license: MIT OR Apache-2.0}")[1]["license"] == "(MIT OR Apache-2.0) AND Apache-2.0"
    assert made(DOCUMENT, "project: {license: Apache-2.0}")[1]["license"] == "Apache-2.0"


def test_what_a_document_lacks_is_said() -> None:
    """A version, servers and operations; the SDK is made all the same."""
    files, project, codes = made(
        "openapi: 3.1.0\ninfo: {title: T, version: latest, license: {name: Our terms}}\npaths: {}"
    )
    assert codes == ["version-unusable", "no-operations", "license-unknown"]
    assert project["version"] == "0.1.0"
    assert "license" not in project
    assert "LICENSE" not in files
    text = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {responses: {200: {description: ''}}}}}"
    files, _, codes = made(text)
    assert codes == ["no-servers"]
    assert 'with T(base_url="https://…") as client:' in files["README.md"]
    assert made("openapi: 3.1.0\ninfo: {title: T}\npaths: {}", "version: '1.0.0'")[2] == ["no-operations"]


def test_hostile_words_stay_words() -> None:
    """Nothing of a contact or a licence ends a string, adds a key, or links to what is no page."""
    files, project, _ = made("""
        openapi: 3.1.0
        info:
          title: "T\\"\\n[tool.evil]\\nx = 1"
          version: "1.0\\n[tool.evil]"
          contact:
            name: "E\\"}]\\n[tool.evil]\\ny = '''"
            email: "a@b.example>\\nX-Header: 1"
            url: "javascript:alert(1)"
          license: {name: "MIT\\nGPL", identifier: "MIT AND \\"x"}
        externalDocs: {url: "https://docs.example/a b\\"]"}
        paths: {/a: {get: {responses: {200: {description: ''}}}}}
    """)
    whole = tomllib.loads(files["pyproject.toml"])
    assert set(whole) == {"build-system", "project", "tool"}
    assert set(whole["tool"]) == {"hatch", "pytest"}
    assert "urls" not in project
    assert project["authors"] == [{"name": "E\"}] [tool.evil] y = '''"}]
    assert "license" not in project
    assert project["version"] == "1.0.0"


@pytest.mark.parametrize(
    "text",
    [
        "{license: proprietary}", "{license: MIT AND}", "{license: 5}", "{license: ''}", "{license: 'MIT\\nX'}",
        "{copyright: ''}", "{copyright: [a]}", '{copyright: "a\\nb"}', "{authors: 5}", "{authors: ['']}",
        "{authors: ['A <b>']}", "{authors: ['A <b@c>']}", '{authors: ["A\\nB <a@b.c>"]}', "{authors: {name: A}}",
        "{urls: [a]}", "{urls: {A: ftp://a}}", "{urls: {A: 'javascript:x'}}", "{urls: {A: 'https://a b'}}",
        "{urls: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: https://a.b}}", "{urls: {A: 5}}", "{urls: {'': https://a.b}}",
        "{keywords: ['a,b']}", "{keywords: {a: b}}", "{keywords: [5]}", "{classifiers: [beta]}", "{classifiers: ['a :: b']}",
        "{description: [a]}", f"{{description: {'x' * 600}}}", "{python: '3.10'}", "{python: 3.12}", "{python: '4.0'}",
        "{python: '>=3.12'}", "[a]", "MIT", "{dependencies: ['-r x']}", "{dependencies: ['a @ https://a.b/c.whl']}",
        "{dependencies: ['a>=']}", "{dependencies: [5]}", "{dependencies: {a: '1'}}", "{dependencies: ['a b']}",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_an_error(text: str) -> None:
    """At its line, and never in the package."""
    diagnostics = Diagnostics()
    document = load("samekey.yaml", diagnostics, lambda _: f"project: {text}".encode())
    assert document is not None
    read_config(document.node)
    assert [entry.code for entry in diagnostics] == ["config-invalid"]


@pytest.mark.parametrize(
    ("said", "identifier"),
    [
        ("MIT", "MIT"), ("mit", "MIT"), ("The MIT License", "MIT"), ("MIT Licence", "MIT"), ("Apache 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"), ("Apache-2.0", "Apache-2.0"), ("Apache License v2.0", "Apache-2.0"),
        ("BSD 3-Clause", "BSD-3-Clause"), ("BSD-2-Clause License", "BSD-2-Clause"), ("New BSD License", "BSD-3-Clause"),
        ("GPL v3", "GPL-3.0-only"), ("GPLv3", "GPL-3.0-only"), ("MPL 2.0", "MPL-2.0"), ("ISC License", "ISC"),
        ("The Unlicense", "Unlicense"), ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("LicenseRef-Acme", "LicenseRef-Acme"), ("Proprietary", ""), ("", ""), ("See terms", ""), ("MIT or so", ""),
    ],
)  # fmt: skip
def test_licences_as_people_name_them(said: str, identifier: str) -> None:
    """Many spellings of one licence, and none for what is not one."""
    assert licence_id(said) == identifier


def test_identifiers_are_those_of_the_spdx_list() -> None:
    """Whatever is printed, build tools take."""
    for identifier in KNOWN:
        assert canonicalize_license_expression(identifier) == identifier
        assert licence_expression(identifier.lower()) == identifier
    assert licence_expression("mit OR apache-2.0") == "MIT OR Apache-2.0"
    assert licence_expression("MIT WITH x") == ""


def test_a_licence_that_is_there_stays(tmp_path: Path) -> None:
    """Whoever wrote it: that another one would be written is said, and taking the file away has it written."""
    spec, config, sdk = tmp_path / "acme.yaml", tmp_path / "samekey.yaml", tmp_path / "sdk"
    spec.write_text(dedent(DOCUMENT), "utf-8")
    config.write_text("project: {license: MIT}", "utf-8")
    arguments = ("generate", str(spec), "-o", str(sdk), "--config", str(config))
    assert run(*arguments).status == 0
    config.write_text("project: {license: ISC}", "utf-8")
    outcome = run(*arguments)
    assert outcome.status == 0
    assert "LICENSE is not the text of the licence that would be written and stays as it is" in outcome.stderr
    assert (sdk / "LICENSE").read_text("utf-8").startswith("MIT License")
    (sdk / "LICENSE").unlink()
    assert run(*arguments).status == 0
    assert (sdk / "LICENSE").read_text("utf-8").startswith("ISC License")
