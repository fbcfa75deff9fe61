# ruff: noqa: E501  # tables of cases
"""Versions of documents, spelled as Python packages have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from samekey.pep440 import python_version


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("1.2.3", "1.2.3"), ("1.2", "1.2.0"), ("7", "7.0.0"), ("v2", "2.0.0"), ("V1.4", "1.4.0"), (" 1.0.0 ", "1.0.0"),
        ("1.2.3-beta.1", "1.2.3b1"), ("1.2.3-beta", "1.2.3b0"), ("1.2.3-alpha.12", "1.2.3a12"), ("1.0.0rc1", "1.0.0rc1"),
        ("1.0.0-RC.2", "1.0.0rc2"), ("2.0.0-preview.4", "2.0.0rc4"), ("1.0.0-SNAPSHOT", "1.0.0.dev0"),
        ("1.0.0.dev3", "1.0.0.dev3"), ("1.0.0.post2", "1.0.0.post2"), ("1.0 (beta)", "1.0.0b0"),
        ("2024-06-01", "2024.6.1"), ("2024-06-01-preview", "2024.6.1rc0"), ("1.2.3.4", "1.2.3.4"),
        ("1.2.3+build.7", "1.2.3"), ("1.2.3-beta.1+sha.1a", "1.2.3b1"), ("01.02.03", "1.2.3"), ("1.0.0-oas", "1.0.0"),
        ("3.0.0-final", "3.0.0"),
    ],
)  # fmt: skip
def test_what_is_a_version(said: str, spelled: str) -> None:
    """Pre-releases stay pre-releases, builds go, and three numbers are there."""
    found = python_version(said)
    assert found is not None
    assert (found.text, found.is_whole) == (spelled, True)
    assert str(Version(found.text)) == spelled


@pytest.mark.parametrize(
    ("said", "spelled"),
    [("1.0.0-oas3", "1.0.0"), ("1.2.3-beta.1.2", "1.2.3"), ("1.0.0-acme", "1.0.0"), (f"1.{'9' * 30}", "1.0.0")],
)
def test_what_is_one_in_part(said: str, spelled: str) -> None:
    """The numbers count, and that something was left out is known."""
    found = python_version(said)
    assert found is not None
    assert (found.text, found.is_whole) == (spelled, False)


@pytest.mark.parametrize("said", ["", "latest", "one", "-1", "x1", "9" * 40, "\n", "../1", "🚀"])
def test_what_is_none(said: str) -> None:
    """Nothing is made up."""
    assert python_version(said) is None


@given(st.text(alphabet="0123456789.-+abrcdevpost_ v\n", max_size=24) | st.text(max_size=12))
def test_whatever_comes_out_is_a_version(said: str) -> None:
    """An index takes it, in the spelling that it has."""
    found = python_version(said)
    if found is not None:
        assert str(Version(found.text)) == found.text
        assert Version(found.text).local is None
