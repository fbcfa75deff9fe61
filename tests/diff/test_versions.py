"""The version that comes next, by what has changed."""

from __future__ import annotations

import pytest
from samekey.diff.versions import VersionBump, is_enough, next_version, release_number


@pytest.mark.parametrize(
    ("version", "bump", "expected"),
    [
        ("1.4.2", VersionBump.MAJOR, "2.0.0"),
        ("1.4.2", VersionBump.MINOR, "1.5.0"),
        ("1.4.2", VersionBump.NONE, "1.4.2"),
        ("0.4.2", VersionBump.MAJOR, "0.5.0"),
        ("0.4.2", VersionBump.MINOR, "0.4.3"),
        ("1.4", VersionBump.MAJOR, "2.0.0"),
        ("v3", VersionBump.MINOR, "3.1.0"),
        ("1.4.2.9", VersionBump.MINOR, "1.5.0"),
        ("2.0.0b1", VersionBump.MAJOR, "2.0.0"),
        ("2.0.0-rc.1", VersionBump.MINOR, "2.0.0"),
        ("2.0.0.dev3", VersionBump.NONE, "2.0.0"),
        ("1.0.0.post1", VersionBump.MINOR, "1.1.0"),
        ("2026.11.1", VersionBump.MAJOR, None),
        ("latest", VersionBump.MAJOR, None),
        ("", VersionBump.MAJOR, None),
        ("9" * 40, VersionBump.MAJOR, None),
    ],
)
def test_the_next_version(version: str, bump: VersionBump, expected: str | None) -> None:
    """What breaks is a major change from 1.0 on, and a minor one before; dates have no next."""
    assert next_version(version, bump) == expected


@pytest.mark.parametrize(
    ("version", "needed", "expected"),
    [("2.0.0", "2.0.0", True), ("2.0.1", "2.0.0", True), ("10.0.0", "9.0.0", True), ("1.9.9", "2.0.0", False),
     ("2.0.0b1", "2.0.0", False), ("latest", "2.0.0", False)],
)  # fmt: skip
def test_a_version_is_high_enough(version: str, needed: str, expected: bool) -> None:  # noqa: FBT001
    """Versions are compared by their numbers, and a pre-release comes before its release."""
    assert is_enough(version, needed) is expected


def test_what_is_no_version_has_no_number() -> None:
    """A word is no version."""
    assert release_number("next") is None
