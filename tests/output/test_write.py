"""Files to disk: inside the target, all or nothing, and never over what somebody else wrote."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from samekey.document.diagnostics import Diagnostics
from samekey.header import LINE, MARKER
from samekey.output.write import UnsafePathError, apply, compare, unified_diff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.output.write import Changes

HEADER = f"# {MARKER} from Acme. Do not edit: the next run writes it again.\n"
FILES = {
    "pyproject.toml": f"{HEADER}[project]\n",
    "README.md": f"<!-- {MARKER} -->\n# Acme\n",
    "api.md": f"<!-- {MARKER} -->\n# Calls\n",
    "tests/test_acme.py": f"{HEADER}def test_it(): ...\n",
    "acme/py.typed": HEADER,
    "acme/__init__.py": f"{HEADER}x = 'é'\n",
    "acme/_client.py": f"{HEADER}y = 1\n",
    "acme/resources/charges.py": f"{HEADER}z = 1\n",
}
Snapshot = dict[str, bytes]


def snapshot(folder: Path) -> Snapshot:
    """Every file below a folder with its bytes, links by their targets, empty folders as such."""
    found: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}".encode()
        elif path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[f"{name}/"] = b""
    return found


def written(files: Mapping[str, str]) -> Snapshot:
    """What a folder holds after these files alone were written."""
    return {name: text.encode() for name, text in files.items()}


def run(target: Path, files: Mapping[str, str] = FILES) -> tuple[Changes | None, Diagnostics]:
    """Compare and write, as the CLI does."""
    diagnostics = Diagnostics()
    changes = compare(target, files, diagnostics)
    if changes is not None:
        apply(target, files, changes, diagnostics)
    return changes, diagnostics


def write(target: Path, files: Mapping[str, str] = FILES) -> Changes:
    """A run that nothing stands in the way of."""
    changes, diagnostics = run(target, files)
    assert changes is not None
    assert len(diagnostics) == 0
    return changes


def codes(diagnostics: Diagnostics) -> set[str]:
    """The codes of all findings."""
    return {entry.code for entry in diagnostics}


@pytest.mark.parametrize("state", ["missing", "empty", "deep", "hidden"])
def test_everything_is_written_to_a_new_folder(tmp_path: Path, state: str) -> None:
    """A missing folder is made with its parents; one that is empty, or holds hidden files alone, is taken."""
    target = tmp_path / "sdk" / "python" if state == "deep" else tmp_path / "sdk"
    hidden: Snapshot = {}
    if state in {"empty", "hidden"}:
        target.mkdir()
    if state == "hidden":
        (target / ".gitignore").write_text("*.pyc\n", "utf-8")
        (target / ".git").mkdir()
        (target / ".git" / "HEAD").write_text("ref\n", "utf-8")
        hidden = snapshot(target)
    changes = write(target)
    assert set(changes.write) == set(FILES)
    assert (changes.remove, changes.kept) == ((), ())
    assert snapshot(target) == {**written(FILES), **hidden}


def test_bytes_are_utf8_with_plain_newlines(tmp_path: Path) -> None:
    """The same bytes on every system, so a committed SDK shows no difference."""
    write(tmp_path / "sdk")
    assert (tmp_path / "sdk" / "acme" / "__init__.py").read_bytes() == f"{HEADER}x = 'é'\n".encode()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """No file is written again, so no time stamp moves."""
    write(tmp_path)
    for path in tmp_path.rglob("*"):
        os.utime(path, ns=(1, 1))
    changes = write(tmp_path)
    assert not changes.any
    assert {path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == {1}


def test_only_what_differs_is_written_again(tmp_path: Path) -> None:
    """A changed text and a file that was edited under our header; the rest is left alone."""
    write(tmp_path)
    (tmp_path / "acme" / "_client.py").write_text(f"{HEADER}edited = 1\n", "utf-8")
    changed = {**FILES, "acme/__init__.py": f"{HEADER}new = 1\n"}
    assert set(write(tmp_path, changed).write) == {"acme/__init__.py", "acme/_client.py"}
    assert snapshot(tmp_path) == written(changed)


@pytest.mark.parametrize(
    "theirs",
    ["main.py", "acme/__init__.py", "README.md", "src/code.c", "pyproject.toml", "tests/test_acme.py", "data"],
)
def test_a_foreign_folder_is_refused(tmp_path: Path, theirs: str) -> None:
    """A folder with somebody's files and none of ours is not written to."""
    path = tmp_path / theirs
    path.parent.mkdir(exist_ok=True)
    path.write_text("theirs\n", "utf-8")
    before = snapshot(tmp_path)
    changes, diagnostics = run(tmp_path)
    assert changes is None
    assert codes(diagnostics) == {"target-not-ours"}
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["acme/_client.py", "acme/py.typed", "acme/resources/charges.py"])
def test_a_foreign_file_is_not_overwritten(tmp_path: Path, name: str) -> None:
    """A file without our header stands in the way of the whole run, and is named."""
    write(tmp_path)
    (tmp_path / name).write_text("theirs\n", "utf-8")
    (tmp_path / "acme" / "__init__.py").write_text(f"{HEADER}old = 1\n", "utf-8")
    before = snapshot(tmp_path)
    changes, diagnostics = run(tmp_path)
    assert changes is None
    (finding,) = diagnostics
    assert finding.code == "file-not-ours"
    assert name in finding.message
    assert snapshot(tmp_path) == before


def test_every_foreign_file_is_named_at_once(tmp_path: Path) -> None:
    """One run tells all that is in the way."""
    write(tmp_path)
    for name in ("acme/_client.py", "acme/py.typed"):
        (tmp_path / name).write_text("theirs\n", "utf-8")
    _, diagnostics = run(tmp_path)
    assert len(diagnostics) == 2


@pytest.mark.parametrize("name", ["README.md", "pyproject.toml", "api.md", "tests/test_acme.py"])
def test_what_a_user_took_over_is_kept(tmp_path: Path, name: str) -> None:
    """README, project file and tests belong to whoever removes our header from them."""
    write(tmp_path)
    (tmp_path / name).write_text("# my own\n", "utf-8")
    before = snapshot(tmp_path)
    changes = write(tmp_path, {**FILES, name: f"{HEADER}changed\n"})
    assert changes.kept == (name,)
    assert not changes.any
    assert snapshot(tmp_path) == before


def test_a_header_far_below_is_no_header(tmp_path: Path) -> None:
    """A file of one's own may speak of samekey; only its first lines say whose it is."""
    write(tmp_path)
    mine = "# my own\n" + "words\n" * 100 + f"{MARKER}\n"
    (tmp_path / "README.md").write_text(mine, "utf-8")
    (tmp_path / "acme" / "extra.py").write_text(mine, "utf-8")
    assert write(tmp_path).kept == ("README.md",)
    assert (tmp_path / "README.md").read_text("utf-8") == mine
    assert (tmp_path / "acme" / "extra.py").read_text("utf-8") == mine


def test_stale_files_with_our_header_are_removed(tmp_path: Path) -> None:
    """What the document no longer has goes, with folders that become empty; everything of others stays."""
    write(tmp_path)
    stale = {
        "acme/resources/refunds.py": HEADER,
        "acme/old/__init__.py": HEADER,
        "acme/old/deep/part.py": HEADER,
        "former/__init__.py": HEADER,
        "tests/test_former.py": HEADER,
    }
    theirs = {
        "acme/resources/mine.py": "mine\n",
        "acme/notes.txt": HEADER,
        "acme/old/data.json": "{}",
        "scripts/run.py": "print()\n",
        "CHANGELOG.md": HEADER,
        ".hidden/x.py": HEADER,
        "venv/x.py": HEADER,
    }
    for name, text in {**stale, **theirs}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "former" / "__pycache__").mkdir()
    (tmp_path / "former" / "__pycache__" / "x.pyc").write_bytes(b"\0")
    assert set(write(tmp_path).remove) == set(stale)
    assert snapshot(tmp_path) == {**written(FILES), **written(theirs)}


@pytest.mark.parametrize(
    "path",
    ["../evil.py", "acme/../../evil.py", "/evil.py", "..", "acme/..", "C:/evil.py", "C:evil.py", "acme\\..\\evil.py",
     "acme/\0.py", "acme/x:stream"],
)  # fmt: skip
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    """Whatever the names of a document were turned into, on whatever system, it stays in the target."""
    target = tmp_path / "sdk"
    with pytest.raises(UnsafePathError):
        compare(target, {**FILES, path: HEADER}, Diagnostics())
    assert snapshot(tmp_path) == {}


def test_a_target_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """It is somebody's file, and stays."""
    target = tmp_path / "sdk"
    target.write_text("theirs", "utf-8")
    changes, diagnostics = run(target)
    assert changes is None
    assert codes(diagnostics) == {"target-not-a-folder"}
    assert snapshot(tmp_path) == {"sdk": b"theirs"}


def test_folders_that_were_made_in_vain_are_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders above the target too, where there were none."""
    with monkeypatch.context() as patch:
        fail_after(patch, "write_bytes", 3, FULL)
        run(tmp_path / "sdks" / "python" / "acme")
    assert snapshot(tmp_path) == {}


def test_a_target_below_a_file_is_an_error(tmp_path: Path) -> None:
    """There is no folder to be made there; the error says so and nothing changes."""
    (tmp_path / "file").write_text("theirs", "utf-8")
    _, diagnostics = run(tmp_path / "file" / "sdk")
    assert diagnostics.failed
    assert codes(diagnostics) <= {"target-unwritable", "target-not-a-folder"}
    assert snapshot(tmp_path) == {"file": b"theirs"}


FULL = OSError(errno.ENOSPC, "No space left on device")
DENIED = PermissionError(errno.EACCES, "Permission denied")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


def fail_after(monkeypatch: pytest.MonkeyPatch, method: str, calls: int, error: OSError) -> None:
    """Let a method of Path work a few times and fail from then on, as a full or read-only disk does."""
    original = getattr(Path, method)
    seen: list[object] = []

    def failing(*args: object, **kwargs: object) -> object:
        seen.append(args)
        if len(seen) > calls:
            raise error
        return original(*args, **kwargs)

    monkeypatch.setattr(Path, method, failing)


@pytest.mark.parametrize(
    ("method", "calls", "error"),
    [("write_bytes", 0, READ_ONLY), ("write_bytes", 3, FULL), ("mkdir", 0, DENIED), ("mkdir", 2, FULL)],
)
@pytest.mark.parametrize("state", ["missing", "old"])
def test_a_disk_that_fails_leaves_things_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, calls: int, error: OSError, state: str
) -> None:
    """Nothing is half written: what was there is there still, what was not is not, and the error says why."""
    target = tmp_path / "sdk"
    if state == "old":
        write(target, {**FILES, "acme/stale.py": HEADER})
    before = snapshot(tmp_path)
    with monkeypatch.context() as patch:
        fail_after(patch, method, calls, error)
        _, diagnostics = run(target, {name: f"{text}changed = 1\n" for name, text in FILES.items()})
    assert codes(diagnostics) == {"target-unwritable"}
    assert error.strerror is not None
    assert error.strerror.lower() in next(iter(diagnostics)).message
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("blocked", ["acme/_client.py", "acme/resources"])
def test_what_stands_in_the_way_is_found_before_anything_is_written(tmp_path: Path, blocked: str) -> None:
    """A folder where a file belongs, or a file where a folder belongs, spoils nothing else."""
    write(tmp_path, {name: text for name, text in FILES.items() if not name.startswith(blocked)})
    if blocked.endswith(".py"):
        (tmp_path / blocked).mkdir()
        (tmp_path / blocked / "mine.txt").write_text("mine", "utf-8")
    else:
        (tmp_path / blocked).write_text("mine", "utf-8")
    before = snapshot(tmp_path)
    _, diagnostics = run(tmp_path, {name: f"{text}changed = 1\n" for name, text in FILES.items()})
    assert diagnostics.failed
    assert snapshot(tmp_path) == before


def test_what_stands_in_the_way_is_named_once(tmp_path: Path) -> None:
    """One obstacle may block many files; each obstacle is one error."""
    write(tmp_path)
    for path in (tmp_path / "acme" / "resources").iterdir():
        path.unlink()
    (tmp_path / "acme" / "resources").rmdir()
    (tmp_path / "acme" / "resources").write_text("mine", "utf-8")
    (tmp_path / "api.md").unlink()
    (tmp_path / "api.md").mkdir()
    _, diagnostics = run(tmp_path, {**FILES, "acme/resources/refunds.py": HEADER})
    assert [entry.code for entry in diagnostics] == ["path-blocked", "path-blocked"]


def test_another_sdk_in_the_target_is_not_cleaned(tmp_path: Path) -> None:
    """Only the package and the tests are ours; an SDK that was generated into a folder below is its own."""
    write(tmp_path)
    write(tmp_path / "other")
    write(tmp_path / "tests" / "fixtures")
    before = snapshot(tmp_path)
    assert write(tmp_path).remove == ()
    assert snapshot(tmp_path) == before


def test_a_link_to_the_target_is_the_target(tmp_path: Path) -> None:
    """A user may keep the SDK elsewhere and link to it."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "sdk"
    link.symlink_to(tmp_path / "real")
    write(link)
    assert link.is_symlink()
    assert snapshot(tmp_path / "real") == written(FILES)
    assert not write(link).any


@pytest.mark.parametrize("name", ["acme/_client.py", "README.md"])
def test_a_link_in_place_of_a_file_is_not_written_through(tmp_path: Path, name: str) -> None:
    """What a link in the target points to lies outside of it and is not ours to change."""
    outside = tmp_path / "outside.py"
    outside.write_text(f"{HEADER}outside = 1\n", "utf-8")
    target = tmp_path / "sdk"
    write(target)
    (target / name).unlink()
    (target / name).symlink_to(outside)
    run(target)
    assert outside.read_text("utf-8") == f"{HEADER}outside = 1\n"


def test_a_linked_folder_is_not_written_through(tmp_path: Path) -> None:
    """A folder of the package that is a link leads out of the target; nothing is made or removed behind it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stale.py").write_text(HEADER, "utf-8")
    target = tmp_path / "sdk"
    write(target, {name: text for name, text in FILES.items() if "resources" not in name})
    (target / "acme" / "resources").symlink_to(outside)
    before = snapshot(outside)
    run(target)
    assert snapshot(outside) == before


def test_a_linked_folder_is_not_cleaned(tmp_path: Path) -> None:
    """Stale files are looked for in the target's own folders only."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "__init__.py").write_text(HEADER, "utf-8")
    target = tmp_path / "sdk"
    write(target)
    (target / "linked").symlink_to(outside)
    (target / "acme" / "linked").symlink_to(outside)
    assert write(target).remove == ()
    assert (outside / "__init__.py").exists()


def test_earlier_findings_do_not_stop_the_comparison(tmp_path: Path) -> None:
    """Whether a folder is ours does not depend on what was wrong with the document."""
    diagnostics = Diagnostics()
    diagnostics.error("path-lost", "an operation is missing")
    assert compare(tmp_path / "sdk", FILES, diagnostics) is not None


def test_a_diff_shows_new_changed_and_removed_lines(tmp_path: Path) -> None:
    """A unified diff, file by file, in the order of paths; files that stay are not in it."""
    write(tmp_path, {**FILES, "acme/stale.py": f"{HEADER}gone = 1\n"})
    changed = {**FILES, "acme/_client.py": f"{HEADER}y = 2\n", "acme/new.py": f"{HEADER}n = 1\n"}
    changes = compare(tmp_path, changed, Diagnostics())
    assert changes is not None
    header = HEADER.rstrip("\n")
    assert list(unified_diff(tmp_path, changed, changes)) == [
        "--- a/acme/_client.py", "+++ b/acme/_client.py", "@@ -1,2 +1,2 @@", f" {header}", "-y = 1", "+y = 2",
        "--- /dev/null", "+++ b/acme/new.py", "@@ -0,0 +1,2 @@", f"+{header}", "+n = 1",
        "--- a/acme/stale.py", "+++ /dev/null", "@@ -1,2 +0,0 @@", f"-{header}", "-gone = 1",
    ]  # fmt: skip


def test_a_long_diff_is_cut(tmp_path: Path) -> None:
    """A file of thousands of changed lines does not flood the terminal; what is missing is counted."""
    files = {"acme/__init__.py": HEADER + "x = 1\n" * 5000}
    changes = compare(tmp_path, files, Diagnostics())
    assert changes is not None
    lines = list(unified_diff(tmp_path, files, changes))
    assert len(lines) < 300
    assert sum(line.startswith("+x") for line in lines) + int(lines[-1].split()[1]) == 5000


@pytest.mark.parametrize("kind", ["newlines", "no-newline-at-end", "not-text"])
def test_every_change_shows_in_the_diff(tmp_path: Path, kind: str) -> None:
    """A file that would be written again has lines in the diff, whatever it is that differs."""
    write(tmp_path)
    path = tmp_path / "acme" / "_client.py"
    match kind:
        case "newlines":
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        case "no-newline-at-end":
            path.write_bytes(path.read_bytes().rstrip(b"\n"))
        case _:
            path.write_bytes(path.read_bytes() + b"\xff\n")
    changes = compare(tmp_path, FILES, Diagnostics())
    assert changes is not None
    assert changes.write == ("acme/_client.py",)
    assert any("acme/_client.py" in line for line in unified_diff(tmp_path, FILES, changes))


@pytest.mark.parametrize(
    "text",
    [
        f"# {MARKER}? no, mine\nx = 1\n",
        f'x = "{MARKER}"\n',
        f"# {MARKER}. Do not edit: the next run writes it again, says the header.\n",
        f'"""Notes.\n\n# {MARKER}. Do not edit: the next run writes it again.\n"""\n',
        f"import os\n# {MARKER}. Do not edit: the next run writes it again.\n",
    ],
)
def test_a_file_that_mentions_samekey_is_its_users(tmp_path: Path, text: str) -> None:
    """Only the whole header line, with nothing but comments before it, makes a file one of ours."""
    write(tmp_path)
    (tmp_path / "acme" / "notes.py").write_text(text, "utf-8")
    assert write(tmp_path).remove == ()
    assert (tmp_path / "acme" / "notes.py").read_text("utf-8") == text


@pytest.mark.parametrize("above", ["", "#!/usr/bin/env python\n", "# Copyright Acme\n\n", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_header_of_every_version_is_known(tmp_path: Path, above: str, end: str) -> None:
    """With the name of an API or without, below comments of others, whatever ends its lines."""
    write(tmp_path)
    for name, line in (("one", HEADER), ("two", f"# {LINE}\n")):
        (tmp_path / "acme" / f"{name}.py").write_bytes((above + line).replace("\n", end).encode())
    assert set(write(tmp_path).remove) == {"acme/one.py", "acme/two.py"}


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_until_all_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Neither half of an SDK nor anything beside it is left."""
    write(tmp_path)
    changed = {path: text + "# new\n" for path, text in FILES.items()}
    replace, moved = Path.replace, list[Path]()

    def interrupted(path: Path, target: Path) -> Path:
        moved.append(target)
        if len(moved) == 2:
            signal.raise_signal(number)
        return replace(path, target)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, end)
    monkeypatch.setattr(Path, "replace", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, changed)
    finally:
        signal.signal(number, before)
    assert snapshot(tmp_path) == written(changed)


@pytest.mark.parametrize("moves", range(len(FILES) + 1))
def test_a_run_that_was_killed_is_made_good_by_the_next(
    moves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far a first run came, what it left is samekey's, and the next run has it whole."""
    left, replace = moves, Path.replace

    def move(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise SystemExit
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", move)
        if moves < len(FILES):
            with pytest.raises(SystemExit):
                run(tmp_path / "sdk")
    changes, diagnostics = run(tmp_path / "sdk")
    assert changes is not None, list(diagnostics)
    assert snapshot(tmp_path / "sdk") == written(FILES)


def test_what_killed_runs_have_left_is_removed(tmp_path: Path) -> None:
    """What belongs to a run that goes on stays, and so does what is none of samekey's."""
    write(tmp_path)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    old = 60
    for name, age in (
        (f".samekey-{dead.pid}-a", old), (f".samekey-{os.getpid()}-b", old), (".samekey-abcdef", 2 * 3600),
        (".samekey-ghijkl", old), (".other", 2 * 3600),
    ):  # fmt: skip
        (tmp_path / name / "new").mkdir(parents=True)
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))
    write(tmp_path, {**FILES, "acme/__init__.py": f"{HEADER}new = 1\n"})
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert left == {f".samekey-{os.getpid()}-b", ".samekey-ghijkl", ".other"}


def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path) -> None:
    """In words, and not by an exception of the system."""
    changes, diagnostics = run(tmp_path / ("x" * 300))
    assert changes is None
    assert codes(diagnostics) == {"target-unusable"}
