"""Files that are given by their paths."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import cast

import pytest
from samekey_templates.runtime.request.body import BodyChangedError, Upload
from samekey_templates.runtime.request.encode import raw_body
from samekey_templates.runtime.request.multipart import multipart_body

OPEN = Path("/proc/self/fd")
"""What this process has open."""


def sent(content: object) -> bytes:
    """All bytes of a body."""
    return content if isinstance(content, bytes) else b"".join(cast("Iterable[bytes]", content))


def test_a_path_is_a_file_that_every_attempt_reads_anew(tmp_path: Path) -> None:
    """Under its own name and media type; it is open only while it is read."""
    path = tmp_path / "receipt.txt"
    path.write_bytes(b"one charge")
    before = len(list(OPEN.iterdir())) if OPEN.exists() else 0
    body = multipart_body({"file": path, "note": "x"}, {})
    assert isinstance(body.content, Upload)
    assert body.content.replayable
    first, second = sent(body.content), sent(body.content)
    assert first == second
    assert b'name="file"; filename="receipt.txt"\r\nContent-Type: text/plain' in first
    assert b"one charge" in first
    assert body.content.length == len(first)
    assert body.content.refusal() is None
    sent(body.content)
    if before:
        assert len(list(OPEN.iterdir())) == before


def test_a_path_is_a_body_by_itself_and_may_have_another_name(tmp_path: Path) -> None:
    """As bytes and open files may."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x00\x01")
    assert sent(raw_body(path, "application/octet-stream").content) == b"\x00\x01"
    parts = sent(multipart_body({"f": ("b.png", path)}, {}).content)
    assert b'filename="b.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01' in parts


def test_a_file_that_is_changed_between_attempts_is_not_sent(tmp_path: Path) -> None:
    """One key stands for one content."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"1234")
    content = raw_body(path, "application/octet-stream").content
    assert isinstance(content, Upload)
    path.write_bytes(b"12")
    assert content.refusal() is not None
    with pytest.raises(BodyChangedError):
        sent(content)


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(FileNotFoundError):
        raw_body(tmp_path / "none", "application/octet-stream")
    with pytest.raises(FileNotFoundError):
        multipart_body({"f": PurePosixPath("/no/such/file")}, {})
