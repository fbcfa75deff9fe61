"""What type checkers say of the studio's SDK: nothing against it, and the right type of everything it gives."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools import checked, mypy_strict, pyright_strict, without_cache

TYPED = """\
from pathlib import Path
from typing import assert_type

from loom_studio import (
    AsyncLoomStudio,
    AsyncPage,
    AsyncPages,
    AsyncStream,
    LoomStudio,
    Page,
    Response,
    ServerSentEvent,
    Stream,
    models,
)


def sync(client: LoomStudio) -> None:
    projects = client.projects.list(cursor="a", limit=2)
    assert_type(projects, Page[models.ProjectPage, models.Project])
    assert_type(projects.result, models.ProjectPage)
    assert_type(projects.items, list[models.Project])
    assert_type(projects.response, Response[models.ProjectPage])
    assert_type(projects.next_page(), Page[models.ProjectPage, models.Project] | None)
    assert_type([item for item in projects], list[models.Project])
    assert_type([page for page in projects.pages()], list[Page[models.ProjectPage, models.Project]])
    assert_type(client.projects.list.detailed(), Response[models.ProjectPage])
    assert_type(client.library.list_fonts(), Page[list[models.Font], models.Font])
    assert_type(client.assets.search(text="x", idempotency_key="k"), Page[models.Found, models.Hit])
    with client.renders.watch() as renders:
        assert_type(renders, Stream[models.Render])
        assert_type([item for item in renders], list[models.Render])
        assert_type([event for event in renders.events()], list[ServerSentEvent[models.Render]])
    assert_type(client.assistant.create_narration(text="x"), Stream[str])
    assert_type(client.assistant.create_reply(question="x"), models.Reply)
    assert_type(client.assistant.create_reply.stream(question="x", idempotency_key="k"), Stream[models.Piece])
    for item in client.renders.follow("r"):
        assert_type(item, models.Started | models.Finished | str)
    assert_type(client.assets.get_content("a"), bytes)
    assert_type(client.assets.get_content.save("file", "a"), Response[Path])
    assert_type(client.assets.get_content.save(Path("file"), asset="a"), Response[Path])
    assert_type(client.assets.get_content.stream("a"), Stream[bytes])
    assert_type(client.assets.add(name="a", source="https://x.example"), models.Asset)
    assert_type(client.assets.add_with_multipart(name="a", file=b"content"), models.Asset)
    assert_type(client.reports.export_usage(month="2026-01"), models.Usage)
    assert_type(client.reports.export_usage_as_csv(month="2026-01"), str)


async def in_loop(client: AsyncLoomStudio) -> None:
    projects = client.projects.list(cursor="a", limit=2)
    assert_type(projects, AsyncPages[models.ProjectPage, models.Project])
    page = await projects
    assert_type(page, AsyncPage[models.ProjectPage, models.Project])
    assert_type(page.items, list[models.Project])
    assert_type(await page.next_page(), AsyncPage[models.ProjectPage, models.Project] | None)
    assert_type([item async for item in projects], list[models.Project])
    assert_type([item async for item in page], list[models.Project])
    assert_type([each async for each in projects.pages()], list[AsyncPage[models.ProjectPage, models.Project]])
    assert_type(await client.projects.list.detailed(), Response[models.ProjectPage])
    async with await client.renders.watch() as renders:
        assert_type(renders, AsyncStream[models.Render])
        assert_type([item async for item in renders], list[models.Render])
        assert_type([event async for event in renders.events()], list[ServerSentEvent[models.Render]])
    assert_type(await client.assistant.create_reply(question="x"), models.Reply)
    assert_type(await client.assistant.create_reply.stream(question="x"), AsyncStream[models.Piece])
    assert_type(await client.assets.get_content("a"), bytes)
    assert_type(await client.assets.get_content.save("file", "a"), Response[Path])
    assert_type(await client.assets.get_content.stream("a"), AsyncStream[bytes])
"""

REFUSED = {
    "a key on a list that only reads": 'client.projects.list(idempotency_key="k")',
    "a cursor of another type": "client.projects.list(cursor=1)",
    "a plain stream without its argument": "client.renders.follow()",
    "the flag that `.stream` sets": 'client.assistant.create_reply(question="x", stream=True)',
    "a target that is no path": 'client.assets.get_content.save(1, "a")',
    "a download without its argument": 'client.assets.get_content.save("file")',
    "`.save` on what gives no bytes": 'client.projects.get.save("file", "p")',
    "`.stream` on what gives no stream": 'client.projects.get.stream("p")',
    "a loop over an open list without `async`": "[item for item in asynchronous.projects.list()]",
}


def settings(project: Path, *files: str) -> str:
    """The settings of pyright for files beside the SDK."""
    return json.dumps({"typeCheckingMode": "strict", "include": files, "extraPaths": [str(project)]})


def test_mypy_is_content(project: Path) -> None:
    """Everything generated passes mypy in strict mode."""
    checked([*mypy_strict(), "."], cwd=project)


def test_pyright_is_content(project: Path, tmp_path: Path) -> None:
    """Everything generated passes pyright in strict mode."""
    pyright_strict(project, tmp_path)


def test_both_type_checkers_know_what_is_given(project: Path, tmp_path: Path) -> None:
    """Pages, streams, files and their async twins: all types are inferred, by mypy and by pyright."""
    (tmp_path / "typed.py").write_text(TYPED, "utf-8")
    command = [*mypy_strict(), "typed.py"]
    checked(command, cwd=tmp_path, env={"MYPYPATH": str(project)})
    (tmp_path / "pyrightconfig.json").write_text(settings(project, "typed.py"), "utf-8")
    checked([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)])


def test_type_checkers_refuse_what_makes_no_sense(project: Path, tmp_path: Path) -> None:
    """Wrong calls of the new call styles are found before anything runs; by mypy and by pyright."""
    made = "client = LoomStudio()\nasynchronous = AsyncLoomStudio()\n"
    head = f"from loom_studio import AsyncLoomStudio, LoomStudio\n\n{made}"
    (tmp_path / "refused.py").write_text(head + "\n".join(REFUSED.values()) + "\n", "utf-8")
    (tmp_path / "pyrightconfig.json").write_text(settings(project, "refused.py"), "utf-8")
    expected = {head.count("\n") + number: why for number, why in enumerate(REFUSED, 1)}
    for command in (
        ["mypy", *without_cache(), "refused.py"],
        ["pyright", "--pythonpath", sys.executable, "-p", str(tmp_path)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path, env={**os.environ, "MYPYPATH": str(project)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = {int(number) for number in re.findall(r"refused\.py:(\d+)", done.stdout)}
        assert set(expected) <= lines, [why for line, why in expected.items() if line not in lines]


def test_the_sdks_own_tests_pass(project: Path) -> None:
    """The small suite that a provider gets with the SDK passes, with warnings as errors."""
    checked(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=project,
        env={"PYTHONPATH": str(project)},
    )


@pytest.mark.parametrize(
    ("method", "returned"),
    [
        ("projects.list", "{Page}[models.ProjectPage, models.Project]"),
        ("library.list_fonts", "{Page}[list[models.Font], models.Font]"),
        ("renders.watch", "{Stream}[models.Render]"),
        ("assistant.create_reply", "models.Reply"),
        ("assets.get_content", "bytes"),
        ("projects.get", "models.Project"),
    ],
)
def test_signatures_tell_what_is_given(studio: Any, method: str, returned: str) -> None:  # noqa: ANN401
    """At a prompt, `help` and `inspect.signature` show what a plain call gives."""
    names = ({"Page": "Page", "Stream": "Stream"}, {"Page": "AsyncPages", "Stream": "AsyncStream"})
    clients = (studio.LoomStudio(token="t"), studio.AsyncLoomStudio(token="t"))  # noqa: S106
    for client, words in zip(clients, names, strict=True):
        resource, _, name = method.partition(".")
        signature = str(inspect.signature(getattr(getattr(client, resource), name)))
        assert signature.rpartition(" -> ")[2] == returned.format(**words)


def test_readme_and_api_speak_of_pages_streams_and_files(project: Path) -> None:
    """What the SDK can do beside plain calls stands in its README, with calls that are its own."""
    readme = (project / "README.md").read_text("utf-8")
    assert "for item in client.projects.list():" in readme
    assert "with client.renders.watch() as stream:" in readme
    assert "client.assistant.create_reply.stream(question=" in readme
    assert 'client.assets.get_content.save("download", ' in readme
    listed = (project / "api.md").read_text("utf-8")
    assert "| `client.projects.list(cursor=…, limit=…)` | `GET /projects` | safe | `Page[" in listed
    assert "| `client.assistant.create_reply.stream(question=…)` |" in listed
