"""The version that comes after another, by what has changed for users (semver.org)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.diff.kinds import ChangeSection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.diff.kinds import SdkChange

_RELEASE: Final = re.compile(r"v?([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:\.([0-9]{1,18}))?(?:\.[0-9]+)*(.*)")
_PRERELEASE: Final = re.compile(r"[-._]?(a|b|c|rc|alpha|beta|pre|preview|dev)[-._]?[0-9]*.*", re.IGNORECASE)
_FIRST_YEAR: Final = 1900


class VersionBump(StrEnum):
    """How much of a version has to rise."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"


class ReleaseNumber(Struct, frozen=True, order=True):
    """The numbers of a version, and whether it is released: what is before it, such as `1.0.0b1`, comes first."""

    major: int
    minor: int
    patch: int
    is_released: bool = True

    @property
    def text(self) -> str:
        """The numbers as a version is written."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def is_dated(self) -> bool:
        """Whether it is a date: versions of such APIs say when they were made, and nothing of what they break."""
        return self.major >= _FIRST_YEAR


def release_number(version: str) -> ReleaseNumber | None:
    """Return the numbers of a version; None where it does not begin with any."""
    found = _RELEASE.fullmatch(version.strip())
    if found is None:
        return None
    major, minor, patch = (int(number or 0) for number in found.groups()[:3])
    return ReleaseNumber(major, minor, patch, _PRERELEASE.fullmatch(found[4]) is None)


def bump_of(changes: Iterable[SdkChange]) -> VersionBump:
    """Return how much of a version has to rise for changes, from 1.0 on."""
    sections = {change.section for change in changes}
    if ChangeSection.BREAKING in sections:
        return VersionBump.MAJOR
    if sections:
        return VersionBump.MINOR
    return VersionBump.NONE


def next_version(version: str, bump: VersionBump) -> str | None:
    """Return the lowest version that may follow another one.

    Before 1.0 what breaks raises the minor version, and all else the patch (semver.org, item 4, as Cargo and Poetry
    have it). What comes after a version that is not released yet is that release.

    Args:
        version: the version that there was.
        bump: how much has changed.

    Returns:
        The version; None where the earlier one is a date, or none at all.
    """
    before = release_number(version)
    if before is None or before.is_dated:
        return None
    if not before.is_released or bump is VersionBump.NONE:
        return before.text if not before.is_released else version
    major, minor, patch = before.major, before.minor, before.patch
    steps = {VersionBump.MAJOR: VersionBump.MINOR, VersionBump.MINOR: VersionBump.PATCH}
    step = bump if major else steps.get(bump, bump)
    if step is VersionBump.MAJOR:
        return f"{major + 1}.0.0"
    if step is VersionBump.MINOR:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def is_enough(version: str, needed: str) -> bool:
    """Whether a version is at least another one."""
    found, least = release_number(version), release_number(needed)
    return found is not None and least is not None and found >= least
