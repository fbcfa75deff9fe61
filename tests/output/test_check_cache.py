"""`--check` after a run: where nothing has changed nothing is made again, and whatever has changed is found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from samekey import cache_dir
from samekey.cli import app
from samekey.output import check_cache
from typer.testing import CliRunner

DOCUMENT = """
openapi: 3.1.0
info: {title: Small, version: "1.2"}
paths:
  /pets:
    get:
      operationId: listPets
      parameters: [{name: filter, in: query, schema: {type: object}, style: nonsense}]
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "pet.yaml#/Pet"}}}}}
"""
PET = "Pet: {type: object, properties: {name: {type: string}, anything: {}}}\n"
OVERLAY = """
overlay: 1.0.0
info: {title: Fixes, version: 1.0.0}
actions: [{target: $.info, update: {description: Pets.}}]
"""
REMEMBERED = ", where nothing has changed: "


class Workplace:
    """A document of two files with an overlay and a config, and the SDK that is made of them."""

    def __init__(self, folder: Path) -> None:
        """Write the documents."""
        self.folder = folder
        self.target = folder / "sdk"
        texts = {"small.yaml": DOCUMENT, "pet.yaml": PET, "fixes.yaml": OVERLAY, "samekey.yaml": "version: '3.0'\n"}
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")

    def run(self, *flags: str) -> tuple[int, str, str]:
        """Generate: the exit status, the standard output without its time, and the standard error."""
        files = [str(self.folder / name) for name in ("small.yaml", "samekey.yaml", "fixes.yaml")]
        command = ["generate", files[0], "-o", str(self.target), "--config", files[1], "--overlay", files[2], *flags]
        result = CliRunner().invoke(app, command)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, re.sub(r" in \d+\.\d\d s\n", "\n", result.stdout), result.stderr

    def append(self, name: str, text: str) -> None:
        """Write behind the end of a file."""
        path = self.folder / name
        path.write_text(path.read_text("utf-8") + text, "utf-8")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A workplace with a cache of its own."""
    monkeypatch.setenv(cache_dir.VARIABLE, str(tmp_path / "cache"))
    return Workplace(tmp_path)


def test_nothing_is_made_again(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check after a run says what a check that makes everything says: warnings, notes, and types that are Any."""
    place.run()
    monkeypatch.setenv(cache_dir.VARIABLE, "")
    status, said, warned = place.run("--check")
    assert "unknown" in warned or "warning" in warned
    assert "types are Any" in said
    monkeypatch.undo()
    monkeypatch.setenv(cache_dir.VARIABLE, str(place.folder / "cache"))
    monkeypatch.setattr("samekey.pipeline.generate", None)
    assert place.run("--check") == (status, said.replace(": ", REMEMBERED, 1), warned)


def test_a_check_is_remembered_too(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second check of what another machine made is the quick one."""
    monkeypatch.setenv(cache_dir.VARIABLE, "")
    place.run()
    monkeypatch.setenv(cache_dir.VARIABLE, str(place.folder / "cache"))
    assert REMEMBERED not in place.run("--check")[1]
    assert REMEMBERED in place.run("--check")[1]


def test_a_run_makes_everything(place: Workplace) -> None:
    """Only a check relies on what is remembered."""
    place.run()
    (place.target / "small" / "_client.py").unlink()
    assert "(1 files changed, 0 removed)" in place.run()[1]


def _link(place: Workplace) -> None:
    package = place.target / "small"
    package.symlink_to(package.rename(place.folder / "moved"))


CHANGES: dict[str, tuple[Callable[[Workplace], object], int]] = {
    "a comment in the document": (lambda place: place.append("small.yaml", "# a comment\n"), 0),
    "a file that it refers to": (lambda place: place.append("pet.yaml", "Dog: {}\n"), 0),
    "a property": (lambda place: (place.folder / "pet.yaml").write_text(PET.replace("name", "colour"), "utf-8"), 1),
    "the config": (lambda place: place.append("samekey.yaml", "client: Other\n"), 1),
    "the overlay": (lambda place: place.append("fixes.yaml", "# a comment\n"), 0),
    "a document that is gone": (lambda place: (place.folder / "small.yaml").unlink(), 2),
    "a file of the SDK": (lambda place: place.append("sdk/small/_client.py", "edited = 1\n"), 1),
    "a file of the SDK that is gone": (lambda place: (place.target / "small" / "_client.py").unlink(), 1),
    "the names": (lambda place: (place.target / "names.json").unlink(), 1),
    "a stale file": (
        lambda place: (place.target / "small" / "resources" / "dogs.py").write_bytes(
            (place.target / "small" / "_client.py").read_bytes()
        ),
        1,
    ),
    "a README of the user's own": (lambda place: (place.target / "README.md").write_text("mine\n", "utf-8"), 0),
    "a link in place of a folder": (_link, 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_found(change: str, place: Workplace) -> None:
    """With one thing changed everything is made again, and compared."""
    place.run()
    assert REMEMBERED in place.run("--check")[1]
    act, expected = CHANGES[change]
    act(place)
    status, said, _ = place.run("--check")
    assert (status, REMEMBERED in said) == (expected, False)
    assert (REMEMBERED in place.run("--check")[1]) == (expected == 0)


def test_another_generator_makes_everything(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another version found says nothing of this one."""
    place.run()

    def other(_: str) -> str:
        return "0.0"

    monkeypatch.setattr(check_cache, "version", other)
    assert REMEMBERED not in place.run("--check")[1]


def test_an_unknown_generator_remembers_nothing(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the version of a library cannot be told, what it made might not be what it would make now."""

    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(check_cache, "version", unknown)
    place.run()
    assert REMEMBERED not in place.run("--check")[1]


def test_another_command_makes_everything(place: Workplace) -> None:
    """Each option counts."""
    place.run()
    assert place.run("--check", "--package", "other")[0] == 1


def test_a_taken_over_file_is_noted_each_time(place: Workplace) -> None:
    """The note on a file that the user took over comes from memory as it comes from a run."""
    place.run()
    (place.target / "README.md").write_text("mine\n", "utf-8")
    first, second = place.run("--check"), place.run("--check")
    assert REMEMBERED in second[1]
    assert "README.md was taken over by hand" in first[2]
    assert first[2] == second[2]


def test_a_failed_check_is_not_remembered(place: Workplace) -> None:
    """What is out of date stays out of date, with its diff."""
    place.run()
    place.append("sdk/small/_client.py", "edited = 1\n")
    assert place.run("--check") == place.run("--check")
    assert place.run("--check")[0] == 1


def test_names_that_were_mended_are_read_once_more(place: Workplace) -> None:
    """A run that finds other names than it leaves is not remembered: the next may have less to say, or more."""
    place.run()
    for kept in (place.folder / "cache" / "runs").iterdir():
        kept.unlink()
    names = place.target / "names.json"
    names.write_text(names.read_text("utf-8").replace('"list"', '"no name"'), "utf-8")
    assert "is not a valid name for" in place.run()[2]
    _, said, warned = place.run("--check")
    assert REMEMBERED not in said
    assert "is not a valid name for" not in warned
    assert REMEMBERED in place.run("--check")[1]


def test_what_is_not_all_there_is_not_remembered(place: Workplace) -> None:
    """A file that is missing may come."""
    (place.folder / "pet.yaml").unlink()
    place.run()
    assert REMEMBERED not in place.run("--check")[1]
    assert REMEMBERED not in place.run("--check")[1]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere names of files are Unicode")
def test_a_name_that_is_no_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document in a folder of any name is read as before; whether it is remembered does not matter."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "here") + b"\xff"))
    folder.mkdir()
    monkeypatch.setenv(cache_dir.VARIABLE, str(tmp_path / "cache"))
    place = Workplace(folder)
    command = [sys.executable, "-m", "samekey", "generate", str(folder / "small.yaml"), "-o", str(place.target)]
    for flags in ([], ["--check"]):
        done = subprocess.run([*command, *flags], capture_output=True, check=False, timeout=20)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b"{", b""),
        (b"{", b"[]"),
        (b'"generator":"', b'"generator":1,"x":"'),
        (b'"inputs":{"/', b'"inputs":{"/\xff'),
        (b'"inputs":{"/', b'"inputs":{"/\\u0000'),
        (b'"outputs":{"', b'"outputs":{"\\u0000'),
        (b'"said":', b'"x":' + b"[" * 100_000),
    ],
    ids=["nothing", "a list", "a number", "no UTF-8", "no path", "no path of a file", "too deep"],
)
def test_a_damaged_memory_is_none(part: bytes, other: bytes, place: Workplace) -> None:
    """Everything is made again, and remembered anew."""
    place.run()
    (kept,) = (place.folder / "cache" / "runs").iterdir()
    before, found, after = kept.read_bytes().partition(part)
    assert found
    kept.write_bytes(other if part == b"{" else before + other + after)
    assert REMEMBERED not in place.run("--check")[1]
    assert REMEMBERED in place.run("--check")[1]


def test_where_nothing_can_be_kept(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache is no condition."""
    (place.folder / "file").write_text("", "utf-8")
    for chosen in ("", str(place.folder / "file"), str(place.folder / "file" / "below")):
        monkeypatch.setenv(cache_dir.VARIABLE, chosen)
        assert place.run()[0] == 0
        status, said, _ = place.run("--check")
        assert (status, REMEMBERED in said) == (0, False)


def test_what_is_old_is_forgotten(place: Workplace) -> None:
    """Runs of a month ago are removed by the next one, and nothing else is, least of all what is not ours."""
    place.run()
    folder = place.folder / "cache" / "runs"
    names = (f"{'0' * 64}.json", "samekey-half", f"{'1' * 64}.json", "theirs.json", "notes.txt")
    old, half, young, *theirs = (folder / name for name in names)
    month_ago = time.time() - 31 * 86_400
    for path in (old, half, young, *theirs):
        path.write_text("{}", "utf-8")
        if path != young:
            os.utime(path, (month_ago, month_ago))
    place.run()
    assert [path.exists() for path in (old, half, young, *theirs)] == [False, False, True, True, True]


def test_the_cache_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else may write what is run from there (XDG Base Directory Specification)."""
    monkeypatch.delenv(cache_dir.VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_dir.cache_folder("runs")
    assert folder is not None
    assert folder == tmp_path / "samekey" / "runs"
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="rights are told otherwise there")
def test_a_folder_that_others_can_write_to_is_not_used(place: Workplace) -> None:
    """What lies in the cache is run and believed, so a shared folder is none."""
    for name in ("runs", "templates"):
        shared = place.folder / "cache" / name
        shared.mkdir(parents=True)
        shared.chmod(0o777)
        assert cache_dir.cache_folder(name) is None
    assert place.run()[0] == 0
    assert REMEMBERED not in place.run("--check")[1]


@pytest.mark.skipif(sys.platform == "win32", reason="rights are told otherwise there")
def test_a_folder_that_others_can_exchange_is_not_used(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may rename it may put another in its place, unless the folder above is sticky, as that for all is."""
    above = place.folder / "shared"
    above.mkdir()
    link = place.folder / "link"
    link.symlink_to(above / "mine")
    for chosen in (above / "mine", link):
        monkeypatch.setenv(cache_dir.VARIABLE, str(chosen))
        above.chmod(0o777)
        assert cache_dir.cache_folder("templates") is None
        above.chmod(0o1777)
        assert cache_dir.cache_folder("templates") == above / "mine" / "templates"


@pytest.mark.skipif(sys.platform == "win32", reason="rights are told otherwise there")
@pytest.mark.parametrize(("owner", "is_used"), [("root", True), ("user", True), ("other", False)])
def test_a_folder_below_one_of_somebody_else_is_not_used(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, owner: str, *, is_used: bool
) -> None:
    """Who owns a folder may exchange what is in it at any moment, whatever its rights are."""
    above = place.folder / "shared"
    above.mkdir(mode=0o755)
    monkeypatch.setenv(cache_dir.VARIABLE, str(above / "mine"))
    stat, uid = Path.stat, {"root": 0, "user": os.getuid(), "other": os.getuid() + 1}[owner]

    def owned(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat(path, follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:4], uid, *found[5:10])) if path == above else found

    monkeypatch.setattr(Path, "stat", owned)
    assert (cache_dir.cache_folder("templates") is not None) is is_used


@pytest.mark.skipif(sys.platform == "win32", reason="rights are told otherwise there")
def test_folders_on_the_way_are_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the umask: where a group may write, nothing would be kept."""
    monkeypatch.setenv(cache_dir.VARIABLE, str(tmp_path / "one" / "two"))
    before = os.umask(0o002)
    try:
        folder = cache_dir.cache_folder("runs")
    finally:
        os.umask(before)
    assert folder is not None
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3


def test_what_changes_after_it_was_compared_is_found(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is what was made: a file that somebody changes meanwhile is out of date at the next check."""
    changed, kept = place.target / "small" / "_client.py", check_cache.store_run

    def late(*arguments: Any) -> None:  # noqa: ANN401  # whatever it is given
        changed.write_text(changed.read_text("utf-8") + "\n# Late.\n", "utf-8")
        kept(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(check_cache, "store_run", late)
        assert place.run()[0] == 0
    assert place.run("--check")[0] == 1


def test_a_relative_cache_home_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The XDG Base Directory Specification calls it invalid; nothing may appear in the working directory."""
    monkeypatch.delenv(cache_dir.VARIABLE)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert cache_dir.cache_folder("runs") == tmp_path / ".cache" / "samekey" / "runs"
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("size", [0, 5, 20, 35, 60, 300])
def test_a_damaged_template_is_compiled_again(size: int, place: Workplace) -> None:
    """A run that was interrupted may leave half a file; the next one makes the same SDK."""
    command = [sys.executable, "-m", "samekey", "generate", str(place.folder / "small.yaml"), "-o"]
    subprocess.run([*command, str(place.folder / "first")], check=True, capture_output=True, timeout=20)
    kept = list((place.folder / "cache" / "templates").iterdir())
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:size])
    subprocess.run([*command, str(place.folder / "second")], check=True, capture_output=True, timeout=20)
    first, second = (place.folder / name / "small" / "_client.py" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
